/**
 * Effect's own `ExecutionPlan`, written as its documentation does: three tries on the first target, two on the others.
 *
 * @since 0.1.0
 */
import { Context, Effect, ExecutionPlan, Schedule } from "effect"
import type { Candidate } from "../../Policy.ts"
import type { AttemptError } from "../../VendorError.ts"
import { type Contender, isRetried, overCalls } from "./Contender.ts"

class Chosen extends Context.Service<Chosen, Candidate>()("llmdispatcher/simulation/policies/Plan/Chosen") {}

/**
 * @since 0.1.0
 * @category contenders
 */
export const executionPlan: Contender = {
  description: "Effect's ExecutionPlan: 3 tries on the first target, 2 on each other, exponential from 100 ms",
  make: ({ candidates: [first, ...others] }) =>
    Effect.sync(() => {
      const step = (candidate: Candidate, attempts: number) => ({
        provide: Context.make(Chosen, candidate),
        attempts,
        schedule: Schedule.exponential("100 millis"),
        while: (error: AttemptError) => isRetried(error)
      })
      const plan = ExecutionPlan.make(step(first!, 3), ...others.map((candidate) => step(candidate, 2)))
      return overCalls((call) => Effect.withExecutionPlan(Effect.flatMap(Chosen, call), plan) as any)
    })
}
