import { Duration, Effect, Redacted, type Scope, Stream } from "effect"
import { Prompt } from "effect/ai"
import { WebCrypto } from "effect/crypto"
import * as NodeCrypto from "node:crypto"
import type { StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { type AttemptError, fatal, retryable } from "llmdispatcher/VendorError"
import type { KeyInput } from "../../src/keys/Key.ts"
import * as KeyPool from "../../src/keys/KeyPool.ts"
import * as KeySource from "../../src/keys/KeySource.ts"
import { answer, stream, textParts } from "../support/vendors.ts"

export const rateLimited = (wait?: Duration.Input) =>
  retryable(
    { _tag: "RateLimited" },
    wait === undefined ? { status: 429 } : { status: 429, retryAfter: Duration.fromInputUnsafe(wait) }
  )
export const denied = fatal({ _tag: "PermissionDenied" }, { status: 403 })
export const exhausted = fatal({ _tag: "QuotaExhausted" }, { status: 429, requestId: "other" })

export const call = (model = "m", user = "someone"): Vendor.Call => ({
  request: { model, prompt: Prompt.make("Hi"), user },
  model
})

export const secret = (key: string) => Redacted.make(key)

/** Hashes without leaving the thread, so that the test's clock is not ahead of a key that is being known. */
export const steady = Effect.provideService(
  WebCrypto.WebCrypto,
  {
    subtle: {
      digest: (_: string, data: Uint8Array) =>
        Promise.resolve(new Uint8Array(NodeCrypto.createHash("sha256").update(data).digest()).buffer)
    }
  } as any
)

/** What a key does with its nth call: an answer of its own name, an error, or any effect. */
export type Behaviour = (nth: number, model: string) => AttemptError | Effect.Effect<void, AttemptError> | undefined

export interface Scripted {
  readonly make: (key: Redacted.Redacted<string>) => Effect.Effect<Vendor.Vendor, never, Scope.Scope>
  /** The keys of the calls, in their order. */
  readonly calls: Array<string>
  /** The same with the user for whom. */
  readonly asked: Array<string>
  /** The keys whose vendors were made, and whose Scopes have closed. */
  readonly made: Array<string>
  readonly closed: Array<string>
}

/** Vendors that answer with the name of their key, but for what `behave` says. */
export const scripted = (
  behave: Readonly<Record<string, Behaviour>> = {},
  parts: (key: string, nth: number) => Stream.Stream<StreamPart, AttemptError> = (key) =>
    Stream.fromIterable(textParts(key))
): Scripted => {
  const calls: Array<string> = []
  const asked: Array<string> = []
  const made: Array<string> = []
  const closed: Array<string> = []
  const make = (redacted: Redacted.Redacted<string>) => {
    const key = Redacted.value(redacted)
    let nth = 0
    const ask = (model: string, user?: string) =>
      Effect.suspend((): Effect.Effect<void, AttemptError> => {
        calls.push(key)
        asked.push(`${user} ${key}`)
        const outcome = behave[key]?.(nth++, model)
        return outcome === undefined ? Effect.void : Effect.isEffect(outcome) ? outcome : Effect.fail(outcome)
      })
    return Effect.as(
      Effect.acquireRelease(
        Effect.sync(() => made.push(key)),
        () => Effect.sync(() => closed.push(key))
      ),
      Vendor.make({
        name: "scripted",
        provider: "openai",
        defaultModel: "m",
        send: ({ model, request }) => Effect.andThen(ask(model, request.user), answer(key)),
        stream: ({ model, request }) =>
          Effect.andThen(ask(model, request.user), Effect.suspend(() => stream(parts(key, nth - 1)))),
        embed: ({ model }) =>
          Effect.as(ask(model), { vectors: [], usage: { inputTokens: { total: 1 }, outputTokens: { total: 0 } } }),
        models: Effect.as(ask("list"), [{ id: key }]),
        isAvailable: Effect.match(ask("available"), { onFailure: () => false, onSuccess: () => true })
      })
    )
  }
  return { make, calls, asked, made, closed }
}

export const pool = (
  keys: ReadonlyArray<string | KeyInput>,
  { make }: Scripted,
  options?: Partial<KeyPool.Options<never, Scope.Scope, never>>
) =>
  KeyPool.make({
    name: "pooled",
    keys: KeySource.ofKeys(keys.map((key) => typeof key === "string" ? secret(key) : key)),
    make,
    ...options
  })

/** The text of a whole answer: the name of the key that gave it. */
export const sent = (vendor: Vendor.Vendor, model?: string, user?: string) =>
  Effect.map(
    vendor.send(call(model, user)),
    ({ parts }) => parts.map((part) => part.type === "text" ? part.text : "").join("")
  )

/** The same of a stream. */
export const streamed = (vendor: Vendor.Vendor, model?: string, user?: string) =>
  Effect.scoped(Effect.flatMap(vendor.stream(call(model, user)), ({ parts }) =>
    Stream.runFold(
      parts,
      () => "",
      (text, part) => part.type === "text-delta" ? text + part.delta : text
    )))

/** The states without their counts, by the order of the keys. */
export const states = (vendor: KeyPool.KeyPool<any>) =>
  Effect.map(vendor.states, (all) => all.map(({ state }) => state))

export const inFlight = (vendor: KeyPool.KeyPool<any>) =>
  Effect.map(vendor.states, (all) => all.map(({ inFlight }) => inFlight))
