/**
 * What went wrong as one word, for spans and metrics.
 *
 * @since 0.1.0
 */
import { Exit } from "effect"
import { isVendorError } from "../VendorError.ts"

/**
 * The reason's tag, `Interrupted`, or the conventions' `_OTHER`; `undefined` where nothing went wrong.
 *
 * @since 0.1.0
 * @category accessors
 */
export const errorType = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const error = Exit.findErrorOption(exit)
  if (error._tag === "Some" && isVendorError(error.value)) return error.value.reason._tag
  return Exit.hasInterrupts(exit) ? "Interrupted" : "_OTHER"
}
