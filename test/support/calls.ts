import { Effect, Exit, Scheduler, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { Call, Dispatch } from "../../src/Policy.ts"
import * as Request from "../../src/Request.ts"
import * as Target from "../../src/Target.ts"
import * as Vendor from "../../src/Vendor.ts"

type Ask = Partial<Omit<Request.RequestInput, "messages" | "prompt">> & { readonly prompt?: string }

/** A dispatch as the way begins it, at time 0 where nothing else is said; `end` closes its Scope. */
export const dispatchOf = (ask: Ask = {}, options: Partial<Dispatch> = {}) => {
  const scope = Scope.makeUnsafe()
  const dispatch: Dispatch = {
    id: "dsp",
    request: Effect.runSync(Request.decode({ prompt: "Hello", ...ask })),
    operation: "send",
    journal: { startedAt: 0, attempts: [], calls: 0, usages: [], occasions: new Map() },
    deadline: Infinity,
    scope,
    ...options
  }
  return { dispatch, end: Scope.close(scope, Exit.void) }
}

const vendor = Vendor.make({ name: "v", send: () => Effect.never })

/** The same on its way to the last candidate, `v/m`. */
export const callOf = (ask: Ask = {}, options: Partial<Call> = {}) => {
  const { dispatch, end } = dispatchOf(ask, options)
  const call: Call = {
    candidate: { target: Target.make("v/m"), vendor },
    candidateScope: dispatch.scope,
    untried: 0,
    observed: {},
    ...dispatch,
    ...options
  }
  return { call, end }
}

/** After how many operations another fiber has its turn: few, so that properties see many interleavings. */
export const turns = fc.integer({ min: 3, max: 12 })

/** Runs a property's program under the test clock, its fibers taking turns so often. */
export const interleaved = <A, E>(operations: number, program: Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(
    program.pipe(
      Effect.provideService(Scheduler.MaxOpsBeforeYield, operations),
      Effect.provide(TestClock.layer())
    )
  )

/** Lets all fibers go on until each of them waits for time or another. */
export const settle = Effect.forEach(Array.from({ length: 40 }), () => Effect.yieldNow, { discard: true })

/** Lets time pass for all fibers, those too that only come to wait for it. */
export const passAll = Effect.forEach(
  Array.from({ length: 20 }),
  () => Effect.andThen(settle, TestClock.adjust("50 millis")),
  { discard: true }
)
