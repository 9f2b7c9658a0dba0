/**
 * Open mode: no key is asked, so only this machine's own programs may come in.
 *
 * A page in a browser is not one of them, though it too comes from this machine: it is told by its `origin`, by a host
 * name that is not the loopback's (a rebound name), or by a body that is not sent as JSON, which browsers let any page
 * send.
 *
 * @since 0.1.0
 */
import type { Headers } from "./Call.ts"
import * as Failure from "./Failure.ts"

/**
 * Whether an address is this machine's own and no other's.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

const hostOf = (header: string): string => header.replace(/:\d+$/, "")

/**
 * Refuses what a browser sends for a page.
 *
 * @since 0.1.0
 * @category guards
 */
export const guard = (headers: Headers, method: string): Failure.Failure | undefined => {
  const host = headers["host"]
  if (host !== undefined && !isLoopback(hostOf(host))) {
    return Failure.make("permission-denied", "without keys only this machine is answered, under its own name")
  }
  const origin = headers["origin"]
  if (origin !== undefined && origin !== `http://${host ?? ""}`) {
    return Failure.make("permission-denied", "without keys no page of another origin is answered")
  }
  if (method !== "POST") return undefined
  const type = headers["content-type"] ?? ""
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(type)
    ? undefined
    : Failure.make("invalid-request", "the body must be sent as application/json", { status: 415 })
}
