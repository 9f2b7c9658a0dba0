import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import type { Part } from "llmdispatcher/Response"
import { Conformance, ScriptedVendor } from "llmdispatcher/testing"
import * as Vendor from "llmdispatcher/Vendor"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"

const register = (options: Conformance.Options<never>) => {
  for (const { name, run } of Conformance.cases(options)) it.live(name, () => run)
}

const instant = Sandbox.make({ firstWord: 0, perWord: 0 })

const failures: { readonly [Name in Sandbox.Behaviour]?: Conformance.ExpectedFailure } = {
  flaky: { reason: "Overloaded", status: 529 },
  "rate-limited": { reason: "RateLimited", status: 429, retryAfter: 2_000 },
  overloaded: { reason: "Overloaded", status: 529 },
  broken: { reason: "ServerFault", status: 500 },
  unreachable: { reason: "NetworkFault", code: "ECONNREFUSED" },
  "cut-off": { reason: "StreamInterrupted" },
  malformed: { reason: "MalformedResponse", status: 200 },
  unauthenticated: { reason: "Unauthenticated", status: 401 },
  "out-of-quota": { reason: "QuotaExhausted", status: 429, code: "insufficient_quota" },
  filtered: { reason: "ContentFiltered", status: 400 },
  "too-long": { reason: "ContextLengthExceeded", status: 400 }
}

const failing = Object.entries(failures).map(([model, failure]): Conformance.Fixture => ({
  name: `model ${model}`,
  model,
  request: { prompt: "Hello" },
  expected: { failure }
}))

describe("the sandbox, at once", () => {
  register({
    vendor: ({ model }) =>
      Effect.sync(() =>
        model !== undefined && Sandbox.isBehaviour(model) ? Sandbox.make({ firstWord: 0, perWord: 0 }) : instant
      ),
    fixtures: failing
  })
})

describe("the sandbox, word by word", () => {
  register({ vendor: Sandbox.make({ firstWord: 2, perWord: 1 }) })
})

it("every behaviour of the sandbox is put through the suite or never ends", () => {
  const unending = ["sandbox", "slow", "stalled", "silent"]
  assert.deepStrictEqual(
    Sandbox.behaviours.filter((name) => failures[name] === undefined),
    unending as Array<Sandbox.Behaviour>
  )
})

/** A vendor is put through the suite by what it answers to each fixture. */
const scripts: { readonly [fixture: string]: string | ReadonlyArray<Part> } = {
  unicode: "Grüße, 你好, שלום, 👩‍👩‍👧 𝔘𝔫𝔦",
  "tool call": [{ type: "tool-call", id: "1", name: "get_weather", params: { city: "Paris", unit: "celsius" } }],
  "parallel tool calls": [
    { type: "tool-call", id: "1", name: "get_weather", params: { city: "Paris", unit: "celsius" } },
    { type: "tool-call", id: "2", name: "get_time", params: { city: "Paris" } }
  ],
  "tool result": "It is 21 degrees.",
  "json schema": "{\"name\":\"Ada\",\"age\":36,\"pets\":[\"cat\"]}",
  json: "{}",
  "max tokens": [
    { type: "text", text: "Once upon a time" },
    { type: "finish", reason: "length", usage: ScriptedVendor.usage }
  ]
}

const scripted = ({ name }: Conformance.Fixture) =>
  Effect.sync(() => ScriptedVendor.make([ScriptedVendor.answer(scripts[name] ?? "Hello, Ada.")]).vendor)

describe("a scripted vendor", () => {
  register({ vendor: scripted, model: "m", without: ["stop"] })

  it.live("whose upstream sees that it is given up", () =>
    Effect.gen(function*() {
      const script = ScriptedVendor.make([ScriptedVendor.answer("Hello")])
      const aborted = Effect.sync(() => script.calls.at(-1)?.outcome === "interrupted")
      const cases = Conformance.cases({ vendor: script.vendor, model: "m", aborted })
      yield* cases.find(({ name }) => name === "interruption")!.run
    }))
})

const stepFor = (step: ScriptedVendor.Step) => ({
  vendor: () => Effect.sync(() => ScriptedVendor.make([step]).vendor),
  model: "m"
})

const finish = { type: "finish", reason: "stop", usage: ScriptedVendor.usage } as const
const text = (id: string, ...deltas: ReadonlyArray<string>) =>
  [
    { type: "text-start", id },
    ...deltas.map((delta) => ({ type: "text-delta", id, delta }) as const),
    { type: "text-end", id }
  ] as const

const failureOf = (options: Conformance.Options<never>, name: string) =>
  Effect.gen(function*() {
    const found = Conformance.cases(options).find((one) => one.name === name)
    assert.isDefined(found)
    const exit = yield* Effect.exit(found.run)
    assert.isTrue(Exit.isFailure(exit), "the case holds for a vendor that is wrong")
    const error = yield* Effect.flip(exit)
    assert.strictEqual(error.case, name)
    return error.description
  })

describe("a wrong vendor fails", () => {
  const wrong: ReadonlyArray<readonly [what: string, step: ScriptedVendor.Step, name: string, description: string]> = [
    [
      "two finish parts",
      ScriptedVendor.stream([...text("0", "Hi"), finish, finish]),
      "plain, streamed",
      "there are 2 finish parts, there must be one"
    ],
    ["no finish part", ScriptedVendor.stream([...text("0", "Hi")]), "plain, streamed", "there is no finish part"],
    [
      "a part after the finish",
      ScriptedVendor.stream([finish, ...text("0", "Hi")]),
      "plain, streamed",
      "a text-end part comes after the finish part"
    ],
    [
      "an unopened block",
      ScriptedVendor.stream([{ type: "text-delta", id: "0", delta: "Hi" }, finish]),
      "plain, streamed",
      "text-delta 0 comes outside of its block"
    ],
    [
      "a block opened twice",
      ScriptedVendor.stream([{ type: "text-start", id: "0" }, ...text("0", "Hi"), finish]),
      "plain, streamed",
      "text 0 is opened twice"
    ],
    [
      "a block left open",
      ScriptedVendor.stream([{ type: "text-start", id: "0" }, finish]),
      "plain, streamed",
      "finish comes while text 0 is open"
    ],
    [
      "an error part",
      ScriptedVendor.stream([{ type: "error", error: "oops" }, finish]),
      "plain, streamed",
      "an error part is in the stream, a stream must fail instead"
    ],
    [
      "a part of a whole answer in a stream",
      ScriptedVendor.stream([{ type: "text", text: "Hi" } as any, finish]),
      "plain, streamed",
      "not a part of a stream: {\"type\":\"text\",\"text\":\"Hi\"}"
    ],
    [
      "params that are not what was streamed",
      ScriptedVendor.stream([
        { type: "tool-params-start", id: "1", name: "get_weather" },
        { type: "tool-params-delta", id: "1", delta: "{\"unit\":\"kelvin\"}" },
        { type: "tool-params-end", id: "1" },
        { type: "tool-call", id: "1", name: "get_weather", params: { unit: "celsius" } },
        { ...finish, reason: "tool-calls" }
      ]),
      "tool call, streamed",
      "tool call 1 has other params than its deltas"
    ],
    [
      "usage that counts the cache twice",
      ScriptedVendor.answer([
        { type: "text", text: "Hi" },
        {
          ...finish,
          usage: { ...ScriptedVendor.usage, inputTokens: { uncached: 10, total: 10, cacheRead: 4, cacheWrite: 0 } }
        }
      ]),
      "plain, whole",
      "usage: inputTokens uncached + cacheRead + cacheWrite are 14, total is 10"
    ],
    ["no text", ScriptedVendor.answer([]), "plain, whole", "the text should be /\\S/, is \"\""],
    [
      "another tool",
      ScriptedVendor.answer([{ type: "tool-call", id: "1", name: "get_time", params: {} }]),
      "tool call, whole",
      "toolCalls.0.name should be \"get_weather\", is \"get_time\""
    ],
    [
      "another finish reason",
      ScriptedVendor.answer("Once"),
      "max tokens, whole",
      "the finish reason should be length, is stop"
    ],
    ["an error", ScriptedVendor.fail({ _tag: "Overloaded" }), "plain, whole", "scripted: overloaded"]
  ]
  for (const [what, step, name, description] of wrong) {
    it.live(what, () => Effect.map(failureOf(stepFor(step), name), (found) => assert.strictEqual(found, description)))
  }

  it.live("one that hangs", () =>
    Effect.map(
      failureOf({ ...stepFor(ScriptedVendor.stall), patience: 20 }, "plain, whole"),
      (found) => assert.strictEqual(found, "it was not done after 20 ms")
    ))

  it.live("one that does not let itself be interrupted", () =>
    Effect.gen(function*() {
      const parts = Stream.fromEffect(Effect.succeed({ type: "text-start", id: "0" } as const)).pipe(
        Stream.concat(Stream.never)
      )
      const vendor = Vendor.make({
        name: "deaf",
        stream: () =>
          Effect.as(
            Effect.addFinalizer(() => Effect.sleep("200 millis")),
            { parts, losses: [] }
          )
      })
      const found = yield* failureOf({ vendor, model: "m", patience: 50 }, "interruption")
      assert.strictEqual(found, "it was not done after 50 ms")
    }))

  it.live("one whose upstream does not see the abort", () =>
    Effect.gen(function*() {
      const found = yield* failureOf(
        { ...stepFor(ScriptedVendor.answer("Hello")), aborted: Effect.succeed(false) },
        "interruption"
      )
      assert.strictEqual(found, "the upstream did not see that the call was given up")
    }))

  it.live("one that answers where it should fail, and one that fails otherwise", () =>
    Effect.gen(function*() {
      const fixtures: ReadonlyArray<Conformance.Fixture> = [
        { name: "busy", request: { prompt: "Hi" }, expected: { failure: { reason: "RateLimited", retryAfter: 2_000 } } }
      ]
      const answered = yield* failureOf({ ...stepFor(ScriptedVendor.answer("Hello")), fixtures }, "busy, whole")
      assert.strictEqual(answered, "it answered and should fail")
      const other = yield* failureOf(
        { ...stepFor(ScriptedVendor.fail({ _tag: "RateLimited" })), fixtures },
        "busy, streamed"
      )
      assert.strictEqual(other, "error.retryAfter should be 2000, is nothing")
    }))

  it.live("one that lists a model twice", () =>
    Effect.gen(function*() {
      const vendor = ScriptedVendor.make([], { models: Effect.succeed([{ id: "m" }, { id: "m" }]) }).vendor
      assert.strictEqual(yield* failureOf({ vendor, model: "m" }, "models"), "a model is listed twice")
    }))
})
