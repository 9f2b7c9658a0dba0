/**
 * One call for an answer, from its body to its last byte.
 *
 * @since 0.1.0
 */
import { Cause, Effect, Exit, Result, Stream } from "effect"
import type { Dispatcher } from "../Dispatcher.ts"
import { CurrentListener } from "../policy/Attempt.ts"
import type { RequestInput } from "../Request.ts"
import type { Attempt, Response } from "../Response.ts"
import type { DispatchError } from "../VendorError.ts"
import type { Call } from "./Call.ts"
import type { Asked, Dialect, Events } from "./Dialect.ts"
import * as Failure from "./Failure.ts"
import * as WishHeaders from "./WishHeaders.ts"

/**
 * What came of a call, for the access log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  readonly status: number
  readonly target?: string | undefined
  readonly reason?: string | undefined
}

/**
 * What an exchange needs of the gateway.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  readonly dispatcher: Pick<Dispatcher["Service"], "send" | "stream">
  /** Takes out of an error what its caller may not know. */
  readonly conceal: (error: DispatchError) => Effect.Effect<DispatchError>
}

const seconds = (millis: number): string => String(Math.max(1, Math.ceil(millis / 1000)))

/**
 * Answers with a failure as the dialect has it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const refuse = (call: Call, { refusal }: Pick<Dialect, "refusal">, failure: Failure.Failure): Outcome => {
  const { body, status } = refusal(failure)
  const { reason, retryAfter } = failure
  call.answer(status, "application/json", JSON.stringify(body), {
    ...(retryAfter === undefined
      ? undefined
      : { "retry-after": seconds(retryAfter), "retry-after-ms": String(Math.ceil(retryAfter)) }),
    ...(reason === undefined ? undefined : { "llmdispatcher-reason": reason })
  })
  return { status, reason: reason ?? failure.kind }
}

const headersOf = (
  target: string,
  attempts: number,
  losses: ReadonlyArray<string>
): Record<string, string> => ({
  "llmdispatcher-target": target,
  "llmdispatcher-attempts": String(attempts),
  ...(losses.length === 0 ? undefined : { "llmdispatcher-losses": losses.join(", ") })
})

const failureOf = ({ conceal }: Surroundings, asked: Asked, error: DispatchError): Effect.Effect<Failure.Failure> =>
  Effect.map(conceal(error), (error) => {
    const failure = Failure.ofDispatchError(error)
    return failure.field === undefined || asked.fieldOf === undefined
      ? failure
      : { ...failure, field: asked.fieldOf(failure.field) }
  })

const internal = Failure.make("internal", "the gateway failed")

const stopping = Failure.make("overloaded", "the gateway is stopping", { reason: "Shed" })

const whole = (
  surroundings: Surroundings,
  call: Call,
  dialect: Dialect,
  asked: Asked,
  request: RequestInput,
  now: number
): Effect.Effect<Outcome> =>
  Effect.matchEffect(surroundings.dispatcher.send(request), {
    onSuccess: (response: Response) => {
      const { attempts, cached, cost, losses, target } = response
      const body = JSON.stringify(asked.whole(response, { id: call.id, now }))
      call.answer(200, "application/json", body, {
        ...headersOf(target, attempts.length, losses.map(({ field }) => field)),
        ...(cost === undefined ? undefined : { "llmdispatcher-cost": String(cost) }),
        ...(cached === undefined ? undefined : { "llmdispatcher-cached": String(Math.round(cached.age)) })
      })
      return Effect.succeed<Outcome>({ status: 200, target })
    },
    onFailure: (error) => Effect.map(failureOf(surroundings, asked, error), (failure) => refuse(call, dialect, failure))
  })

const stream = (
  surroundings: Surroundings,
  call: Call,
  dialect: Dialect,
  asked: Asked,
  request: RequestInput,
  now: number
): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    let events: Events | undefined
    let attempts = 0
    let answered: Attempt | undefined
    const listen = (attempt: Attempt) =>
      Effect.sync(() => {
        attempts += 1
        if (attempt.outcome === "answered") answered = attempt
      })
    /** Held back until there is something to tell, so that whoever fails before has a status of its own. */
    const begin = (): Events => {
      events = asked.events({ id: call.id, now })
      call.begin(events.contentType, headersOf(answered?.target ?? "", attempts, answered?.losses ?? []))
      return events
    }
    return surroundings.dispatcher.stream(request).pipe(
      Stream.runForEachArray((parts) => {
        const told = events ?? begin()
        let text = ""
        for (const part of parts) text += told.part(part)
        return text === "" || call.write(text) ? Effect.void : call.drained
      }),
      Effect.map((): Outcome => {
        const last = (events ?? begin()).end()
        if (last !== "") call.write(last)
        call.end()
        return { status: 200, target: answered?.target }
      }),
      Effect.catch((error) =>
        Effect.map(failureOf(surroundings, asked, error), (failure): Outcome => {
          // An API may tell by an answer what others tell by a status.
          if (events === undefined && dialect.refusal(failure).status !== 200) return refuse(call, dialect, failure)
          events ??= begin()
          call.write(events.failed(failure))
          call.end()
          return { status: 200, target: answered?.target, reason: failure.reason ?? failure.kind }
        })
      ),
      Effect.provideService(CurrentListener, listen),
      // Whatever ends a stream that has begun, its caller is told.
      Effect.onExit((exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit) || events === undefined) return
          call.write(events.failed(Cause.hasInterrupts(exit.cause) ? stopping : internal))
          call.end()
        })
      )
    )
  })

/**
 * Answers a call in a dialect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (
  surroundings: Surroundings,
  call: Call,
  json: Call["json"],
  dialect: Dialect,
  path: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
  now: number
): Effect.Effect<Outcome> => {
  const refused = (failure: Failure.Failure) => Effect.sync(() => refuse(call, dialect, failure))

  const dispatched = (asked: Asked): Effect.Effect<Outcome> => {
    const wishes = WishHeaders.read(call.headers)
    if (Result.isFailure(wishes)) return refused(wishes.failure)
    const request = wishes.success === undefined
      ? asked.request
      : { ...asked.request, ...wishes.success } as RequestInput
    return asked.isStream
      ? stream(surroundings, call, dialect, asked, request, now)
      : whole(surroundings, call, dialect, asked, request, now)
  }

  const understood = (body: unknown): Effect.Effect<Outcome> => {
    const immediate = dialect.immediate?.(body, { id: call.id, now })
    if (immediate !== undefined) {
      return Effect.sync((): Outcome => {
        call.answer(200, "application/json", JSON.stringify(immediate))
        return { status: 200 }
      })
    }
    const asked = dialect.decode({ body, path, query })
    return Result.isFailure(asked) ? refused(asked.failure) : dispatched(asked.success)
  }

  return Effect.matchEffect(json, { onFailure: refused, onSuccess: understood })
}
