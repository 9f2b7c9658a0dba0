/**
 * Failures in this API's words.
 *
 * @since 0.1.0
 */
import type * as Dialect from "../Dialect.ts"
import type { Failure, Kind } from "../Failure.ts"

/** https://docs.claude.com/en/api/errors; statuses only where they are this API's own. */
const errors: { readonly [K in Kind]: readonly [type: string, status?: number] } = {
  "invalid-request": ["invalid_request_error"],
  unauthenticated: ["authentication_error"],
  "permission-denied": ["permission_error"],
  "not-found": ["not_found_error"],
  "too-large": ["request_too_large"],
  "rate-limited": ["rate_limit_error"],
  "quota-exhausted": ["billing_error", 402],
  overloaded: ["overloaded_error", 529],
  "timed-out": ["timeout_error"],
  "content-filtered": ["invalid_request_error"],
  "context-length": ["invalid_request_error"],
  unsupported: ["invalid_request_error"],
  upstream: ["api_error"],
  internal: ["api_error"]
}

/** By these words clients know that they have to shorten the conversation. */
const tooLong = "prompt is too long"

/**
 * @since 0.1.0
 * @category encoding
 */
export const refusal = ({ kind, message, status: given }: Failure): Dialect.Refusal => {
  const [type, status = given] = errors[kind]
  const told = kind === "context-length" && !message.includes(tooLong) ? `${tooLong}: ${message}` : message
  return { status, body: { type: "error", error: { type, message: told }, request_id: null } }
}
