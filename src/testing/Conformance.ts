/**
 * The suite that every vendor passes, whatever runs it: an array of cases, each an effect that fails with what is wrong.
 *
 * ```ts
 * import { it } from "@effect/vitest"
 * import { Conformance } from "llmdispatcher/testing"
 * import * as Sandbox from "llmdispatcher/vendor/Sandbox"
 *
 * for (const { name, run } of Conformance.cases({ vendor: Sandbox.make() })) it.live(name, () => run)
 * ```
 *
 * A vendor is put through it by fixtures, not by tests: give a function as `vendor` to answer each fixture from what was
 * recorded, replace fixtures by name, add failures. The cases wait by the clock, so run them on the live one.
 *
 * @since 0.1.0
 */
import { Cause, Effect, Exit, Fiber, Latch, Schema, type Scope, Stream } from "effect"
import * as Request from "../Request.ts"
import * as Response from "../Response.ts"
import type { Call, Vendor } from "../Vendor.ts"
import type { AttemptError } from "../VendorError.ts"
import * as Checks from "./Checks.ts"
import { type Feature, type Fixture, fixtures as standard } from "./Fixtures.ts"

export type { Expected, ExpectedFailure, Feature, Fixture } from "./Fixtures.ts"

/**
 * A case that does not hold, and why.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConformanceFailure extends Schema.TaggedError<ConformanceFailure>("llmdispatcher/ConformanceFailure")(
  "ConformanceFailure",
  { case: Schema.String, description: Schema.String }
) {
  override get message(): string {
    return `${this.case}: ${this.description}`
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Case<R> {
  readonly name: string
  readonly run: Effect.Effect<void, ConformanceFailure, R>
}

/**
 * `vendor` is one vendor for all, or makes one for each fixture. `model` is by default the vendor's own.
 *
 * `fixtures` replace the standard ones of their name or come after them, `without` names what the vendor cannot do.
 * `aborted` tells whether the upstream saw that the last call was given up. `patience` (5,000 ms) is how long anything may
 * take.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R> {
  readonly vendor: Vendor | ((fixture: Fixture) => Effect.Effect<Vendor, never, R>)
  readonly model?: string | undefined
  readonly fixtures?: ReadonlyArray<Fixture> | undefined
  readonly without?: ReadonlyArray<Feature> | undefined
  readonly aborted?: Effect.Effect<boolean, never, R> | undefined
  readonly patience?: number | undefined
}

type Run<R> = (vendor: Vendor, call: Call) => Effect.Effect<string | undefined, AttemptError, R>

const send = (fixture: Fixture): Run<never> => (vendor, call) =>
  Effect.map(vendor.send(call), ({ parts }) =>
    Checks.whole(parts) ??
      ("failure" in fixture.expected ? "it answered and should fail" : Checks.expected(fixture.expected, parts)))

const collect = (vendor: Vendor, call: Call) =>
  Effect.scoped(Effect.flatMap(vendor.stream(call), ({ parts }) => Stream.runCollect(parts)))

const stream = (fixture: Fixture): Run<never> => (vendor, call) =>
  Effect.map(collect(vendor, call), (parts) =>
    Checks.streamed(parts) ??
      ("failure" in fixture.expected
        ? "it answered and should fail"
        : Checks.expected(fixture.expected, Response.fold(parts))))

/** Gives the stream up once it has begun; that this ends in time is the case. */
const interruption = <R>(aborted: Effect.Effect<boolean, never, R>): Run<R> => (vendor, call) =>
  Effect.gen(function*() {
    const begun = yield* Latch.make()
    // Detached, so that a vendor which does not let itself be interrupted cannot hold up the suite too.
    const fiber = yield* Effect.forkDetach(
      Effect.scoped(
        Effect.flatMap(
          vendor.stream(call),
          ({ parts }) => Stream.runForEach(parts, () => Effect.andThen(begun.open, Effect.never))
        )
      )
    )
    const interrupt = Effect.sync(() => fiber.interruptUnsafe())
    yield* Effect.onInterrupt(Effect.raceFirst(begun.await, Fiber.join(fiber)), () => interrupt)
    const exit = yield* Effect.andThen(interrupt, Fiber.await(fiber))
    if (!Exit.hasInterrupts(exit)) return "it ended instead of being interrupted"
    return (yield* aborted) ? undefined : "the upstream did not see that the call was given up"
  })

const models: Run<never> = (vendor) =>
  Effect.map(vendor.models, (models) =>
    models.some((model) => model.id === "")
      ? "a model has no id"
      : new Set(models.map((model) => model.id)).size < models.length
      ? "a model is listed twice"
      : undefined)

const plain: Fixture = standard.find((fixture) => fixture.name === "plain")!

/**
 * The cases of a vendor.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cases = <R = never>(options: Options<R>): ReadonlyArray<Case<Exclude<R, Scope.Scope>>> => {
  const { aborted = Effect.succeed(true), fixtures = [], patience = 5_000, without = [] } = options
  const all = [
    ...standard.map((fixture) => fixtures.find((own) => own.name === fixture.name) ?? fixture),
    ...fixtures.filter((own) => !standard.some((fixture) => fixture.name === own.name))
  ].filter((fixture) => fixture.feature === undefined || !without.includes(fixture.feature))

  const define = (name: string, fixture: Fixture, run: Run<R>): Case<Exclude<R, Scope.Scope>> => {
    const fail = (description: string) => Effect.fail(new ConformanceFailure({ case: name, description }))
    const body = Effect.gen(function*() {
      const vendor = typeof options.vendor === "function" ? yield* options.vendor(fixture) : options.vendor
      const request = yield* Effect.orDie(Request.decode(fixture.request))
      const model = fixture.model ?? options.model ?? vendor.defaultModel
      if (model === undefined) return yield* fail("the vendor has no default model, and none was given")
      const exit = yield* Effect.exit(run(vendor, { request, model }))
      if (Exit.isSuccess(exit)) return exit.value === undefined ? undefined : yield* fail(exit.value)
      const error = Cause.findErrorOption(exit.cause)
      if (error._tag === "None") return yield* fail(Cause.pretty(exit.cause))
      const { expected } = fixture
      const fault = "failure" in expected ? Checks.failure(expected.failure, error.value) : error.value.message
      return fault === undefined ? undefined : yield* fail(fault)
    })
    const timed = Effect.timeoutOrElse(body, {
      duration: patience,
      orElse: () => fail(`it was not done after ${patience} ms`)
    })
    return { name, run: Effect.scoped(timed) }
  }

  return [
    ...all.flatMap((fixture) => [
      define(`${fixture.name}, whole`, fixture, send(fixture)),
      define(`${fixture.name}, streamed`, fixture, stream(fixture))
    ]),
    define("interruption", all.find((fixture) => fixture.name === "interruption") ?? plain, interruption(aborted)),
    define("models", plain, models)
  ]
}
