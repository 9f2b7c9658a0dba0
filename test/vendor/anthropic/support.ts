/** A call encoded for Anthropic, as the tests here ask for it. */
import { Effect, Result } from "effect"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/anthropic/Encode.ts"
import type { AttemptError } from "../../../src/VendorError.ts"

export const requestOf = (input: Record<string, unknown>): Request.Request =>
  Effect.runSync(Request.decode({ prompt: "Hello", ...input }))

export const encode = (
  input: Record<string, unknown>,
  model = "claude-haiku-4-5",
  options: { readonly stream?: boolean; readonly names?: ReadonlyArray<string> } = {}
): Result.Result<Encode.Encoded, AttemptError> =>
  Encode.encode({ model, request: requestOf(input) }, {
    stream: options.stream ?? false,
    names: options.names ?? ["anthropic"]
  })

export const encoded = (input: Record<string, unknown>, model?: string): Encode.Encoded =>
  Result.getOrThrow(encode(input, model))

export const body = (input: Record<string, unknown>, model?: string): any => encoded(input, model).body

export const losses = (input: Record<string, unknown>, model?: string): ReadonlyArray<string> =>
  encoded(input, model).losses.map(({ field }) => field)

export const failure = (input: Record<string, unknown>, model?: string): AttemptError["reason"] | undefined => {
  const result = encode(input, model)
  return Result.isFailure(result) ? result.failure.reason : undefined
}

export const user = (...content: ReadonlyArray<unknown>) => ({ prompt: [{ role: "user", content }] })

export const text = (text: string, options?: object) => ({
  type: "text",
  text,
  ...(options === undefined ? undefined : { options: { anthropic: options } })
})

export const call = (id: string, name = "weather", params: unknown = { city: "Bern" }) => ({
  type: "tool-call",
  id,
  name,
  params
})

export const result = (id: string, value: unknown = "sunny", rest: object = {}) => ({
  type: "tool-result",
  id,
  name: "weather",
  isFailure: false,
  result: value,
  ...rest
})

export const weather = {
  name: "weather",
  description: "The weather of a city.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false
  }
}

/** The red dot of the PNG specification's examples, 1 × 1. */
export const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

export const pdf = Buffer.from("%PDF-1.4").toString("base64")
