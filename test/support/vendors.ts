import { Effect, Stream } from "effect"
import type { Part, StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { type AttemptError, fatal, retryable } from "llmdispatcher/VendorError"

export const finish = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { uncached: 3, total: 3 }, outputTokens: { text: 2, total: 2 } }
} as const

export const textParts = (...texts: ReadonlyArray<string>): ReadonlyArray<StreamPart> => [
  { type: "response-metadata", id: "upstream-1", modelId: "model-2026" },
  { type: "text-start", id: "0" },
  ...texts.map((delta) => ({ type: "text-delta", id: "0", delta }) as const),
  { type: "text-end", id: "0" },
  finish
]

export const answer = (text: string): Effect.Effect<Vendor.Answer> =>
  Effect.succeed({ parts: [{ type: "text", text }, finish] as ReadonlyArray<Part>, losses: [] })

export const stream = (
  parts: Stream.Stream<StreamPart, AttemptError> | ReadonlyArray<StreamPart>
): Effect.Effect<Vendor.AnswerStream> =>
  Effect.succeed({ parts: Stream.isStream(parts) ? parts : Stream.fromIterable(parts), losses: [] })

export const overloaded = retryable({ _tag: "Overloaded" }, { status: 503 })
export const serverFault = retryable({ _tag: "ServerFault" }, { status: 500 })
export const unauthenticated = fatal({ _tag: "Unauthenticated" }, { status: 401 })

/** A vendor whose nth call gets the nth step, the last one again and again; `calls` counts. */
export const sequence = (
  name: string,
  steps: ReadonlyArray<Effect.Effect<Vendor.Answer | Vendor.AnswerStream, AttemptError>>,
  options?: Partial<Vendor.Vendor>
) => {
  const calls: Array<Vendor.Call> = []
  const step = (call: Vendor.Call): Effect.Effect<any, AttemptError> => {
    calls.push(call)
    return steps[Math.min(calls.length, steps.length) - 1]!
  }
  return { calls, vendor: Vendor.make({ name, defaultModel: "m", ...options, send: step, stream: step }) }
}
