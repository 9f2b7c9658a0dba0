import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { request } from "node:http"
import { adminKey, layer, serve } from "./gateway.ts"

/** fetch sets the host itself. */
const raw = (url: string, path: string, headers: Record<string, string>) =>
  Effect.promise(() =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${url}${path}`, { headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on("error", reject).end()
    })
  )

describe("administration in open mode", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("tells how the gateway is, without a key", () =>
      Effect.gen(function*() {
        const { call, client } = yield* serve({ isOpen: true })
        const paths = ["vendors", "circuits", "routes", "targets", "stats", "config", "me"]
        const statuses = yield* Effect.forEach(
          paths,
          (path) => Effect.map(call("GET", `/admin/v1/${path}`), ({ status }) => [path, status])
        )
        expect(statuses).toEqual(paths.map((path) => [path, 200]))
        expect((yield* call("GET", "/metrics")).status).toBe(200)
        expect(yield* (yield* client(undefined)).principals.me()).toEqual({
          scopes: ["stats:read", "config:read", "circuits:read"]
        })
      }))

    it.effect("changes nothing and tells nothing of callers, not even to the admin key", () =>
      Effect.gen(function*() {
        const { call } = yield* serve({ isOpen: true })
        const asked = [
          ["GET", "/principals"],
          ["POST", "/principals", { name: "a", kind: "team", grant: {} }],
          ["GET", "/keys"],
          ["POST", "/keys", { name: "a" }],
          ["GET", "/audit"],
          ["POST", "/config/reload", {}],
          ["POST", "/vendors/openai/keys/00000000/reset", {}]
        ] as const
        for (const key of [undefined, adminKey]) {
          const statuses = yield* Effect.forEach(asked, ([method, path, body]) =>
            Effect.map(
              call(method, `/admin/v1${path}`, { body, ...(key === undefined ? undefined : { key }) }),
              ({ json, status }) => [path, status, json._tag]
            ))
          expect(statuses).toEqual(asked.map(([, path]) => [path, 403, "Forbidden"]))
        }
      }))

    it.effect("answers no page of another origin and no name but this machine's", () =>
      Effect.gen(function*() {
        const { url } = yield* serve({ isOpen: true })
        expect(yield* raw(url, "/admin/v1/config", { origin: "https://evil.example" })).toBe(403)
        expect(yield* raw(url, "/admin/v1/config", { host: "evil.example" })).toBe(403)
        expect(yield* raw(url, "/admin/v1/config", {})).toBe(200)
      }))
  })
})
