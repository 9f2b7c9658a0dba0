/**
 * What is true of every answer of every vendor; each check tells what is wrong, `undefined` when nothing is.
 *
 * @since 0.1.0
 */
import { Duration, Schema } from "effect"
import { Response as AiResponse } from "effect/ai"
import * as Response from "../Response.ts"
import type { AttemptError } from "../VendorError.ts"
import { difference } from "./Expectation.ts"
import type { Expected, ExpectedFailure } from "./Fixtures.ts"

type Fault = string | undefined

const isPart = Schema.is(Schema.toEncoded(AiResponse.Part()))
const isStreamPart = Schema.is(Schema.toEncoded(AiResponse.StreamPart()))

const sumFault = (
  what: string,
  counts: ReadonlyArray<readonly [string, number | undefined]>,
  total: number | undefined
): Fault => {
  const wrong = [...counts, ["total", total] as const].find(([, count]) => count !== undefined && !(count >= 0))
  if (wrong !== undefined) return `usage: ${what}.${wrong[0]} is ${wrong[1]}`
  if (total === undefined || counts.some(([, count]) => count === undefined)) return undefined
  const sum = counts.reduce((sum, [, count]) => sum + count!, 0)
  return sum === total
    ? undefined
    : `usage: ${what} ${counts.map(([name]) => name).join(" + ")} are ${sum}, total is ${total}`
}

/** Usage is disjoint: the kinds of tokens make up the total, where all are told. */
const usage = ({ inputTokens, outputTokens }: Response.Usage): Fault => {
  const { cacheRead, cacheWrite, uncached } = inputTokens
  const input = { uncached, cacheRead, cacheWrite }
  const output = { text: outputTokens.text, reasoning: outputTokens.reasoning }
  return sumFault("inputTokens", Object.entries(input), inputTokens.total) ??
    sumFault("outputTokens", Object.entries(output), outputTokens.total)
}

const finish = (parts: ReadonlyArray<Response.StreamPart | Response.Part>): Fault => {
  const finishes = parts.filter((part) => part.type === "finish")
  const [only] = finishes
  if (only === undefined) return "there is no finish part"
  if (finishes.length > 1) return `there are ${finishes.length} finish parts, there must be one`
  if (parts.at(-1) !== only) return `a ${parts.at(-1)?.type} part comes after the finish part`
  return usage(only.usage)
}

/**
 * A whole answer: parts of whole answers only, one finish, at the end.
 *
 * @since 0.1.0
 * @category checks
 */
export const whole = (parts: ReadonlyArray<Response.Part>): Fault => {
  const strange = parts.find((part) => !isPart(part))
  return strange === undefined ? finish(parts) : `not a part of a whole answer: ${JSON.stringify(strange)}`
}

const joinable = (params: unknown, text: string): boolean => {
  try {
    return difference("", params, JSON.parse(text === "" ? "{}" : text)) === undefined
  } catch {
    return false
  }
}

/** Each block is opened once, written to while it is open, and closed before the finish. */
const blocks = (parts: ReadonlyArray<Response.StreamPart>): Fault => {
  const open = new Map<string, string>()
  const written = new Map<string, string>()
  for (const part of parts) {
    if (part.type === "tool-call") {
      const text = written.get(part.id)
      if (text !== undefined && !joinable(part.params, text)) {
        return `tool call ${part.id} has other params than its deltas`
      }
    }
    if (part.type === "finish" && open.size > 0) return `finish comes while ${[...open.values()].join(", ")} is open`
    const [, kind, phase] = /^(text|reasoning|tool-params)-(start|delta|end)$/.exec(part.type) ?? []
    if (kind === undefined || !("id" in part)) continue
    const key = `${kind} ${part.id}`
    if (phase === "start" ? open.has(key) : !open.has(key)) {
      return phase === "start" ? `${key} is opened twice` : `${part.type} ${part.id} comes outside of its block`
    }
    if (phase === "start") open.set(key, key)
    if (phase === "end") open.delete(key)
    if (kind === "tool-params") {
      written.set(String(part.id), (written.get(String(part.id)) ?? "") + ("delta" in part ? part.delta : ""))
    }
  }
  return undefined
}

const textOf = (parts: ReadonlyArray<Response.StreamPart | Response.Part>): string =>
  parts.map((part) => part.type === "text-delta" ? part.delta : part.type === "text" ? part.text : "").join("")

/**
 * A streamed answer: parts of streams only, blocks well formed, one finish, at the end, and folded the same text.
 *
 * @since 0.1.0
 * @category checks
 */
export const streamed = (parts: ReadonlyArray<Response.StreamPart>): Fault => {
  const strange = parts.find((part) => !isStreamPart(part))
  if (strange !== undefined) return `not a part of a stream: ${JSON.stringify(strange)}`
  if (parts.some((part) => part.type === "error")) return "an error part is in the stream, a stream must fail instead"
  return finish(parts) ?? blocks(parts) ??
    (textOf(Response.fold(parts)) === textOf(parts) ? undefined : "folded it has another text than was streamed")
}

const textFault = (expected: Expected["text"], text: string): Fault => {
  if (expected === undefined) return undefined
  const good = typeof expected === "string"
    ? text === expected
    : typeof expected === "function"
    ? expected(text)
    : expected.test(text)
  const wanted = typeof expected === "function" ? "as expected" : `${expected}`
  return good ? undefined : `the text should be ${wanted}, is ${JSON.stringify(text)}`
}

const toolFault = (expected: Expected["toolCalls"], parts: ReadonlyArray<Response.Part>): Fault => {
  if (expected === undefined) return undefined
  const calls = parts.filter((part) => part.type === "tool-call")
  const wanted = expected.map((call) => typeof call === "string" ? { name: call } : call)
  return difference("toolCalls", wanted, calls)
}

/**
 * An answer is what its fixture expects.
 *
 * @since 0.1.0
 * @category checks
 */
export const expected = (expected: Expected, parts: ReadonlyArray<Response.Part>): Fault => {
  const reason = parts.find((part) => part.type === "finish")?.reason
  return toolFault(expected.toolCalls, parts) ?? textFault(expected.text, textOf(parts)) ??
    (expected.finishReason === undefined || reason === expected.finishReason
      ? undefined
      : `the finish reason should be ${expected.finishReason}, is ${reason}`)
}

/**
 * An error is what its fixture expects, and says whose it is.
 *
 * @since 0.1.0
 * @category checks
 */
export const failure = (expected: ExpectedFailure, error: AttemptError): Fault => {
  const { retryAfter } = error._tag === "RetryableError" ? error : {}
  const found = {
    reason: error.reason._tag,
    status: error.status,
    code: "code" in error.reason ? error.reason.code : undefined,
    retryAfter: retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
  }
  return difference("error", expected, found) ??
    (error.vendor === undefined ? "the error does not name its vendor" : undefined)
}
