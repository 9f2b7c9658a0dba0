import { describe, expect, it } from "@effect/vitest"
import { Effect, References, Stream, Tracer } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Vendor from "llmdispatcher/Vendor"
import { finish, textParts } from "./support/vendors.ts"

/** The steps that effect's runtime takes for an effect once it has run before, and the fibers that take them. */
const counted = <A, E>(effect: Effect.Effect<A, E>) => {
  let steps = 0
  const fibers = new Set<number>()
  const tracer = Tracer.make({
    span: (options) => new Tracer.NativeSpan(options),
    context: (primitive, fiber) => {
      steps += 1
      fibers.add(fiber.id)
      return primitive["~effect/Effect/evaluate"](fiber)
    }
  })
  const measured = effect.pipe(
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.provideService(References.TracerEnabled, false)
  )
  return Effect.andThen(effect, Effect.map(measured, () => ({ steps, fibers: fibers.size })))
}

/** A vendor that answers after everybody else had a turn. */
const later = <A>(value: A): Effect.Effect<A> =>
  Effect.callback((resume) => {
    queueMicrotask(() => resume(Effect.succeed(value)))
  })

const vendor = Vendor.make({
  name: "a",
  defaultModel: "m",
  send: () => later({ parts: [{ type: "text", text: "Hi" }, finish], losses: [] }),
  stream: () => later({ parts: Stream.fromIterable(textParts("Hi")), losses: [] })
})

describe("A dispatch with all default policies", () => {
  it.effect("takes few steps of the runtime, and one fiber beside its caller's", () =>
    Effect.gen(function*() {
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const whole = yield* counted(dispatcher.send({ prompt: "Hello" }))
      expect(whole.steps).toBeGreaterThan(10)
      expect(whole.steps).toBeLessThanOrEqual(60)
      expect(whole.fibers).toBe(2)
      const streamed = yield* counted(Stream.runDrain(dispatcher.stream({ prompt: "Hello" })))
      expect(streamed.steps).toBeLessThanOrEqual(125)
      expect(streamed.fibers).toBeLessThanOrEqual(4)
    }))
})
