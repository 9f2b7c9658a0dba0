/**
 * What went wrong as one word, for spans and metrics.
 *
 * @since 0.1.0
 */
import { Exit } from "effect"
import { ofExit } from "../VendorError.ts"

/**
 * The reason's tag, `Interrupted`, or the conventions' `_OTHER`; `undefined` where nothing went wrong.
 *
 * @since 0.1.0
 * @category accessors
 */
export const errorType = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  return ofExit(exit)?.reason._tag ?? (Exit.hasInterrupts(exit) ? "Interrupted" : "_OTHER")
}
