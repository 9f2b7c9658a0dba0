import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as AccessLog from "../../src/gateway/AccessLog.ts"
import type { Access } from "../../src/gateway/Gateway.ts"

const access: Access = {
  id: "abc1",
  method: "POST",
  path: "/v1/chat/completions",
  startedAt: 0,
  duration: 12.3456,
  status: 200,
  principal: "prn_1",
  target: "openai/gpt-5-mini"
}

/** What is written of some calls by the time the Scope is closed. */
const written = Effect.fnUntraced(function*(accesses: ReadonlyArray<Access>, options?: Partial<AccessLog.Options>) {
  const lines: Array<string> = []
  const scope = yield* Scope.make()
  const { dropped, log } = yield* Scope.provide(
    AccessLog.make({ write: (text) => Effect.sync(() => lines.push(text)), ...options }),
    scope
  )
  for (const access of accesses) log(access)
  yield* Scope.close(scope, Exit.void)
  return { text: lines.join(""), dropped: dropped() }
})

describe("the access log", () => {
  it.effect("tells who asked what of whom, and what came of it, in one line", () =>
    Effect.gen(function*() {
      const { text } = yield* written([access])
      expect(text).toBe(
        "time=1970-01-01T00:00:00.000Z id=abc1 method=POST path=/v1/chat/completions status=200 duration=12.346 \
principal=prn_1 target=openai/gpt-5-mini\n"
      )
    }))

  it.effect("tells the same as JSON", () =>
    Effect.gen(function*() {
      const { text } = yield* written([{ ...access, status: 429, reason: "RateLimited" }], { format: "json" })
      expect(JSON.parse(text)).toEqual({
        time: "1970-01-01T00:00:00.000Z",
        id: "abc1",
        method: "POST",
        path: "/v1/chat/completions",
        status: 429,
        duration: 12.346,
        principal: "prn_1",
        target: "openai/gpt-5-mini",
        reason: "RateLimited"
      })
    }))

  it.effect("is ended by no path, and steers no terminal", () =>
    Effect.gen(function*() {
      const path = `/a\nid=forged status=200 "\u001b[2J\u009b\u202e${"x".repeat(1_000)}`
      const { text } = yield* written([{ ...access, path }])
      expect(text.split("\n")).toHaveLength(2)
      expect(text).toContain(`path="/a\\nid=forged status=200 \\"\\u001b[2J\\u009b\\u202e`)
      expect(text.length).toBeLessThan(700)
      const { text: json } = yield* written([{ ...access, path }], { format: "json" })
      expect(json.split("\n")).toHaveLength(2)
      expect(JSON.parse(json).path).toBe(`${path.slice(0, 512)}…`)
    }))

  it.effect("makes no call wait: what is too much is dropped, and counted in the log", () =>
    Effect.gen(function*() {
      const { dropped, text } = yield* written([access, access, access, access, access], { capacity: 2 })
      expect(text.trim().split("\n")).toEqual([
        expect.stringContaining("id=abc1"),
        expect.stringContaining("id=abc1"),
        "level=warn message=\"access lines were dropped\" dropped=3"
      ])
      expect(dropped).toBe(3)
    }))

  it.effect("writes what comes while a write is slow in one piece after it", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const both = yield* Deferred.make<void>()
      const writes: Array<string> = []
      const { log } = yield* AccessLog.make({
        write: (text) =>
          Effect.gen(function*() {
            writes.push(text)
            if (writes.length === 2) yield* Deferred.succeed(both, undefined)
            yield* Deferred.succeed(begun, undefined)
            yield* Deferred.await(gate)
          })
      })
      log({ ...access, id: "first" })
      yield* Deferred.await(begun)
      log({ ...access, id: "second" })
      log({ ...access, id: "third" })
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("50 millis")
      yield* Deferred.await(both)
      expect(writes.map((text) => text.match(/id=\w+/g))).toEqual([["id=first"], ["id=second", "id=third"]])
    }))

  it.effect("writes the rest when it ends, but waits for nobody who does not read", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const writes: Array<string> = []
      const begun = yield* Deferred.make<void>()
      const { log } = yield* Scope.provide(
        AccessLog.make({
          write: (text) =>
            Effect.suspend(() => {
              writes.push(text)
              return Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
            })
        }),
        scope
      )
      log(access)
      yield* Deferred.await(begun)
      log(access)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      expect(writes).toHaveLength(1)
    }))
})
