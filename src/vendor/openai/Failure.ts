/**
 * What OpenAI's failures mean: by `error.code`, then `error.type`, then the status; by the words only where a server
 * tells nothing else.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { AttemptError } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"
import * as Status from "../../wire/Status.ts"
import type { ErrorObject } from "./Wire.ts"

type Tag = Exclude<Status.AttemptReason["_tag"], "TimedOut">

/**
 * `code` is read before `type`, which may stay `insufficient_quota` where the code tells better.
 *
 * The last words of a group that are none of OpenAI's own are those of vLLM, llama.cpp, Groq, DeepSeek, Azure, Cerebras,
 * Together and Mistral. Groq's `tool_use_failed` and `json_validate_failed` blame the model and not the request.
 */
const tags: { readonly [word: string]: Tag } = {
  rate_limit_exceeded: "RateLimited",
  rate_limit_error: "RateLimited",
  slow_down: "RateLimited",
  too_many_requests: "RateLimited",
  too_many_requests_error: "RateLimited",

  insufficient_quota: "QuotaExhausted",
  credit_balance_exhausted: "QuotaExhausted",
  organization_spend_limit_exceeded: "QuotaExhausted",
  project_spend_limit_exceeded: "QuotaExhausted",
  organization_usage_limit_exceeded: "QuotaExhausted",
  billing_hard_limit_reached: "QuotaExhausted",
  billing_not_active: "QuotaExhausted",
  insufficient_balance: "QuotaExhausted",
  credit_limit: "QuotaExhausted",

  server_is_overloaded: "Overloaded",
  overloaded_error: "Overloaded",
  engine_overloaded: "Overloaded",
  capacity_exceeded: "Overloaded",
  service_tier_capacity_exceeded: "Overloaded",

  server_error: "ServerFault",
  internal_error: "ServerFault",
  internal_server_error: "ServerFault",

  context_length_exceeded: "ContextLengthExceeded",
  exceed_context_size_error: "ContextLengthExceeded",

  model_not_found: "ModelNotFound",
  invalid_model: "ModelNotFound",
  deploymentnotfound: "ModelNotFound",

  content_policy_violation: "ContentFiltered",
  content_filter: "ContentFiltered",

  tool_use_failed: "MalformedResponse",
  json_validate_failed: "MalformedResponse",

  invalid_api_key: "Unauthenticated",
  authentication_error: "Unauthenticated",
  permission_error: "PermissionDenied",
  unsupported_country_region_territory: "PermissionDenied"
}

/**
 * What one vendor means where it differs: by its words, then by the status, then by its codes (in lower case), all
 * before the shared table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Differences {
  readonly words?: ReadonlyArray<readonly [RegExp, Tag]> | undefined
  readonly statuses?: { readonly [status: number]: Tag } | undefined
  readonly codes?: { readonly [code: string]: Tag } | undefined
}

/** The last resort, for servers whose 400 tells neither code nor type: vLLM, TGI, SGLang, Mistral. */
const tooLong = /context (?:length|window|size)|maximum context|too many tokens|prompt (?:is )?too long/i

const tagOf = (word: unknown, codes: { readonly [word: string]: Tag } = tags): Tag | undefined => {
  const key = typeof word === "string" ? word.toLowerCase() : ""
  return Object.hasOwn(codes, key) ? codes[key] : undefined
}

const stringOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined

/** The object under `error`, or the body itself where a server leaves the wrapping out. */
const errorObject = (json: unknown): ErrorObject => {
  if (!Predicate.isObject(json)) return { message: json }
  const { error } = json as { readonly error?: unknown }
  if (Predicate.isObject(error)) return error as ErrorObject
  return error === undefined || error === null ? json as ErrorObject : { ...json as ErrorObject, message: error }
}

const reasonOf = (error: ErrorObject, status: number, differences: Differences = {}): Status.AttemptReason => {
  const description = stringOf(error.message)
  const code = stringOf(error.code) ?? stringOf(error.type)
  const told: Status.Told = {
    ...(description === undefined ? undefined : { description }),
    ...(code === undefined ? undefined : { code })
  }
  const tag = differences.words?.find(([words]) => description !== undefined && words.test(description))?.[1] ??
    differences.statuses?.[status] ?? tagOf(error.code, differences.codes ?? {}) ?? tagOf(error.code) ??
    tagOf(error.type)
  if (tag !== undefined) return { ...told, _tag: tag } as Status.AttemptReason
  const reason = Status.reasonOf(status, told)
  return reason._tag === "InvalidRequest" && description !== undefined && tooLong.test(description)
    ? { ...told, _tag: "ContextLengthExceeded" }
    : reason
}

/**
 * Reads an answer outside 2xx; `x-should-retry` overrules, and the headers tell how long to wait.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (failed: Status.Failed, differences?: Differences): AttemptError => {
  const reason = reasonOf(errorObject(Json.parse(failed.body)), failed.status, differences)
  return Status.errorOf(Status.overrule(reason, RetryAfter.shouldRetry(failed.headers)), failed)
}

/**
 * Reads an error that came inside a 200: an `error` event, or an object with `error`.
 *
 * Its `code` may be a status (OpenRouter, vLLM), or `status_code` beside it (Cerebras); one that tells nothing is a
 * fault of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromEvent = (json: unknown, differences?: Differences): AttemptError => {
  const error = errorObject(json)
  const told = Number((json as { readonly status_code?: unknown } | undefined)?.status_code ?? error.code)
  const otherwise = error.type === "invalid_request_error" ? 400 : 500
  const status = Number.isInteger(told) && told >= 400 && told < 600 ? told : otherwise
  return Status.errorOf(reasonOf(error, status, differences))
}
