import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as AccessKeys from "../../src/access/AccessKeys.ts"
import * as Audit from "../../src/access/Audit.ts"
import * as Principals from "../../src/access/Principals.ts"
import { as, keptIn, principal } from "./support.ts"

const minutes = (count: number) => count * 60_000

describe.each(keptIn)("a flood of refused changes, in $name", ({ skip, start }) => {
  const everything = start()
  const test = it.effect.skipIf(skip)

  const refused = (times: number) =>
    Effect.flatMap(
      AccessKeys.AccessKeys,
      ({ revoke }) =>
        Effect.forEach(Array.from({ length: times }), (_, at) => Effect.exit(revoke(`none${at}`)), { discard: true })
    )

  /** What each event stands for, the oldest first. */
  const told = Effect.gen(function*() {
    const { recent } = yield* Audit.Audit
    const events = yield* recent({ outcome: "refused", limit: 1_000 })
    return events.toReversed().map(({ changes }) => changes === undefined ? 1 : changes[0]!.after)
  })

  const ones = (count: number) => Array.from({ length: count }, () => 1)

  test("is told one by one, then in ever larger numbers, and one by one again later", () =>
    Effect.gen(function*() {
      yield* principal("team", { scopes: ["keys:write"] })
      yield* refused(100).pipe(as("team"))
      expect(yield* told).toEqual([...ones(20), 20, 40])
      yield* TestClock.setTime(minutes(10) - 1)
      yield* refused(1).pipe(as("team"))
      expect(yield* told).toEqual([...ones(20), 20, 40])
      yield* TestClock.setTime(minutes(10))
      yield* refused(2).pipe(as("team"))
      // The 21 that were not told yet, and the first of a new time.
      expect(yield* told).toEqual([...ones(20), 20, 40, 22, 1])
    }).pipe(Effect.provide(everything())), 20_000)

  test("hides neither what others are refused, nor other refusals, nor any change", () =>
    Effect.gen(function*() {
      const { create } = yield* Principals.Principals
      const { issue } = yield* AccessKeys.AccessKeys
      const { recent, verify } = yield* Audit.Audit
      yield* principal("team", { scopes: ["keys:write"] })
      yield* principal("other", { scopes: ["keys:write"] })
      yield* refused(50).pipe(as("team"))
      const before = (yield* told).length
      yield* refused(1).pipe(as("other"))
      yield* Effect.exit(create({ name: "child", kind: "service", grant: {} })).pipe(as("team"))
      yield* Effect.forEach(Array.from({ length: 30 }), (_, at) => issue({ name: `key ${at}` }), { discard: true })
        .pipe(
          as("team")
        )
      expect((yield* told).length).toBe(before + 2)
      expect((yield* recent({ action: "key.issue", outcome: "done" })).length).toBe(30)
      expect(yield* verify).toEqual({ isIntact: true })
    }).pipe(Effect.provide(everything())), 20_000)
})
