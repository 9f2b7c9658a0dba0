import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { StoreUnavailable } from "../../src/access/AccessError.ts"
import { AccessKeys } from "../../src/access/AccessKeys.ts"
import * as Keys from "../../src/access/AccessKeys.ts"
import * as Audit from "../../src/access/Audit.ts"
import { CurrentPrincipal } from "../../src/access/CurrentPrincipal.ts"
import * as Principals from "../../src/access/Principals.ts"
import * as Authentication from "../../src/gateway/Authentication.ts"

const layer = Keys.layerMemory().pipe(
  Layer.provideMerge(Principals.layerMemory()),
  Layer.provide(Audit.layerMemory())
)

const adminKey = "an-admin-key-of-more-than-32-characters"

const opened = Effect.gen(function*() {
  const keys = yield* AccessKeys
  const authenticate = yield* Authentication.make({ keys, adminKey: Redacted.make(adminKey) })
  const { key, token } = yield* keys.issue({ name: "k" }).pipe(Effect.provideService(CurrentPrincipal, { id: "root" }))
  return { authenticate, id: key.id, keys, token: Redacted.value(token) }
})

const refused = { kind: "unauthenticated", status: 401 }

describe("who calls the gateway", () => {
  it.layer(layer)((it) => {
    it.effect("is found by its key, under each name that clients have for it", () =>
      Effect.gen(function*() {
        const { authenticate, id, token } = yield* opened
        const callers = yield* Effect.forEach(
          [{ authorization: `Bearer ${token}` }, { "x-api-key": token }, { "api-key": token }, {
            "x-goog-api-key": token
          }],
          authenticate
        )
        expect(callers).toEqual(callers.map(() => ({ id: "root", key: id })))
      }))

    it.effect("is the root with the admin key", () =>
      Effect.gen(function*() {
        const { authenticate } = yield* opened
        expect(yield* authenticate({ "x-api-key": adminKey })).toEqual({ id: "root" })
      }))

    const bad = [
      ["nothing", {}],
      ["an empty key", { authorization: "Bearer " }],
      ["two keys that differ", { authorization: `Bearer ${adminKey}`, "x-api-key": "another" }],
      ["the admin key but its last letter", { authorization: `Bearer ${adminKey.slice(0, -1)}` }],
      ["the admin key and one letter more", { authorization: `Bearer ${adminKey}s` }],
      ["the admin key in capitals", { authorization: `Bearer ${adminKey.toUpperCase()}` }],
      ["SQL", { authorization: "Bearer lld_00000000000000000000_'OR'1'='1" }],
      ["a prototype", { "x-api-key": "__proto__" }],
      ["another scheme", { authorization: `Basic ${adminKey}` }]
    ] as const
    for (const [name, headers] of bad) {
      it.effect(`is nobody with ${name}`, () =>
        Effect.gen(function*() {
          const { authenticate } = yield* opened
          expect(yield* Effect.flip(authenticate(headers))).toMatchObject(refused)
        }))
    }

    it.effect("is told why with a key that was good", () =>
      Effect.gen(function*() {
        const { authenticate, id, keys, token } = yield* opened
        yield* keys.revoke(id).pipe(Effect.provideService(CurrentPrincipal, { id: "root" }))
        expect(yield* Effect.flip(authenticate({ "api-key": token }))).toMatchObject({
          ...refused,
          message: "the key is revoked"
        })
      }))
  })

  it.effect("may come again where the store is away", () =>
    Effect.gen(function*() {
      const authenticate = yield* Authentication.make({
        keys: { verify: () => Effect.fail(new StoreUnavailable({ store: "keys" })) }
      })
      expect(yield* Effect.flip(authenticate({ "api-key": adminKey }))).toMatchObject({
        kind: "overloaded",
        status: 503,
        retryAfter: 1_000
      })
    }))

  it.effect("cannot be the root by a key that could be guessed", () =>
    Effect.gen(function*() {
      const faults = yield* Effect.forEach(
        ["", "short", "x".repeat(31), `${"x".repeat(32)} `, `${"x".repeat(32)}\n`],
        (text) => Effect.flip(Authentication.checkAdminKey(Redacted.make(text)))
      )
      expect(faults.map(({ path }) => path)).toEqual(faults.map(() => "gateway.adminKey"))
      expect(faults[0]?.description).toBe("must have at least 32 characters, for it opens everything")
      expect(yield* Authentication.checkAdminKey(Redacted.make("x".repeat(32)))).toBeUndefined()
    }))
})
