import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Result } from "effect"
import { Prompt } from "effect/ai"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Summarise from "../../src/context/Summarise.ts"
import { inputTokens } from "../../src/context/Tokens.ts"
import type { Request } from "../../src/Request.ts"
import { decode } from "../../src/Request.ts"
import { type DispatchError, retryable } from "../../src/VendorError.ts"
import {
  assistant,
  call,
  characters,
  conversation,
  pairs,
  request,
  result,
  system,
  told,
  user
} from "./conversations.ts"

const counter = characters
const overloaded = retryable({ _tag: "Overloaded" })
const intro = "user Summary of our conversation so far, which is not shown in full:\n"

/** A model that answers each request for a summary in turn; `asked` holds what it was given. */
const scripted = (...answers: ReadonlyArray<Effect.Effect<string, DispatchError>>) => {
  const asked: Array<string> = []
  const summary: Summarise.Options["summary"] = (messages) => {
    asked.push(messages[1]!.content as string)
    return answers[Math.min(asked.length, answers.length) - 1]!
  }
  return { asked, summary }
}

const numbered = () => {
  let number = 0
  const asked: Array<string> = []
  const summary: Summarise.Options["summary"] = (messages) =>
    Effect.sync(() => {
      asked.push(messages[1]!.content as string)
      return `S${++number}`
    })
  return { asked, summary }
}

/** Seven tokens a message. */
const chat = (turns: number) => [
  system("sys"),
  ...Array.from({ length: turns }, (_, index) => [user(`q${index}`.padEnd(3)), assistant(`a${index}`.padEnd(3))])
    .flat(),
  user("now")
]

const options = { window: 200, reserve: 0, summaryTokens: 100 - 16, counter }

describe("Summarise", () => {
  it.effect("puts a summary before the turns that stay, and asks for it with the turns that go", () =>
    Effect.gen(function*() {
      const { asked, summary } = scripted(Effect.succeed("They talked."))
      const prepare = yield* Summarise.make({ ...options, summary })
      const prepared = yield* prepare(request(chat(14), { model: "m" }))
      expect(told(prepared)).toEqual([
        "system sys",
        `${intro}They talked.`,
        "user q12",
        "assistant a12",
        "user q13",
        "assistant a13",
        "user now"
      ])
      expect(asked[0]).toMatch(/^User: q0 \n\nAssistant: a0 \n\nUser: q1 [^]*Assistant: a11$/)
      expect(prepared.model).toBe("m")
      expect(inputTokens(prepared, { counter })).toBeLessThanOrEqual(200)
    }))

  it.effect("lets a conversation that fits go on as it is, and asks for nothing", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      const prepare = yield* Summarise.make({ ...options, summary })
      const short = request(chat(5))
      expect(yield* prepare(short)).toBe(short)
      const unlimited = yield* Summarise.make({ ...options, window: () => undefined, summary })
      const long = request(chat(50))
      expect(yield* unlimited(long)).toBe(long)
      expect(asked).toEqual([])
    }))

  it.effect("makes one summary for many turns, and the next one of it and of the turns since", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      const prepare = yield* Summarise.make({ ...options, summaryTokens: 20, summary })
      const summaries: Array<string> = []
      for (let turns = 10; turns < 40; turns++) {
        const prepared = told(yield* prepare(request(chat(turns))))
        summaries.push(prepared[1]!.startsWith(intro) ? prepared[1]!.slice(intro.length) : "none")
      }
      expect(asked.length).toBeLessThan(8)
      expect(Array.from(new Set(summaries))).toEqual(["none", ...asked.map((_, index) => `S${index + 1}`)])
      expect(asked[1]).toMatch(/^Summary of what came before:\nS1\n\nThe conversation after that:\nUser: q\d/)
      expect(asked[1]).not.toContain("q0 ")
    }))

  it.effect("shares a summary that is under way between two requests", () =>
    Effect.gen(function*() {
      const { asked, summary } = scripted(Effect.delay(Effect.succeed("S"), "1 second"))
      const started = yield* Deferred.make<void>()
      const prepare = yield* Summarise.make({
        ...options,
        summary: (messages, most) => Effect.andThen(Deferred.succeed(started, undefined), summary(messages, most))
      })
      const fibers = yield* Effect.forkChild(
        Effect.all([prepare(request(chat(14))), prepare(request(chat(14)))], { concurrency: 2 })
      )
      yield* Deferred.await(started)
      yield* TestClock.adjust("1 second")
      const [one, two] = yield* Fiber.join(fibers)
      expect(told(one)).toEqual(told(two))
      expect(asked.length).toBe(1)
    }))

  it.effect("makes another summary for another beginning", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      const prepare = yield* Summarise.make({ ...options, summary })
      yield* prepare(request(chat(14)))
      yield* prepare(request(chat(14)))
      yield* prepare(request(chat(14).with(1, user("p0 "))))
      expect(asked.length).toBe(2)
    }))

  it.effect("does not take the summary of another conversation that went on in the same way", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      const prepare = yield* Summarise.make({ ...options, summary })
      yield* prepare(request(chat(40)))
      const rounds = asked.length
      yield* prepare(request(chat(40).with(1, user("p0 "))))
      expect(rounds).toBeGreaterThan(1)
      expect(asked.length).toBe(2 * rounds)
    }))

  it.effect("trims where the summary fails or is empty, and does not ask again for 30 seconds", () =>
    Effect.gen(function*() {
      for (const answer of [Effect.fail(overloaded), Effect.succeed(" ")]) {
        const { asked, summary } = scripted(answer, Effect.succeed("S"))
        const prepare = yield* Summarise.make({ ...options, summary })
        const first = told(yield* prepare(request(chat(14))))
        expect(first.slice(0, 2)).toEqual(["system sys", "user q1 "])
        yield* TestClock.adjust("29 seconds")
        expect(told(yield* prepare(request(chat(14))))).toEqual(first)
        expect(asked.length).toBe(1)
        yield* TestClock.adjust("1 second")
        expect(told(yield* prepare(request(chat(14))))[1]).toBe(`${intro}S`)
      }
    }))

  it.effect("trims where the summary takes too long, and does not wait for it again at the next turn", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const { asked, summary } = scripted(Effect.never)
      const prepare = yield* Summarise.make({
        ...options,
        timeout: "5 seconds",
        summary: (messages, most) => Effect.andThen(Deferred.succeed(started, undefined), summary(messages, most))
      })
      const fiber = yield* Effect.forkChild(prepare(request(chat(14))))
      yield* Deferred.await(started)
      yield* TestClock.adjust("5 seconds")
      expect(told(yield* Fiber.join(fiber))[1]).toBe("user q1 ")
      expect(told(yield* prepare(request(chat(14))))[1]).toBe("user q1 ")
      expect(asked.length).toBe(1)
    }))

  it.effect("stops the summary when the caller goes, and makes it for the next one", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      let stopped = 0
      const { asked, summary } = scripted(
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++)),
        Effect.succeed("S")
      )
      const prepare = yield* Summarise.make({
        ...options,
        summary: (messages, most) => Effect.andThen(Deferred.succeed(started, undefined), summary(messages, most))
      })
      const fiber = yield* Effect.forkChild(prepare(request(chat(14))))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      expect(stopped).toBe(1)
      expect(told(yield* prepare(request(chat(14))))[1]).toBe(`${intro}S`)
      expect(asked.length).toBe(2)
    }))

  it.effect("trims where the summary is as long as what it sums up", () =>
    Effect.gen(function*() {
      const { summary } = scripted(Effect.succeed("s".repeat(190)))
      const prepare = yield* Summarise.make({ ...options, summary })
      expect(told(yield* prepare(request(chat(14))))[1]).toBe("user q1 ")
    }))

  it.effect("keeps the summary where the turn under way is too long by itself, and leaves out its oldest steps", () =>
    Effect.gen(function*() {
      const { summary } = scripted(Effect.succeed("S"))
      const prepare = yield* Summarise.make({ ...options, summary })
      const steps = Array.from({ length: 8 }, (_, at) => [call(`c${at}`), result("result", `c${at}`)]).flat()
      const prepared = told(yield* prepare(request([user("q"), assistant("a"), user("now"), ...steps])))
      expect(prepared.slice(0, 3)).toEqual([`${intro}S`, "user now", "assistant reasoning c5"])
    }))

  it.effect("fails as trimming does where what has to stay is too long, without asking for a summary of nothing", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      const prepare = yield* Summarise.make({ ...options, summary })
      const { message } = yield* Effect.flip(prepare(request([system("s"), user("x".repeat(300))])))
      expect(message).toContain("has 312 tokens, 200 are left of a window of 200")
      expect(asked).toEqual([])
    }))

  it.effect("remembers at most so many summaries, for at most so long", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      const prepare = yield* Summarise.make({ ...options, capacity: 1, timeToLive: "1 minute", summary })
      const other = request(chat(14).with(1, user("p0 ")))
      yield* prepare(request(chat(14)))
      yield* prepare(other)
      yield* prepare(request(chat(14)))
      expect(asked.length).toBe(3)
      yield* TestClock.adjust("59 seconds")
      yield* prepare(request(chat(14)))
      expect(asked.length).toBe(3)
      yield* TestClock.adjust("1 second")
      yield* prepare(request(chat(14)))
      expect(asked.length).toBe(4)
    }))

  it.effect("asks with messages that make a valid request, whatever a tool said", () =>
    Effect.gen(function*() {
      let asked: ReadonlyArray<Prompt.MessageEncoded> = []
      const prepare = yield* Summarise.make({
        ...options,
        summary: (messages) => Effect.sync(() => (asked = messages, "S"))
      })
      const image = Prompt.userMessage({
        content: [
          Prompt.textPart({ text: "see" }),
          Prompt.filePart({ mediaType: "text/plain", fileName: "a.txt", data: new Uint8Array(20) })
        ]
      })
      const messages = [image, call("a"), result("bad \u0007\ud800 text".padEnd(150), "a"), ...chat(3).slice(1)]
      yield* prepare(request(messages))
      expect(asked[1]!.content).toMatch(
        /^User: see\n\[a file, text\/plain, a\.txt\]\n\nAssistant: \[calls f with \{\}\]\n\nTool: \[f answered: bad  \ufffd text/
      )
      const decoded = yield* decode({ messages: asked })
      expect(decoded.prompt.content.map(({ role }) => role)).toEqual(["system", "user"])
    }))

  it.effect("law: what goes on fits, keeps the system's and the last user's messages, and nothing is torn", () =>
    Effect.gen(function*() {
      const { asked, summary } = numbered()
      let summaries = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(conversation, fc.nat(600), fc.constantFrom(0.2, 0.5, 1), async (messages, window, keep) => {
            const whole = request(messages)
            const exit = await Effect.runPromiseExit(Effect.flatMap(
              Summarise.make({ ...options, window, keep, summaryTokens: 80, summary }),
              (prepare) => Effect.result(prepare(whole))
            ))
            const outcome: Result.Result<Request, DispatchError> = Exit.isSuccess(exit) ? exit.value : expect.fail()
            if (Result.isFailure(outcome)) return
            const part = outcome.success.prompt.content
            expect(inputTokens(outcome.success, { counter })).toBeLessThanOrEqual(window)
            const old = part.filter((message) => messages.includes(message))
            summaries += part.length - old.length
            expect(part.length - old.length).toBeLessThanOrEqual(1)
            expect(old).toEqual(messages.filter((message) => old.includes(message)))
            expect(messages.filter(({ role }) => role === "system").every((message) => part.includes(message))).toBe(
              true
            )
            expect(part).toContain(messages.findLast(({ role }) => role === "user"))
            expect(
              pairs(messages).every(([from, to]) => part.includes(messages[from]!) === part.includes(messages[to]!))
            )
              .toBe(true)
            if (outcome.success !== whole) expect(part.find(({ role }) => role !== "system")?.role).toBe("user")
          }),
          { numRuns: 500 }
        )
      )
      expect(summaries).toBeGreaterThan(50)
      expect(asked.every((text) => text.length > 0)).toBe(true)
    }))
})
