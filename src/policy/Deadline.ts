/**
 * The beginning of a dispatch, and the one deadline for all of it.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, type Fiber, Random, type Scope } from "effect"
import type { Dispatch } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { type Retryable, retryable } from "../VendorError.ts"
import * as Watch from "../wire/Watch.ts"

const alphabet = "0123456789abcdefghijklmnopqrstuv"

/** All pairs of its letters: ten bits each. */
const pairs = Array.from({ length: 1_024 }, (_, index) => alphabet[index >> 5]! + alphabet[index & 31]!)

const threePairs = (random: Random.Random): string => {
  const bits = Math.floor(random.nextDoubleUnsafe() * 2 ** 30)
  return pairs[bits >> 20]! + pairs[(bits >> 10) & 1_023]! + pairs[bits & 1_023]!
}

const newIdUnsafe = (random: Random.Random): string =>
  `dsp_${threePairs(random)}${threePairs(random)}${threePairs(random)}${threePairs(random).slice(2)}`

/**
 * The id of a dispatch: 110 random bits, so that those of many machines can be kept together.
 *
 * @since 0.1.0
 * @category constructors
 */
export const newId = Effect.map(Random.Random, newIdUnsafe)

/**
 * Starts the clock of one dispatch; its deadline is the request's own or else `deadline`, in milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const begin = (
  fiber: Fiber.Fiber<unknown, unknown>,
  operation: Dispatch["operation"],
  request: Request,
  scope: Scope.Closeable,
  deadline: number,
  inputs?: ReadonlyArray<string>
): Dispatch => {
  const startedAt = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
  const allowed = request.deadline === undefined ? deadline : Duration.toMillis(request.deadline)
  return {
    id: newIdUnsafe(fiber.getRef(Random.Random)),
    request,
    operation,
    journal: { startedAt, attempts: [], calls: 0, usages: [], occasions: new Map() },
    deadline: startedAt + allowed,
    scope,
    ...(inputs === undefined ? undefined : { inputs })
  }
}

/**
 * Fails with `DeadlineExceeded` when the dispatch's time is over.
 *
 * @since 0.1.0
 * @category combinators
 */
export const within =
  (dispatch: Dispatch) => <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | Retryable<"DeadlineExceeded">> => {
    const { attempts, startedAt } = dispatch.journal
    const at = dispatch.deadline
    const error = () => retryable({ _tag: "DeadlineExceeded", after: at - startedAt }, { attempts })
    return at === Infinity ? effect : Watch.within(effect, () => ({ at, error }))
  }
