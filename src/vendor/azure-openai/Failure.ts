/**
 * What Azure's failures mean where they differ from OpenAI's: codes of its gateway, and the filters that a refused prompt
 * ran into.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import type * as Status from "../../wire/Status.ts"
import * as OpenAi from "../openai/Failure.ts"
import type { Api } from "../openai/Protocol.ts"
import * as Responses from "../openai-responses/Failure.ts"

/** Of the plain 400 to an old version there is only the text. */
const differences: OpenAi.Differences = {
  words: [[/api version not supported/i, "UnsupportedFeature"]],
  codes: {
    deploymentnotfound: "ModelNotFound",
    operationnotsupported: "UnsupportedFeature",
    responsibleaipolicyviolation: "ContentFiltered",
    permissiondenied: "PermissionDenied",
    accessdenied: "PermissionDenied",
    authenticationtypedisabled: "Unauthenticated",
    ratelimitreached: "RateLimited",
    toomanyrequests: "RateLimited",
    nocapacity: "Overloaded",
    serviceunavailable: "Overloaded",
    quotaexceeded: "QuotaExhausted",
    internalservererror: "ServerFault"
  }
}

const fieldOf = (value: unknown, names: ReadonlyArray<string>): unknown => {
  for (const name of names) {
    if (Predicate.isObject(value) && name in value) return (value as Record<string, unknown>)[name]
  }
  return undefined
}

/** The filters that struck, as `hate` or `jailbreak`; Azure spells the fields in two ways each. */
const filtersOf = (body: string): ReadonlyArray<string> => {
  const inner = fieldOf(fieldOf(Json.parse(body), ["error"]), ["innererror", "inner_error"])
  const results = fieldOf(inner, ["content_filter_result", "content_filter_results"])
  return Predicate.isObject(results)
    ? Object.entries(results).flatMap(([name, result]) => fieldOf(result, ["filtered"]) === true ? [name] : [])
    : []
}

/**
 * Reads an answer outside 2xx.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (api: Api) => (failed: Status.Failed): AttemptError => {
  const error = (api === "responses" ? Responses : OpenAi).fromResponse(failed, differences)
  const filters = error.reason._tag === "ContentFiltered" ? filtersOf(failed.body) : []
  if (error.reason._tag !== "ContentFiltered" || filters.length === 0) return error
  const { description, ...reason } = error.reason
  const words = description === undefined ? filters.join(", ") : `${description} (${filters.join(", ")})`
  return fatal({ ...reason, description: words }, { status: error.status })
}
