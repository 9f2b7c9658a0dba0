import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Logger, Queue, Redacted, References, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { ConfigError } from "../../src/config/ConfigError.ts"
import * as KeyPool from "../../src/keys/KeyPool.ts"
import * as KeySource from "../../src/keys/KeySource.ts"
import { serverFault, unauthenticated } from "../support/vendors.ts"
import { call, inFlight, pool, rateLimited, scripted, secret, sent, states, steady, streamed } from "./support.ts"

describe("KeyPool", () => {
  it.effect("is a vendor with its own name and all else of its members", () =>
    Effect.gen(function*() {
      const vendor = yield* pool(["a"], scripted())
      expect({ name: vendor.name, provider: vendor.provider, model: vendor.defaultModel, serves: vendor.serves("x") })
        .toEqual({ name: "pooled", provider: "openai", model: "m", serves: true })
      expect(yield* vendor.models).toEqual([{ id: "a" }])
      expect(yield* vendor.isAvailable).toBe(true)
    }))

  it.effect("gives each call the key with the fewest under way", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const wait = () => Deferred.await(gate)
      const script = scripted({ a: wait, b: wait, c: wait })
      const vendor = yield* pool(["a", "b", "c"], script)
      const fibers = yield* Effect.forEach(
        [1, 2, 3, 4],
        () => Effect.forkChild(sent(vendor), { startImmediately: true })
      )
      expect(yield* inFlight(vendor)).toEqual([2, 1, 1])
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Effect.forEach(fibers, Fiber.join)).toEqual(["a", "b", "c", "a"])
      expect(yield* inFlight(vendor)).toEqual([0, 0, 0])
    }))

  it.effect("tries the next key for embeddings and the list of models too", () =>
    Effect.gen(function*() {
      const script = scripted({ a: (nth) => nth === 0 ? rateLimited() : unauthenticated })
      const vendor = yield* pool(["a", "b"], script)
      yield* vendor.embed({ model: "m", inputs: [] })
      expect(yield* vendor.models).toEqual([{ id: "b" }])
      expect(script.calls).toEqual(["a", "b", "a", "b"])
    }))

  it.effect("keeps a key that may not list models for requests", () =>
    Effect.gen(function*() {
      const script = scripted({ a: (_nth, model) => model === "list" ? rateLimited() : undefined })
      const vendor = yield* pool(["a"], script)
      yield* Effect.flip(vendor.models)
      expect(yield* sent(vendor)).toBe("a")
    }))

  it.effect("is available as soon as one key is, and asks no key that is out", () =>
    Effect.gen(function*() {
      const script = scripted({ a: () => unauthenticated, b: (_, model) => model === "m" ? undefined : serverFault })
      const vendor = yield* pool(["a", "b", "c"], script)
      yield* sent(vendor)
      script.calls.length = 0
      expect(yield* vendor.isAvailable).toBe(true)
      expect(script.calls).toEqual(["b", "c"])
    }))

  it.effect("tells limits only where they are those of its one key", () =>
    Effect.gen(function*() {
      const limits = { requests: { remaining: 1 } }
      const make = () =>
        Effect.succeed(Vendor.make({ name: "v", send: () => Effect.succeed({ parts: [], losses: [], limits }) }))
      const vendor = yield* pool(["a"], { ...scripted(), make })
      expect((yield* vendor.send(call())).limits).toEqual(limits)
      yield* vendor.rotate([secret("a"), secret("b")])
      expect((yield* vendor.send(call())).limits).toBeUndefined()
    }))

  it.effect("shows each key by its fingerprint, with what it has done", () =>
    Effect.gen(function*() {
      const vendor = yield* pool(["abc", { key: secret("b"), weight: 2 }], scripted({ abc: () => rateLimited() }))
      yield* sent(vendor)
      expect(yield* vendor.states).toEqual([
        {
          fingerprint: "ba7816bf",
          weight: 1,
          state: "coolingDown",
          until: 5000,
          models: ["m"],
          inFlight: 0,
          calls: 1,
          failures: 1
        },
        { fingerprint: "3e23e816", weight: 2, state: "usable", inFlight: 0, calls: 1, failures: 0 }
      ])
      expect(JSON.stringify(yield* vendor.states)).not.toContain("abc")
      yield* TestClock.adjust("5 seconds")
      expect(yield* states(vendor)).toEqual(["usable", "usable"])
    }))

  it.effect("makes keys usable again by their fingerprint, or all at once", () =>
    Effect.gen(function*() {
      const script = scripted({ abc: () => unauthenticated, b: () => unauthenticated })
      const vendor = yield* pool(["abc", "b"], script)
      yield* Effect.flip(sent(vendor))
      yield* vendor.reset("ba7816bf")
      expect(yield* states(vendor)).toEqual(["usable", "rejected"])
      yield* vendor.reset()
      expect(yield* states(vendor)).toEqual(["usable", "usable"])
    }).pipe(steady))

  it.effect("tells of each change of a key's state", () =>
    Effect.gen(function*() {
      const script = scripted({ a: (nth) => nth === 0 ? unauthenticated : undefined })
      const vendor = yield* pool(["a"], script)
      const seen: Array<ReadonlyArray<string>> = []
      yield* Effect.forkScoped(
        Stream.runForEach(vendor.changes, (all) => Effect.sync(() => seen.push(all.map(({ state }) => state))))
      )
      yield* TestClock.adjust(0)
      yield* Effect.flip(sent(vendor))
      yield* TestClock.adjust("5 minutes")
      yield* sent(vendor)
      yield* vendor.rotate([secret("a"), secret("b")])
      yield* TestClock.adjust(0)
      expect(seen).toEqual([["usable"], ["rejected"], ["usable"], ["usable", "usable"]])
    }))

  it.effect("stands behind a service class, where it is still known as a pool", () =>
    Effect.gen(function*() {
      class Pooled extends Vendor.Service<Pooled>()("team") {}
      const program = Effect.gen(function*() {
        const vendor = yield* Pooled
        expect([
          vendor.name,
          KeyPool.isKeyPool(vendor),
          KeyPool.isKeyPool(Vendor.make({ name: "v", send: vendor.send }))
        ])
          .toEqual(["team", true, false])
        const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
        const { attempts, parts } = yield* dispatcher.send({ prompt: "Hi" })
        expect(parts[0]).toMatchObject({ text: "b" })
        expect(attempts).toHaveLength(1)
      })
      yield* Effect.provide(program, Pooled.layerOf(pool(["a", "b"], scripted({ a: () => unauthenticated }))))
    }))
})

describe("KeyPool.rotate", () => {
  it.effect("keeps what stays, makes what is new, and ends what goes", () =>
    Effect.gen(function*() {
      const script = scripted({ a: () => rateLimited("1 hour") })
      const vendor = yield* pool(["a", "b"], script)
      yield* sent(vendor)
      yield* vendor.rotate([{ key: secret("a"), weight: 2 }, secret("c")])
      yield* TestClock.adjust(0)
      expect([script.made, script.closed]).toEqual([["a", "b", "c"], ["b"]])
      expect(yield* vendor.states).toMatchObject([
        { state: "coolingDown", calls: 1, weight: 2 },
        { state: "usable", calls: 0 }
      ])
      expect(yield* sent(vendor)).toBe("c")
    }))

  it.effect("lets calls on a replaced key end before its vendor does, and gives it none", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const script = scripted({ a: () => Deferred.await(gate) })
      const vendor = yield* pool(["a"], script)
      const running = yield* Effect.forkChild(sent(vendor), { startImmediately: true })
      yield* vendor.rotate([secret("b")])
      expect(yield* sent(vendor)).toBe("b")
      yield* TestClock.adjust("29 seconds")
      expect(script.closed).toEqual([])
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(running)).toBe("a")
      yield* TestClock.adjust(0)
      expect(script.closed).toEqual(["a"])
    }))

  it.effect.each([["send", sent], ["stream", streamed]] as const)(
    "ends a %s on a replaced key that takes longer than 30 seconds",
    ([, ask]) =>
      Effect.gen(function*() {
        const script = scripted({ a: () => Effect.never })
        const vendor = yield* pool(["a"], script)
        const running = yield* Effect.forkChild(Effect.flip(ask(vendor)), { startImmediately: true })
        yield* vendor.rotate([secret("b")])
        yield* TestClock.adjust("30 seconds")
        expect(yield* Fiber.join(running)).toMatchObject({ reason: { _tag: "StreamInterrupted" } })
        expect(script.closed).toEqual(["a"])
        expect(script.calls).toEqual(["a"])
      })
  )

  const half = Stream.make({ type: "text-delta", id: "0", delta: "half" } as const)

  it.effect("ends a stream that has begun on a replaced key and whose next part never comes", () =>
    Effect.gen(function*() {
      const silent = Stream.unwrap(Effect.map(
        Effect.acquireRelease(Queue.unbounded<StreamPart>(), Queue.shutdown),
        Stream.fromQueue
      ))
      const script = scripted({}, () => Stream.concat(half, silent))
      const vendor = yield* pool(["a"], script)
      const running = yield* Effect.forkChild(Effect.flip(streamed(vendor)), { startImmediately: true })
      yield* vendor.rotate([secret("b")])
      yield* TestClock.adjust("29 seconds")
      expect([script.closed, running.pollUnsafe()]).toEqual([[], undefined])
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(running)).message).toContain("its key was replaced")
      expect(script.closed).toEqual(["a"])
    }))

  it.effect("ends a stream that is read on only after its key was replaced", () =>
    Effect.gen(function*() {
      const script = scripted({}, () => Stream.concat(half, Stream.never))
      const vendor = yield* pool(["a"], script)
      yield* Effect.scoped(Effect.gen(function*() {
        const { parts } = yield* vendor.stream(call())
        const pull = yield* Stream.toPull(parts)
        yield* pull
        yield* vendor.rotate([secret("b")])
        const running = yield* Effect.forkChild(Effect.flip(pull), { startImmediately: true })
        yield* TestClock.adjust("30 seconds")
        expect(yield* Fiber.join(running)).toMatchObject({ reason: { _tag: "StreamInterrupted" } })
      }))
      expect(yield* inFlight(vendor)).toEqual([0])
    }))

  it.effect.each([
    ["no key at all", []],
    ["a key that is no good", [secret("c"), secret("d\n")]],
    ["a key whose vendor cannot be made", [secret("c"), secret("broken")]]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<Redacted.Redacted<string>>]>)(
    "changes nothing for %s, and leaves nothing behind",
    ([, keys]) =>
      Effect.gen(function*() {
        const script = scripted()
        const vendor = yield* KeyPool.make({
          name: "pooled",
          keys: KeySource.ofKeys([secret("a")]),
          make: (key) =>
            Redacted.value(key) === "broken"
              ? Effect.fail(new ConfigError({ path: "vendor", description: "is broken" }))
              : script.make(key)
        })
        const error = yield* Effect.flip(vendor.rotate(keys))
        expect(error._tag).toBe("ConfigError")
        expect(yield* sent(vendor)).toBe("a")
        expect(script.made.filter((key) => key !== "a")).toEqual(script.closed)
      })
  )

  it.effect("makes one rotation after the other", () =>
    Effect.gen(function*() {
      const script = scripted()
      const vendor = yield* pool(["a"], script, {
        make: (key) => Effect.andThen(Effect.sleep("1 second"), script.make(key))
      }).pipe((made) =>
        Effect.flatMap(Effect.forkScoped(made), (fiber) =>
          Effect.andThen(TestClock.adjust("1 second"), Fiber.join(fiber)))
      )
      yield* Effect.forkScoped(vendor.rotate([secret("b"), secret("c")]), { startImmediately: true })
      yield* Effect.forkScoped(vendor.rotate([secret("c"), secret("d")]), { startImmediately: true })
      yield* TestClock.adjust("1500 millis")
      expect(yield* sent(vendor)).toBe("a")
      yield* TestClock.adjust("500 millis")
      expect(["b", "c"]).toContain(yield* sent(vendor))
      yield* TestClock.adjust("1 second")
      expect([script.made, script.closed]).toEqual([["a", "b", "c", "d"], ["a", "b"]])
    }).pipe(steady))

  it.effect("changes nothing when it is interrupted, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const script = scripted()
      const slow = secret("slow")
      const vendor = yield* pool(["a"], script, {
        make: (key) => Effect.andThen(key === slow ? Effect.never : Effect.void, script.make(key))
      })
      const rotation = yield* Effect.forkChild(vendor.rotate([secret("b"), slow]), { startImmediately: true })
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(rotation)
      expect([script.made, script.closed]).toEqual([["a", "b"], ["b"]])
      yield* vendor.rotate([secret("c")])
      expect(yield* sent(vendor)).toBe("c")
    }).pipe(steady))

  it.effect("ends every key when its own Scope closes, and has none from then on", () =>
    Effect.gen(function*() {
      const script = scripted({ a: () => Effect.never })
      const scope = yield* Scope.make()
      const vendor = yield* Scope.provide(pool(["a", "b"], script), scope)
      const running = yield* Effect.forkChild(Effect.flip(sent(vendor)), { startImmediately: true })
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      expect(yield* Effect.flip(sent(vendor))).toMatchObject({ reason: { description: "there is no key" } })
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(closing)
      expect((yield* Fiber.join(running)).reason._tag).toBe("StreamInterrupted")
      expect(script.closed.toSorted()).toEqual(["a", "b"])
      expect((yield* Effect.flip(vendor.rotate([secret("c")]))).message).toBe("pooled: is closed")
    }))
})

describe("KeyPool over a source", () => {
  /** A source whose nth reading is the nth step, and what was logged. */
  const followed = (...steps: ReadonlyArray<Effect.Effect<ReadonlyArray<Redacted.Redacted<string>>, unknown>>) =>
    Effect.gen(function*() {
      let reads = 0
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => {
        lines.push(String(message))
      })
      const script = scripted()
      const vendor = yield* KeyPool.make({
        name: "pooled",
        keys: KeySource.fromEffect(Effect.suspend(() => steps[Math.min(reads++, steps.length - 1)]!), {
          name: "vault",
          every: "10 minutes"
        }),
        make: script.make
      }).pipe(
        Effect.provideService(References.CurrentLoggers, new Set([logger])),
        Effect.provideService(References.MinimumLogLevel, "Info")
      )
      return { vendor, script, lines, reads: () => reads }
    })
  const keys = (...names: ReadonlyArray<string>) => Effect.succeed(names.map(secret))

  it.effect("fails where its keys cannot be read at first", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(followed(Effect.fail("canary")))
      expect(error.message).toBe("vault: could not be read (an unknown error)")
    }))

  it.effect("takes on the keys that are read later", () =>
    Effect.gen(function*() {
      const { script, vendor } = yield* followed(keys("a"), keys("a", "b"), keys("b"))
      yield* TestClock.adjust("10 minutes")
      expect(script.made).toEqual(["a", "b"])
      yield* TestClock.adjust("10 minutes")
      yield* TestClock.adjust(0)
      expect(script.closed).toEqual(["a"])
      expect(yield* sent(vendor)).toBe("b")
    }).pipe(steady))

  it.effect("keeps its keys where they cannot be read, says so once, asks again ever later, and says when it can", () =>
    Effect.gen(function*() {
      const broken = Effect.fail({ _tag: "Sealed", key: "canary" })
      const { lines, reads, vendor } = yield* followed(
        keys("a"),
        broken,
        broken,
        Effect.die("canary"),
        keys("a", "c\n"),
        keys("b")
      )
      yield* TestClock.adjust("10 minutes")
      expect(yield* sent(vendor)).toBe("a")
      expect(yield* vendor.fault).toBe("vault: could not be read (Sealed)")
      expect(reads()).toBe(2)
      yield* TestClock.adjust("2 minutes")
      expect(reads()).toBe(6)
      expect(yield* sent(vendor)).toBe("b")
      expect(yield* vendor.fault).toBeUndefined()
      expect(lines).toEqual([
        "the keys of pooled stay as they are: vault: could not be read (Sealed)",
        "the keys of pooled stay as they are: an unknown error",
        "the keys of pooled stay as they are: pooled[1]: holds spaces around it, a line break or another character " +
        "that headers cannot carry",
        "the keys of pooled are read again"
      ])
    }).pipe(steady))
})
