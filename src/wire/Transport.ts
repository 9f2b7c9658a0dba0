/**
 * What failures below HTTP mean: refused, reset, DNS, TLS.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { AttemptError } from "../VendorError.ts"
import type { ExchangeError } from "./Exchange.ts"
import { type AttemptReason, errorOf } from "./Status.ts"

const network = (description: string) => (code: string): AttemptReason => ({ _tag: "NetworkFault", description, code })
const timedOut = (phase: "connect" | "firstPart" | "idle") => (code: string): AttemptReason => ({
  _tag: "TimedOut",
  phase,
  code
})
const malformed = (description: string) => (code: string): AttemptReason => ({
  _tag: "MalformedResponse",
  description,
  code
})

/** By the codes of Node's sockets, of its TLS and HTTP parser, and of undici. */
const reasons: ReadonlyArray<readonly [RegExp, (code: string) => AttemptReason]> = [
  [/^ECONNREFUSED$/, network("the connection was refused")],
  [/^(ENOTFOUND|EAI_.*|ENODATA|ESERVFAIL)$/, network("the host name could not be resolved")],
  [
    /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_CLOSED|UND_ERR_DESTROYED)$/,
    network("the connection was reset")
  ],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/, network("the host is not reachable from here")],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, timedOut("connect")],
  [/^UND_ERR_HEADERS_TIMEOUT$/, timedOut("firstPart")],
  [/^UND_ERR_BODY_TIMEOUT$/, timedOut("idle")],
  [
    /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/,
    network("TLS failed: the certificate or protocol was not accepted")
  ],
  [/^(HPE_|UND_ERR_RES_|UND_ERR_HEADERS_OVERFLOW$)/, malformed("what came back is not HTTP")],
  [/^EMFILE$/, network("this process has too many connections open")]
]

/** undici and fetch wrap the error of the socket, up to three deep; several addresses give one error each. */
const codeOf = (cause: unknown, depth = 0): string | undefined => {
  if (!Predicate.isObject(cause) || depth > 4) return undefined
  const { code } = cause as { readonly code?: unknown }
  if (typeof code === "string" && code !== "") return code
  const inner = codeOf((cause as { readonly cause?: unknown }).cause, depth + 1)
  if (inner !== undefined) return inner
  const { errors } = cause as { readonly errors?: unknown }
  return Array.isArray(errors) ? codeOf(errors[0], depth + 1) : undefined
}

/** The reason of an error, in words of our own: a cause's message is never passed on, it may quote headers. */
const reasonOf = ({ at, cause }: ExchangeError): AttemptReason => {
  if (at === "url") return { _tag: "NetworkFault", description: "the vendor's URL is not valid" }
  if (at === "encode") return { _tag: "NetworkFault", description: "the request could not be put on the wire" }
  const code = codeOf(cause)
  if (code === undefined) {
    return { _tag: "NetworkFault", description: at === "head" ? "the connection failed" : "the answer broke off" }
  }
  const known = reasons.find(([pattern]) => pattern.test(code))
  return known === undefined ? network("the connection failed")(code) : known[1](code)
}

/**
 * The error of a request that got no whole answer.
 *
 * @since 0.1.0
 * @category conversions
 */
export const errorOfRequest = (error: ExchangeError): AttemptError => errorOf(reasonOf(error))

/**
 * The error of a stream that broke after its headers: whatever the socket says, the answer was interrupted.
 *
 * @since 0.1.0
 * @category conversions
 */
export const errorOfStream = (error: ExchangeError): AttemptError => {
  const reason = reasonOf(error)
  const description = reason._tag === "NetworkFault" ? reason.description : undefined
  return errorOf({
    _tag: "StreamInterrupted",
    description: description ?? "the connection broke",
    ...("code" in reason && reason.code !== undefined ? { code: reason.code } : undefined)
  })
}
