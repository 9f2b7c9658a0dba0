/**
 * The contract of a vendor: a service that speaks to one LLM API with one set of credentials.
 *
 * Every vendor is a class of its own, so that a program which forgets a vendor's Layer does not compile:
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Dispatcher, Vendor } from "llmdispatcher"
 *
 * class Eu extends Vendor.Service<Eu>()("eu") {}
 *
 * export const Live: Layer.Layer<Dispatcher.Dispatcher, Dispatcher.ConfigError, Eu> = Dispatcher.layer({ vendors: [Eu] })
 * ```
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import * as FromLanguageModel from "./FromLanguageModel.ts"
import type { Request } from "./Request.ts"
import * as Response from "./Response.ts"
import { type AttemptError, fatal, retryable } from "./VendorError.ts"

/**
 * What a model can do; what is not known is left out and taken as possible.
 *
 * `contextWindow` and `maxOutputTokens` are in tokens.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  readonly streaming?: boolean
  readonly tools?: boolean
  readonly parallelTools?: boolean
  readonly images?: boolean
  readonly audio?: boolean
  readonly documents?: boolean
  readonly jsonSchema?: boolean
  readonly reasoning?: boolean
  /** The answer can be made to continue a text that the request begins. */
  readonly prefill?: boolean
  readonly systemRole?: boolean
  readonly contextWindow?: number
  readonly maxOutputTokens?: number
}

/**
 * One call to a vendor: the request, and the vendor's own name of the model.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly request: Request
  readonly model: string
}

/**
 * How much of one limit a vendor says is left; what else it does not tell is absent.
 *
 * `resetAt`, in epoch milliseconds, is when the whole limit is there again if nothing more is asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface RateLimit {
  readonly remaining: number
  readonly limit?: number
  readonly resetAt?: number
}

/**
 * The limits a vendor tells with its answers; `tokens` count input and output together.
 *
 * @since 0.1.0
 * @category models
 */
export interface RateLimits {
  readonly requests?: RateLimit
  readonly tokens?: RateLimit
  readonly inputTokens?: RateLimit
  readonly outputTokens?: RateLimit
}

/**
 * A whole answer, what of the request could not be carried, and what the vendor told of its rate limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly parts: ReadonlyArray<Response.Part>
  readonly losses: ReadonlyArray<Response.Loss>
  readonly limits?: RateLimits | undefined
}

/**
 * An answer that has begun to come.
 *
 * `parts` ends after exactly one `finish` part, or fails; a stream cut before it must fail, never just end.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnswerStream {
  readonly parts: Stream.Stream<Response.StreamPart, AttemptError>
  readonly losses: ReadonlyArray<Response.Loss>
  readonly limits?: RateLimits | undefined
  /**
   * Ends the call, so that whoever waits for its next part hears at once that it broke. Where it is absent, whoever waits
   * does so in a fiber that can be interrupted, which costs more.
   */
  readonly cut?: (() => void) | undefined
}

/**
 * Texts to make vectors of.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbedCall {
  readonly model: string
  readonly inputs: ReadonlyArray<string>
}

/**
 * A vector for each text, in their order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Embeddings {
  readonly vectors: ReadonlyArray<ReadonlyArray<number>>
  readonly usage: Response.Usage
}

/**
 * A model as a vendor lists it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Model {
  readonly id: string
  readonly description?: string
}

/**
 * The shape of every vendor.
 *
 * Nothing in it retries or waits: a vendor makes one attempt and tells what came of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Vendor {
  /** The name by which routes and requests know this instance. */
  readonly name: string
  /** What kind of vendor it is, as OpenTelemetry's `gen_ai.provider.name` has it. */
  readonly provider: string
  /** Where it is called, for traces. */
  readonly address?: { readonly host: string; readonly port: number } | undefined
  /** The model for requests that name none. */
  readonly defaultModel?: string | undefined
  readonly capabilities: (model: string) => Capabilities
  /** Whether a request that names only this model may be sent here. */
  readonly serves: (model: string) => boolean
  readonly send: (call: Call) => Effect.Effect<Answer, AttemptError>
  /** Succeeds once the vendor has accepted the call; closing the Scope aborts it. */
  readonly stream: (call: Call) => Effect.Effect<AnswerStream, AttemptError, Scope.Scope>
  readonly embed: (call: EmbedCall) => Effect.Effect<Embeddings, AttemptError>
  readonly isAvailable: Effect.Effect<boolean>
  readonly models: Effect.Effect<ReadonlyArray<Model>, AttemptError>
}

/**
 * What {@link make} needs: a name and `send`, `stream` or both; the rest has defaults.
 *
 * @since 0.1.0
 * @category models
 */
export type Options =
  & { readonly name: string }
  & Partial<Omit<Vendor, "name" | "send" | "stream">>
  & (
    | { readonly send: Vendor["send"]; readonly stream?: Vendor["stream"] }
    | { readonly send?: Vendor["send"]; readonly stream: Vendor["stream"] }
  )

/**
 * Makes a vendor: of `send` and `stream` the missing one is derived from the other, every model is served, and
 * embeddings are an `UnsupportedFeature`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Vendor => {
  const { send, stream } = options
  const unsupported = fatal({ _tag: "UnsupportedFeature", description: "embeddings" }, { vendor: options.name })
  return {
    name: options.name,
    provider: options.provider ?? options.name,
    address: options.address,
    defaultModel: options.defaultModel,
    capabilities: options.capabilities ?? (() => ({})),
    serves: options.serves ?? (() => true),
    send: send ?? ((call) => collect(stream!(call))),
    stream: stream ?? ((call) => Effect.map(send!(call), streamOf)),
    embed: options.embed ?? (() => Effect.fail(unsupported)),
    isAvailable: options.isAvailable ?? Effect.succeed(true),
    models: options.models ?? Effect.succeed(options.defaultModel === undefined ? [] : [{ id: options.defaultModel }])
  }
}

/**
 * The whole answer of a stream; fails with `StreamInterrupted` when it ends without its `finish`, for a cut answer is
 * none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const collect = (
  stream: Effect.Effect<AnswerStream, AttemptError, Scope.Scope>
): Effect.Effect<Answer, AttemptError> =>
  Effect.scoped(
    Effect.flatMap(stream, ({ limits, losses, parts }) =>
      Effect.flatMap(Stream.runCollect(parts), (collected) =>
        collected.some((part) =>
            part.type === "finish"
          )
          ? Effect.succeed({ parts: Response.fold(collected), losses, ...(limits && { limits }) })
          : Effect.fail(
            retryable({ _tag: "StreamInterrupted", description: "the stream ended without its terminal event" })
          )))
  )

const streamOf = ({ limits, losses, parts }: Answer): AnswerStream => ({
  parts: Stream.fromIterable(Response.unfold(parts)),
  losses,
  ...(limits && { limits })
})

/**
 * Makes a vendor of the `LanguageModel` in the context, so that anything written for `effect/ai` can be dispatched to:
 * `Local.layerOf(Vendor.fromLanguageModel({ name: "local" }))`.
 *
 * Its tools are left to the caller. Sampling and the like are losses: a `LanguageModel` takes them when it is made.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLanguageModel = (
  options: { readonly name: string } & Partial<Omit<Vendor, "name" | "send" | "stream">>
): Effect.Effect<Vendor, never, LanguageModel.LanguageModel> =>
  Effect.map(LanguageModel.LanguageModel, (model) => {
    const stream = FromLanguageModel.stream(model)
    return make({
      defaultModel: options.name,
      ...options,
      send: FromLanguageModel.send(model),
      stream: (call) => stream(call, streamOf)
    })
  })

/**
 * A vendor's service class.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceClass<Self, Name extends string>
  extends Context.ServiceClass<Self, `llmdispatcher/Vendor/${Name}`, Vendor>
{
  readonly vendorName: Name
  /** The Layer of this instance over any vendor, which takes this class's name. */
  readonly layerOf: <E = never, R = never>(
    vendor: Vendor | Effect.Effect<Vendor, E, R>
  ) => Layer.Layer<Self, E, Exclude<R, Scope.Scope>>
}

/**
 * @since 0.1.0
 * @category models
 */
export type AnyService = ServiceClass<any, string>

/**
 * Makes the class of one vendor instance, any number of one kind: `class Eu extends Vendor.Service<Eu>()("eu") {}`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Service = <Self>() => <const Name extends string>(name: Name): ServiceClass<Self, Name> => {
  const service = Context.Service<Self, Vendor>()(`llmdispatcher/Vendor/${name}`)
  return Object.assign(service, {
    vendorName: name,
    layerOf<E, R>(vendor: Vendor | Effect.Effect<Vendor, E, R>) {
      const named = Effect.map(Effect.isEffect(vendor) ? vendor : Effect.succeed(vendor), (made) => ({ ...made, name }))
      return Layer.effect(service, named)
    }
  }) as any
}
