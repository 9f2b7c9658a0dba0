/**
 * A stream being recorded: one reads from the vendor, any number read along, each from the first part on.
 *
 * @since 0.1.0
 */
import { type Array as Arr, Cause, Deferred, Effect, Exit, type Pull } from "effect"
import type { StreamPart } from "../Response.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Recording<E> {
  readonly parts: ReadonlyArray<StreamPart>
  readonly push: (parts: ReadonlyArray<StreamPart>) => void
  /** The first end counts. */
  readonly end: (exit: Exit.Exit<void, E>) => void
  /** The parts from the first on, as far as they are there, and the others as they come. */
  readonly read: () => Pull.Pull<Arr.NonEmptyReadonlyArray<StreamPart>, E>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(): Recording<E> => {
  const parts: Array<StreamPart> = []
  let exit: Exit.Exit<void, E> | undefined
  let more: Deferred.Deferred<void> | undefined

  const wake = () => {
    const waiting = more
    more = undefined
    if (waiting !== undefined) Deferred.doneUnsafe(waiting, Exit.void)
  }

  return {
    parts,
    push: (next) => {
      for (const part of next) parts.push(part)
      wake()
    },
    end: (end) => {
      exit ??= end
      wake()
    },
    read: () => {
      let at = 0
      const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<StreamPart>, E> = Effect.suspend(() => {
        if (at < parts.length) {
          const next = parts.slice(at) as unknown as Arr.NonEmptyReadonlyArray<StreamPart>
          at = parts.length
          return Effect.succeed(next)
        }
        if (exit !== undefined) return Exit.isSuccess(exit) ? Cause.done() : Effect.failCause(exit.cause)
        more ??= Deferred.makeUnsafe<void>()
        return Effect.andThen(Deferred.await(more), pull)
      })
      return pull
    }
  }
}
