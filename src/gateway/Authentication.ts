/**
 * Who calls the gateway: the key among the headers, looked up; or the operator's own admin key, who acts as the root.
 *
 * What the principal may do is not looked at here. Each request, each list and each route of administration asks that
 * for itself, so that a grant that changes holds from the next call on.
 *
 * @since 0.1.0
 */
import { Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"
import * as AccessKey from "../access/AccessKey.ts"
import type { AccessKeys } from "../access/AccessKeys.ts"
import { rootId } from "../access/Principal.ts"
import { ConfigError } from "../config/ConfigError.ts"
import * as Failure from "./Failure.ts"
import type { Authenticate } from "./Gateway.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly keys: Pick<AccessKeys["Service"], "verify">
  /** At least 32 printable characters without spaces. By default nobody acts as the root. */
  readonly adminKey?: Redacted.Redacted | undefined
}

/** As long as the secret of a key that is issued: 256 bits in hexadecimal are twice that. */
const shortestAdminKey = 32

const encoder = new TextEncoder()

/**
 * Fails with `ConfigError` for an admin key that could be guessed, or that no header can carry.
 *
 * @since 0.1.0
 * @category guards
 */
export const checkAdminKey = (adminKey: Redacted.Redacted | undefined): Effect.Effect<void, ConfigError> => {
  if (adminKey === undefined) return Effect.void
  const text = Redacted.value(adminKey)
  const fault = text.length < shortestAdminKey
    ? `must have at least ${shortestAdminKey} characters, for it opens everything`
    : /^[\x21-\x7e]+$/.test(text)
    ? undefined
    : "must not hold spaces or characters that headers cannot carry"
  return fault === undefined
    ? Effect.void
    : Effect.fail(new ConfigError({ path: "gateway.adminKey", description: fault }))
}

const refused = (error: { readonly _tag: string; readonly message: string }): Failure.Failure =>
  error._tag === "StoreUnavailable"
    ? Failure.make("overloaded", error.message, { retryAfter: 1_000 })
    : Failure.make("unauthenticated", error.message)

/**
 * Fails with `ConfigError` where {@link checkAdminKey} does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { adminKey, keys }: Options
): Effect.fn.Return<Authenticate, ConfigError> {
  yield* checkAdminKey(adminKey)
  const admin = adminKey === undefined ? undefined : encoder.encode(Redacted.value(adminKey))
  const isAdmin = (token: Redacted.Redacted): boolean => {
    const text = Redacted.value(token)
    // Its length is no secret, and most keys are those of callers.
    return admin !== undefined && text.length === admin.length && Mac.timingSafeEqual(encoder.encode(text), admin)
  }
  return (headers) =>
    AccessKey.fromHeaders(headers).pipe(
      Effect.flatMap((token) => isAdmin(token) ? Effect.succeed({ id: rootId }) : keys.verify(token)),
      Effect.mapError(refused)
    )
})
