/**
 * What went wrong with a call, before a dialect gives it its form.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"
import type { DispatchError } from "../VendorError.ts"

/**
 * The kinds of failures that the APIs tell apart.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind =
  | "invalid-request"
  | "unauthenticated"
  | "permission-denied"
  | "not-found"
  | "too-large"
  | "rate-limited"
  | "quota-exhausted"
  | "overloaded"
  | "timed-out"
  | "content-filtered"
  | "context-length"
  | "unsupported"
  | "upstream"
  | "internal"

/**
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly kind: Kind
  /** The HTTP status of whoever has no other for this kind. */
  readonly status: number
  readonly message: string
  /** The reason's tag, for programs; absent where the gateway itself refuses. */
  readonly reason?: string | undefined
  /** The field of the caller's body that is at fault, as in `messages.0.content`. */
  readonly field?: string | undefined
  /** Milliseconds. */
  readonly retryAfter?: number | undefined
}

const statuses: { readonly [K in Kind]: number } = {
  "invalid-request": 400,
  unauthenticated: 401,
  "permission-denied": 403,
  "not-found": 404,
  "too-large": 413,
  "rate-limited": 429,
  "quota-exhausted": 429,
  overloaded: 503,
  "timed-out": 504,
  "content-filtered": 400,
  "context-length": 400,
  unsupported: 400,
  upstream: 502,
  internal: 500
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (kind: Kind, message: string, more?: Partial<Omit<Failure, "kind" | "message">>): Failure => ({
  kind,
  message,
  status: statuses[kind],
  ...more
})

/** A vendor that does not accept our key is our fault, not the caller's: never a 401 to who has done nothing wrong. */
const kinds: { readonly [reason: string]: Kind } = {
  RateLimited: "rate-limited",
  CallerLimited: "rate-limited",
  CoolingDown: "overloaded",
  Busy: "overloaded",
  Shed: "overloaded",
  Overloaded: "overloaded",
  CircuitOpen: "overloaded",
  TimedOut: "timed-out",
  DeadlineExceeded: "timed-out",
  InvalidRequest: "invalid-request",
  UnsupportedFeature: "unsupported",
  ContextLengthExceeded: "context-length",
  ContentFiltered: "content-filtered",
  ModelNotFound: "not-found",
  NoCandidate: "not-found",
  BudgetExceeded: "quota-exhausted",
  QuotaExhausted: "overloaded",
  PermissionDenied: "upstream",
  Unauthenticated: "upstream",
  ServerFault: "upstream",
  NetworkFault: "upstream",
  StreamInterrupted: "upstream",
  MalformedResponse: "upstream"
}

/** Where no vendor was asked it is we who refuse, and the caller who may do something about it. */
const ours: { readonly [reason: string]: Kind } = {
  Unauthenticated: "unauthenticated",
  PermissionDenied: "permission-denied"
}

const isOurs = ({ attempts = [], target, vendor }: DispatchError): boolean =>
  vendor === undefined && target === undefined && attempts.length === 0

/** Of a hundred thousand faults the first say enough. */
const shortened = (message: string): string => message.length <= 4_096 ? message : `${message.slice(0, 4_096)}…`

/**
 * The failure of a dispatch, told to its caller; of several attempts the last one's decides the kind.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofDispatchError = (error: DispatchError): Failure => {
  const { reason } = error
  const last = reason._tag === "AllCandidatesFailed"
    ? error.attempts?.findLast(({ reason }) => reason !== undefined)?.reason
    : reason._tag
  const field = reason._tag === "InvalidRequest" ? reason.issues?.[0]?.field : undefined
  const kind = (isOurs(error) ? ours[reason._tag] : undefined) ?? kinds[last ?? ""] ?? "internal"
  return make(kind, shortened(error.message), {
    reason: reason._tag,
    ...(field === undefined ? undefined : { field }),
    ...(error._tag === "RetryableError" && error.retryAfter !== undefined
      ? { retryAfter: Duration.toMillis(error.retryAfter) }
      : undefined)
  })
}
