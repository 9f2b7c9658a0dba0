import { assert, describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { AdministrationError } from "../../src/access/AccessError.ts"
import * as Audit from "../../src/access/Audit.ts"
import type { Scope } from "../../src/access/Grant.ts"
import * as Principals from "../../src/access/Principals.ts"
import { StoreUnavailable } from "../../src/access/AccessError.ts"
import { Principal } from "../../src/access/Principal.ts"
import * as Table from "../../src/access/Table.ts"
import { as, keptIn, principal } from "./support.ts"

const scopes: ReadonlyArray<Scope> = ["principals:read", "principals:write"]

/** `root` > `acme` > `team` > `user`, and beside them `other`. */
const family = Effect.gen(function*() {
  yield* principal("acme", { models: ["gpt-*"], scopes })
  yield* principal("team", { scopes }, "acme")
  yield* principal("user", {}, "team")
  yield* principal("other", { scopes })
  return yield* Principals.Principals
})

const tagOf = <A, R>(effect: Effect.Effect<A, AdministrationError, R>) =>
  Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "done" })

const child = { name: "child", kind: "person", grant: {} } as const

describe.each(keptIn)("Principals in $name", { timeout: 30_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const everything = start()

  test("makes principals below others, and tells what a chain leaves them", () =>
    Effect.gen(function*() {
      const principals = yield* family
      const made = yield* principals.create({ ...child, grant: { models: ["gpt-5"] } }).pipe(as("team"))
      expect(made).toEqual({
        id: made.id,
        name: "child",
        kind: "person",
        parent: "team",
        grant: { models: ["gpt-5"] },
        createdAt: 0
      })
      expect(made.id).toMatch(/^prn_[0-9a-f]{32}$/)
      const { chain, effective } = yield* principals.resolve(made.id)
      expect(chain.map(({ id }) => id)).toEqual(["root", "acme", "team", made.id])
      expect(effective.models).toEqual([["gpt-5"]])
      expect((yield* principals.list().pipe(as("team"))).map(({ name }) => name)).toEqual(["user", "child"])
    }).pipe(Effect.provide(everything())))

  test("gives no child more than its parent has, at its creation or later", () =>
    Effect.gen(function*() {
      const principals = yield* family
      const create = principals.create({ ...child, grant: { models: ["claude"] } }).pipe(as("acme"))
      const created = yield* Effect.flip(create)
      assert(created._tag === "GrantExceeds")
      expect(created.violations).toEqual([{ path: "models.0", asked: "claude", allowed: "gpt-*" }])
      const update = principals.update("user", { grant: { scopes: ["config:write"] } }).pipe(as("acme"))
      expect(yield* tagOf(update)).toBe("GrantExceeds")
      expect((yield* principals.resolve("user")).principal.grant).toEqual({})
    }).pipe(Effect.provide(everything())))

  test("finds nobody who is not below whoever asks", () =>
    Effect.gen(function*() {
      const { create, get, list, revoke, update } = yield* family
      const attempts: ReadonlyArray<Effect.Effect<unknown, AdministrationError>> = [
        get("team"),
        list("team"),
        update("team", { name: "mine" }),
        revoke("team"),
        create({ ...child, parent: "team" }),
        get("nobody")
      ]
      expect(yield* Effect.forEach(attempts, (attempt) => tagOf(as("other")(attempt)))).toEqual(
        attempts.map(() => "NotFound")
      )
      expect(yield* tagOf(get("acme").pipe(as("team")))).toBe("NotFound")
      expect(yield* tagOf(get("root").pipe(as("team")))).toBe("NotFound")
    }).pipe(Effect.provide(everything())))

  test("asks for the scope, which nobody has by leaving it out, and for a name", () =>
    Effect.gen(function*() {
      const { create, get, list } = yield* family
      expect(yield* tagOf(create(child).pipe(as("user")))).toBe("NotPermitted")
      expect(yield* tagOf(list().pipe(as("user")))).toBe("NotPermitted")
      expect(yield* tagOf(create(child))).toBe("NotPermitted")
      expect((yield* get("user").pipe(as("user"))).id).toBe("user")
    }).pipe(Effect.provide(everything())))

  test("lets nobody change its own grant, revoke itself, or choose an id but the root", () =>
    Effect.gen(function*() {
      const { create, revoke, update } = yield* family
      expect(yield* tagOf(update("team", { grant: { scopes } }).pipe(as("team")))).toBe("NotPermitted")
      expect(yield* tagOf(revoke("team").pipe(as("team")))).toBe("NotPermitted")
      expect(yield* tagOf(revoke("root").pipe(as("root")))).toBe("NotPermitted")
      expect(yield* tagOf(create({ ...child, id: "other" }).pipe(as("team")))).toBe("NotPermitted")
    }).pipe(Effect.provide(everything())))

  test("ends all below at once with whoever is revoked, for good", () =>
    Effect.gen(function*() {
      const { create, resolve, revoke, update } = yield* family
      yield* revoke("acme").pipe(as("root"))
      expect(yield* tagOf(resolve("user"))).toBe("Revoked")
      expect(yield* tagOf(create(child).pipe(as("team")))).toBe("Revoked")
      expect(yield* tagOf(update("acme", { grant: {} }).pipe(as("root")))).toBe("Revoked")
      expect(yield* tagOf(create({ ...child, parent: "team" }).pipe(as("root")))).toBe("Revoked")
      expect(yield* tagOf(resolve("other"))).toBe("done")
    }).pipe(Effect.provide(everything())))

  test("holds from the first moment of a grant until just before its last, and its parents' the same", () =>
    Effect.gen(function*() {
      yield* principal("shift", { notBefore: DateTime.makeUnsafe(100), expiresAt: DateTime.makeUnsafe(200) })
      const { resolve, update } = yield* Principals.Principals
      const at = (millis: number) => Effect.andThen(TestClock.setTime(millis), tagOf(resolve("worker")))
      yield* TestClock.setTime(100)
      yield* principal("worker", {}, "shift")
      expect([yield* at(99), yield* at(100), yield* at(199), yield* at(200)]).toEqual([
        "Expired",
        "done",
        "done",
        "Expired"
      ])
      yield* update("shift", { grant: {} }).pipe(as("root"))
      expect(yield* tagOf(resolve("worker"))).toBe("done")
    }).pipe(Effect.provide(everything())))

  test("takes a name twice only where the first was revoked or is called otherwise", () =>
    Effect.gen(function*() {
      const { create, revoke, update } = yield* family
      const make = create(child).pipe(as("team"))
      const first = yield* make
      expect(yield* tagOf(make)).toBe("Duplicate")
      expect(yield* tagOf(update("user", { name: "child" }).pipe(as("acme")))).toBe("Duplicate")
      expect((yield* update(first.id, { name: "elder" }).pipe(as("team"))).name).toBe("elder")
      const second = yield* make
      yield* revoke(second.id).pipe(as("team"))
      expect(yield* tagOf(make)).toBe("done")
      expect(yield* tagOf(create({ ...child, id: "acme", name: "new" }).pipe(as("root")))).toBe("Duplicate")
    }).pipe(Effect.provide(everything())))

  test("refuses names, ids and grants that are none, telling the field", () =>
    Effect.gen(function*() {
      const { create } = yield* family
      const error = yield* Effect.flip(
        create({
          ...child,
          name: "a\nb",
          grant: { models: [" "], limits: { concurrency: 0 }, budget: { day: -1n } }
        }).pipe(as("root"))
      )
      assert(error._tag === "Invalid")
      expect(error.issues.map(({ field }) => field).toSorted()).toEqual([
        "grant.budget.day",
        "grant.limits.concurrency",
        "grant.models.0",
        "name"
      ])
    }).pipe(Effect.provide(everything())))

  test("makes no more than 16 levels", () =>
    Effect.gen(function*() {
      for (let level = 1; level < 16; level++) {
        yield* principal(`level${level}`, {}, level === 1 ? "root" : `level${level - 1}`)
      }
      expect(yield* tagOf(principal("level16", {}, "level15"))).toBe("GrantExceeds")
    }).pipe(Effect.provide(everything())))

  test("records each change with its difference, and each that was refused", () =>
    Effect.gen(function*() {
      const { create, revoke, update } = yield* family
      const { recent } = yield* Audit.Audit
      yield* update("user", { grant: { models: ["gpt-5"] } }).pipe(as("team"))
      yield* Effect.exit(create({ ...child, parent: "acme" }).pipe(as("team")))
      yield* revoke("user").pipe(as("acme"))
      const told = (yield* recent({ limit: 3 })).map((
        { action, actor, changes, lineage, outcome, reason, subject }
      ) => ({
        action,
        actor,
        changes,
        lineage,
        outcome,
        reason,
        subject
      }))
      const lineage = ["root", "acme", "team", "user"]
      expect(told).toEqual([
        {
          action: "principal.revoke",
          actor: "acme",
          subject: "principal:user",
          outcome: "done",
          changes: [{ path: "revokedAt", after: 0 }],
          lineage
        },
        {
          action: "principal.create",
          actor: "team",
          subject: "principal:child",
          outcome: "refused",
          reason: "NotFound",
          lineage: ["root", "acme", "team"]
        },
        {
          action: "principal.update",
          actor: "team",
          subject: "principal:user",
          outcome: "done",
          changes: [{ path: "grant.models", after: ["gpt-5"] }],
          lineage
        }
      ])
    }).pipe(Effect.provide(everything())))

  test("makes one of two that ask for the same name at once", () =>
    Effect.gen(function*() {
      const { create, list } = yield* family
      const both = yield* Effect.all([1, 2, 3].map(() => tagOf(create(child).pipe(as("team")))), {
        concurrency: "unbounded"
      }).pipe(Effect.forkChild, Effect.flatMap(Fiber.join))
      expect(both.toSorted()).toEqual(["Duplicate", "Duplicate", "done"])
      expect((yield* list().pipe(as("team"))).length).toBe(2)
    }).pipe(Effect.provide(everything())))
})

describe("Principals", () => {
  it.effect("changes nothing where the change cannot be recorded", () =>
    Effect.gen(function*() {
      const away = Effect.fail(new StoreUnavailable({ store: "audit" }))
      const audit = { ...(yield* Audit.makeMemory()), record: () => away }
      const table = Table.memory<Principal>(({ parent }) => parent ?? "")
      const principals = yield* Principals.make({ table, audit })
      expect(yield* tagOf(principals.create({ ...child, id: "child" }).pipe(as("root")))).toBe("StoreUnavailable")
      expect(yield* tagOf(principals.resolve("child"))).toBe("NotFound")
    }))
})
