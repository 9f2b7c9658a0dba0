import { describe, expect, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Token from "../../../src/vendor/azure-openai/Token.ts"
import { fatal, retryable } from "../../../src/VendorError.ts"

const minute = 60_000

/** Tokens of an hour, numbered; the effects before them come first. */
const issuer = (...first: ReadonlyArray<Effect.Effect<Token.AccessToken, Token.TokenError>>) => {
  let issued = 0
  const issue = Effect.suspend(() => {
    const number = issued++
    return first[number] ?? numbered(number)
  })
  return { issue, count: () => issued }
}

const numbered = (number: number) =>
  Effect.map(Clock.currentTimeMillis, (now) => ({
    token: Redacted.make(`token-${number}`),
    expiresAt: now + 60 * minute
  }))

const value = (kept: ReturnType<typeof Token.make>) => Effect.map(kept, ({ token }) => Redacted.value(token))

/** A renewal runs beside who asked: gives it its turn. */
const settle = TestClock.adjust(0)

const unreachable = retryable({ _tag: "NetworkFault", description: "the identity service cannot be reached" })
const refused = fatal({ _tag: "Unauthenticated", description: "the secret has expired" })

describe("a token", () => {
  it.effect("is fetched once and kept", () =>
    Effect.gen(function*() {
      const { count, issue } = issuer()
      const kept = Token.make(issue)
      expect(count()).toBe(0)
      expect(yield* value(kept)).toBe("token-0")
      yield* TestClock.adjust(54 * minute)
      expect(yield* value(kept)).toBe("token-0")
      expect(count()).toBe(1)
    }))

  it.effect("is renewed from 5 minutes before its end, without anybody waiting", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<Token.AccessToken, Token.TokenError>()
      const { count, issue } = issuer(numbered(0), Deferred.await(gate))
      const kept = Token.make(issue)
      yield* kept
      yield* TestClock.adjust(55 * minute)
      expect(yield* value(kept)).toBe("token-0")
      expect(yield* value(kept)).toBe("token-0")
      yield* settle
      expect(count()).toBe(2)
      yield* Deferred.completeWith(gate, numbered(1))
      yield* settle
      expect(yield* value(kept)).toBe("token-1")
      expect(count()).toBe(2)
    }))

  it.effect("is fetched once for all who ask at the same time", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<Token.AccessToken, Token.TokenError>()
      const { count, issue } = issuer(Deferred.await(gate))
      const kept = Token.make(issue)
      const asked = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 20 }, () => value(kept)), { concurrency: 20 })
      )
      yield* settle
      expect(count()).toBe(1)
      yield* Deferred.completeWith(gate, numbered(0))
      expect(yield* Fiber.join(asked)).toEqual(Array.from({ length: 20 }, () => "token-0"))
      expect(count()).toBe(1)
    }))

  it.effect("still comes for the others when who asked first has left", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<Token.AccessToken, Token.TokenError>()
      const { count, issue } = issuer(Deferred.await(gate))
      const kept = Token.make(issue)
      const first = yield* Effect.forkChild(value(kept))
      yield* settle
      const second = yield* Effect.forkChild(value(kept))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* Deferred.completeWith(gate, numbered(0))
      expect(yield* Fiber.join(second)).toBe("token-0")
      expect(count()).toBe(1)
    }))

  it.effect("is kept while its renewal fails, and tried again after 30 seconds", () =>
    Effect.gen(function*() {
      const { count, issue } = issuer(numbered(0), Effect.fail(unreachable), numbered(2))
      const kept = Token.make(issue)
      yield* kept
      yield* TestClock.adjust(55 * minute)
      expect(yield* value(kept)).toBe("token-0")
      yield* settle
      yield* TestClock.adjust("29 seconds")
      expect(yield* value(kept)).toBe("token-0")
      yield* settle
      expect(count()).toBe(2)
      yield* TestClock.adjust("1 second")
      expect(yield* value(kept)).toBe("token-0")
      yield* settle
      expect(yield* value(kept)).toBe("token-2")
    }))

  it.effect("that has ended and cannot be renewed is the failure of who asks", () =>
    Effect.gen(function*() {
      const { issue } = issuer(numbered(0), Effect.fail(refused), Effect.fail(unreachable), numbered(3))
      const kept = Token.make(issue)
      yield* kept
      yield* TestClock.adjust(60 * minute)
      expect(yield* Effect.flip(kept)).toEqual(refused)
      expect(yield* Effect.flip(kept)).toEqual(unreachable)
      expect(yield* value(kept)).toBe("token-3")
    }))

  it.effect("that defects harms only who asked", () =>
    Effect.gen(function*() {
      const { issue } = issuer(Effect.die("a bug"))
      const kept = Token.make(issue)
      expect((yield* Effect.exit(kept))._tag).toBe("Failure")
      expect(yield* value(kept)).toBe("token-1")
    }))
})
