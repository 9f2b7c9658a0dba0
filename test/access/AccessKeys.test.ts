import { describe, expect, it } from "@effect/vitest"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import * as fc from "fast-check"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as AccessKey from "../../src/access/AccessKey.ts"
import * as AccessKeys from "../../src/access/AccessKeys.ts"
import * as Audit from "../../src/access/Audit.ts"
import type { Scope } from "../../src/access/Grant.ts"
import * as Principals from "../../src/access/Principals.ts"
import * as Table from "../../src/access/Table.ts"
import { as, keptIn, principal } from "./support.ts"

const scopes: ReadonlyArray<Scope> = ["keys:read", "keys:write"]

/** `root` > `acme` > `app`, and beside them `other`. */
const family = Effect.gen(function*() {
  yield* principal("acme", { scopes })
  yield* principal("app", {}, "acme")
  yield* principal("other", { scopes })
  return yield* AccessKeys.AccessKeys
})

const tagOf = <A, R>(effect: Effect.Effect<A, { readonly _tag: string; readonly because?: string }, R>) =>
  Effect.match(effect, { onFailure: ({ _tag, because }) => because ?? _tag, onSuccess: () => "done" })

describe.each(keptIn)("AccessKeys in $name", { timeout: 30_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const everything = start()

  test("issues a key of 256 random bits that says who comes with it", () =>
    Effect.gen(function*() {
      const { issue, list, verify } = yield* family
      const { key, token } = yield* issue({ principal: "app", name: "laptop" }).pipe(as("acme"))
      const text = Redacted.value(token)
      expect(text).toMatch(/^lld_[0-9a-f]{20}_[A-Za-z0-9_-]{43}$/)
      expect(AccessKey.secretBytes * 8).toBe(256)
      expect(yield* verify(token)).toEqual({ id: "app", key: key.id })
      expect(key).toEqual({ id: key.id, principal: "app", name: "laptop", hash: key.hash, createdAt: 0 })
      expect(key.hash).toMatch(/^[0-9a-f]{64}$/)
      const again = yield* issue({ principal: "app", name: "laptop" }).pipe(as("acme"))
      expect(Redacted.value(again.token).slice(-43)).not.toBe(text.slice(-43))
      expect((yield* list("app").pipe(as("acme"))).map(({ id }) => id)).toEqual([key.id, again.key.id])
    }).pipe(Effect.provide(everything())))

  test("knows no key that differs in any character, and tells nothing more of it", () =>
    Effect.gen(function*() {
      const { issue, verify } = yield* family
      const { token } = yield* issue({ principal: "app", name: "a" }).pipe(as("acme"))
      const text = Redacted.value(token)
      for (let at = 0; at < text.length; at++) {
        const wrong = text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1)
        expect(yield* tagOf(verify(Redacted.make(wrong)))).toBe("unknown")
      }
      const hostile = ["", text.slice(0, -1), `${text} `, `${text}\n`, text.toUpperCase(), "' OR 1=1 --", "lld_"]
      for (const wrong of [...hostile, `lld_${"_".repeat(63)}`, "__proto__", "x".repeat(1e6)]) {
        expect(yield* tagOf(verify(Redacted.make(wrong)))).toBe("unknown")
      }
    }).pipe(Effect.provide(everything())))

  test("shows the key to nobody but whoever asked for it", () =>
    Effect.gen(function*() {
      const { issue, list, rotate, verify } = yield* family
      const issued = yield* issue({ principal: "app", name: "a" }).pipe(as("acme"))
      const rotated = yield* rotate(issued.key.id).pipe(as("acme"))
      const { recent } = yield* Audit.Audit
      const wrong = yield* Effect.exit(verify(Redacted.make(`${Redacted.value(issued.token)}x`)))
      const everything = [
        issued,
        rotated,
        yield* list("app").pipe(as("acme")),
        yield* recent(),
        wrong,
        Exit.isFailure(wrong) ? Cause.pretty(wrong.cause) : ""
      ]
      const text = JSON.stringify(everything) + inspect(everything, { depth: 10 }) + everything.map(String).join()
      for (const { token } of [issued, rotated]) {
        const secret = Redacted.value(token).slice(-43)
        expect(text.includes(secret)).toBe(false)
        expect(text.includes(btoa(secret))).toBe(false)
      }
      expect(JSON.stringify(yield* recent()).includes(issued.key.hash)).toBe(false)
    }).pipe(Effect.provide(everything())))

  test("refuses an expired and a revoked key, telling so only to who has all of it", () =>
    Effect.gen(function*() {
      const { issue, revoke, verify } = yield* family
      const short = yield* issue({ principal: "app", name: "short", expiresAt: 1_000 }).pipe(as("acme"))
      const gone = yield* issue({ principal: "app", name: "gone" }).pipe(as("acme"))
      yield* revoke(gone.key.id).pipe(as("acme"))
      yield* TestClock.setTime(999)
      expect([yield* tagOf(verify(short.token)), yield* tagOf(verify(gone.token))]).toEqual(["done", "revoked"])
      yield* TestClock.setTime(1_000)
      expect(yield* tagOf(verify(short.token))).toBe("expired")
      const guess = Redacted.make(Redacted.value(gone.token).slice(0, -43) + "A".repeat(43))
      expect(yield* tagOf(verify(guess))).toBe("unknown")
    }).pipe(Effect.provide(everything())))

  test("rotates a key, the old one going on for its grace and no longer than it would have", () =>
    Effect.gen(function*() {
      const { issue, rotate, verify } = yield* family
      const old = yield* issue({ principal: "app", name: "a", expiresAt: 100_000 }).pipe(as("acme"))
      const fresh = yield* rotate(old.key.id, { grace: "10 seconds" }).pipe(as("acme"))
      const fates = Effect.all([tagOf(verify(old.token)), tagOf(verify(fresh.token))])
      yield* TestClock.setTime(9_999)
      expect(yield* fates).toEqual(["done", "done"])
      yield* TestClock.setTime(10_000)
      expect(yield* fates).toEqual(["expired", "done"])
      expect(fresh.key.expiresAt).toBe(100_000)
      expect(yield* tagOf(rotate(old.key.id).pipe(as("acme")))).toBe("Revoked")
      yield* TestClock.setTime(99_000)
      const last = yield* rotate(fresh.key.id, { grace: "1 day" }).pipe(as("acme"))
      yield* TestClock.setTime(100_000)
      expect([yield* tagOf(verify(fresh.token)), yield* tagOf(verify(last.token))]).toEqual(["expired", "expired"])
    }).pipe(Effect.provide(everything())))

  test("ends a key at once that is rotated without grace", () =>
    Effect.gen(function*() {
      const { issue, rotate, verify } = yield* family
      const old = yield* issue({ principal: "app", name: "a" }).pipe(as("acme"))
      const fresh = yield* rotate(old.key.id, { grace: 0 }).pipe(as("acme"))
      expect([yield* tagOf(verify(old.token)), yield* tagOf(verify(fresh.token))]).toEqual(["expired", "done"])
    }).pipe(Effect.provide(everything())))

  test("finds no key of a principal that is not below whoever asks, and asks for the scope", () =>
    Effect.gen(function*() {
      const { issue, list, revoke, rotate, verify } = yield* family
      const { key, token } = yield* issue({ principal: "app", name: "a" }).pipe(as("acme"))
      expect(yield* tagOf(rotate(key.id).pipe(as("other")))).toBe("NotFound")
      expect(yield* tagOf(revoke(key.id).pipe(as("other")))).toBe("NotFound")
      expect(yield* tagOf(issue({ principal: "app", name: "b" }).pipe(as("other")))).toBe("NotFound")
      expect(yield* tagOf(list("app").pipe(as("other")))).toBe("NotFound")
      const missing = yield* Effect.flip(revoke(key.id).pipe(as("other")))
      expect(missing.message).toBe(`there is no key "${key.id}"`)
      expect(yield* tagOf(issue({ name: "b" }).pipe(as("app")))).toBe("NotPermitted")
      expect(yield* tagOf(revoke(key.id))).toBe("NotPermitted")
      expect(yield* tagOf(verify(token))).toBe("done")
    }).pipe(Effect.provide(everything())))

  test("makes no key that outlives the key it is asked for with", () =>
    Effect.gen(function*() {
      const { issue } = yield* family
      const { key } = yield* issue({ name: "short", expiresAt: 5_000 }).pipe(as("acme"))
      const longer = issue({ name: "longer", expiresAt: 5_001 }).pipe(as("acme", key.id))
      expect(yield* tagOf(longer)).toBe("GrantExceeds")
      expect((yield* issue({ name: "same" }).pipe(as("acme", key.id))).key.expiresAt).toBe(5_000)
    }).pipe(Effect.provide(everything())))

  test("notes to the minute when a key was used", () =>
    Effect.gen(function*() {
      const { issue, list, verify } = yield* family
      const { token } = yield* issue({ principal: "app", name: "a" }).pipe(as("acme"))
      const usedAt = (millis: number) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(millis)
          yield* verify(token)
          return (yield* list("app").pipe(as("acme")))[0]?.lastUsedAt
        })
      expect([yield* usedAt(1_000), yield* usedAt(60_999), yield* usedAt(61_000)]).toEqual([1_000, 1_000, 61_000])
    }).pipe(Effect.provide(everything())))

  test("records what was issued, rotated and revoked, for those above to see", () =>
    Effect.gen(function*() {
      const { issue, revoke, rotate } = yield* family
      const { key } = yield* issue({ principal: "app", name: "a" }).pipe(as("acme"))
      yield* rotate(key.id, { grace: 0 }).pipe(as("acme"))
      yield* Effect.exit(revoke(key.id).pipe(as("other")))
      const { recent } = yield* Audit.Audit
      const told = (yield* recent({ within: "acme" })).filter(({ action }) => action.startsWith("key."))
      expect(told.map(({ action, actor, lineage, outcome }) => [action, actor, outcome, lineage])).toEqual([
        ["key.rotate", "acme", "done", ["root", "acme", "app"]],
        ["key.issue", "acme", "done", ["root", "acme", "app"]]
      ])
      expect(told[1]?.changes?.map(({ path }) => path)).toEqual(["id", "principal", "name", "createdAt"])
      const [refused] = yield* recent({ within: "other", outcome: "refused" })
      expect([refused?.action, refused?.reason, refused?.lineage]).toEqual(["key.revoke", "NotFound", [
        "root",
        "other"
      ]])
    }).pipe(Effect.provide(everything())))
})

describe("AccessKeys", () => {
  it.effect("hashes under a pepper where there is one, and takes no weak one", () =>
    Effect.gen(function*() {
      const pepper = Redacted.make("p".repeat(32))
      const secret = Redacted.make("secret")
      const [plain, peppered] = yield* Effect.all([AccessKey.hasher(), AccessKey.hasher(pepper)])
      // SHA-256 and HMAC-SHA-256 of "secret" as `openssl dgst` has them.
      expect(yield* plain.hash(secret)).toBe("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b")
      expect(yield* peppered.hash(secret)).toBe("9e59988ccb0fa672c1d9cfa4460a47ccef56cb8275a0fa369b0a1a467f133545")
      for (const weak of ["", "p".repeat(31)]) {
        const error = yield* Effect.flip(AccessKey.hasher(Redacted.make(weak)))
        expect(error.message).toBe("access.pepper: must have at least 32 characters")
      }
    }))

  it.effect("hashes the same with the platform's own functions", () =>
    Effect.gen(function*() {
      const secret = Redacted.make("secret")
      const hashes = Effect.gen(function*() {
        const hashers = [yield* AccessKey.hasher(), yield* AccessKey.hasher(Redacted.make("p".repeat(32)))]
        return yield* Effect.forEach(hashers, ({ hash }) => hash(secret))
      })
      const native = Layer.mergeAll(
        NodeCrypto.layerDigest,
        NodeCrypto.layerMac
      )
      expect(yield* Effect.provide(hashes, native)).toEqual(yield* hashes)
    }))

  it.effect("verifies under a pepper what was issued under it, and nothing under another", () =>
    Effect.gen(function*() {
      const table = Table.memory<AccessKey.AccessKey>(({ principal }) => principal)
      const under = (letter: string) => AccessKeys.make({ table, pepper: Redacted.make(letter.repeat(32)) })
      const [one, two] = [yield* under("a"), yield* under("b")]
      const { token } = yield* one.issue({ name: "a" }).pipe(as("root"))
      expect([yield* tagOf(one.verify(token)), yield* tagOf(two.verify(token))]).toEqual(["done", "unknown"])
    }).pipe(Effect.provide(Principals.layerMemory().pipe(Layer.provideMerge(Audit.layerMemory())))))
})

describe("AccessKey.fromHeaders", () => {
  const read = (headers: Record<string, string>) =>
    Effect.runSync(Effect.match(AccessKey.fromHeaders(headers), {
      onSuccess: Redacted.value,
      onFailure: ({ because }) => `<${because}>`
    }))

  it.each([
    [{ authorization: "Bearer abc" }, "abc"],
    [{ authorization: "bearer  abc " }, "abc"],
    [{ "x-api-key": "abc" }, "abc"],
    [{ "api-key": "abc" }, "abc"],
    [{ "x-goog-api-key": "abc" }, "abc"],
    [{ authorization: "Bearer abc", "x-api-key": "abc" }, "abc"],
    [{}, "<missing>"],
    [{ authorization: "Bearer abc", "x-api-key": "abd" }, "<ambiguous>"],
    [{ authorization: "Basic abc", "x-api-key": "abc" }, "<ambiguous>"],
    [{ authorization: "Basic abc" }, "<unknown>"],
    [{ authorization: "Bearer a, Bearer b" }, "<unknown>"],
    [{ "x-api-key": "" }, "<unknown>"],
    [{ "x-api-key": "x".repeat(513) }, "<unknown>"]
  ])("%j: %s", (headers, token) => {
    expect(read(headers as Record<string, string>)).toBe(token)
  })

  it("takes no key that a prototype has", () => {
    expect(read(Object.create({ "x-api-key": "abc" }))).toBe("<missing>")
  })

  it("never takes one key where two are given", () => {
    const name = fc.constantFrom("authorization", "x-api-key", "api-key", "x-goog-api-key")
    const value = fc.constantFrom("a", "b", "c")
    fc.assert(fc.property(fc.dictionary(name, value), (values) => {
      const headers = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, name === "authorization" ? `Bearer ${value}` : value])
      )
      const distinct = new Set(Object.values(values))
      const [only = "<missing>"] = distinct
      expect(read(headers)).toBe(distinct.size > 1 ? "<ambiguous>" : only)
    }))
  })
})
