import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Scope } from "../../../src/access/Grant.ts"
import { adminKey, layer, serve } from "./gateway.ts"

/** Every route with the scope it needs, and what it answers to whoever has that. */
const routes: ReadonlyArray<
  readonly [method: string, path: string, scope: Scope | "none", status: number, body?: unknown]
> = [
  ["GET", "/admin/v1/vendors", "circuits:read", 200],
  ["GET", "/admin/v1/vendors/openai", "circuits:read", 200],
  ["POST", "/admin/v1/vendors/openai/keys/00000000/reset", "circuits:write", 404],
  ["GET", "/admin/v1/circuits", "circuits:read", 200],
  ["GET", "/admin/v1/routes", "config:read", 200],
  ["GET", "/admin/v1/targets", "config:read", 200],
  ["GET", "/admin/v1/stats", "stats:read", 200],
  ["GET", "/admin/v1/stats/totals", "stats:read", 501],
  ["GET", "/admin/v1/stats/series", "stats:read", 501],
  ["GET", "/admin/v1/stats/top?by=target", "stats:read", 501],
  ["GET", "/admin/v1/stats/percentiles", "stats:read", 501],
  ["GET", "/admin/v1/stats/recent", "stats:read", 501],
  ["GET", "/metrics", "stats:read", 200],
  ["GET", "/admin/v1/config", "config:read", 200],
  ["POST", "/admin/v1/config/reload", "config:write", 200],
  ["POST", "/admin/v1/config/check", "config:write", 415, {}],
  ["GET", "/admin/v1/me", "none", 200],
  ["GET", "/admin/v1/principals", "principals:read", 200],
  ["POST", "/admin/v1/principals", "principals:write", 201, { name: "new", kind: "team", grant: {} }],
  ["GET", "/admin/v1/principals/prn_none", "principals:read", 404],
  ["PATCH", "/admin/v1/principals/prn_none", "principals:write", 404, {}],
  ["POST", "/admin/v1/principals/prn_none/revoke", "principals:write", 404],
  ["GET", "/admin/v1/principals/prn_none/spending", "principals:read", 404],
  ["GET", "/admin/v1/keys", "keys:read", 200],
  ["POST", "/admin/v1/keys", "keys:write", 201, { name: "new" }],
  ["POST", "/admin/v1/keys/none/rotate", "keys:write", 404, {}],
  ["POST", "/admin/v1/keys/none/revoke", "keys:write", 404],
  ["GET", "/admin/v1/audit", "audit:read", 200]
]

describe("each route of administration", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("is there for the scope it needs, and for no other", () =>
      Effect.gen(function*() {
        const { call, caller } = yield* serve()
        const table: Array<unknown> = []
        const expected: Array<unknown> = []
        for (const scope of Scope.literals) {
          const { token } = yield* caller(scope, { scopes: [scope] })
          for (const [method, path, needed, status, body] of routes) {
            const answer = yield* call(method, path, { key: token, body })
            table.push([scope, method, path, answer.status])
            expected.push([scope, method, path, needed === scope || needed === "none" ? status : 403])
          }
        }
        expect(table).toEqual(expected)
      }), 120_000)

    it.effect("is 401 without a key, with a wrong one, and with a forged address", () =>
      Effect.gen(function*() {
        const { call } = yield* serve()
        for (const [method, path, , , body] of routes) {
          const bare = yield* call(method, path, { body })
          expect([path, bare.status, bare.headers.get("www-authenticate")]).toEqual([path, 401, "Bearer"])
          expect((yield* call(method, path, { body, key: `${adminKey}x` })).status).toBe(401)
          const forged = yield* call(method, path, {
            body,
            headers: { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost", forwarded: "for=127.0.0.1" }
          })
          expect(forged.status).toBe(401)
        }
      }))

    it.effect("is refused before its body is looked at", () =>
      Effect.gen(function*() {
        const { call, caller } = yield* serve()
        const { token } = yield* caller("reader", { scopes: ["keys:read"] })
        const answer = yield* call("POST", "/admin/v1/keys", { key: token, body: "{ this is no JSON" })
        expect(answer.status).toBe(403)
      }))

    it.effect("is all that the document tells of, each with its scope", () =>
      Effect.gen(function*() {
        const { call } = yield* serve()
        const { json } = yield* call("GET", "/openapi.json")
        const told = Object.entries<any>(json.paths).flatMap(([path, operations]) =>
          Object.entries<any>(operations).filter(([, operation]) => "x-scope" in operation).map(([method, operation]) =>
            `${method.toUpperCase()} ${path} ${operation["x-scope"]}`
          )
        )
        const known = routes.filter(([, path]) => path !== "/metrics").map(([method, path, scope]) => {
          const plain = path.replace(/\?.*/, "").replace("/vendors/openai", "/vendors/{name}")
            .replace("00000000", "{fingerprint}").replace(/prn_none|(?<=keys\/)none/, "{id}")
          return `${method} ${plain} ${scope}`
        })
        expect(told.toSorted()).toEqual(known.toSorted())
      }))
  })
})
