/**
 * Why something failed, named by the situation and never by a vendor's code, and the one table that tells what each
 * reason means for this target and for others.
 *
 * @since 0.1.0
 */
import { Duration, Schema } from "effect"
import { Attempt } from "./Response.ts"

/** The vendor's own words (shortened, secrets taken out) and its code, for people to read; no policy looks at them. */
const told = {
  description: Schema.optionalKey(Schema.String),
  code: Schema.optionalKey(Schema.String)
}

/**
 * What went wrong with one field of a request.
 *
 * @since 0.1.0
 * @category models
 */
export const Issue = Schema.Struct({ field: Schema.String, message: Schema.String })

/**
 * @since 0.1.0
 * @category models
 */
export type Issue = typeof Issue.Type

/** Too many requests or tokens a minute. */
export const RateLimited = Schema.TaggedStruct("RateLimited", told)
/** The vendor has no capacity just now. */
export const Overloaded = Schema.TaggedStruct("Overloaded", told)
/** The vendor failed inside. */
export const ServerFault = Schema.TaggedStruct("ServerFault", told)
/** Refused, reset, DNS or TLS: no answer came over the wire. */
export const NetworkFault = Schema.TaggedStruct("NetworkFault", told)
/** Waited too long: `vendor` is the vendor's own word, the others are this dispatcher's limits, `after` milliseconds. */
export const TimedOut = Schema.TaggedStruct("TimedOut", {
  ...told,
  phase: Schema.Literals(["connect", "firstPart", "idle", "total", "vendor"]),
  after: Schema.optionalKey(Schema.Finite)
})
/** The stream ended without its terminal event. */
export const StreamInterrupted = Schema.TaggedStruct("StreamInterrupted", told)
/** A 2xx whose body or stream breaks the protocol. */
export const MalformedResponse = Schema.TaggedStruct("MalformedResponse", told)
/** The target failed too often and is left alone for a while. */
export const CircuitOpen = Schema.TaggedStruct("CircuitOpen", told)
/** The target refused for lack of capacity or quota, and is left alone until it said it would have some. */
export const CoolingDown = Schema.TaggedStruct("CoolingDown", told)
/** The dispatcher has as many calls to the target under way as it allows itself. */
export const Busy = Schema.TaggedStruct("Busy", told)
/** The dispatcher itself has too much to do, and others go first. */
export const Shed = Schema.TaggedStruct("Shed", told)
/** The caller asks more often than it may. */
export const CallerLimited = Schema.TaggedStruct("CallerLimited", told)
/** The time the request allowed ran out, `after` milliseconds. */
export const DeadlineExceeded = Schema.TaggedStruct("DeadlineExceeded", { after: Schema.Finite })
/** The key is missing, wrong or expired. */
export const Unauthenticated = Schema.TaggedStruct("Unauthenticated", told)
/** The key is good but may not do this. */
export const PermissionDenied = Schema.TaggedStruct("PermissionDenied", told)
/** No credit or quota is left; waiting seconds does not help. */
export const QuotaExhausted = Schema.TaggedStruct("QuotaExhausted", told)
/** The request is wrong: by our own check (`issues` tell the fields) or by the vendor's. */
export const InvalidRequest = Schema.TaggedStruct("InvalidRequest", {
  ...told,
  issues: Schema.optionalKey(Schema.Array(Issue))
})
/** The conversation is longer than the model's window. */
export const ContextLengthExceeded = Schema.TaggedStruct("ContextLengthExceeded", told)
/** The vendor refused the content. */
export const ContentFiltered = Schema.TaggedStruct("ContentFiltered", told)
/** The vendor does not know the model or deployment. */
export const ModelNotFound = Schema.TaggedStruct("ModelNotFound", told)
/** The target cannot do what the request asks for. */
export const UnsupportedFeature = Schema.TaggedStruct("UnsupportedFeature", told)
/** The caller has spent what it may. */
export const BudgetExceeded = Schema.TaggedStruct("BudgetExceeded", told)
/** No target serves the model; `known` lists some that would be served. */
export const NoCandidate = Schema.TaggedStruct("NoCandidate", {
  description: Schema.String,
  known: Schema.Array(Schema.String)
})
/** Every candidate was tried and failed; `attempts` tell how each did. */
export const AllCandidatesFailed = Schema.TaggedStruct("AllCandidatesFailed", { attempts: Schema.Array(Attempt) })

/**
 * Reasons for which the same request may succeed later, unchanged.
 *
 * @since 0.1.0
 * @category models
 */
export const RetryableReason = Schema.Union([
  RateLimited,
  Overloaded,
  ServerFault,
  NetworkFault,
  TimedOut,
  StreamInterrupted,
  MalformedResponse,
  CircuitOpen,
  CoolingDown,
  Busy,
  Shed,
  CallerLimited,
  DeadlineExceeded,
  AllCandidatesFailed
])

/**
 * @since 0.1.0
 * @category models
 */
export type RetryableReason = typeof RetryableReason.Type

/**
 * Reasons for which the same request will not succeed.
 *
 * @since 0.1.0
 * @category models
 */
export const FatalReason = Schema.Union([
  Unauthenticated,
  PermissionDenied,
  QuotaExhausted,
  InvalidRequest,
  ContextLengthExceeded,
  ContentFiltered,
  ModelNotFound,
  UnsupportedFeature,
  BudgetExceeded,
  NoCandidate,
  AllCandidatesFailed
])

/**
 * @since 0.1.0
 * @category models
 */
export type FatalReason = typeof FatalReason.Type

/**
 * @since 0.1.0
 * @category models
 */
export type Reason = RetryableReason | FatalReason

/**
 * What a reason means: `retry` the same target after a wait (at most `retries` times) and then go elsewhere;
 * `elsewhere` now; `bigger`, only a target with a larger window; `disable` this target and go elsewhere; `stop`, no
 * target would do better.
 *
 * `health` tells what it says of the target: `failure` feeds the circuit, `capacity` only fails a circuit's probe,
 * `ignored` says nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Disposition {
  readonly action: "retry" | "elsewhere" | "bigger" | "disable" | "stop"
  readonly retries: number
  readonly health: "failure" | "capacity" | "ignored"
}

const retry = (retries: number, health: Disposition["health"]): Disposition => ({ action: "retry", retries, health })
const leave = (
  action: Exclude<Disposition["action"], "retry">,
  health: Disposition["health"]
): Disposition => ({ action, retries: 0, health })

/**
 * The one table over reasons that every policy reads.
 *
 * Retries on one target stay at or below 2 (the official SDKs' number).
 *
 * @since 0.1.0
 * @category constants
 */
export const dispositions: { readonly [Tag in Reason["_tag"]]: Disposition } = {
  RateLimited: retry(2, "capacity"),
  Overloaded: retry(1, "failure"),
  ServerFault: retry(1, "failure"),
  NetworkFault: retry(2, "failure"),
  TimedOut: retry(1, "failure"),
  StreamInterrupted: retry(1, "failure"),
  MalformedResponse: retry(1, "failure"),
  CircuitOpen: leave("elsewhere", "ignored"),
  CoolingDown: leave("elsewhere", "ignored"),
  Busy: leave("elsewhere", "ignored"),
  Shed: leave("stop", "ignored"),
  CallerLimited: leave("stop", "ignored"),
  DeadlineExceeded: leave("stop", "ignored"),
  Unauthenticated: leave("disable", "ignored"),
  PermissionDenied: leave("elsewhere", "ignored"),
  QuotaExhausted: leave("disable", "ignored"),
  InvalidRequest: leave("stop", "ignored"),
  ContextLengthExceeded: leave("bigger", "ignored"),
  ContentFiltered: leave("stop", "ignored"),
  ModelNotFound: leave("elsewhere", "ignored"),
  UnsupportedFeature: leave("elsewhere", "ignored"),
  BudgetExceeded: leave("stop", "ignored"),
  NoCandidate: leave("stop", "ignored"),
  AllCandidatesFailed: leave("stop", "ignored")
}

const sentences: { readonly [Tag in Reason["_tag"]]: string } = {
  RateLimited: "rate limited",
  Overloaded: "overloaded",
  ServerFault: "failed inside",
  NetworkFault: "could not be reached",
  TimedOut: "took too long",
  StreamInterrupted: "broke off in the middle of its answer",
  MalformedResponse: "sent an answer that breaks its own protocol",
  CircuitOpen: "failed too often and is left alone for a while",
  CoolingDown: "asked to be left alone for a while",
  Busy: "has as many calls under way as it is allowed",
  Shed: "the dispatcher has too much to do just now",
  CallerLimited: "the caller asks more often than it may",
  DeadlineExceeded: "the time allowed ran out",
  Unauthenticated: "did not accept the key",
  PermissionDenied: "does not permit this",
  QuotaExhausted: "has no quota or credit left",
  InvalidRequest: "the request is not valid",
  ContextLengthExceeded: "the conversation is longer than the model's window",
  ContentFiltered: "refused the content",
  ModelNotFound: "does not know the model",
  UnsupportedFeature: "cannot do what the request asks for",
  BudgetExceeded: "the caller has spent what it may",
  NoCandidate: "nobody serves this request",
  AllCandidatesFailed: "every candidate failed"
}

const phases = {
  connect: "to accept the request",
  firstPart: "to begin its answer",
  idle: "between two parts of its answer",
  total: "for one attempt",
  vendor: "by its own clock"
} as const

/**
 * The reason as the rest of a sentence that begins with who failed.
 *
 * @since 0.1.0
 * @category accessors
 */
export const describeReason = (reason: Reason): string => {
  const words = "description" in reason && reason.description !== undefined ? `: ${reason.description}` : ""
  const code = "code" in reason && reason.code !== undefined ? ` [${reason.code}]` : ""
  return `${sentences[reason._tag]}${detail(reason)}${words}${code}`
}

const detail = (reason: Reason): string => {
  switch (reason._tag) {
    case "TimedOut":
      return ` ${phases[reason.phase]}${
        reason.after === undefined ? "" : ` (${Duration.format(Duration.millis(reason.after))})`
      }`
    case "DeadlineExceeded":
      return ` (${Duration.format(Duration.millis(reason.after))})`
    case "InvalidRequest":
      return reason.issues === undefined
        ? ""
        : `: ${
          reason.issues.map((issue) => issue.field === "" ? issue.message : `${issue.field} ${issue.message}`).join(
            "; "
          )
        }`
    case "AllCandidatesFailed":
      return `: ${
        reason.attempts.map((attempt) => `${attempt.target} ${attempt.reason ?? attempt.outcome}`).join(", ")
      }`
    default:
      return ""
  }
}
