/**
 * How the sandbox can be told to behave; each name is a model of it too.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"
import { type AttemptError, fatal, type FatalReason, retryable, type RetryableReason } from "../../VendorError.ts"

/**
 * Every behaviour, and what it does in one line.
 *
 * @since 0.1.0
 * @category constants
 */
export const descriptions = {
  sandbox: "Answers at once, word by word.",
  slow: "Answers well, but begins after 10 seconds.",
  flaky: "Is overloaded for one call, answers the next.",
  "rate-limited": "Refuses every call with 429 and asks for 2 seconds of patience.",
  overloaded: "Refuses every call with 529, out of capacity.",
  broken: "Fails inside with 500.",
  unreachable: "Cannot be reached, as if the connection was refused.",
  "cut-off": "Begins an answer and breaks off after some words.",
  stalled: "Begins an answer and then sends nothing more.",
  silent: "Accepts the connection and never answers.",
  malformed: "Answers with something that breaks the protocol.",
  unauthenticated: "Refuses the key with 401.",
  "out-of-quota": "Has no credit left, 429 with insufficient_quota.",
  filtered: "Refuses the content with 400.",
  "too-long": "Finds every conversation longer than its window, 400."
} as const

/**
 * @since 0.1.0
 * @category models
 */
export type Behaviour = keyof typeof descriptions

/**
 * @since 0.1.0
 * @category constants
 */
export const behaviours: ReadonlyArray<Behaviour> = Object.keys(descriptions) as Array<Behaviour>

/**
 * @since 0.1.0
 * @category guards
 */
export const isBehaviour = (name: string): name is Behaviour => Object.hasOwn(descriptions, name)

/**
 * How many words a behaviour sends that breaks off in the middle.
 *
 * @since 0.1.0
 * @category constants
 */
export const wordsBeforeBreak = 5

/**
 * How long `slow` lets wait for its first word.
 *
 * @since 0.1.0
 * @category constants
 */
export const slowFirstWord = Duration.seconds(10)

interface Context {
  readonly vendor: string
  readonly requestId: string
}

type Make = (context: Context) => AttemptError

const retryableAs = (
  reason: Extract<AttemptError["reason"], RetryableReason>,
  status: number,
  retryAfter?: Duration.Duration
): Make =>
(context) => retryable(reason, { ...context, status, retryAfter }) as AttemptError

const fatalAs = (reason: Extract<AttemptError["reason"], FatalReason>, status: number): Make => (context) =>
  fatal(reason, { ...context, status }) as AttemptError

const overloaded = retryableAs(
  { _tag: "Overloaded", description: "out of capacity, as it was told to be", code: "overloaded_error" },
  529
)

/** Statuses and codes as the vendors have them who fail in this way. */
const refusals: { readonly [Name in Behaviour]?: Make } = {
  flaky: overloaded,
  overloaded,
  "rate-limited": retryableAs(
    { _tag: "RateLimited", description: "too many requests, as it was told to find", code: "rate_limit_exceeded" },
    429,
    Duration.seconds(2)
  ),
  broken: retryableAs(
    { _tag: "ServerFault", description: "internal error, as it was told", code: "server_error" },
    500
  ),
  // A request that never arrived has no status and no id.
  unreachable: ({ vendor }) =>
    retryable({ _tag: "NetworkFault", description: "connection refused, as it was told", code: "ECONNREFUSED" }, {
      vendor
    }),
  malformed: retryableAs({ _tag: "MalformedResponse", description: "the body is not JSON, as it was told" }, 200),
  unauthenticated: fatalAs(
    { _tag: "Unauthenticated", description: "incorrect key, as it was told to find", code: "invalid_api_key" },
    401
  ),
  "out-of-quota": fatalAs(
    { _tag: "QuotaExhausted", description: "no credit left, as it was told to find", code: "insufficient_quota" },
    429
  ),
  filtered: fatalAs(
    { _tag: "ContentFiltered", description: "as it was told to do", code: "content_filter" },
    400
  ),
  "too-long": fatalAs(
    { _tag: "ContextLengthExceeded", description: "as it was told to find", code: "context_length_exceeded" },
    400
  )
}

/**
 * The error with which a behaviour refuses a call, `undefined` when it accepts it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refusal = (behaviour: Behaviour, context: Context): AttemptError | undefined =>
  refusals[behaviour]?.(context)

/**
 * The error of an answer that breaks off.
 *
 * @since 0.1.0
 * @category constructors
 */
export const interrupted = (context: Context): AttemptError =>
  retryable({ _tag: "StreamInterrupted", description: "the connection closed, as it was told" }, {
    ...context,
    status: 200
  })
