/**
 * The two classes of failure, retryable and fatal, and the reasons they carry.
 *
 * @since 0.1.0
 */
import { Duration, Exit, Schema } from "effect"
import { describeReason, type Disposition, dispositions, FatalReason, RetryableReason } from "./Reason.ts"
import { Attempt } from "./Response.ts"

export * from "./Reason.ts"

/** Where it happened and what came before; `attempts` is filled in by the dispatcher. */
const context = {
  vendor: Schema.optionalKey(Schema.String),
  target: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Int),
  requestId: Schema.optionalKey(Schema.String),
  attempts: Schema.optionalKey(Schema.Array(Attempt))
}

/** A year: a longer wait is no wait, and beyond it milliseconds lose their digits. */
const longestWait = 366 * 24 * 3_600_000

const isWait = (wait: Duration.Duration) => Duration.toMillis(wait) >= 0 && Duration.toMillis(wait) <= longestWait

const Wait = Schema.DurationFromMillis.check(
  Schema.makeFilter((wait) => isWait(wait) ? undefined : "must be from 0 to 366 days")
)

/**
 * The same request may succeed later, unchanged; not before `retryAfter` where the vendor told one.
 *
 * @since 0.1.0
 * @category errors
 */
export class RetryableError extends Schema.TaggedError<RetryableError>("llmdispatcher/RetryableError")(
  "RetryableError",
  { reason: RetryableReason, retryAfter: Schema.optionalKey(Wait), ...context }
) {
  override get message(): string {
    return describe(this)
  }
}

/**
 * The same request will not succeed, at any time.
 *
 * @since 0.1.0
 * @category errors
 */
export class FatalError extends Schema.TaggedError<FatalError>("llmdispatcher/FatalError")(
  "FatalError",
  { reason: FatalReason, ...context }
) {
  override get message(): string {
    return describe(this)
  }
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const VendorError = Schema.Union([RetryableError, FatalError])

/**
 * @since 0.1.0
 * @category models
 */
export type VendorError = RetryableError | FatalError

/**
 * A retryable error with only these reasons.
 *
 * @since 0.1.0
 * @category models
 */
export type Retryable<Tag extends RetryableReason["_tag"]> = RetryableError & {
  readonly reason: Extract<RetryableReason, { readonly _tag: Tag }>
}

/**
 * A fatal error with only these reasons.
 *
 * @since 0.1.0
 * @category models
 */
export type Fatal<Tag extends FatalReason["_tag"]> = FatalError & {
  readonly reason: Extract<FatalReason, { readonly _tag: Tag }>
}

type SkipTag = "CircuitOpen" | "CoolingDown" | "Busy"

/**
 * Why a target is passed over without a call.
 *
 * @since 0.1.0
 * @category models
 */
export type Skipped = Retryable<SkipTag>

/**
 * What one call to one vendor can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type AttemptError =
  | Retryable<
    Exclude<RetryableReason["_tag"], SkipTag | "Shed" | "CallerLimited" | "DeadlineExceeded" | "AllCandidatesFailed">
  >
  | Fatal<Exclude<FatalReason["_tag"], "BudgetExceeded" | "NoCandidate" | "AllCandidatesFailed">>

/**
 * What a dispatch can fail with: a target that was passed over stays inside, told by the attempts.
 *
 * @since 0.1.0
 * @category models
 */
export type DispatchError =
  | Retryable<Exclude<RetryableReason["_tag"], SkipTag>>
  | Fatal<FatalReason["_tag"]>

const skipTags: ReadonlySet<string> = new Set<SkipTag>(["CircuitOpen", "CoolingDown", "Busy"])

/**
 * @since 0.1.0
 * @category predicates
 */
export const isSkipped = (error: VendorError): error is Skipped => skipTags.has(error.reason._tag)

/**
 * @since 0.1.0
 * @category accessors
 */
export const disposition = (error: VendorError): Disposition => dispositions[error.reason._tag]

type Context = {
  readonly vendor?: string | undefined
  readonly target?: string | undefined
  readonly status?: number | undefined
  readonly requestId?: string | undefined
  readonly attempts?: ReadonlyArray<Attempt> | undefined
}

const present = <A extends object>(fields: A): { [K in keyof A]: Exclude<A[K], undefined> } => {
  const kept: any = {}
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key]
  return kept
}

/**
 * A retryable error typed by its reason; fields left out or `undefined` are absent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const retryable = <const R extends RetryableReason>(
  reason: R,
  context: Context & { readonly retryAfter?: Duration.Duration | undefined } = {}
): RetryableError & { readonly reason: R } => {
  const { retryAfter, ...rest } = context
  const wait = retryAfter !== undefined && isWait(retryAfter) ? { retryAfter } : undefined
  return new RetryableError({ reason, ...present(rest), ...wait }, { disableChecks: true }) as any
}

/**
 * A fatal error typed by its reason; fields left out or `undefined` are absent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fatal = <const R extends FatalReason>(
  reason: R,
  context: Context = {}
): FatalError & { readonly reason: R } =>
  new FatalError({ reason, ...present(context) }, { disableChecks: true }) as any

/**
 * The same error with more of its context known; what it already carries wins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withContext = <E extends VendorError>(error: E, context: Context): E => {
  const own = present({
    vendor: error.vendor,
    target: error.target,
    status: error.status,
    requestId: error.requestId,
    attempts: error.attempts
  })
  const next = error._tag === "RetryableError"
    ? retryable(error.reason, { ...context, ...own, retryAfter: error.retryAfter })
    : fatal(error.reason, { ...context, ...own })
  if (error.stack !== undefined) next.stack = error.stack
  return next as any
}

/**
 * The same error with these attempts, whatever it carried.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withAttempts = <E extends VendorError>(error: E, attempts: ReadonlyArray<Attempt>): E => {
  const { requestId, status, target, vendor } = error
  const context = { vendor, target, status, requestId, attempts }
  const next = error._tag === "RetryableError"
    ? retryable(error.reason, { ...context, retryAfter: error.retryAfter })
    : fatal(error.reason, context)
  if (error.stack !== undefined) next.stack = error.stack
  return next as any
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isVendorError = (u: unknown): u is VendorError => u instanceof RetryableError || u instanceof FatalError

/**
 * What an exit failed with, where that is an error of ours.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofExit = (exit: Exit.Exit<unknown, unknown>): VendorError | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" && isVendorError(error.value) ? error.value : undefined
}

/**
 * The error in one sentence: who, what, the vendor's own words, when to try again.
 *
 * @since 0.1.0
 * @category accessors
 */
export const describe = (error: VendorError): string => {
  const who = error.target ?? error.vendor
  const wait = error._tag === "RetryableError" && error.retryAfter !== undefined
    ? `, try again in ${Duration.format(error.retryAfter)}`
    : ""
  return `${who === undefined ? "" : `${who}: `}${describeReason(error.reason)}${wait}`
}
