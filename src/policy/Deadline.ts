/**
 * The beginning of a dispatch, and the one deadline for all of it.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Random, type Scope } from "effect"
import type { Dispatch } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { type Retryable, retryable } from "../VendorError.ts"

/**
 * The id of a dispatch: 104 random bits, so that those of many machines can be kept together.
 *
 * @since 0.1.0
 * @category constructors
 */
export const newId = Effect.map(Random.Random, (random) => {
  const part = () => Math.floor(random.nextDoubleUnsafe() * 2 ** 52).toString(36).padStart(11, "0")
  return `dsp_${part()}${part()}`
})

/**
 * Starts the clock of one dispatch; its deadline is the request's own or else `deadline`, in milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const begin = Effect.fnUntraced(function*(
  operation: Dispatch["operation"],
  request: Request,
  scope: Scope.Closeable,
  deadline: number,
  inputs?: ReadonlyArray<string>
) {
  const startedAt = yield* Clock.currentTimeMillis
  const allowed = request.deadline === undefined ? deadline : Duration.toMillis(request.deadline)
  const dispatch: Dispatch = {
    id: yield* newId,
    request,
    operation,
    journal: { startedAt, attempts: [], calls: 0, usages: [], occasions: new Map() },
    deadline: startedAt + allowed,
    scope,
    ...(inputs === undefined ? undefined : { inputs })
  }
  return dispatch
})

/**
 * Fails with `DeadlineExceeded` when the dispatch's time is over.
 *
 * @since 0.1.0
 * @category combinators
 */
export const within =
  (dispatch: Dispatch) => <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | Retryable<"DeadlineExceeded">> => {
    const { attempts, startedAt } = dispatch.journal
    const after = dispatch.deadline - startedAt
    const exceeded = Effect.suspend(() => Effect.fail(retryable({ _tag: "DeadlineExceeded", after }, { attempts })))
    return after === Infinity ? effect : Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now >= dispatch.deadline
        ? exceeded
        : Effect.timeoutOrElse(effect, { duration: dispatch.deadline - now, orElse: () => exceeded }))
  }
