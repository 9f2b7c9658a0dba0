/** A body on its way through a dialect to a vendor: what that vendor is sent, and what was lost. */
import { Effect, Redacted, Result } from "effect"
import type { Asked, Dialect } from "../../../src/gateway/Dialect.ts"
import type { Failure } from "../../../src/gateway/Failure.ts"
import * as Request from "../../../src/Request.ts"
import * as OpenAiCompatible from "../../../src/vendor/openai-compatible/OpenAiCompatible.ts"
import * as OpenAi from "../../../src/vendor/openai/OpenAi.ts"
import * as Groq from "../../../src/vendor/presets/Groq.ts"
import * as VendorModule from "../../../src/Vendor.ts"
import * as Playback from "../../conformance/Playback.ts"

const apiKey = Redacted.make("key")

export const vendors = {
  chat: OpenAi.make({ apiKey, api: "chat" }),
  responses: OpenAi.make({ apiKey, api: "responses" }),
  compatible: OpenAiCompatible.make({ name: "local", baseUrl: "http://127.0.0.1/v1" }),
  groq: Groq.make({ apiKey })
} as const

export const asked = (dialect: Dialect, body: unknown): Asked => {
  const decoded = dialect.decode({ body, path: {}, query: {} })
  if (Result.isFailure(decoded)) throw new Error(decoded.failure.message)
  return decoded.success
}

export const failed = (dialect: Dialect, body: unknown): Failure => {
  const decoded = dialect.decode({ body, path: {}, query: {} })
  if (Result.isSuccess(decoded)) throw new Error("was taken")
  return decoded.failure
}

const chatAnswer = { choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }] }
const responsesAnswer = { status: "completed", output: [] }

export interface Outgoing {
  readonly body: any
  readonly losses: ReadonlyArray<string>
}

export const outgoing = (dialect: Dialect, body: unknown, to: keyof typeof vendors): Promise<Outgoing> =>
  Effect.gen(function*() {
    const { isStream, request } = asked(dialect, body)
    const playback = Playback.make(({ url }) =>
      url.endsWith("/responses")
        ? Playback.json(200, responsesAnswer)
        : Playback.json(200, chatAnswer)
    )
    const make = vendors[to] as Effect.Effect<VendorModule.Vendor, never, any>
    const vendor = yield* (Effect.provide(make, playback.layer) as Effect.Effect<VendorModule.Vendor>)
    const decoded = yield* Request.decode(request)
    const call = { request: decoded, model: decoded.model! }
    const losses = isStream
      ? (yield* Effect.scoped(vendor.stream(call))).losses
      : (yield* vendor.send(call)).losses
    return {
      body: playback.sent[0]!.body,
      losses: losses.map(({ field, message }) => `${field} ${message}`)
    }
  }).pipe(Effect.runPromise)
