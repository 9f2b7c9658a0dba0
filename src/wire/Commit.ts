/**
 * Holds a stream back until its first meaningful part is in hand, so that a failure before it can still go elsewhere
 * unseen.
 *
 * @since 0.1.0
 */
import { type Array as Arr, Channel, Context, Effect, Pull, Scope } from "effect"
import { isMeaningful, type Loss, type StreamPart } from "../Response.ts"
import type { AnswerStream } from "../Vendor.ts"
import { type AttemptError, retryable } from "../VendorError.ts"

/**
 * A stream whose vendor is really answering: what came until then, and the way to what comes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Committed {
  readonly head: ReadonlyArray<StreamPart>
  readonly rest: Pull.Pull<Arr.NonEmptyReadonlyArray<StreamPart>, AttemptError>
  readonly losses: ReadonlyArray<Loss>
  /** What the vendor's stream has at hand, whoever reads on. */
  readonly context: Context.Context<never>
  /** As the answer's own. */
  readonly cut?: AnswerStream["cut"]
}

/**
 * The failure of a stream that just ends, without its `finish` part.
 *
 * @since 0.1.0
 * @category constructors
 */
export const interrupted = (): AttemptError =>
  retryable({ _tag: "StreamInterrupted", description: "the stream ended without its terminal event" })

/**
 * The failure that a vendor tells among the parts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const serverFault = (): AttemptError =>
  retryable({ _tag: "ServerFault", description: "the vendor told of an error inside its stream" })

/**
 * Pulls until a part is meaningful; fails as the stream does, or with `StreamInterrupted` when it ends before.
 *
 * @since 0.1.0
 * @category constructors
 */
export const commit = (stream: AnswerStream): Effect.Effect<Committed, AttemptError, Scope.Scope> =>
  Effect.withFiber((fiber) => {
    const context = fiber.context as Context.Context<Scope.Scope>
    // Not `Stream.toPull`, which guards every pull against a second one at the same time.
    const opened = Channel.toPullScoped(stream.parts.channel, Context.get(context, Scope.Scope))
    return Effect.flatMap(opened, (rest) => {
      const head: Array<StreamPart> = []
      const pull: Effect.Effect<Committed, AttemptError> = rest.pipe(
        Pull.catchDone(() => Effect.fail(interrupted())),
        Effect.flatMap((parts) => {
          let meaningful = false
          for (const part of parts) {
            if (part.type === "error") return Effect.fail(serverFault())
            head.push(part)
            meaningful ||= isMeaningful(part)
          }
          return meaningful ? Effect.succeed({ head, rest, losses: stream.losses, cut: stream.cut, context }) : pull
        })
      )
      return pull
    })
  })
