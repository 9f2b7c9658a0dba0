/**
 * What the Gemini API's failures mean: Google's `error` object with its status word and details, and without one the
 * HTTP status alone.
 *
 * @since 0.1.0
 */
import { type Duration, Predicate } from "effect"
import { type AttemptError, retryable } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"
import * as Status from "../../wire/Status.ts"

type Tag = Exclude<Status.AttemptReason["_tag"], "TimedOut">

/** The canonical codes of google.rpc; those of a rate limit, a timeout and a bad request are looked at more closely. */
const tags: { readonly [status: string]: Tag } = {
  UNAUTHENTICATED: "Unauthenticated",
  PERMISSION_DENIED: "PermissionDenied",
  FAILED_PRECONDITION: "PermissionDenied",
  NOT_FOUND: "ModelNotFound",
  RESOURCE_EXHAUSTED: "RateLimited",
  INVALID_ARGUMENT: "InvalidRequest",
  OUT_OF_RANGE: "InvalidRequest",
  UNIMPLEMENTED: "UnsupportedFeature",
  UNAVAILABLE: "Overloaded",
  INTERNAL: "ServerFault",
  UNKNOWN: "ServerFault",
  DATA_LOSS: "ServerFault",
  ABORTED: "ServerFault",
  CANCELLED: "ServerFault"
}

/** Reasons of `ErrorInfo` that say more than the status, which is INVALID_ARGUMENT for a wrong key. */
const reasons: { readonly [reason: string]: Tag } = {
  API_KEY_INVALID: "Unauthenticated",
  API_KEY_EXPIRED: "Unauthenticated",
  CREDENTIALS_MISSING: "Unauthenticated",
  ACCESS_TOKEN_EXPIRED: "Unauthenticated",
  ACCESS_TOKEN_TYPE_UNSUPPORTED: "Unauthenticated"
}

/** The last resort, for what neither status nor details tell apart. */
const words: ReadonlyArray<readonly [ReadonlyArray<Tag>, RegExp, Tag]> = [
  [
    ["InvalidRequest"],
    /exceeds the maximum number of tokens|request payload size exceeds/i,
    "ContextLengthExceeded"
  ],
  [["InvalidRequest"], /\bapi key (?:not valid|expired)|valid api key/i, "Unauthenticated"],
  [["InvalidRequest"], /is not (?:enabled|supported) for (?:this model|models\/)/i, "UnsupportedFeature"],
  [["PermissionDenied"], /api key was reported as leaked|unregistered callers/i, "Unauthenticated"],
  [["RateLimited"], /\blimit: 0\b|credits are depleted|spend(?:ing)? (?:cap|limit)/i, "QuotaExhausted"]
]

type Object = { readonly [key: string]: unknown }

const objects = (value: unknown): ReadonlyArray<Object> => Array.isArray(value) ? value.filter(Predicate.isObject) : []

const textOf = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

/** The object under `error`, also as the only entry of an array, as `streamGenerateContent` answers. */
const errorObject = (json: unknown): Object => {
  const body = Array.isArray(json) ? json.find((entry) => Predicate.isObject(entry) && "error" in entry) : json
  if (!Predicate.isObject(body)) return {}
  const { error } = body
  return Predicate.isObject(error) ? error : textOf(error) === undefined ? body : { ...body, message: error }
}

const detail = (error: Object, type: string): Object | undefined =>
  objects(error["details"]).find((detail) => textOf(detail["@type"])?.endsWith(`/google.rpc.${type}`))

/** Whether a quota for a day is used up, or one that is 0 from the beginning: waiting seconds does not help. */
const isUsedUp = (error: Object): boolean =>
  objects(detail(error, "QuotaFailure")?.["violations"]).some(({ quotaId, quotaValue }) =>
    /PerDay/i.test(textOf(quotaId) ?? "") || String(quotaValue) === "0"
  )

const tagOf = (error: Object, message: string): Tag | undefined => {
  const reason = textOf(detail(error, "ErrorInfo")?.["reason"]) ?? ""
  if (Object.hasOwn(reasons, reason)) return reasons[reason]
  const status = textOf(error["status"]) ?? ""
  const tag = Object.hasOwn(tags, status) ? tags[status]! : undefined
  if (tag === "RateLimited" && isUsedUp(error)) return "QuotaExhausted"
  return tag === undefined ? undefined : said(tag, message)
}

const said = (tag: Tag, message: string): Tag =>
  words.find(([of, pattern]) => of.includes(tag) && pattern.test(message))?.[2] ?? tag

const reasonOf = (error: Object, status: number): Status.AttemptReason => {
  const description = textOf(error["message"])
  const code = textOf(detail(error, "ErrorInfo")?.["reason"]) ?? textOf(error["status"])
  const told: Status.Told = {
    ...(description === undefined ? undefined : { description }),
    ...(code === undefined ? undefined : { code })
  }
  if (error["status"] === "DEADLINE_EXCEEDED") return { ...told, _tag: "TimedOut", phase: "vendor" }
  const tag = tagOf(error, description ?? "")
  if (tag !== undefined) return { ...told, _tag: tag }
  const reason = Status.reasonOf(status, told)
  return reason._tag === "TimedOut" ? reason : { ...told, _tag: said(reason._tag, description ?? "") }
}

/** The wait of `RetryInfo`, else the one that the message names. */
const waitOf = (error: Object): Duration.Duration | undefined =>
  RetryAfter.parse(textOf(detail(error, "RetryInfo")?.["retryDelay"])) ??
    RetryAfter.parse(/retry in ([\d.]+m?s)\b/i.exec(textOf(error["message"]) ?? "")?.[1])

const errorOf = (error: Object, status: number, failed?: Status.Failed): AttemptError => {
  const made = Status.errorOf(reasonOf(error, status), failed)
  if (made._tag === "FatalError" || made.retryAfter !== undefined) return made
  return retryable(made.reason, { status: failed?.status, retryAfter: waitOf(error) }) as AttemptError
}

/**
 * Reads an answer outside 2xx; a header's wait goes before that of `RetryInfo`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (failed: Status.Failed): AttemptError =>
  errorOf(errorObject(Json.parse(failed.body)), failed.status, failed)

/**
 * Reads an error that came inside a 200; its `code` is the HTTP status it would have had, and one that tells nothing is
 * a fault of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromEvent = (json: unknown): AttemptError => {
  const error = errorObject(json)
  const status = Number(error["code"])
  return errorOf(error, Number.isInteger(status) && status >= 400 && status < 600 ? status : 500)
}
