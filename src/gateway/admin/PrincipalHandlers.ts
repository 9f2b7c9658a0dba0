/**
 * Principals, keys and the audit. Who may do what is decided by the library's services, by whoever acts.
 *
 * @since 0.1.0
 */
import { Duration, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { Issued } from "../../access/AccessKeys.ts"
import { CurrentPrincipal } from "../../access/CurrentPrincipal.ts"
import * as Money from "../../catalog/Money.ts"
import { accessOf, type Administration, bounded } from "./Administration.ts"
import { NotConfigured, overHttp } from "./AdminError.ts"
import { AdminApi } from "./Api.ts"
import * as Models from "./Models.ts"
import { openScopes } from "./Scopes.ts"

const toldIssued = ({ key, token }: Issued): Models.Issued => ({ token, key: Models.keyOf(key) })

const periods = ["day", "month", "total"] as const

/**
 * @since 0.1.0
 * @category layers
 */
export const layerPrincipals = (administration: Administration) => {
  const access = accessOf(administration)
  const principals = Effect.map(access, ({ principals }) => principals)
  return HttpApiBuilder.group(AdminApi, "principals", (handlers) =>
    handlers
      .handle("me", () =>
        Effect.gen(function*() {
          const caller = yield* CurrentPrincipal
          if (caller === undefined) return { scopes: openScopes }
          const { effective, principal } = yield* overHttp((yield* principals).resolve(caller.id))
          const { key } = caller
          return { principal, scopes: Array.from(effective.scopes), ...(key === undefined ? undefined : { key }) }
        }))
      .handle("list", ({ query: { parent } }) =>
        Effect.flatMap(principals, (principals) => overHttp(principals.list(parent))))
      .handle("create", ({ payload }) =>
        Effect.flatMap(principals, (principals) => overHttp(principals.create(payload))))
      .handle("get", ({ params: { id } }) => Effect.flatMap(principals, (principals) => overHttp(principals.get(id))))
      .handle("update", ({ params: { id }, payload }) =>
        Effect.flatMap(principals, (principals) =>
          overHttp(principals.update(id, payload))))
      .handle("revoke", ({ params: { id } }) =>
        Effect.flatMap(principals, (principals) =>
          overHttp(principals.revoke(id))))
      .handle("spending", ({ params: { id } }) =>
        Effect.gen(function*() {
          const { principals, spending } = yield* access
          const { grant: { budget = {} } } = yield* overHttp(principals.get(id))
          if (spending === undefined) {
            return yield* new NotConfigured({ message: "this gateway counts no spending" })
          }
          const limited = periods.flatMap((period) => {
            const limit = budget[period]
            return limit === undefined ? [] : [{ period, limit }]
          })
          return yield* Effect.forEach(limited, ({ limit, period }) =>
            Effect.map(overHttp(spending.spent(id, period)), ({ reserved, resetsAt, spent, unknown }) => ({
              period,
              limit: Money.format(limit),
              spent: Money.format(spent),
              reserved: Money.format(reserved),
              unknown,
              ...(resetsAt === Infinity ? undefined : { resetsAt })
            })))
        })))
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layerKeys = (administration: Administration) => {
  const keys = Effect.map(accessOf(administration), ({ keys }) => keys)
  return HttpApiBuilder.group(AdminApi, "keys", (handlers) =>
    handlers
      .handle("list", ({ query: { principal } }) =>
        Effect.flatMap(keys, (keys) =>
          Effect.map(overHttp(keys.list(principal)), (keys) => keys.map(Models.keyOf))))
      .handle("issue", ({ payload }) =>
        Effect.flatMap(keys, (keys) =>
          Effect.map(overHttp(keys.issue(payload)), toldIssued)))
      .handle("rotate", ({ params: { id }, payload: { graceSeconds } }) =>
        Effect.flatMap(keys, (keys) => {
          const grace = graceSeconds === undefined ? undefined : Duration.seconds(graceSeconds)
          return Effect.map(overHttp(keys.rotate(id, { grace })), toldIssued)
        }))
      .handle("revoke", ({ params: { id } }) =>
        Effect.flatMap(keys, (keys) =>
          Effect.map(overHttp(keys.revoke(id)), Models.keyOf))))
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layerAudit = (administration: Administration) => {
  const access = accessOf(administration)
  return HttpApiBuilder.group(
    AdminApi,
    "audit",
    (handlers) =>
      handlers.handle("recent", ({ query }) =>
        Effect.gen(function*() {
          const { audit, principals } = yield* access
          const caller = yield* bounded
          if (caller === undefined) return yield* overHttp(audit.recent(query))
          const { within = caller.id } = query
          // Somebody else's is not found, as anywhere.
          yield* overHttp(principals.authorise("audit:read", within))
          return yield* overHttp(audit.recent({ ...query, within }))
        }))
  )
}
