/**
 * Paths of an API that the gateway does not answer: told in that API's own form, so that its SDKs understand it.
 *
 * @since 0.1.0
 */
import type { Headers } from "./Call.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Failure from "./Failure.ts"

const bare: ReadonlySet<string> = new Set(["/chat/completions", "/embeddings", "/models", "/responses"])

const apiOf = (path: string, headers: Headers): Endpoints.Family | undefined => {
  if (path.startsWith("/api/")) return "ollama"
  if (path.startsWith("/v1beta/")) return "google"
  if (path.startsWith("/v1/messages")) return "anthropic"
  return path.startsWith("/v1/") || path.startsWith("/openai/") || bare.has(path)
    ? Endpoints.familyOf(headers)
    : undefined
}

/** Where a path may end up by a base URL that ends in a slash, or in an API's version that the SDK adds itself. */
const meant = (path: string): string =>
  path.replace(/\/{2,}/g, "/").replace(/^\/(v1|v1beta)\/(?:v1|v1beta)\//, "/$1/").replace(/(.)\/$/, "$1")

/** What is kept for later by OpenAI: an answer by its id, a conversation. */
const kept = /^(?:\/openai)?\/v1\/(?:responses|conversations)\//

/** Long enough for every path that somebody wrote by hand. */
const longest = 200

const told = (path: string): string => path.length <= longest ? path : `${path.slice(0, longest)}…`

const methods = ["GET", "HEAD", "POST"]

/**
 * `undefined` where the path is no API's.
 *
 * @since 0.1.0
 * @category constructors
 */
export const match = (method: string, path: string, headers: Headers): Endpoints.NotServed | undefined => {
  const family = apiOf(path.replace(/^\/{2,}/, "/"), headers)
  if (family === undefined) return undefined
  const refused = (failure: Failure.Failure, allow?: string): Endpoints.NotServed => ({
    _tag: "NotServed",
    family,
    failure,
    ...(allow === undefined ? undefined : { allow })
  })
  const allowed = methods.filter((other) => Endpoints.match(other, path, headers) !== undefined)
  if (allowed.length > 0) {
    const message = `${told(path)} is asked by ${allowed.join(" or ")}`
    return refused(Failure.make("invalid-request", message, { status: 405 }), allowed.join(", "))
  }
  if (kept.test(path)) {
    return refused(Failure.make("unsupported", "nothing is kept here: send the whole conversation with each request"))
  }
  const other = meant(path)
  const isMeant = other !== path && Endpoints.match(method, other, headers) !== undefined
  // Of a model that is not there OpenAI speaks in another way.
  const kind = family === "openai" ? "invalid-request" : "not-found"
  return refused(
    Failure.make(kind, `there is nothing under ${told(path)}${isMeant ? `, but under ${told(other)}` : ""}`, {
      status: 404
    })
  )
}
