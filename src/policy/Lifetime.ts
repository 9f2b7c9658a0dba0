/**
 * One dispatch from its beginning to its end, for those who hear of it.
 *
 * @since 0.1.0
 */
import { Clock, Context, Effect, type Exit, type Fiber, Scope } from "effect"
import type { Call, Dispatch, DispatchObserver } from "../Policy.ts"

/**
 * @since 0.1.0
 * @category models
 */
export class Lifetime {
  readonly scope: Scope.Closeable = Scope.makeUnsafe()
  /** The call that answered, as far as one did. */
  reached: Call | undefined
  private dispatch: Dispatch | undefined
  private clock: Clock.Clock | undefined
  private context: Context.Context<never> = Context.empty()
  private isOver = false
  private readonly observers: ReadonlyArray<DispatchObserver>

  constructor(observers: ReadonlyArray<DispatchObserver>) {
    this.observers = observers
  }

  begun(dispatch: Dispatch, fiber: Fiber.Fiber<unknown, unknown>): void {
    this.dispatch = dispatch
    this.context = fiber.context
    this.clock = fiber.getRef(Clock.Clock)
    for (const { begun } of this.observers) begun?.(dispatch)
  }

  /**
   * Closes the Scope, so that all attempts are over before the dispatch is, and tells who observes; the first fate that
   * is told is the dispatch's. `undefined` where that took no time.
   */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined {
    if (this.isOver) return undefined
    this.isOver = true
    const closed = Scope.closeUnsafe(this.scope, exit)
    if (closed !== undefined) return Effect.andThen(closed, Effect.sync(() => this.tell(exit)))
    this.tell(exit)
    return undefined
  }

  private tell(exit: Exit.Exit<unknown, unknown>): void {
    const { clock, context, dispatch, reached } = this
    if (dispatch === undefined || clock === undefined) return
    const now = clock.currentTimeMillisUnsafe()
    for (const { ended } of this.observers) ended(dispatch, reached, exit, now, context)
  }
}
