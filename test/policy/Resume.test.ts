import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { RequestInput } from "llmdispatcher/Request"
import { fold, type StreamPart, summaryOf } from "llmdispatcher/Response"
import type { Capabilities } from "llmdispatcher/Vendor"
import { type AttemptError, fatal, retryable } from "llmdispatcher/VendorError"
import { finish, sequence, stream, textParts } from "../support/vendors.ts"

const cut = retryable({ _tag: "StreamInterrupted" })

const broken = (parts: ReadonlyArray<StreamPart>, error: AttemptError = cut) =>
  stream(Stream.concat(Stream.fromIterable(parts), Stream.fail(error)))

/** The beginning of a text, its block still open. */
const begun = (...texts: ReadonlyArray<string>) => textParts(...texts).slice(0, 2 + texts.length)

const whole = (...texts: ReadonlyArray<string>) => stream(textParts(...texts))

type Steps = Parameters<typeof sequence>[1]

const over = (
  vendors: ReadonlyArray<readonly [steps: Steps, capabilities?: Capabilities]>,
  options: Partial<Parameters<typeof Dispatcher.make>[0]> = {}
) =>
  Effect.gen(function*() {
    const made = vendors.map(([steps, capabilities = {}], index) =>
      sequence(`v${index}`, steps, { capabilities: () => capabilities })
    )
    const dispatcher = yield* Dispatcher.make({
      vendors: made.map(({ vendor }) => vendor),
      routes: { default: { targets: made.map((_, index) => `v${index}/m`), onInterrupted: "resume" } },
      ...options
    })
    return { made, dispatcher }
  })

const read = (dispatcher: Dispatcher.Dispatcher["Service"], input: Partial<RequestInput> = {}) =>
  Effect.gen(function*() {
    const parts: Array<StreamPart> = []
    const error = yield* dispatcher.stream({ prompt: "Hello", ...input } as RequestInput).pipe(
      Stream.runForEach((part) => Effect.sync(() => void parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
    const whole = fold(parts)
    const summary = parts.map(summaryOf).find((summary) => summary !== undefined)
    return {
      parts,
      error,
      summary,
      text: whole.map((part) => part.type === "text" ? part.text : "").join(""),
      finishes: parts.filter(({ type }) => type === "finish").length,
      attempts: (summary?.attempts ?? error?.attempts ?? []).map(({ outcome, reason, vendor }) =>
        [vendor, outcome, reason].filter(Boolean).join(" ")
      )
    }
  })

/** Every block that begins ends once, and nothing is said outside of one. */
const isWellFormed = (parts: ReadonlyArray<StreamPart>): boolean => {
  const open = new Set<string>()
  for (const part of parts) {
    const [, kind, phase] = /^(text|reasoning)-(start|delta|end)$/.exec(part.type) ?? []
    if (kind === undefined || !("id" in part)) continue
    const key = `${kind} ${part.id}`
    if (open.has(key) !== (phase !== "start")) return false
    if (phase === "start") open.add(key)
    if (phase === "end") open.delete(key)
  }
  return open.size === 0
}

const resumed = {
  text: "Hello there, friend.",
  finishes: 1,
  error: undefined,
  attempts: ["v0 failed StreamInterrupted", "v1 answered"]
}

describe("a stream that breaks", () => {
  it.effect("goes on where the target continues what was sent", () =>
    Effect.gen(function*() {
      const { dispatcher, made } = yield* over([
        [[broken(begun("Hello", " there, "))]],
        [[whole("friend", ".")], { prefill: true }]
      ])
      const seen = yield* read(dispatcher)
      expect(seen).toMatchObject(resumed)
      expect(isWellFormed(seen.parts)).toBe(true)
      expect(made[1]!.calls[0]!.request.prompt.content.at(-1)).toMatchObject({
        role: "assistant",
        content: [{ type: "text", text: "Hello there," }]
      })
    }))

  it.effect("does not say white space twice that a beginning cannot end in", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over([
        [[broken(begun("Hello there, "))]],
        [[whole(" friend.")], { prefill: true }]
      ])
      expect((yield* read(dispatcher)).text).toBe("Hello there, friend.")
    }))

  it.effect("goes on where another is asked again and says the same", () =>
    Effect.gen(function*() {
      const { dispatcher, made } = yield* over([
        [[broken(begun("Hello", " there"))]],
        [[whole("Hel", "lo there,", " friend.")]]
      ])
      const seen = yield* read(dispatcher)
      expect(seen).toMatchObject(resumed)
      expect(isWellFormed(seen.parts)).toBe(true)
      expect(made[1]!.calls[0]!.request.prompt.content.length).toBe(1)
    }))

  it.effect("ends with what broke it where the other says something else", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over([[[broken(begun("Hello", " there"))]], [[whole("Good ", "morning.")]]])
      const seen = yield* read(dispatcher)
      expect([seen.error?.reason._tag, seen.text, seen.finishes]).toEqual(["StreamInterrupted", "Hello there", 0])
      expect(seen.attempts).toEqual([
        "v0 failed StreamInterrupted",
        "v1 interrupted",
        "v0 failed StreamInterrupted"
      ])
    }))

  it.effect("does not hold it against a target that says something else", () =>
    Effect.gen(function*() {
      const { dispatcher, made } = yield* over([[[broken(begun("Hello"))]], [[whole("Good morning.")]]])
      yield* Effect.repeat(read(dispatcher), { times: 9 })
      const before = made[1]!.calls.length
      expect((yield* read(dispatcher, { model: "v1/m" })).text).toBe("Good morning.")
      expect(made[1]!.calls.length).toBe(before + 1)
    }))

  it.effect("ends with what broke it where the other says less", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over([[[broken(begun("Hello", " there"))]], [[whole("Hello")]]])
      const seen = yield* read(dispatcher)
      expect([seen.error?.reason._tag, seen.text, seen.finishes]).toEqual(["StreamInterrupted", "Hello there", 0])
    }))

  it.effect("goes on a second time", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over([
        [[broken(begun("Hello"))]],
        [[broken(begun(" there"))], { prefill: true }],
        [[whole(", friend.")], { prefill: true }]
      ])
      const seen = yield* read(dispatcher)
      expect([seen.text, seen.finishes, isWellFormed(seen.parts)]).toEqual(["Hello there, friend.", 1, true])
    }))

  it.effect("is asked again of the only target there is", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over([[[broken(begun("Hello")), whole("Hello there.")]]])
      const seen = yield* read(dispatcher)
      expect([seen.text, seen.attempts]).toEqual(["Hello there.", ["v0 failed StreamInterrupted", "v0 answered"]])
    }))

  it.effect("makes no more calls than a dispatch may", () =>
    Effect.gen(function*() {
      const { dispatcher, made } = yield* over([[[broken(begun("Hello"))]]], { maxAttempts: 3, circuit: false })
      const seen = yield* read(dispatcher)
      expect([seen.error?.reason._tag, made[0]!.calls.length]).toEqual(["StreamInterrupted", 3])
    }))

  const call: ReadonlyArray<StreamPart> = [
    { type: "tool-params-start", id: "c", name: "now" },
    { type: "tool-params-delta", id: "c", delta: "{" }
  ]

  it.effect("is not gone on with once a tool call has begun", () =>
    Effect.gen(function*() {
      const { dispatcher, made } = yield* over([[[
        broken([...textParts("I look."), ...call].filter(({ type }) => type !== "finish"))
      ]], [[whole("I look.")]]])
      const seen = yield* read(dispatcher)
      expect([seen.error?.reason._tag, made[1]!.calls.length]).toEqual(["StreamInterrupted", 0])
    }))

  it.effect("is not gone on with where the vendor refused the content", () =>
    Effect.gen(function*() {
      const refused = fatal({ _tag: "ContentFiltered" })
      const { dispatcher, made } = yield* over([[[broken(begun("Hello"), refused)]], [[whole("Hello.")]]])
      expect([(yield* read(dispatcher)).error?.reason._tag, made[1]!.calls.length]).toEqual(["ContentFiltered", 0])
    }))

  it.effect("is an error where the route does not say otherwise", () =>
    Effect.gen(function*() {
      const { dispatcher, made } = yield* over([[[broken(begun("Hello"))]], [[whole("Hello.")]]], { routes: {} })
      expect([(yield* read(dispatcher)).error?.reason._tag, made[1]!.calls.length]).toEqual(["StreamInterrupted", 0])
    }))

  it.effect("tells its thoughts once", () =>
    Effect.gen(function*() {
      const thought = (text: string, id = "r"): ReadonlyArray<StreamPart> => [
        { type: "reasoning-start", id },
        { type: "reasoning-delta", id, delta: text },
        { type: "reasoning-end", id }
      ]
      const { dispatcher } = yield* over([
        [[broken(thought("Hm").slice(0, 2))]],
        [[stream([...thought("Well"), ...textParts("Hello.")])]]
      ])
      const seen = yield* read(dispatcher)
      expect(fold(seen.parts).flatMap((part) => "text" in part ? [part.text] : [])).toEqual(["Hm", "Hello."])
      expect(isWellFormed(seen.parts)).toBe(true)
    }))

  it.effect("accounts what the broken attempt took", () =>
    Effect.gen(function*() {
      const price = { input: 1_000_000, output: 1_000_000 }
      const { dispatcher } = yield* over([[[broken(begun("Hello"))]], [[whole("Hello.")]]], {
        routes: {
          default: {
            targets: [{ vendor: "v0", model: "m", price }, { vendor: "v1", model: "m", price }],
            onInterrupted: "resume"
          }
        }
      })
      const { summary } = yield* read(dispatcher)
      expect(summary?.usage).toEqual(finish.usage)
      expect(summary?.cost).toBe(5)
    }))
})

describe("wherever it breaks, and however both answers are cut", () => {
  const text = "Hello there, friend.\nHow are you 👋?  Fine. "
  const pieces = (cuts: ReadonlyArray<number>, from = 0) => {
    const at = [...new Set([from, ...cuts.filter((cut) => cut > from), text.length])].sort((a, b) => a - b)
    return at.slice(1).map((end, index) => text.slice(at[index], end))
  }
  const cuts = fc.array(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 6 })

  it("no text is missing and none is said twice", () =>
    fc.assert(fc.asyncProperty(
      cuts,
      cuts,
      fc.integer({ min: 1, max: text.length - 1 }),
      fc.boolean(),
      (first, second, at, prefill) => {
        const before = pieces(first.filter((cut) => cut < at)).join("").slice(0, at)
        const after = prefill ? pieces(second, before.trimEnd().length) : pieces(second)
        return Effect.runPromise(
          Effect.gen(function*() {
            const { dispatcher } = yield* over([
              [[broken(begun(before))]],
              [[whole(...after)], { prefill }]
            ])
            const seen = yield* read(dispatcher)
            expect(seen.text).toBe(text)
            expect([seen.finishes, isWellFormed(seen.parts)]).toEqual([1, true])
          }).pipe(Effect.scoped)
        )
      }
    )))
})
