import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Prompt } from "effect/ai"
import * as fc from "fast-check"
import { inputTokens, measure } from "../../src/context/Tokens.ts"
import { trim } from "../../src/context/Trim.ts"
import type { Request } from "../../src/Request.ts"
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

const options = (window: number, more: object = {}) => ({ window, reserve: 0, counter: characters, ...more })

const trimmed = (request: Request, window: number, more?: object) =>
  Effect.runSync(Effect.result(trim(options(window, more))(request)))

const kept = (request: Request, window: number, more?: object) =>
  Result.match(trimmed(request, window, more), { onFailure: (error) => error.message, onSuccess: told })

/** Four tokens around each message, three around all. */
const tokens = (request: Request) => inputTokens(request, { counter: characters })

const isOrphanFree = (whole: ReadonlyArray<Prompt.Message>, part: ReadonlyArray<Prompt.Message>) =>
  pairs(whole).every(([call, answer]) => part.includes(whole[call]!) === part.includes(whole[answer]!))

describe("Trim", () => {
  it("leaves out the oldest turns whole and keeps the system's messages wherever they stand", () => {
    const chat = request([
      system("be kind"),
      user("one"),
      assistant("1"),
      system("be brief"),
      user("two"),
      call("a"),
      result("2", "a"),
      assistant("two it is"),
      user("three")
    ])
    expect(kept(chat, tokens(chat) - 1)).toEqual([
      "system be kind",
      "system be brief",
      "user two",
      "assistant reasoning a",
      "tool a",
      "assistant two it is",
      "user three"
    ])
    expect(kept(chat, tokens(chat) - 13)).toEqual(["system be kind", "system be brief", "user three"])
  })

  it("leaves out the oldest steps of a turn that is too long by itself, each with its results, but not the last", () => {
    const chat = request([
      user("old"),
      assistant("older"),
      user("do it"),
      call("a", "b"),
      result("1", "a"),
      result("2", "b"),
      call("a"),
      result("3", "a"),
      call("c"),
      result("4", "c")
    ])
    expect(kept(chat, tokens(chat) - 20)).toEqual([
      "user do it",
      "assistant reasoning a",
      "tool a",
      "assistant reasoning c",
      "tool c"
    ])
    expect(kept(chat, 3 + 9 + 17 + 13)).toEqual(["user do it", "assistant reasoning c", "tool c"])
    expect(kept(chat, 3 + 9 + 17 + 13 - 1)).toEqual(
      "the conversation is longer than the model's window: the part that has to be sent has 42 tokens, 41 are left of a " +
        "window of 41 with 0 kept for the answer"
    )
  })

  it("keeps a turn whose call is answered after the user spoke again", () => {
    const chat = request([
      user("old"),
      assistant("yes"),
      user("go"),
      call("a"),
      user("wait"),
      result("1", "a"),
      user("x")
    ])
    expect(kept(chat, tokens(chat) - 15)).toEqual(["user x"])
    const open = request([user("old"), assistant("yes"), user("go"), call("a"), user("wait"), result("1", "a")])
    expect(kept(open, tokens(open) - 1)).toEqual([
      "user go",
      "assistant reasoning a",
      "user wait",
      "tool a"
    ])
  })

  it("takes a result for the last call of its id, where ids come again", () => {
    const chat = request([user("1"), call("a"), result("r", "a"), user("2"), call("a"), result("r", "a"), user("3")])
    expect(kept(chat, tokens(chat) - 1)).toEqual(["user 2", "assistant reasoning a", "tool a", "user 3"])
  })

  it("keeps a question for approval with the call that it is for and with its answer", () => {
    const asks = Prompt.assistantMessage({
      content: [Prompt.toolApprovalRequestPart({ approvalId: "p", toolCallId: "a" })]
    })
    const approves = Prompt.toolMessage({
      content: [Prompt.toolApprovalResponsePart({ approvalId: "p", approved: true })]
    })
    const error = (least: number, window: number) => expect.stringContaining(`has ${least} tokens, ${window} are left`)
    // From the call to the answer it is one whole, whatever the user says in between.
    const asked = request([user("old"), user("go"), call("a"), user("hm"), asks])
    expect(kept(asked, tokens(asked) - 1)).toEqual([
      "user go",
      "assistant reasoning a",
      "user hm",
      "assistant tool-approval-request"
    ])
    expect(kept(asked, 30)).toEqual(error(36, 30))
    const answered = request([user("old"), user("go"), asks, user("hm"), approves])
    expect(kept(answered, tokens(answered) - 1)).toEqual([
      "user go",
      "assistant tool-approval-request",
      "user hm",
      "tool tool-approval-response"
    ])
    expect(kept(answered, 20)).toEqual(error(23, 20))
  })

  it("does not begin with what the assistant said between a call and its result", () => {
    const chat = request([user("go"), call("a"), assistant("moment"), result("1", "a"), call("b"), result("2", "b")])
    expect(kept(chat, tokens(chat) - 1)).toEqual(["user go", "assistant reasoning b", "tool b"])
    const open = request([user("go"), call("b"), result("2", "b"), call("a"), assistant("moment"), result("1", "a")])
    expect(kept(open, tokens(open) - 31)).toContain("has 49 tokens")
  })

  it("gives the request on as it is when it fits exactly", () => {
    const chat = request([user("1"), assistant("2"), user("3")])
    expect(Result.getOrThrow(trimmed(chat, tokens(chat)))).toBe(chat)
  })

  it("keeps room for the answer: what the request asks for, else a quarter of a small window", () => {
    const chat = [user("a".repeat(40)), assistant("b"), user("c")]
    const cut = (window: number, maxTokens?: number) =>
      Effect.runSync(Effect.map(
        trim({ window, counter: characters })(request(chat, maxTokens === undefined ? {} : { maxTokens })),
        ({ prompt }) => prompt.content.length
      ))
    expect([cut(76), cut(74), cut(57 + 57, 57), cut(56 + 57, 57)]).toEqual([3, 1, 3, 1])
  })

  it("does nothing where there is no window", () => {
    const chat = request([user("a".repeat(1_000))])
    expect(Effect.runSync(trim({ window: () => undefined })(chat))).toBe(chat)
  })

  it("keeps the same beginning for several turns when it drops in steps", () => {
    const turns = Array.from({ length: 40 }, (_, index) => [user(`q${index}`.padEnd(6)), assistant("a".repeat(6))])
      .flat()
    const firsts = [20, 22, 24, 26, 28, 30, 32].map((count) => {
      const chat = request([...turns.slice(0, count), user("now")])
      const first = (more: object) => (kept(chat, 150, more) as ReadonlyArray<string>)[0]
      return [first({}), first({ step: 60 })]
    })
    expect(new Set(firsts.map(([each]) => each)).size).toBe(7)
    expect(new Set(firsts.map(([, each]) => each)).size).toBe(3)
  })

  it("gives up no step of the turn under way to leave out as much as its steps would have", () => {
    const chat = request([
      user("old"),
      assistant("a"),
      user("go"),
      call("a"),
      result("1", "a"),
      call("b"),
      result("2", "b")
    ])
    expect(kept(chat, tokens(chat) - 1, { step: 1_000 })).toEqual([
      "user go",
      "assistant reasoning a",
      "tool a",
      "assistant reasoning b",
      "tool b"
    ])
  })

  it("law: what is left fits, in its order, with the system's and the last user's messages, and nothing is torn", () => {
    let trims = 0
    fc.assert(
      fc.property(conversation, fc.nat(600), fc.constantFrom(0, 50, 200), (messages, window, step) => {
        const whole = request(messages)
        const outcome = trimmed(whole, window, { step })
        if (tokens(whole) <= window) {
          expect(outcome).toEqual(Result.succeed(whole))
          expect(Result.getOrThrow(outcome)).toBe(whole)
          return
        }
        if (Result.isFailure(outcome)) return
        trims++
        const part = Result.getOrThrow(outcome).prompt.content
        expect(tokens(Result.getOrThrow(outcome))).toBeLessThanOrEqual(window)
        expect(part).toEqual(messages.filter((message) => part.includes(message)))
        expect(messages.filter(({ role }) => role === "system").every((message) => part.includes(message))).toBe(true)
        expect(part).toContain(messages.findLast(({ role }) => role === "user"))
        expect(isOrphanFree(messages, part)).toBe(true)
        expect(part.find(({ role }) => role !== "system")?.role).toBe("user")
      }),
      { numRuns: 2_000 }
    )
    expect(trims).toBeGreaterThan(200)
  })

  it("law: it leaves out no turn that would have fitted, and fails only where what has to stay does not fit", () => {
    let failures = 0
    fc.assert(
      fc.property(conversation, fc.nat(600), (messages, window) => {
        const whole = request(messages)
        const outcome = trimmed(whole, window)
        const lastUser = messages.findLastIndex(({ role }) => role === "user")
        const tail = messages.slice(lastUser + 1)
        // Where the user spoke between a call and its result more has to stay: the other law's concern.
        if (pairs(messages).some(([from, to]) => messages.slice(from, to).some(({ role }) => role === "user"))) return
        if (Result.isFailure(outcome)) {
          failures++
          const least = tail.slice(tail.findLastIndex(({ role }) => role === "assistant") >>> 0)
          const systems = messages.filter((message) => message.role === "system" && !least.includes(message))
          const rest = request([...systems, messages[lastUser]!, ...least])
          expect(tokens(rest)).toBeGreaterThan(window)
          expect(outcome.failure.reason).toMatchObject({
            _tag: "ContextLengthExceeded",
            description: expect.stringContaining(`has ${tokens(rest)} tokens, ${window} are left`)
          })
          return
        }
        const part = outcome.success.prompt.content
        const first = messages.indexOf(part.find(({ role }) => role !== "system")!)
        const earlier = messages.slice(0, first).findLastIndex(({ role }) => role === "user")
        if (earlier < 0) return
        const more = messages.filter((message, at) => message.role === "system" || at >= earlier)
        expect(tokens(request(more))).toBeGreaterThan(window)
      }),
      { numRuns: 2_000 }
    )
    expect(failures).toBeGreaterThan(100)
  })

  it("measures a conversation once, whatever its length", () => {
    let counted = 0
    const counter = { text: (text: string) => (counted++, text.length) }
    const chat = request(
      Array.from({ length: 2_000 }, (_, at) => at % 2 === 0 ? user("q") : assistant("a")).concat(user("z"))
    )
    Effect.runSync(trim({ window: 100, reserve: 0, counter })(chat))
    expect(counted).toBe(2_001)
    expect(measure(chat, { counter }).total).toBe(2_001 * 5 + 3)
  })
})
