/**
 * How the command line ends: what each outcome means as an exit code.
 *
 * | Code | Means |
 * |---|---|
 * | 0 | answered |
 * | 1 | a fault of llmdispatcher itself |
 * | 2 | bad input: an unknown flag, a missing prompt, a value out of range, nobody who serves the model, a bad setting |
 * | 3 | a failure that may pass: the same command may succeed later |
 * | 4 | a failure that will not pass |
 * | 130 | interrupted by Ctrl-C |
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"
import type { VendorError } from "../VendorError.ts"

/**
 * The end of a command whose message has been written already.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExitCode extends Data.TaggedError("ExitCode")<{ readonly code: number }> {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/**
 * Why a command ends without an answer, in words for its user; `cause` is shown only when asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class Failure extends Data.TaggedError("Failure")<{
  readonly code: number
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * @since 0.1.0
 * @category constants
 */
export const defect = 1

/**
 * @since 0.1.0
 * @category constants
 */
export const badInput = 2

/**
 * The exit code of a failed dispatch; nobody to ask is bad input, since only another name helps.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofVendorError = (error: VendorError): number =>
  error._tag === "RetryableError" ? 3 : error.reason._tag === "NoCandidate" ? badInput : 4

/**
 * What the user gave cannot be used; the message says what to give instead.
 *
 * @since 0.1.0
 * @category constructors
 */
export const usage = (message: string): Failure => new Failure({ code: badInput, message })
