import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Queue from "../../src/policy/Queue.ts"
import { dispatchOf, interleaved, settle, turns } from "../support/calls.ts"
import { answer, sequence, stream, textParts } from "../support/vendors.ts"

/** Somebody who asks for admission, and writes its name when it gets it. */
const arrive = (
  admit: Effect.Success<ReturnType<typeof Queue.make>>,
  log: Array<string>,
  name: string,
  priority?: number,
  deadline = Infinity
) => {
  const { dispatch, end } = dispatchOf(priority === undefined ? {} : { priority }, { deadline })
  return Effect.map(
    Effect.forkChild(Effect.andThen(admit(dispatch), Effect.sync(() => log.push(name))), { startImmediately: true }),
    (fiber) => ({ fiber, end })
  )
}

const failure = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.flip(Fiber.join(fiber))

describe("Queue", () => {
  it.effect("lets no more through than its concurrency, and the next when a dispatch ends", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 2 })
      const log: Array<string> = []
      const first = yield* arrive(admit, log, "first")
      yield* arrive(admit, log, "second")
      const third = yield* arrive(admit, log, "third")
      expect(log).toEqual(["first", "second"])
      yield* first.end
      yield* Fiber.join(third.fiber)
      expect(log).toEqual(["first", "second", "third"])
    }))

  it.effect("serves by priority, 5 where none is told, and by age where that is the same", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 1 })
      const log: Array<string> = []
      const all = [yield* arrive(admit, log, "running")]
      for (
        const [name, priority] of [["low", 0], ["usual", 5], ["none", undefined], ["high", 10], ["later", 10]] as const
      ) {
        all.push(yield* arrive(admit, log, name, priority))
      }
      for (const index of [0, 4, 5, 2, 3, 1]) {
        yield* all[index]!.end
        yield* Effect.yieldNow
      }
      expect(log).toEqual(["running", "high", "later", "usual", "none", "low"])
    }))

  it.effect("sheds a newcomer that finds the queue full of no less important ones", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 1, capacity: 1 })
      const log: Array<string> = []
      yield* arrive(admit, log, "running")
      yield* arrive(admit, log, "waiting")
      const { fiber } = yield* arrive(admit, log, "late")
      const error = yield* failure(fiber)
      expect(error.reason).toEqual({ _tag: "Shed", description: "1 requests are under way and 1 are waiting" })
      expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(1))
    }))

  it.effect("sheds the youngest of the least important for a more important newcomer", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 1, capacity: 3 })
      const log: Array<string> = []
      const running = yield* arrive(admit, log, "running")
      const older = yield* arrive(admit, log, "older", 2)
      const younger = yield* arrive(admit, log, "younger", 2)
      yield* arrive(admit, log, "usual")
      const high = yield* arrive(admit, log, "high", 9)
      expect((yield* failure(younger.fiber)).reason._tag).toBe("Shed")
      yield* running.end
      yield* Fiber.join(high.fiber)
      expect(older.fiber.pollUnsafe()).toBeUndefined()
      expect(log).toEqual(["running", "high"])
    }))

  it.effect("tells who is shed how long the queue is likely to take, from 1 s to 1 min", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 2, capacity: 4 })
      const log: Array<string> = []
      const { end } = yield* arrive(admit, log, "running")
      yield* TestClock.adjust("8 seconds")
      yield* end
      for (let index = 0; index < 6; index++) yield* arrive(admit, log, "other")
      const { fiber } = yield* arrive(admit, log, "late")
      const error = yield* failure(fiber)
      expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(8 * 5 / 2))
    }))

  it.effect("drops who waits until its deadline, and gives it no slot", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 1 })
      const log: Array<string> = []
      const running = yield* arrive(admit, log, "running")
      const late = yield* arrive(admit, log, "late", 9, 3_000)
      const next = yield* arrive(admit, log, "next")
      yield* TestClock.adjust("3 seconds")
      expect((yield* failure(late.fiber)).reason).toEqual({ _tag: "DeadlineExceeded", after: 3_000 })
      yield* running.end
      yield* Fiber.join(next.fiber)
      expect(log).toEqual(["running", "next"])
    }))

  it.effect("sheds who waits longer than it may", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 1, maxWait: "2 seconds" })
      const log: Array<string> = []
      yield* arrive(admit, log, "running")
      const { fiber } = yield* arrive(admit, log, "late")
      yield* TestClock.adjust("2 seconds")
      expect((yield* failure(fiber)).reason).toEqual({
        _tag: "Shed",
        description: "its turn did not come within 2s"
      })
    }))

  it.effect("lets an interrupted waiter go at once, and its place in the queue with it", () =>
    Effect.gen(function*() {
      const admit = yield* Queue.make({ concurrency: 1, capacity: 1 })
      const log: Array<string> = []
      const running = yield* arrive(admit, log, "running")
      const gone = yield* arrive(admit, log, "gone")
      yield* Fiber.interrupt(gone.fiber)
      const next = yield* arrive(admit, log, "next")
      yield* running.end
      yield* Fiber.join(next.fiber)
      expect(log).toEqual(["running", "next"])
    }))

  it.effect.each([0, 1, 2])(
    "passes on the turn that comes in the moment in which a waiter goes, in order %i",
    (order) =>
      Effect.gen(function*() {
        const admit = yield* Queue.make({ concurrency: 1 })
        const log: Array<string> = []
        const running = yield* arrive(admit, log, "running")
        const end = Effect.forkChild(Effect.delay(running.end, "3 seconds"), { startImmediately: true })
        if (order === 0) yield* end
        const gone = yield* arrive(admit, log, "gone", 9, order === 2 ? Infinity : 3_000)
        if (order === 1) yield* end
        if (order === 2) {
          const leave = Effect.sync(() => gone.fiber.interruptUnsafe())
          yield* Effect.forkChild(Effect.delay(leave, "3 seconds"), { startImmediately: true })
          yield* end
        }
        const next = yield* arrive(admit, log, "next")
        yield* TestClock.adjust("3 seconds")
        yield* Effect.ignoreCause(Fiber.join(gone.fiber))
        yield* gone.end
        yield* Fiber.join(next.fiber)
        expect(log.at(-1)).toBe("next")
      })
  )

  it.effect.each<readonly [Queue.Options, string]>([
    [{ concurrency: 0 }, "queue.concurrency: must be a whole number above 0"],
    [{ concurrency: 1.5 }, "queue.concurrency: must be a whole number above 0"],
    [{ concurrency: 1, capacity: -1 }, "queue.capacity: must be a whole number, 0 or more"]
  ])("refuses the options %j", ([options, message]) =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(Queue.make(options))).message).toBe(message)
    }))

  it.effect("holds a stream's slot until the stream has ended", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.make({ concurrency: 1 })
      const { vendor } = sequence("a", [stream(textParts("Hel", "lo")), answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], admission: [queue] })
      const states: Array<string> = []
      let waiting: Fiber.Fiber<{ readonly text: string }, unknown> | undefined
      yield* Stream.runForEach(dispatcher.stream({ prompt: "Hello" }), (part) =>
        Effect.gen(function*() {
          waiting ??= yield* Effect.forkChild(dispatcher.send({ prompt: "Hello" }), { startImmediately: true })
          if (part.type === "text-delta") states.push(waiting.pollUnsafe() === undefined ? "waits" : "goes")
        }))
      expect(states).toEqual(["waits", "waits"])
      expect((yield* Fiber.join(waiting!)).text).toBe("Hi")
    }))
})

// -----------------------------------------------------------------------------
// Laws
// -----------------------------------------------------------------------------

type Step =
  | { readonly do: "arrive"; readonly priority: number; readonly patience: number }
  | { readonly do: "end"; readonly which: number }
  | { readonly do: "interrupt"; readonly which: number }
  | { readonly do: "both"; readonly which: number }
  | { readonly do: "pass"; readonly millis: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("arrive" as const),
      priority: fc.nat(10),
      patience: fc.constantFrom(10, 50, Infinity)
    })
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("end" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("interrupt" as const), which: fc.nat(20) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("both" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pass" as const), millis: fc.nat(40) }) }
)

interface Member {
  readonly priority: number
  readonly number: number
  readonly fiber: Fiber.Fiber<void, unknown>
  readonly end: Effect.Effect<void>
  state: "waiting" | "running" | "gone"
}

/** Plays the steps and looks at the laws after each. */
const play = (concurrency: number, capacity: number, steps: ReadonlyArray<Step>) =>
  Effect.gen(function*() {
    const admit = yield* Queue.make({ concurrency, capacity })
    const members: Array<Member> = []
    const inState = (state: Member["state"]) => members.filter((member) => member.state === state)

    const look = (cause: Step["do"]) => {
      // Whoever was let in was, of all who waited, the most important and of those the oldest.
      const waitingBefore = inState("waiting")
      const fresh = waitingBefore.filter(({ fiber }) => Exit.isExit(fiber.pollUnsafe()))
      const entered: Array<Member> = []
      for (const member of fresh) {
        const isIn = Exit.isSuccess(member.fiber.pollUnsafe()!)
        member.state = isIn ? "running" : "gone"
        if (isIn) entered.push(member)
      }
      if (cause === "end") {
        const still = inState("waiting")
        for (const one of entered) {
          for (const other of still) {
            const isBefore = one.priority > other.priority ||
              one.priority === other.priority && one.number < other.number
            expect(isBefore).toBe(true)
          }
        }
      }
      expect(inState("running").length).toBeLessThanOrEqual(concurrency)
      expect(inState("waiting").length).toBeLessThanOrEqual(capacity)
      // No slot lies idle while somebody waits: nobody is lost.
      if (inState("waiting").length > 0) expect(inState("running").length).toBe(concurrency)
    }

    for (const next of steps) {
      const running = inState("running")
      const waiting = inState("waiting")
      switch (next.do) {
        case "arrive": {
          const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const { dispatch, end } = dispatchOf({ priority: next.priority }, { deadline: now + next.patience })
          const fiber = yield* Effect.forkChild(admit(dispatch), { startImmediately: true })
          members.push({ priority: next.priority, number: members.length, fiber, end, state: "waiting" })
          break
        }
        case "end": {
          const member = running[next.which % running.length]
          if (member === undefined) break
          member.state = "gone"
          yield* member.end
          break
        }
        case "interrupt": {
          const member = waiting[next.which % waiting.length]
          if (member === undefined) break
          yield* Fiber.interrupt(member.fiber)
          yield* member.end
          break
        }
        case "both": {
          const ending = running[next.which % running.length]
          const leaving = waiting[next.which % waiting.length]
          if (ending === undefined || leaving === undefined) break
          ending.state = "gone"
          leaving.state = "gone"
          yield* ending.end
          leaving.fiber.interruptUnsafe()
          yield* Effect.ignoreCause(Fiber.await(leaving.fiber))
          yield* leaving.end
          break
        }
        case "pass":
          yield* TestClock.adjust(next.millis)
      }
      yield* settle
      look(next.do)
    }

    for (const member of members) {
      yield* Fiber.interrupt(member.fiber)
      yield* member.end
    }
    // All slots are there again.
    for (let index = 0; index < concurrency; index++) {
      const { dispatch } = dispatchOf()
      const fiber = yield* Effect.forkChild(admit(dispatch), { startImmediately: true })
      yield* settle
      expect(fiber.pollUnsafe()).toEqual(Exit.void)
    }
  })

describe("Queue's laws", () => {
  it("never lets in more than its concurrency, serves by priority and age, loses nobody and no slot", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(6),
        fc.array(step, { maxLength: 60 }),
        turns,
        (concurrency, capacity, steps, operations) => interleaved(operations, play(concurrency, capacity, steps))
      ),
      { numRuns: 200 }
    )
  }, 30_000)
})
