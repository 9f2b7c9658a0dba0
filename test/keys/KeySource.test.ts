import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Data, Effect, Fiber, FileSystem, PlatformError, Redacted, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { KeyInput } from "../../src/keys/Key.ts"
import * as KeySource from "../../src/keys/KeySource.ts"

const open = (keys: ReadonlyArray<KeyInput>) =>
  keys.map((key) => Redacted.isRedacted(key) ? Redacted.value(key) : [Redacted.value(key.key), key.weight])

const read = <R>(source: KeySource.KeySource<R>) => Effect.map(source.read, open)

/** How often the source says that its keys may be others, up to now. */
const ticks = <R>(source: KeySource.KeySource<R>) =>
  Effect.gen(function*() {
    const count = yield* Ref.make(0)
    yield* Effect.forkScoped(Stream.runForEach(source.changes, () => Ref.update(count, (n) => n + 1)))
    return Ref.get(count)
  })

const notFound = (path: string) =>
  PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "readFile", pathOrDescriptor: path })

describe("KeySource.fromEnv", () => {
  const fromEnv = (env: Record<string, string>) =>
    Effect.provideService(
      read(KeySource.fromEnv("KEYS")),
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env })
    )

  it.effect.each([
    [{ KEYS: "a" }, ["a"]],
    [{ KEYS: " a, b\nc\r\n\td,,e\n" }, ["a", "b", "c", "d", "e"]],
    [{ KEYS: "a", KEYS_1: "b", KEYS_2: "c d", KEYS_4: "never" }, ["a", "b", "c", "d"]],
    [{ KEYS_1: "a", KEYS_2: "b" }, ["a", "b"]],
    [{ KEYS: "" }, []],
    [{}, []]
  ] as ReadonlyArray<readonly [Record<string, string>, ReadonlyArray<string>]>)(
    "reads the keys of a variable and of its numbered ones (%#)",
    ([env, keys]) => Effect.map(fromEnv(env), (found) => expect(found).toEqual(keys))
  )

  it.effect("keeps every key redacted", () =>
    Effect.gen(function*() {
      const keys = yield* KeySource.fromEnv("KEYS").read
      expect(`${JSON.stringify(keys)} ${String(keys)}`).not.toContain("canary")
    }).pipe(Effect.provideService(
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env: { KEYS: "canary-1 canary-2" } })
    )))
})

describe("KeySource.fromFile", () => {
  it.effect("reads one key a line, without comments, a byte order mark and empty lines", () =>
    Effect.gen(function*() {
      expect(yield* read(KeySource.fromFile("keys"))).toEqual(["a", "b#c", "d"])
    }).pipe(Effect.provide(FileSystem.layerNoop({
      readFileString: () => Effect.succeed("\ufeff# ours\r\na\r\n\n  b#c # the second\n#old\nd\n")
    }))))

  it.effect("tells that a file is away without anything else of the error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(KeySource.fromFile("keys").read)
      expect(error.message).toBe("keys: could not be read (NotFound)")
    }).pipe(Effect.provide(FileSystem.layerNoop({ readFileString: (path) => Effect.fail(notFound(path)) }))))

  it.effect("is read again every 30 seconds where it cannot be watched", () =>
    Effect.gen(function*() {
      const count = yield* ticks(KeySource.fromFile("keys"))
      yield* TestClock.adjust("29 seconds")
      expect(yield* count).toBe(0)
      yield* TestClock.adjust("61 seconds")
      expect(yield* count).toBe(3)
    }).pipe(Effect.scoped, Effect.provide(FileSystem.layerNoop({ watch: (path) => Stream.fail(notFound(path)) }))))

  it.effect("is read again once a change that was seen has settled, and is watched anew", () =>
    Effect.gen(function*() {
      const count = yield* ticks(KeySource.fromFile("keys"))
      yield* TestClock.adjust("2 seconds")
      expect(yield* count).toBe(0)
      yield* TestClock.adjust("1100 millis")
      expect(yield* count).toBe(1)
      yield* TestClock.adjust("3100 millis")
      expect(yield* count).toBe(2)
    }).pipe(
      Effect.scoped,
      Effect.provide(FileSystem.layerNoop({
        watch: (path) => Stream.fromEffect(Effect.as(Effect.sleep("3 seconds"), { _tag: "Update" as const, path }))
      }))
    ))
})

describe("KeySource.fromEffect", () => {
  class Denied extends Data.TaggedError("Denied")<{ readonly key: string }> {}

  it.effect("takes one key or several", () =>
    Effect.gen(function*() {
      const weighted = { key: Redacted.make("b"), weight: 2 }
      expect(yield* read(KeySource.fromEffect(Effect.succeed(Redacted.make("a"))))).toEqual(["a"])
      expect(yield* read(KeySource.fromEffect(Effect.succeed([Redacted.make("a"), weighted])))).toEqual([
        "a",
        ["b", 2]
      ])
    }))

  it.effect("tells of an error only its name", () =>
    Effect.gen(function*() {
      const source = KeySource.fromEffect(Effect.fail(new Denied({ key: "canary" })), { name: "vault" })
      const error = yield* Effect.flip(source.read)
      expect(error.message).toBe("vault: could not be read (Denied)")
      expect(JSON.stringify(error)).not.toContain("canary")
    }))

  it.effect("is read again as often as it is told", () =>
    Effect.gen(function*() {
      const count = yield* ticks(KeySource.fromEffect(Effect.succeed([]), { every: "1 hour" }))
      yield* TestClock.adjust("150 minutes")
      expect(yield* count).toBe(2)
    }).pipe(Effect.scoped))

  it.effect("is never read again where it is told nothing", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Stream.runDrain(KeySource.fromEffect(Effect.succeed([])).changes))
      expect(yield* Fiber.join(fiber)).toBeUndefined()
    }))
})
