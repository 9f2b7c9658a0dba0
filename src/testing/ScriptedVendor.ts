/**
 * A vendor that does what a test says, step by step, in place of the real one:
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Vendor } from "llmdispatcher"
 * import { ScriptedVendor } from "llmdispatcher/testing"
 *
 * class Eu extends Vendor.Service<Eu>()("eu") {}
 *
 * const Scripted = ScriptedVendor.layer(Eu, [
 *   ScriptedVendor.fail({ _tag: "Overloaded" }),
 *   ScriptedVendor.answer("Hello").pipe(ScriptedVendor.expect({ prompt: "Hi" }), ScriptedVendor.delay("2 seconds"))
 * ])
 *
 * const test = Effect.gen(function*() {
 *   const eu = yield* ScriptedVendor.handle(Eu)
 *   yield* eu.verify
 * })
 * ```
 *
 * Each call takes the next step. A call beyond the script and an expectation that does not hold are defects, and
 * `verify` tells of them again where a program swallowed them. All waits are `Effect.sleep`, so `TestClock` moves them.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, type Layer, Schema, Stream } from "effect"
import type * as Response from "../Response.ts"
import * as Vendor from "../Vendor.ts"
import { type AttemptError, withContext } from "../VendorError.ts"
import { play } from "../vendor/sandbox/Frames.ts"
import { mismatch, type Received } from "./Expectation.ts"
import type { Step } from "./Step.ts"

export { type Expectation, lastText, type Received } from "./Expectation.ts"
export * from "./Step.ts"

/**
 * A call is not what the script says, or is not in it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ScriptError extends Schema.TaggedError<ScriptError>("llmdispatcher/ScriptError")("ScriptError", {
  vendor: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `scripted vendor "${this.vendor}": ${this.description}`
  }
}

/**
 * One call that the vendor received, and what has come of it so far.
 *
 * `startedAt` is in epoch milliseconds, `duration` in milliseconds; `step` counts from 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReceivedCall extends Received {
  readonly number: number
  readonly step: number
  readonly startedAt: number
  readonly outcome: "running" | "answered" | "failed" | "interrupted"
  readonly duration?: number | undefined
}

/**
 * What a test can see of a scripted vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handle {
  /** In the order in which they came. */
  readonly calls: ReadonlyArray<ReceivedCall>
  /** Calls that the script still waits for; `Infinity` when it ends with a step that repeats forever. */
  readonly remaining: number
  /** Dies unless every step was used and every call was as expected; a step that repeats forever needs no use. */
  readonly verify: Effect.Effect<void>
}

/**
 * A scripted vendor with its handle.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScriptedVendor extends Handle {
  readonly vendor: Vendor.Vendor
}

/**
 * What the vendor is beside its script, as in {@link Vendor.make}.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Partial<Omit<Vendor.Vendor, "send" | "stream">>

type Writable<A> = { -readonly [K in keyof A]: A[K] }

const handles = new WeakMap<Vendor.Vendor["stream"], Handle>()

class Script implements ScriptedVendor {
  readonly vendor: Vendor.Vendor
  readonly steps: ReadonlyArray<Step>
  readonly calls: Array<Writable<ReceivedCall>> = []
  readonly faults: Array<ScriptError> = []
  at = 0
  used = 0

  constructor(steps: ReadonlyArray<Step>, options: Options) {
    this.steps = steps
    this.vendor = Vendor.make({
      ...options,
      name: options.name ?? "scripted",
      send: (call) => Vendor.collect(open(this, "send", call)),
      stream: (call) => open(this, "stream", call)
    })
    handles.set(this.vendor.stream, this)
  }

  get remaining(): number {
    return this.steps.slice(this.at).reduce((sum, step) => sum + step.times, -this.used)
  }

  get verify(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.faults[0] !== undefined) return Effect.die(this.faults[0])
      const finite = this.steps.slice(this.at).filter((step) => Number.isFinite(step.times))
      const unused = finite.length === 0 ? 0 : finite.reduce((sum, step) => sum + step.times, -this.used)
      return unused === 0 ? Effect.void : Effect.die(this.error(`waits for ${unused} more calls`))
    })
  }

  error(description: string): ScriptError {
    return new ScriptError({ vendor: this.vendor.name, description })
  }

  fault(description: string): Effect.Effect<never> {
    const error = this.error(description)
    this.faults.push(error)
    return Effect.die(error)
  }

  take(received: Received, startedAt: number): Effect.Effect<readonly [Step, Writable<ReceivedCall>]> {
    const number = this.calls.length + 1
    const call = `call ${number} (${received.operation} ${received.model})`
    const step = this.steps[this.at]
    if (step === undefined) {
      return this.fault(`${call} was not expected, all ${this.steps.length} steps of the script are used`)
    }
    const record: Writable<ReceivedCall> = { ...received, number, step: this.at + 1, startedAt, outcome: "running" }
    this.calls.push(record)
    this.used++
    if (this.used >= step.times) {
      this.at++
      this.used = 0
    }
    const difference = mismatch(step.expectation, received)
    if (difference === undefined) return Effect.succeed([step, record])
    record.outcome = "failed"
    return this.fault(`${call} is not what step ${record.step} expects: ${difference}`)
  }
}

/** The first outcome stays: a scope that closes after the last part was given is no interruption. */
const settle = (record: Writable<ReceivedCall>, outcome: ReceivedCall["outcome"]): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    if (record.outcome !== "running") return
    record.outcome = outcome
    record.duration = now - record.startedAt
  })

const ending = (
  script: Script,
  step: Step,
  record: Writable<ReceivedCall>
): Effect.Effect<void, AttemptError> => {
  switch (step.end._tag) {
    case "complete":
      return settle(record, "answered")
    case "stall":
      return Effect.never
    case "fail":
      return Effect.andThen(
        settle(record, "failed"),
        Effect.fail(withContext(step.end.error, { vendor: script.vendor.name }))
      )
  }
}

/** A consumer that takes the last part may never ask for the end, so the outcome is known with that part. */
const partsOf = (
  script: Script,
  step: Step,
  record: Writable<ReceivedCall>
): Stream.Stream<Response.StreamPart, AttemptError> => {
  const last = step.end._tag === "complete" ? step.frames.at(-1)?.part : undefined
  return play(step.frames).pipe(
    Stream.tap((part) => part === last ? settle(record, "answered") : Effect.void),
    Stream.concat(Stream.fromEffectDrain(ending(script, step, record)))
  )
}

const open = Effect.fnUntraced(function*(script: Script, operation: "send" | "stream", call: Vendor.Call) {
  const startedAt = yield* Clock.currentTimeMillis
  const [step, record] = yield* script.take({ operation, ...call }, startedAt)
  yield* Effect.addFinalizer(() => settle(record, "interrupted"))
  if (!Duration.isZero(step.delay)) yield* Effect.sleep(step.delay)
  if (!step.accepts) yield* ending(script, step, record)
  return { losses: step.losses, parts: partsOf(script, step, record) }
})

/**
 * Makes a scripted vendor, named `scripted` unless told.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (steps: ReadonlyArray<Step>, options: Options = {}): ScriptedVendor => new Script(steps, options)

/**
 * The Layer of a vendor's class over a script; each time it is built the script begins anew.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Self, Name extends string>(
  service: Vendor.ServiceClass<Self, Name>,
  steps: ReadonlyArray<Step>,
  options: Omit<Options, "name"> = {}
): Layer.Layer<Self> => service.layerOf(Effect.sync(() => make(steps, { ...options, name: service.vendorName }).vendor))

/**
 * The handle of the scripted vendor that was provided for a class; dies when another kind of vendor was.
 *
 * @since 0.1.0
 * @category accessors
 */
export const handle = <Self, Name extends string>(
  service: Vendor.ServiceClass<Self, Name>
): Effect.Effect<Handle, never, Self> =>
  Effect.flatMap(service, (vendor) => {
    const found = handles.get(vendor.stream)
    return found === undefined
      ? Effect.die(new ScriptError({ vendor: vendor.name, description: "this vendor is not scripted" }))
      : Effect.succeed(found)
  })
