import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as CallerLimit from "../../src/policy/CallerLimit.ts"
import * as LimiterStore from "../../src/policy/LimiterStore.ts"
import { dispatchOf } from "../support/calls.ts"
import { answer, finish, sequence } from "../support/vendors.ts"

const usage = finish.usage
const target = { id: "v/m", vendor: "v", model: "m" }

/** The reasons of those who are refused among so many requests. */
const refusals = (admit: Effect.Success<ReturnType<typeof CallerLimit.make>>, times: number, user?: string) =>
  Effect.map(
    Effect.forEach(
      Array.from({ length: times }),
      () => Effect.option(Effect.flip(admit(dispatchOf(user === undefined ? {} : { user }).dispatch)))
    ),
    (errors) => errors.flatMap((error) => error._tag === "Some" ? [error.value] : [])
  )

describe("CallerLimit", () => {
  it.effect("refuses who asks more often than it may, telling the limit and when there is room", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ requests: { limit: 6 } })
      expect(yield* refusals(admit, 6, "ann")).toEqual([])
      const [error] = yield* refusals(admit, 1, "ann")
      expect(error?.reason).toEqual({ _tag: "CallerLimited", description: "at most 6 requests in 1m" })
      expect(error?._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(10))
      expect(yield* refusals(admit, 1, "bob")).toEqual([])
      yield* TestClock.adjust("10 seconds")
      expect((yield* refusals(admit, 2, "ann")).length).toBe(1)
    }))

  it.effect("takes all who name no user for one caller", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ requests: { limit: 2, per: "1 hour" } })
      expect((yield* refusals(admit, 3)).length).toBe(1)
    }))

  it.effect("knows callers by any key, leaves alone who has none, and some have limits of their own", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({
        requests: { limit: 1 },
        callers: { gold: { requests: { limit: 3 } } },
        key: ({ metadata }) => metadata?.["plan"]
      })
      const ask = (plan?: string) =>
        Effect.exit(admit(dispatchOf(plan === undefined ? {} : { metadata: { plan } }).dispatch))
      const tell = (plan?: string) =>
        Effect.map(
          Effect.all([1, 2, 3, 4].map(() => ask(plan))),
          (exits) => exits.filter(({ _tag }) => _tag === "Success").length
        )
      expect([yield* tell("gold"), yield* tell("iron"), yield* tell()]).toEqual([3, 1, 4])
    }))

  it.effect("takes tokens as estimated and gives back what the answer did not take", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ tokens: { limit: 1_000 } })
      const first = dispatchOf({ maxTokens: 898 })
      yield* admit(first.dispatch)
      expect((yield* Effect.flip(admit(dispatchOf({ maxTokens: 898 }).dispatch))).reason).toEqual({
        _tag: "CallerLimited",
        description: "at most 1000 tokens in 1m"
      })
      Object.assign(first.dispatch.journal, { calls: 1 })
      first.dispatch.journal.usages.push({ target, usage })
      yield* first.end
      yield* admit(dispatchOf({ maxTokens: 898 }).dispatch)
    }))

  it.effect("takes more where the attempts took more than estimated", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ tokens: { limit: 1_000 } })
      const { dispatch, end } = dispatchOf({ maxTokens: 98 })
      yield* admit(dispatch)
      dispatch.journal.calls = 2
      const large = { inputTokens: { total: 400 }, outputTokens: { total: 350 } }
      dispatch.journal.usages.push({ target, usage: large }, { target, usage: large })
      yield* end
      const error = yield* Effect.flip(admit(dispatchOf({ maxTokens: 98 }).dispatch))
      // 1,500 of 1,000 are taken, 100 are asked for, and 1,000 come back in a minute.
      expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(36))
    }))

  it.effect("lets the estimate stand where no vendor told, and gives all back where none was called", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ tokens: { limit: 1_000, per: "1 day" } })
      const uncalled = dispatchOf({ maxTokens: 900 })
      yield* admit(uncalled.dispatch)
      yield* uncalled.end
      const silent = dispatchOf({ maxTokens: 900 })
      yield* admit(silent.dispatch)
      silent.dispatch.journal.calls = 1
      yield* silent.end
      expect((yield* Effect.flip(admit(dispatchOf({ maxTokens: 900 }).dispatch))).reason._tag).toBe("CallerLimited")
    }))

  it.effect("takes nothing of one limit where the other refuses", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ requests: { limit: 2 }, tokens: { limit: 1_000 } })
      yield* admit(dispatchOf({ maxTokens: 900 }).dispatch)
      for (let times = 0; times < 5; times++) yield* Effect.flip(admit(dispatchOf({ maxTokens: 900 }).dispatch))
      yield* admit(dispatchOf({ maxTokens: 50 }).dispatch)
    }))

  it.effect("lets a request larger than the limit through when nothing else was asked", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ tokens: { limit: 100 } })
      yield* admit(dispatchOf({ maxTokens: 5_000 }).dispatch)
    }))

  it.effect("shares the limits through the store of the context", () =>
    Effect.gen(function*() {
      const [one, other] = yield* Effect.all([
        CallerLimit.make({ requests: { limit: 2 } }),
        CallerLimit.make({ requests: { limit: 2 } })
      ])
      expect((yield* refusals(one, 2)).length + (yield* refusals(other, 1)).length).toBe(1)
    }).pipe(Effect.provideService(RateLimiter.RateLimiterStore, LimiterStore.make())))

  it.effect("limits nobody while the store is away", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ requests: { limit: 1 } })
      expect(yield* refusals(admit, 5)).toEqual([])
    }).pipe(
      Effect.provideService(RateLimiter.RateLimiterStore, {
        ...LimiterStore.make(),
        tokenBucket: () =>
          Effect.fail(
            new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "away" }) })
          )
      })
    ))

  it.effect.each<readonly [CallerLimit.Options, string]>([
    [{ requests: { limit: 0 } }, "callerLimit.requests.limit: must be 1 or more, got 0"],
    [{ tokens: { limit: 5, per: 0 } }, "callerLimit.tokens.per: must be a time above 0"],
    [
      { callers: { a: { tokens: { limit: Number.NaN } } } },
      "callerLimit.callers.a.tokens.limit: must be 1 or more, got NaN"
    ]
  ])("refuses the options %j", ([options, message]) =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(CallerLimit.make(options))).message).toBe(message)
    }))

  it.effect("stands before the routing: who is refused reaches no vendor", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ requests: { limit: 1 }, tokens: { limit: 10_000 } })
      const { calls, vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], admission: [admit] })
      yield* dispatcher.send({ prompt: "Hello" })
      expect((yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))).reason._tag).toBe("CallerLimited")
      expect(calls.length).toBe(1)
    }))

  it.effect("hears what a dispatch took when it ends", () =>
    Effect.gen(function*() {
      const admit = yield* CallerLimit.make({ tokens: { limit: 1_010, per: "1 day" } })
      const { vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], admission: [admit] })
      // Each is estimated at 1,002 tokens and takes 5.
      yield* dispatcher.send({ prompt: "Hello" })
      yield* dispatcher.send({ prompt: "Hello" })
      expect((yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))).reason._tag).toBe("CallerLimited")
    }))
})
