import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted, Result } from "effect"
import { adminKey, layer, serve } from "./gateway.ts"

const administrator = {
  scopes: ["principals:read", "principals:write", "keys:read", "keys:write", "audit:read"]
} as const

describe("principals and keys over HTTP", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("are made, looked after and ended by the typed client", () =>
      Effect.gen(function*() {
        const { client, url } = yield* serve()
        const root = yield* client(adminKey)
        const team = yield* root.principals.create({
          payload: { name: "team", kind: "team", grant: { models: ["sandbox/*"], budget: { day: 1_500_000_000_000n } } }
        })
        expect(team).toMatchObject({ parent: "root", grant: { budget: { day: 1_500_000_000_000n } } })
        const issued = yield* root.keys.issue({ payload: { principal: team.id, name: "app" } })
        expect(Redacted.value(issued.token)).toMatch(/^lld_[0-9a-f]{20}_[\w-]{43}$/)
        expect(issued.key).not.toHaveProperty("hash")
        const own = yield* client(Redacted.value(issued.token))
        const me = yield* own.principals.me()
        expect(me).toEqual({ principal: team, key: issued.key.id, scopes: [] })
        expect(yield* root.principals.spending({ params: { id: team.id } })).toMatchObject([
          { period: "day", limit: "1.5", spent: "0", reserved: "0", unknown: 0 }
        ])
        const rotated = yield* root.keys.rotate({ params: { id: issued.key.id }, payload: { graceSeconds: 0 } })
        expect(yield* Effect.flip(own.principals.me())).toMatchObject({ _tag: "Unauthenticated" })
        const keys = yield* root.keys.list({ query: { principal: team.id } })
        expect(keys.map(({ id, replacedBy }) => [id, replacedBy])).toEqual([
          [issued.key.id, rotated.key.id],
          [rotated.key.id, undefined]
        ])
        const next = yield* client(Redacted.value(rotated.token))
        expect((yield* next.principals.me()).key).toBe(rotated.key.id)
        const renamed = yield* root.principals.update({ params: { id: team.id }, payload: { name: "crew" } })
        expect(renamed).toEqual({ ...team, name: "crew" })
        yield* root.principals.revoke({ params: { id: team.id } })
        expect(yield* Effect.flip(next.principals.me())).toMatchObject({ _tag: "Unauthenticated" })
        expect(yield* Effect.flip(root.keys.issue({ payload: { principal: team.id, name: "late" } }))).toMatchObject({
          _tag: "Conflict"
        })
        expect(url).toMatch(/^http:/)
      }))

    it.effect("tell a token in one answer alone, which nobody keeps", () =>
      Effect.gen(function*() {
        const { audit, call, logged } = yield* serve()
        const issued = yield* call("POST", "/admin/v1/keys", { key: adminKey, body: { name: "k" } })
        expect(issued.headers.get("cache-control")).toBe("no-store")
        const { token } = issued.json
        const secret = token.slice(-43)
        const answers = yield* Effect.forEach(
          ["keys", "me", "audit", "config", "vendors", "stats"],
          (path) => Effect.map(call("GET", `/admin/v1/${path}`, { key: token }), ({ text }) => text)
        )
        const kept = JSON.stringify([answers, logged, yield* audit.recent()])
        expect(kept).toContain(issued.json.key.id)
        expect(kept).not.toContain(secret)
        expect(kept).not.toContain(adminKey)
      }))

    it.effect("never are more than those above them", () =>
      Effect.gen(function*() {
        const { call, caller } = yield* serve()
        const { principal, token } = yield* caller("tenant", {
          ...administrator,
          models: ["gpt-*"],
          limits: { requestsPerMinute: 10 },
          budget: { month: 1_000_000_000_000n }
        })
        const create = (body: object) =>
          call("POST", "/admin/v1/principals", { key: token, body: { name: "child", kind: "person", ...body } })
        const wider = yield* create({
          grant: {
            models: ["*"],
            scopes: ["config:write"],
            limits: { requestsPerMinute: 11 },
            budget: { month: "2" },
            features: ["vendorOptions"]
          }
        })
        expect(wider.status).toBe(403)
        expect(wider.json._tag).toBe("Exceeds")
        expect(wider.json.violations.map(({ path }: { path: string }) => path)).toEqual([
          "models.0",
          "features.0",
          "limits.requestsPerMinute",
          "budget.month",
          "scopes.0"
        ])
        expect((yield* create({ grant: {}, parent: "root" })).status).toBe(404)
        expect((yield* create({ grant: {}, id: "chosen" })).status).toBe(403)
        const own = yield* call("PATCH", `/admin/v1/principals/${principal.id}`, { key: token, body: { grant: {} } })
        expect(own.status).toBe(403)
        expect((yield* create({ grant: { models: ["gpt-5*"], scopes: ["keys:read"] } })).status).toBe(201)
      }))

    it.effect("take no field that they do not know, and no other type", () =>
      Effect.gen(function*() {
        const { call } = yield* serve()
        const create = (body: unknown) => call("POST", "/admin/v1/principals", { key: adminKey, body })
        const good = { name: "a", kind: "team", grant: {} }
        const bad = [
          { ...good, isAdmin: true },
          { ...good, grant: { admin: true } },
          { ...good, grant: { limits: { rpm: 1 } } },
          { ...good, createdAt: 0 },
          { ...good, kind: "root" },
          { ...good, id: "../root" },
          { ...good, name: "a\u0000b" },
          { ...good, grant: { scopes: "keys:read" } },
          "{\"name\":\"a\",\"kind\":\"team\",\"grant\":{},\"__proto__\":{\"id\":\"root\"}}",
          "{\"name\":\"a\",\"kind\":\"team\",\"grant\":{\"constructor\":{}}}",
          "[]",
          "null",
          "{"
        ]
        for (const body of bad) {
          const answer = yield* create(body)
          expect([body, answer.status, answer.json?._tag]).toEqual([body, 400, "Invalid"])
        }
        const told = yield* create(bad[0])
        expect(told.json.issues).toEqual([{ field: "payload.isAdmin", message: "Expected no excess property" }])
        expect((yield* create({ ...good, name: "x".repeat(1_100_000) })).status).toBe(413)
        const principals = yield* call("GET", "/admin/v1/principals", { key: adminKey })
        expect(principals.json).toEqual([])
      }))

    it.effect("of another tenant are not found, whatever is asked of them", () =>
      Effect.gen(function*() {
        const { call, caller } = yield* serve()
        const own = yield* caller("own", administrator)
        const other = yield* caller("other", administrator)
        const { id } = other.principal
        const asked = [
          ["GET", `/principals/${id}`],
          ["GET", `/principals?parent=${id}`],
          ["GET", `/principals/${id}/spending`],
          ["PATCH", `/principals/${id}`, { name: "mine" }],
          ["POST", `/principals/${id}/revoke`],
          ["POST", "/principals", { parent: id, name: "below", kind: "team", grant: {} }],
          ["GET", "/principals/root"],
          ["POST", "/principals/root/revoke"],
          ["GET", `/keys?principal=${id}`],
          ["POST", "/keys", { principal: id, name: "mine" }],
          ["POST", "/keys", { principal: "root", name: "mine" }],
          ["POST", `/keys/${other.key.id}/rotate`, {}],
          ["POST", `/keys/${other.key.id}/revoke`],
          ["GET", `/audit?within=${id}`],
          ["GET", "/audit?within=root"]
        ] as const
        const answers = yield* Effect.forEach(asked, ([method, path, body]) =>
          Effect.map(
            call(method, `/admin/v1${path}`, { key: own.token, body }),
            ({ status }) => [method, path, status]
          ))
        expect(answers).toEqual(asked.map(([method, path]) => [method, path, 404]))
        const theirs = yield* call("GET", "/admin/v1/me", { key: other.token })
        expect(theirs.json.principal).toMatchObject({ id, name: "other" })
      }))

    it.effect("leave their changes in the audit, each to those above it, with the request", () =>
      Effect.gen(function*() {
        const { call, caller } = yield* serve()
        const own = yield* caller("own", administrator)
        yield* caller("other", administrator)
        const made = yield* call("POST", "/admin/v1/keys", { key: own.token, body: { name: "k" } })
        yield* call("POST", "/admin/v1/principals", {
          key: own.token,
          body: { name: "c", kind: "team", grant: { scopes: ["config:write"] } }
        })
        const seen = yield* call("GET", "/admin/v1/audit", { key: own.token })
        expect(seen.json.map(({ action, outcome, reason }: any) => [action, outcome, reason])).toEqual([
          ["principal.create", "refused", "GrantExceeds"],
          ["key.issue", "done", undefined],
          ["key.issue", "done", undefined],
          ["principal.create", "done", undefined]
        ])
        expect(seen.json[1]).toMatchObject({
          actor: own.principal.id,
          key: own.key.id,
          requestId: made.headers.get("x-request-id")
        })
        const refused = yield* call("GET", "/admin/v1/audit?outcome=refused&limit=5", { key: adminKey })
        expect(refused.json.map(({ actor }: any) => actor)).toEqual([own.principal.id])
        const all = yield* call("GET", "/admin/v1/audit", { key: adminKey })
        expect(all.json).toHaveLength(6)
      }))

    it.effect("cannot be overcome by hostile ids", () =>
      Effect.gen(function*() {
        const { call } = yield* serve()
        const ids = ["..%2f..%2fconfig", "%27%20OR%201%3D1--", "__proto__", "a%00b", "x".repeat(500)]
        const statuses = yield* Effect.forEach(
          ids,
          (id) => Effect.map(call("GET", `/admin/v1/principals/${id}`, { key: adminKey }), ({ status }) => status)
        )
        expect(statuses.every((status) => status === 400 || status === 404)).toBe(true)
      }))

    it.effect("end what a caller may ask in the same moment", () =>
      Effect.gen(function*() {
        const { call, caller, client } = yield* serve()
        const { principal, token } = yield* caller("gone", { scopes: ["keys:read"] })
        expect((yield* call("GET", "/admin/v1/keys", { key: token })).status).toBe(200)
        const root = yield* client(adminKey)
        yield* root.principals.revoke({ params: { id: principal.id } })
        expect((yield* call("GET", "/admin/v1/keys", { key: token })).status).toBe(401)
        expect(Result.isFailure(yield* Effect.result((yield* client(token)).keys.list({ query: {} })))).toBe(true)
      }))
  })
})
