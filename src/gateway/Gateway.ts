/**
 * The gateway: any client's call to the dispatcher and back, blind to the server that carries it.
 *
 * @since 0.1.0
 */
import { Clock, Effect, Exit } from "effect"
import { type Caller, CurrentPrincipal } from "../access/CurrentPrincipal.ts"
import type { Dispatcher } from "../Dispatcher.ts"
import type { DispatchError } from "../VendorError.ts"
import type { Call, Headers } from "./Call.ts"
import type { Dialect, Refusal } from "./Dialect.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Exchange from "./Exchange.ts"
import * as Failure from "./Failure.ts"
import type * as Fairness from "./Fairness.ts"
import * as NotServed from "./NotServed.ts"
import * as Sides from "./Sides.ts"

/**
 * Who may come in; fails with `unauthenticated` for whoever may not.
 *
 * @since 0.1.0
 * @category models
 */
export type Authenticate = (headers: Headers) => Effect.Effect<Caller | undefined, Failure.Failure>

/**
 * One call that is over; `duration` in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Access extends Exchange.Outcome {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly startedAt: number
  readonly duration: number
  readonly principal?: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Sides.Surroundings {
  readonly dispatcher: Dispatcher["Service"]
  readonly authenticate: Authenticate
  /** By default errors are told as they are. */
  readonly conceal?: ((error: DispatchError) => Effect.Effect<DispatchError>) | undefined
  /** How many calls each caller may have under way; by default any number. */
  readonly fairness?: Fairness.Fairness | undefined
  /** Is told of every call when it is over. */
  readonly log?: ((access: Access) => void) | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Gateway {
  /** Whether the path is one of a dialect's, if only to be told that nothing is there. */
  readonly match: (method: string, path: string, headers: Headers) => Endpoints.Endpoint | undefined
  /** What is told who is refused before anything is looked at. */
  readonly refusal: (endpoint: Endpoints.Endpoint | undefined, failure: Failure.Failure) => Refusal
  /** Answers the call whatever comes of it. */
  readonly handle: (call: Call, endpoint: Endpoints.Endpoint) => Effect.Effect<void>
}

const none: Readonly<Record<string, string>> = {}

const queryOf = (query: string): Readonly<Record<string, string>> =>
  query === "" ? none : Object.fromEntries(new URLSearchParams(query))

const pathOf = (endpoint: Endpoints.Endpoint): Readonly<Record<string, string>> => {
  if (endpoint._tag !== "Answer" || endpoint.model === undefined) return none
  return { model: endpoint.model, ...(endpoint.method === undefined ? undefined : { method: endpoint.method }) }
}

/** The body; of a path that names the model itself, as Azure's deployments do, with that model. */
const bodyOf = (call: Call, endpoint: Endpoints.Endpoint): Call["json"] =>
  endpoint._tag !== "Answer" || endpoint.model === undefined || endpoint.method !== undefined
    ? call.json
    : Effect.map(
      call.json,
      (body) => typeof body === "object" && body !== null ? { ...body, model: endpoint.model } : body
    )

const refusalOf = (endpoint: Endpoints.Endpoint): Pick<Dialect, "refusal"> =>
  endpoint._tag === "Answer" ? endpoint.dialect : Sides.refusals[endpoint.family]

type Served = Exclude<Endpoints.Endpoint, Endpoints.NotServed>

const notServed = (call: Call, endpoint: Endpoints.NotServed): Exchange.Outcome => {
  const { allow, failure } = endpoint
  const { body, status } = refusalOf(endpoint).refusal(failure)
  call.answer(status, "application/json", JSON.stringify(body), allow === undefined ? {} : { allow })
  return { status, reason: failure.kind }
}

const internal = Failure.make("internal", "the gateway failed")

const stopping = Failure.make("overloaded", "the gateway is stopping", { reason: "Shed", retryAfter: 1_000 })

const tooMany = Failure.make("rate-limited", "too many calls of this caller are under way", {
  reason: "CallerLimited",
  retryAfter: 1_000
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Gateway => {
  const { authenticate, conceal = Effect.succeed, dispatcher, fairness, log } = options
  const surroundings: Exchange.Surroundings = { dispatcher, conceal }

  const answered = (call: Call, endpoint: Served, now: number): Effect.Effect<Exchange.Outcome> =>
    endpoint._tag === "Answer"
      ? Exchange.answer(
        surroundings,
        call,
        bodyOf(call, endpoint),
        endpoint.dialect,
        pathOf(endpoint),
        queryOf(call.query),
        now
      )
      : Sides.answer(options, conceal, call, endpoint, now)

  return {
    match: (method, path, headers) => Endpoints.match(method, path, headers) ?? NotServed.match(method, path, headers),
    refusal: (endpoint, failure) =>
      (endpoint === undefined ? Sides.refusals.openai : refusalOf(endpoint)).refusal(failure),
    handle: (call, endpoint) =>
      Effect.withFiber((fiber) => {
        const clock = fiber.getRef(Clock.Clock)
        const startedAt = clock.currentTimeMillisUnsafe()
        let principal: string | undefined
        let share: string | undefined
        const done = (outcome: Exchange.Outcome) => {
          if (share !== undefined) fairness?.leave(share)
          if (log === undefined) return
          const duration = clock.currentTimeMillisUnsafe() - startedAt
          const { id, method, path } = call
          log({ id, method, path, startedAt, duration, principal, ...outcome })
        }
        const refuse = (failure: Failure.Failure) => Exchange.refuse(call, refusalOf(endpoint), failure)
        // Which paths there are is no secret, and a browser that asks for them before it calls has no key with it.
        if (endpoint._tag === "NotServed") return Effect.sync(() => done(notServed(call, endpoint)))
        // What is taken here is given back in `done`, to which every way leads.
        const fairly = (caller: string, answered: Effect.Effect<Exchange.Outcome>) => {
          if (fairness === undefined) return answered
          if (!fairness.take(caller)) return Effect.sync(() => refuse(tooMany))
          share = caller
          return answered
        }
        const admitted = Effect.matchEffect(authenticate(call.headers), {
          onFailure: (failure) => Effect.sync(() => refuse(failure)),
          onSuccess: (caller) => {
            if (caller === undefined) return fairly("", answered(call, endpoint, startedAt))
            principal = caller.id
            const own = Effect.provideService(answered(call, endpoint, startedAt), CurrentPrincipal, {
              ...caller,
              requestId: call.id
            })
            return fairly(caller.id, own)
          }
        })
        return Effect.asVoid(Effect.onExitPrimitive(admitted, (exit) => {
          if (Exit.isSuccess(exit)) return void done(exit.value)
          if (Exit.hasInterrupts(exit)) {
            // Whoever is still there is told; a stream that has begun was told in its own way.
            refuse(stopping)
            return void done({ status: 499, reason: "Interrupted" })
          }
          done(refuse(internal))
          return Effect.logError("a call failed for a fault of the gateway", exit.cause)
        }))
      })
  }
}
