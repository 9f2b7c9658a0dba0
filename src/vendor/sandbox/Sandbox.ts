/**
 * The vendor inside: no key, no network, no model. It says so in every answer, and can be told to misbehave in each way
 * a real vendor does, so that retries and fallbacks can be watched before anything is paid for.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Dispatcher } from "llmdispatcher"
 * import * as Sandbox from "llmdispatcher/vendor/Sandbox"
 *
 * const Live = Dispatcher.layer({ vendors: [Sandbox.Flaky, Sandbox.Sandbox] }).pipe(
 *   Layer.provide([Sandbox.layerFlaky(), Sandbox.layer()])
 * )
 * ```
 *
 * @since 0.1.0
 */
import { Config, Duration, Effect, type Layer, Stream } from "effect"
import type * as Response from "../../Response.ts"
import * as Vendor from "../../Vendor.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Behaviour from "./Behaviour.ts"
import * as Compose from "./Compose.ts"
import * as Frames from "./Frames.ts"

export { type Behaviour, behaviours, isBehaviour } from "./Behaviour.ts"

/**
 * @since 0.1.0
 * @category services
 */
export class Sandbox extends Vendor.Service<Sandbox>()("sandbox") {}

/**
 * A second instance that has no capacity, so that a program with `Flaky` before `Sandbox` shows a fallback.
 *
 * @since 0.1.0
 * @category services
 */
export class Flaky extends Vendor.Service<Flaky>()("flaky") {}

/**
 * `behaviour` is what the model `sandbox` does; the other models always do what they are named for.
 *
 * `firstWord` (150 ms) and `perWord` (25 ms) are waits of the clock; with both at zero nothing sleeps and an answer
 * comes in one chunk. `flaky` refuses the first `failures` of every `every` calls, by default 1 of 2.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly name?: string | undefined
  readonly behaviour?: Behaviour.Behaviour | undefined
  readonly firstWord?: Duration.Input | undefined
  readonly perWord?: Duration.Input | undefined
  readonly flaky?: { readonly failures: number; readonly every: number } | undefined
}

const capabilities: Vendor.Capabilities = {
  streaming: true,
  tools: true,
  parallelTools: true,
  images: true,
  audio: true,
  documents: true,
  jsonSchema: true,
  reasoning: true,
  prefill: true,
  systemRole: true
}

const models: ReadonlyArray<Vendor.Model> = Behaviour.behaviours.map((id) => ({
  id,
  description: Behaviour.descriptions[id]
}))

interface Pace {
  readonly firstWord: Duration.Duration
  readonly perWord: Duration.Duration
}

/** Tool parameters come as a model writes them, before the call that holds them. */
const streamParts = (parts: ReadonlyArray<Response.Part>): ReadonlyArray<Response.StreamPart> =>
  Frames.unfold(parts).flatMap((part): ReadonlyArray<Response.StreamPart> =>
    part.type !== "tool-call" ? [part] : [
      { type: "tool-params-start", id: part.id, name: part.name },
      { type: "tool-params-delta", id: part.id, delta: JSON.stringify(part.params) },
      { type: "tool-params-end", id: part.id },
      part
    ]
  )

const untilBreak = (parts: ReadonlyArray<Response.StreamPart>): ReadonlyArray<Response.StreamPart> => {
  let words = 0
  const end = parts.findIndex((part) =>
    part.type === "finish" || Frames.isWord(part) && ++words > Behaviour.wordsBeforeBreak
  )
  return parts.slice(0, end)
}

/** The metadata comes with the acceptance, as a vendor's headers do; the first of the rest waits for the model. */
const framesOf = (parts: ReadonlyArray<Response.StreamPart>, pace: Pace): ReadonlyArray<Frames.Frame> => {
  let next = pace.firstWord
  return parts.map((part) => {
    const wait = part.type === "response-metadata" ? Duration.zero : next
    if (part.type !== "response-metadata") next = Frames.isWord(part) ? pace.perWord : Duration.zero
    return { part, wait }
  })
}

const totalOf = (frames: ReadonlyArray<Frames.Frame>): number =>
  frames.reduce((sum, { wait }) => sum + Duration.toMillis(wait), 0)

const playback = (parts: ReadonlyArray<Response.StreamPart>, pace: Pace): Stream.Stream<Response.StreamPart> => {
  const frames = framesOf(parts, pace)
  return totalOf(frames) === 0 ? Stream.fromArray(parts) : Frames.play(frames)
}

/**
 * Makes a sandbox, named `sandbox` unless told.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Vendor.Vendor => {
  const name = options.name ?? "sandbox"
  const pace: Pace = {
    firstWord: Duration.fromInputUnsafe(options.firstWord ?? Duration.millis(150)),
    perWord: Duration.fromInputUnsafe(options.perWord ?? Duration.millis(25))
  }
  const { every, failures } = options.flaky ?? { failures: 1, every: 2 }
  let flakyCalls = 0

  const contextOf = ({ model, request }: Vendor.Call) => ({
    vendor: name,
    requestId: `req_${Compose.hash(`${model} ${Compose.lastUserText(request)}`)}`
  })

  /** What the call does, once it is known not to be refused. */
  const accept = (call: Vendor.Call): Effect.Effect<Behaviour.Behaviour, AttemptError> => {
    if (!Behaviour.isBehaviour(call.model)) {
      const description = `the sandbox has no model "${call.model}", it has ${Behaviour.behaviours.join(", ")}`
      return Effect.fail(fatal({ _tag: "ModelNotFound", description }, { ...contextOf(call), status: 404 }))
    }
    const behaviour = call.model === "sandbox" ? options.behaviour ?? "sandbox" : call.model
    if (behaviour === "silent") return Effect.never
    if (behaviour === "flaky" && flakyCalls++ % every >= failures) return Effect.succeed(behaviour)
    const error = Behaviour.refusal(behaviour, contextOf(call)) ?? Compose.refusal(call.request, contextOf(call))
    return error === undefined ? Effect.succeed(behaviour) : Effect.fail(error)
  }

  const paceOf = (behaviour: Behaviour.Behaviour): Pace =>
    behaviour === "slow" ? { ...pace, firstWord: Behaviour.slowFirstWord } : pace

  const stream = (
    call: Vendor.Call,
    behaviour: Behaviour.Behaviour
  ): Stream.Stream<Response.StreamPart, AttemptError> => {
    const parts = streamParts(Compose.compose(call.request, call.model))
    const begin = (parts: ReadonlyArray<Response.StreamPart>) => playback(parts, paceOf(behaviour))
    switch (behaviour) {
      case "cut-off":
        return Stream.concat(begin(untilBreak(parts)), Stream.fail(Behaviour.interrupted(contextOf(call))))
      case "stalled":
        return Stream.concat(begin(untilBreak(parts)), Stream.never)
      default:
        return begin(parts)
    }
  }

  const send = (call: Vendor.Call, behaviour: Behaviour.Behaviour): Effect.Effect<Vendor.Answer, AttemptError> => {
    if (behaviour === "stalled") return Effect.never
    const parts = Compose.compose(call.request, call.model)
    const wait = totalOf(framesOf(streamParts(parts), paceOf(behaviour)))
    const answer = behaviour === "cut-off"
      ? Effect.fail(Behaviour.interrupted(contextOf(call)))
      : Effect.succeed({ parts, losses: [] })
    return wait === 0 ? answer : Effect.delay(answer, wait)
  }

  return Vendor.make({
    name,
    provider: "llmdispatcher.sandbox",
    defaultModel: "sandbox",
    capabilities: () => capabilities,
    serves: Behaviour.isBehaviour,
    models: Effect.succeed(models),
    send: (call) => Effect.suspend(() => Effect.flatMap(accept(call), (behaviour) => send(call, behaviour))),
    stream: (call) =>
      Effect.suspend(() =>
        Effect.map(accept(call), (behaviour) => ({
          parts: Stream.suspend(() => stream(call, behaviour)),
          losses: []
        }))
      ),
    embed: ({ inputs }) => Effect.sync(() => Compose.embed(inputs))
  })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Omit<Options, "name">): Layer.Layer<Sandbox> =>
  Sandbox.layerOf(Effect.sync(() => make({ ...options, name: Sandbox.vendorName })))

/**
 * The Layer of {@link Flaky}, `overloaded` unless told.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFlaky = (options?: Omit<Options, "name">): Layer.Layer<Flaky> =>
  Flaky.layerOf(Effect.sync(() => make({ behaviour: "overloaded", ...options, name: Flaky.vendorName })))

/**
 * The Layer of {@link Sandbox} by what is configured: `SANDBOX_BEHAVIOUR`, `SANDBOX_FIRST_WORD` and `SANDBOX_PER_WORD`
 * unless told, each with the default of {@link Options}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Omit<Options, "name" | "flaky">> = {
    behaviour: Config.Literals(Behaviour.behaviours, "SANDBOX_BEHAVIOUR").pipe(Config.withDefault("sandbox" as const)),
    firstWord: Config.Duration("SANDBOX_FIRST_WORD").pipe(Config.withDefault(Duration.millis(150))),
    perWord: Config.Duration("SANDBOX_PER_WORD").pipe(Config.withDefault(Duration.millis(25)))
  }
): Layer.Layer<Sandbox, Config.ConfigError> =>
  Sandbox.layerOf(Effect.map(Config.unwrap(options), (found) => make({ ...found, name: Sandbox.vendorName })))
