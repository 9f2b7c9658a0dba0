/**
 * Failures as OpenAI tells them, by which its SDKs choose the class of their errors.
 *
 * @see https://platform.openai.com/docs/guides/error-codes
 * @since 0.1.0
 */
import type { Refusal } from "../Dialect.ts"
import type { Failure, Kind } from "../Failure.ts"

/** The words are OpenAI's where it has any, so that one that reads them knows the situation again. */
const words: { readonly [K in Kind]: readonly [type: string, code: string | null] } = {
  "invalid-request": ["invalid_request_error", null],
  unauthenticated: ["invalid_request_error", "invalid_api_key"],
  "permission-denied": ["permission_error", "permission_denied"],
  "not-found": ["invalid_request_error", "model_not_found"],
  "too-large": ["invalid_request_error", "request_too_large"],
  "rate-limited": ["rate_limit_error", "rate_limit_exceeded"],
  "quota-exhausted": ["insufficient_quota", "insufficient_quota"],
  overloaded: ["server_error", "server_is_overloaded"],
  "timed-out": ["timeout_error", "timeout"],
  "content-filtered": ["invalid_request_error", "content_policy_violation"],
  "context-length": ["invalid_request_error", "context_length_exceeded"],
  unsupported: ["invalid_request_error", "unsupported_value"],
  upstream: ["server_error", "bad_gateway"],
  internal: ["server_error", null]
}

/**
 * The `error` of a body or of a stream's event.
 *
 * @since 0.1.0
 * @category encoding
 */
export const error = ({ field, kind, message }: Failure) => {
  const [type, code] = words[kind]
  return { message, type, param: field === undefined || field === "" ? null : field, code }
}

/**
 * The whole refusal.
 *
 * @since 0.1.0
 * @category encoding
 */
export const make = (failure: Failure): Refusal => ({ status: failure.status, body: { error: error(failure) } })
