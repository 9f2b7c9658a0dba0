/**
 * Single flight: who asks what is being asked already waits for the same call.
 *
 * A call belongs to nobody: it goes on while anyone waits for it, whoever began it, and is interrupted when the last one
 * has gone.
 *
 * @since 0.1.0
 */
import { Effect, type Exit, Fiber, Scope } from "effect"

/**
 * What a call under way has told so far.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call<A, E> {
  readonly value: A
  /** Tells all who wait that the call has ended without telling so itself. */
  readonly settle: (exit: Exit.Exit<void, E>) => void
}

interface Flight<A, E> {
  readonly call: Call<A, E>
  fiber: Fiber.Fiber<void, E> | undefined
  waiting: number
  /** The answer is whole: what is left to do is done even when nobody waits. */
  landed: boolean
}

/**
 * Someone who has come aboard: `joined` when another began the call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Seat<A> {
  readonly value: A
  readonly joined: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Flights<A, E> {
  readonly has: (key: string) => boolean
  /** Waits with the others for the call of this key; `undefined` where there is none. Held until the Scope closes. */
  readonly join: (key: string) => Effect.Effect<Seat<A> | undefined, never, Scope.Scope>
  /**
   * Begins the call unless, with `join`, it is under way; `run` tells by `landed` that the answer is whole.
   */
  readonly enter: (
    key: string,
    run: (value: A, landed: () => void) => Effect.Effect<void, E>,
    options: { readonly join: boolean }
  ) => Effect.Effect<Seat<A>, never, Scope.Scope>
}

/**
 * Calls run in `scope`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, E>(scope: Scope.Scope, begin: () => Call<A, E>): Flights<A, E> => {
  const flights = new Map<string, Flight<A, E>>()

  const close = (key: string, flight: Flight<A, E>) => {
    if (flights.get(key) === flight) flights.delete(key)
  }

  const leave = (key: string, flight: Flight<A, E>) =>
    Effect.suspend(() => {
      flight.waiting -= 1
      if (flight.waiting > 0 || flight.landed || flight.fiber === undefined) return Effect.void
      close(key, flight)
      return Fiber.interrupt(flight.fiber)
    })

  const board = (key: string, flight: Flight<A, E>, joined: boolean) => {
    flight.waiting += 1
    return Effect.as(Effect.addFinalizer(() => leave(key, flight)), { value: flight.call.value, joined })
  }

  const start = (key: string, run: (value: A, landed: () => void) => Effect.Effect<void, E>) => {
    const flight: Flight<A, E> = { call: begin(), fiber: undefined, waiting: 0, landed: false }
    // One that asks anew beside a call under way is alone, and others keep joining the first.
    if (!flights.has(key)) flights.set(key, flight)
    const landed = () => {
      flight.landed = true
    }
    return Effect.flatMap(Effect.forkIn(Effect.suspend(() => run(flight.call.value, landed)), scope), (fiber) => {
      flight.fiber = fiber
      fiber.addObserver((exit) => {
        close(key, flight)
        flight.call.settle(exit)
      })
      return board(key, flight, false)
    })
  }

  const join = (key: string) =>
    Effect.suspend(() => {
      const flight = flights.get(key)
      return flight === undefined ? Effect.undefined : board(key, flight, true)
    })

  return {
    has: (key) => flights.has(key),
    join: (key) => Effect.uninterruptible(join(key)),
    enter: (key, run, options) =>
      Effect.uninterruptible(
        Effect.flatMap(options.join ? join(key) : Effect.undefined, (seat) =>
          seat === undefined ? start(key, run) : Effect.succeed(seat))
      )
  }
}
