/**
 * The end of the way: the vendor is called.
 *
 * @since 0.1.0
 */
import { Clock, Effect, Scope } from "effect"
import type { Call, Handler } from "../Policy.ts"
import type { Answer, Embeddings } from "../Vendor.ts"
import type { AttemptError } from "../VendorError.ts"
import { commit, type Committed } from "../wire/Commit.ts"
import * as Account from "./Account.ts"
import * as Resume from "./Resume.ts"
import * as Timeout from "./Timeout.ts"
import { Watch } from "../wire/Watch.ts"

/**
 * What an attempt reached: the value, with the call that reached it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reached<A> {
  readonly value: A
  readonly call: Call
}

/**
 * The vendor makes a whole answer.
 *
 * @since 0.1.0
 * @category handlers
 */
export const send: Handler<Reached<Answer>, AttemptError> = (call) => {
  const { target, vendor } = call.candidate
  return Effect.map(vendor.send({ request: call.request, model: target.model }), (value) => {
    if (value.limits !== undefined) call.observed.limits = value.limits
    Account.observeLosses(call.observed, value.losses)
    for (const part of value.parts) Account.observe(call.observed, part)
    return { value, call }
  })
}

/**
 * The vendor makes vectors.
 *
 * @since 0.1.0
 * @category handlers
 */
export const embed: Handler<Reached<Embeddings>, AttemptError> = (call) => {
  const { target, vendor } = call.candidate
  return Effect.map(vendor.embed({ model: target.model, inputs: call.inputs ?? [] }), (value) => {
    call.observed.usage = value.usage
    return { value, call }
  })
}

/**
 * The vendor begins a stream, and it is held back until it is meaningful.
 *
 * @since 0.1.0
 * @category handlers
 */
export const stream = (limits: Timeout.Limits): Handler<Reached<Committed>, AttemptError> => (call) =>
  Effect.withFiber((fiber) => {
    const { target, vendor } = call.candidate
    const clock = fiber.getRef(Clock.Clock)
    const startedAt = clock.currentTimeMillisUnsafe()
    const watch = call.watch ?? new Watch(() => Timeout.sharing(limits, "connect", call, startedAt))
    watch.limit = () => Timeout.sharing(limits, "connect", call, startedAt)
    const begun = Effect.flatMap(vendor.stream({ request: Resume.requestOf(call), model: target.model }), (answer) => {
      if (answer.limits !== undefined) call.observed.limits = answer.limits
      const acceptedAt = clock.currentTimeMillisUnsafe()
      watch.limit = () => Timeout.sharing(limits, "firstPart", call, acceptedAt)
      watch.renew()
      return commit(answer)
    })
    return Effect.map(watch.over(fiber, Scope.provide(begun, call.scope)), (value) => {
      call.observed.timeToFirstPart = clock.currentTimeMillisUnsafe() - startedAt
      Account.observeLosses(call.observed, value.losses)
      return { value, call }
    })
  }) as Effect.Effect<Reached<Committed>, AttemptError>
