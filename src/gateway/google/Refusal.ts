/**
 * Failures in this API's words.
 *
 * @since 0.1.0
 */
import type * as Dialect from "../Dialect.ts"
import type { Failure, Kind } from "../Failure.ts"

/** The canonical codes of google.rpc; statuses only where they are this API's own. */
const errors: { readonly [K in Kind]: readonly [code: string, status?: number] } = {
  "invalid-request": ["INVALID_ARGUMENT"],
  unauthenticated: ["UNAUTHENTICATED"],
  "permission-denied": ["PERMISSION_DENIED"],
  "not-found": ["NOT_FOUND"],
  "too-large": ["INVALID_ARGUMENT"],
  "rate-limited": ["RESOURCE_EXHAUSTED"],
  "quota-exhausted": ["RESOURCE_EXHAUSTED"],
  overloaded: ["UNAVAILABLE"],
  "timed-out": ["DEADLINE_EXCEEDED"],
  "content-filtered": ["INVALID_ARGUMENT"],
  "context-length": ["INVALID_ARGUMENT"],
  unsupported: ["INVALID_ARGUMENT"],
  upstream: ["INTERNAL"],
  internal: ["INTERNAL"]
}

/** By these words clients know that they have to shorten the conversation. */
const tooLong = "exceeds the maximum number of tokens"

const type = (name: string) => ({ "@type": `type.googleapis.com/google.rpc.${name}` })

/**
 * The failure as an error, whatever its kind.
 *
 * @since 0.1.0
 * @category encoding
 */
export const error = ({ field, kind, message, retryAfter, status: given }: Failure): Dialect.Refusal => {
  const [status, code = given] = errors[kind]
  const details = [
    ...(field === undefined || field === ""
      ? []
      : [{ ...type("BadRequest"), fieldViolations: [{ field, description: message }] }]),
    ...(retryAfter === undefined ? [] : [{ ...type("RetryInfo"), retryDelay: `${retryAfter / 1_000}s` }])
  ]
  const told = kind === "context-length" && !message.includes(tooLong) ? `The input ${tooLong}: ${message}` : message
  return {
    status: code,
    body: { error: { code, message: told, status, ...(details.length === 0 ? undefined : { details }) } }
  }
}

/**
 * A prompt that is blocked is an answer here, with a status of 200.
 *
 * @since 0.1.0
 * @category encoding
 */
export const refusal = (failure: Failure): Dialect.Refusal =>
  failure.kind === "content-filtered"
    ? { status: 200, body: { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: failure.message } } }
    : error(failure)
