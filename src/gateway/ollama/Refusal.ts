/**
 * Failures in Ollama's words, which are all that it tells of them beside the status.
 *
 * @since 0.1.0
 */
import type * as Dialect from "../Dialect.ts"
import type { Failure, Kind } from "../Failure.ts"

/** What Ollama's own server says; clients know these failures by it. */
const words: { readonly [K in Kind]?: string } = {
  "context-length": "the input exceeds the available context",
  overloaded: "server busy, please try again",
  unauthenticated: "unauthorized",
  "quota-exhausted": "usage limit reached"
}

/**
 * @since 0.1.0
 * @category encoding
 */
export const refusal = ({ kind, message, status }: Failure): Dialect.Refusal => {
  const known = words[kind]
  return { status, body: { error: known === undefined ? message : `${known}: ${message}` } }
}
