import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { dialects } from "../../../src/gateway/admin/Description.ts"
import * as Endpoints from "../../../src/gateway/Endpoints.ts"
import { adminKey, layer, serve } from "./gateway.ts"

describe("what stands beside the APIs", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("says that it lives, and that it is ready until it stops", () =>
      Effect.gen(function*() {
        const { call, state } = yield* serve()
        expect((yield* call("GET", "/healthz")).json).toEqual({ status: "ok" })
        const ready = yield* call("GET", "/readyz")
        expect([ready.status, ready.json]).toEqual([200, { status: "ok", vendors: 2 }])
        state.isReady = false
        const stopping = yield* call("GET", "/readyz")
        expect([stopping.status, stopping.json]).toEqual([503, { status: "stopping" }])
        expect((yield* call("GET", "/healthz")).status).toBe(200)
      }))

    it.effect("is not ready without a vendor", () =>
      Effect.gen(function*() {
        const { call, runtime } = yield* serve()
        yield* runtime.dispatcher.reconfigure(Effect.succeed({ vendors: [] }))
        const ready = yield* call("GET", "/readyz")
        expect([ready.status, ready.json]).toEqual([503, { status: "no vendor" }])
      }))

    it.effect("has a page and a documentation that load nothing from anywhere", () =>
      Effect.gen(function*() {
        const { call } = yield* serve()
        const start = yield* call("GET", "/")
        expect(start.text).toContain("<h1>llmdispatcher 1.2.3</h1>")
        const docs = yield* call("GET", "/docs")
        expect(docs.text).toContain("/admin/v1/principals/{id}/revoke")
        expect(docs.text).toContain("/v1/chat/completions")
        for (const { headers, status, text } of [start, docs]) {
          expect(status).toBe(200)
          expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';/)
          expect(headers.get("x-content-type-options")).toBe("nosniff")
          expect(text).not.toMatch(/<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?(?:https?:)?\/\//)
        }
      }))

    it.effect("documents every dialect's path that the gateway answers", () =>
      Effect.gen(function*() {
        const { call } = yield* serve()
        const { json } = yield* call("GET", "/openapi.json")
        expect(json.info).toMatchObject({ title: "llmdispatcher", version: "1.2.3" })
        const told = Object.values(dialects).flat()
        expect(told.filter(({ method, path }) => json.paths[path]?.[method] === undefined)).toEqual([])
        expect(told.filter(({ method, path }) =>
          Endpoints.match(method.toUpperCase(), path.replace("{model}", "a"), {}) === undefined
        )).toEqual([])
        const ids = Object.values<any>(json.paths).flatMap((operations) =>
          Object.values<any>(operations).map(({ operationId }) =>
            operationId
          )
        )
        expect(new Set(ids).size).toBe(ids.length)
      }))

    it.effect("tells Prometheus what the dispatcher counts", () =>
      Effect.gen(function*() {
        const { call, runtime } = yield* serve()
        yield* runtime.dispatcher.send({ model: "sandbox/sandbox", prompt: "Hello" })
        const { headers, text } = yield* call("GET", "/metrics", { key: adminKey })
        expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
        expect(text).toMatch(/^# TYPE gen_ai_client_operation_duration histogram$/m)
      }))

    it.effect("tells the access log of each call but those of who watches, without query and key", () =>
      Effect.gen(function*() {
        const { call, caller, logged } = yield* serve()
        const { principal, token } = yield* caller("own", { scopes: ["keys:read"] })
        yield* call("GET", "/healthz")
        yield* call("GET", "/readyz")
        const listed = yield* call("GET", "/admin/v1/keys?principal=root", { key: token })
        yield* call("GET", "/nowhere")
        expect(logged).toEqual([
          {
            id: listed.headers.get("x-request-id"),
            method: "GET",
            path: "/admin/v1/keys",
            startedAt: expect.any(Number),
            duration: expect.any(Number),
            status: 404,
            principal: principal.id
          },
          expect.objectContaining({ path: "/nowhere", status: 404 })
        ])
      }))
  })
})
