/**
 * The dispatcher's errors as `effect/ai` has them, and back.
 *
 * What one side cannot say is kept in the other's metadata under `llmdispatcher`, so that a round trip loses nothing.
 *
 * @since 0.1.0
 */
import { Option, Schema } from "effect"
import { AiError } from "effect/ai"
import { type AttemptError, fatal, retryable, VendorError } from "./VendorError.ts"

const encodeError = Schema.encodeOption(VendorError)
const decodeError = Schema.decodeUnknownOption(VendorError)

const reasonOf = (error: VendorError, metadata: AiError.ProviderMetadata): AiError.AiErrorReason => {
  const description = error.message
  switch (error.reason._tag) {
    case "RateLimited":
    case "CallerLimited":
      return new AiError.RateLimitError({
        metadata,
        ...(error._tag === "RetryableError" && error.retryAfter !== undefined
          ? { retryAfter: error.retryAfter }
          : undefined)
      })
    case "QuotaExhausted":
    case "BudgetExceeded":
      return new AiError.QuotaExhaustedError({ metadata })
    case "Unauthenticated":
      return new AiError.AuthenticationError({ kind: "InvalidKey", description, metadata })
    case "PermissionDenied":
      return new AiError.AuthenticationError({ kind: "InsufficientPermissions", description, metadata })
    case "ContentFiltered":
      return new AiError.ContentPolicyError({ description, metadata })
    case "InvalidRequest":
    case "ContextLengthExceeded":
    case "ModelNotFound":
    case "UnsupportedFeature":
    case "NoCandidate":
      return new AiError.InvalidRequestError({ description, metadata })
    case "MalformedResponse":
      return new AiError.InvalidResponseError({ description, metadata })
    case "AllCandidatesFailed":
      return error._tag === "RetryableError"
        ? new AiError.InternalProviderError({ description, metadata })
        : new AiError.UnknownError({ description, metadata })
    default:
      return new AiError.InternalProviderError({ description, metadata })
  }
}

/**
 * The error as an `AiError`, for programs that know only `effect/ai`; what it had more is in the reason's metadata.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toAiError = (error: VendorError, method: string): AiError.AiError => {
  const encoded = Option.getOrUndefined(encodeError(error))
  return AiError.make({
    module: "Dispatcher",
    method,
    reason: reasonOf(error, encoded === undefined ? {} : { llmdispatcher: JSON.parse(JSON.stringify(encoded)) })
  })
}

const told = (reason: AiError.AiErrorReason) => ({ description: reason.message })

const classify = (reason: AiError.AiErrorReason): AttemptError => {
  switch (reason._tag) {
    case "RateLimitError":
      return retryable({ _tag: "RateLimited", ...told(reason) }, { retryAfter: reason.retryAfter })
    case "QuotaExhaustedError":
      return fatal({ _tag: "QuotaExhausted", ...told(reason) })
    case "AuthenticationError":
      return fatal({
        _tag: reason.kind === "InsufficientPermissions" ? "PermissionDenied" : "Unauthenticated",
        ...told(reason)
      })
    case "ContentPolicyError":
      return fatal({ _tag: "ContentFiltered", ...told(reason) })
    case "InternalProviderError":
      return retryable({ _tag: "ServerFault", ...told(reason) })
    case "NetworkError":
      return reason.reason === "TransportError"
        ? retryable({ _tag: "NetworkFault", ...told(reason) })
        : fatal({ _tag: "InvalidRequest", ...told(reason) })
    case "InvalidResponseError":
    case "InvalidOutputError":
    case "StructuredOutputError":
      return retryable({ _tag: "MalformedResponse", description: `${reason._tag}` })
    case "UnsupportedSchemaError":
      return fatal({ _tag: "UnsupportedFeature", ...told(reason) })
    case "UnknownError":
      return retryable({ _tag: "ServerFault", ...told(reason) })
    default:
      return fatal({ _tag: "InvalidRequest", ...told(reason) })
  }
}

/**
 * An `AiError` as one of ours: what {@link toAiError} made comes back whole, anything else is classified by its reason.
 *
 * An answer's own text (`StructuredOutputError`) is left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromAiError = (error: AiError.AiError): AttemptError => {
  const metadata = "metadata" in error.reason ? error.reason.metadata["llmdispatcher"] : undefined
  return (Option.getOrUndefined(decodeError(metadata)) as AttemptError | undefined) ?? classify(error.reason)
}
