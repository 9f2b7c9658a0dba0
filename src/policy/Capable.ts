/**
 * Leaves out the candidates that cannot do what the request asks for, and tells so in the journal.
 *
 * Only what is known counts: a capability that nobody told is tried.
 *
 * @since 0.1.0
 */
import { Clock, Effect } from "effect"
import type { Prompt } from "effect/ai"
import type { Candidate, Dispatch } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { Capabilities } from "../Vendor.ts"
import { type DispatchError, type Fatal, fatal } from "../VendorError.ts"
import * as Attempt from "./Attempt.ts"

/**
 * More characters than any tokenizer packs into a token of ordinary text: what is longer than the window even so is not
 * sent.
 */
const charactersPerToken = 8

const kindOf = (mediaType: string): "images" | "audio" | "documents" =>
  mediaType.startsWith("image/") ? "images" : mediaType.startsWith("audio/") ? "audio" : "documents"

interface Needs {
  readonly features: ReadonlySet<keyof Capabilities>
  readonly characters: number
}

/** What the conversation needs of a target, found in one walk through it. */
const needsOf = (request: Request): Needs => {
  const features = new Set<keyof Capabilities>()
  let characters = 0
  const read = (part: Prompt.Part): void => {
    if (part.type === "text" || part.type === "reasoning") characters += part.text.length
    else if (part.type === "file") features.add(kindOf(part.mediaType))
    else if (part.type === "tool-result") {
      for (const output of part.modelOutput ?? []) {
        if (output.type === "text") characters += output.text.length
        else features.add(kindOf(output.mediaType))
      }
    }
  }
  for (const message of request.prompt.content) {
    if (message.role !== "system") message.content.forEach(read)
    else {
      features.add("systemRole")
      characters += message.content.length
    }
  }
  if (request.tools !== undefined && request.tools.length > 0 && request.toolChoice !== "none") features.add("tools")
  if (request.responseFormat?.type === "json-schema") features.add("jsonSchema")
  return { features, characters }
}

const words: Partial<Readonly<Record<keyof Capabilities, string>>> = {
  systemRole: "system messages",
  jsonSchema: "answers by a JSON Schema"
}

/** What the target lacks, in words; `undefined` when it may be tried. */
const lack = ({ target, vendor }: Candidate, request: Request, { characters, features }: Needs): string | undefined => {
  const capabilities = vendor.capabilities(target.model)
  for (const feature of features) {
    if (capabilities[feature] === false) return `${target.id} takes no ${words[feature] ?? feature}`
  }
  const window = target.contextWindow ?? capabilities.contextWindow
  if (window !== undefined && characters > window * charactersPerToken) {
    return `${target.id} has a window of ${window} tokens, the conversation has ${characters} characters`
  }
  const most = capabilities.maxOutputTokens
  return most !== undefined && request.maxTokens !== undefined && request.maxTokens > most
    ? `${target.id} answers with at most ${most} tokens, ${request.maxTokens} are asked for`
    : undefined
}

/**
 * The candidates that may be tried; fails with `UnsupportedFeature` when none is left, naming what each lacks.
 *
 * @since 0.1.0
 * @category policies
 */
export const capable = (
  dispatch: Dispatch,
  candidates: ReadonlyArray<Candidate>
): Effect.Effect<ReadonlyArray<Candidate>, DispatchError> =>
  Effect.suspend(() => {
    const needs = needsOf(dispatch.request)
    const lacking: Array<Fatal<"UnsupportedFeature">> = []
    const able = candidates.filter((candidate) => {
      const description = lack(candidate, dispatch.request, needs)
      if (description === undefined) return true
      lacking.push(fatal({ _tag: "UnsupportedFeature", description }, {
        vendor: candidate.vendor.name,
        target: candidate.target.id
      }))
      return false
    })
    return lacking.length === 0 ? Effect.succeed(candidates) : leaveOut(dispatch, candidates, able, lacking)
  })

const leaveOut = Effect.fnUntraced(function*(
  dispatch: Dispatch,
  candidates: ReadonlyArray<Candidate>,
  able: ReadonlyArray<Candidate>,
  lacking: ReadonlyArray<Fatal<"UnsupportedFeature">>
) {
  const now = yield* Clock.currentTimeMillis
  const left = candidates.filter((candidate) => !able.includes(candidate))
  for (const [index, candidate] of left.entries()) {
    const call = { ...dispatch, candidate, untried: able.length, observed: {} }
    const line = Attempt.record(call, now, now, "skipped", lacking[index])
    dispatch.journal.attempts.push(line)
    yield* Attempt.announce(line)
  }
  if (able.length > 0) return able
  const description = lacking.map(({ reason }) => reason.description).join("; ")
  return yield* fatal({ _tag: "UnsupportedFeature", description }, { attempts: dispatch.journal.attempts })
})
