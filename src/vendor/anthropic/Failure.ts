/**
 * What Anthropic's failures mean: by `error.details.error_code`, then `error.type`, then the status; by the words only
 * where all three say no more than that the request is wrong.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { AttemptError } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"
import * as Status from "../../wire/Status.ts"

type Tag = Status.AttemptReason["_tag"]

/** Of the codes only those that say more than their error's type. */
const codes: { readonly [code: string]: Tag } = {
  enforced_spend_limit_reached: "QuotaExhausted",
  contract_spend_limit_reached: "QuotaExhausted",
  linked_organization_spend_limit_reached: "QuotaExhausted",
  linked_organization_billing_unavailable: "QuotaExhausted",
  ramp_limit_exceeded: "RateLimited",
  request_body_too_large_after_decoding: "ContextLengthExceeded",
  organization_on_hold: "PermissionDenied",
  cmek_key_disabled: "PermissionDenied",
  cmek_key_network_blocked: "PermissionDenied",
  claude_code_key_creator_not_member: "PermissionDenied",
  compaction_unavailable: "Overloaded"
}

/** `invalid_request_error` is not among them: it comes with any status from 400 on, which then says more. */
const types: { readonly [type: string]: Tag } = {
  authentication_error: "Unauthenticated",
  billing_error: "QuotaExhausted",
  permission_error: "PermissionDenied",
  not_found_error: "ModelNotFound",
  request_too_large: "ContextLengthExceeded",
  rate_limit_error: "RateLimited",
  timeout_error: "TimedOut",
  api_error: "ServerFault",
  conflict_error: "ServerFault",
  overloaded_error: "Overloaded"
}

/** The last resort, for a 400 that only its sentence explains. */
const words: ReadonlyArray<readonly [RegExp, Tag]> = [
  [/prompt is too long|exceeds? (?:the )?(?:model's )?(?:maximum )?context/i, "ContextLengthExceeded"],
  [/credit balance is too low|reached your specified (?:workspace )?API usage limits/i, "QuotaExhausted"],
  [/blocked by content filtering/i, "ContentFiltered"]
]

const lookUp = (table: { readonly [word: string]: Tag }, word: string | undefined): Tag | undefined =>
  word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined

const stringOf = (value: unknown): string | undefined => Predicate.isString(value) && value !== "" ? value : undefined

interface Told {
  readonly description: string | undefined
  readonly code: string | undefined
  readonly type: string | undefined
}

/** The object under `error`; what stands before the API (a proxy, a gateway) may send a text or another object. */
const read = (json: unknown): Told => {
  const outer = Predicate.isObject(json) ? json as Record<string, unknown> : {}
  const error = Predicate.isObject(outer["error"]) ? outer["error"] as Record<string, unknown> : outer
  const details = Predicate.isObject(error["details"]) ? error["details"] as Record<string, unknown> : {}
  const type = stringOf(error["type"])
  return {
    description: stringOf(error["message"]) ?? stringOf(outer["error"]) ?? stringOf(json),
    code: stringOf(details["error_code"]),
    type: type === "error" ? undefined : type
  }
}

const reasonOf = ({ code, description, type }: Told, status: number): Status.AttemptReason => {
  const named = code ?? type
  const told: Status.Told = {
    ...(description === undefined ? undefined : { description }),
    ...(named === undefined ? undefined : { code: named })
  }
  const tag = lookUp(codes, code) ?? lookUp(types, type)
  if (tag === "TimedOut") return { _tag: tag, phase: "vendor", ...told }
  if (tag !== undefined) return { ...told, _tag: tag } as Status.AttemptReason
  const reason = Status.reasonOf(status, told)
  if (reason._tag !== "InvalidRequest" || description === undefined) return reason
  const said = words.find(([pattern]) => pattern.test(description))
  return said === undefined ? reason : { ...told, _tag: said[1] } as Status.AttemptReason
}

/**
 * Reads an answer outside 2xx; `x-should-retry` overrules, and the headers tell how long to wait.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (failed: Status.Failed): AttemptError => {
  const reason = reasonOf(read(Json.parse(failed.body)), failed.status)
  return Status.errorOf(Status.overrule(reason, RetryAfter.shouldRetry(failed.headers)), failed)
}

/**
 * Reads an error that came inside a 200; one that tells nothing is a fault of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromEvent = (json: unknown): AttemptError => {
  const told = read(json)
  return Status.errorOf(reasonOf(told, told.type === "invalid_request_error" ? 400 : 500))
}
