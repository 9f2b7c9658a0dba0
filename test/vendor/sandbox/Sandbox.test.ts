import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Duration, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Request from "llmdispatcher/Request"
import { fold, type Part, type StreamPart } from "llmdispatcher/Response"
import type * as Vendor from "llmdispatcher/Vendor"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"

const instant = Sandbox.make({ firstWord: 0, perWord: 0 })

const callOf = (input: Request.RequestInput = { prompt: "Why is the sky blue?" }, model = "sandbox") =>
  Effect.map(Request.decode(input), (request) => ({ request, model }))

const send = (input?: Request.RequestInput, model?: string, vendor: Vendor.Vendor = instant) =>
  Effect.map(Effect.flatMap(callOf(input, model), vendor.send), ({ parts }) => parts)

const stream = (
  vendor: Vendor.Vendor,
  options: { readonly input?: Request.RequestInput; readonly model?: string; readonly seen?: Array<StreamPart> } = {}
) =>
  Effect.gen(function*() {
    const seen = options.seen ?? []
    const { parts } = yield* vendor.stream(yield* callOf(options.input, options.model))
    yield* Stream.runForEach(parts, (part) => Effect.sync(() => seen.push(part)))
    return seen
  }).pipe(Effect.scoped)

const textOf = (parts: Iterable<Part | StreamPart>) =>
  Array.from(parts, (part) => part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "").join("")

const finishOf = (parts: ReadonlyArray<Part>) => {
  const part = parts.at(-1)
  assert.isTrue(part?.type === "finish")
  return part as Extract<Part, { readonly type: "finish" }>
}

const tool = (name: string, parameters: Request.Tool["parameters"] = { type: "object" }): Request.Tool => ({
  name,
  parameters
})

describe("what it says", () => {
  const texts: ReadonlyArray<readonly [name: string, input: Request.RequestInput, about: string]> = [
    [
      "the words that tell",
      { prompt: "Why is the sky blue?" },
      "You asked about “sky blue”. The request carried 1 message."
    ],
    [
      "a question of common words",
      { prompt: "What's that?" },
      "You asked about “What's that”. The request carried 1 message."
    ],
    [
      "a system instruction and the conversation",
      {
        messages: [
          { role: "system", content: "Be kind." },
          { role: "user", content: "Hi" },
          { role: "assistant", content: "Hello!" },
          { role: "user", content: "Tell me about “Grüße” 你好 👩‍👩‍👧." }
        ]
      },
      "You asked about “Grüße 你好 👩‍👩‍👧”. The request carried 3 messages and 1 system instruction."
    ],
    [
      "a file",
      { prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: "AAAA" }] }] },
      "You attached 1 file. The request carried 1 message."
    ],
    [
      "a tool's result",
      {
        messages: [
          { role: "user", content: "Weather?" },
          { role: "assistant", content: [{ type: "tool-call", id: "1", name: "weather", params: {} }] },
          {
            role: "tool",
            content: [{ type: "tool-result", id: "1", name: "weather", isFailure: false, result: { celsius: 21 } }]
          }
        ]
      },
      "The tool weather answered {\"celsius\":21}. The request carried 3 messages."
    ]
  ]
  for (const [name, input, about] of texts) {
    it.effect(name, () =>
      Effect.map(send(input), (parts) =>
        assert.strictEqual(
          textOf(parts),
          `This is the sandbox inside llmdispatcher, no model was asked. ${about} ` +
            "For a real answer, set OPENAI_API_KEY and send the same request again."
        )))
  }

  it.effect("the same for the same request, whatever the model, whole or streamed", () =>
    Effect.gen(function*() {
      const first = yield* send()
      assert.deepStrictEqual(yield* send(), first)
      assert.deepStrictEqual(
        (yield* send(undefined, "slow", instant).pipe(
          Effect.forkChild,
          Effect.tap(() => TestClock.adjust("1 minute")),
          Effect.flatMap(Fiber.join)
        )).slice(1),
        first.slice(1)
      )
      assert.deepStrictEqual(fold(yield* stream(instant)), first)
    }))

  it.effect("its own beginning is continued", () =>
    Effect.gen(function*() {
      const whole = textOf(yield* send())
      const begun = whole.slice(0, 70)
      const parts = yield* send({
        messages: [{ role: "user", content: "Why is the sky blue?" }, { role: "assistant", content: begun }]
      })
      assert.strictEqual(begun + textOf(parts), whole)
    }))

  it.effect("counts tokens, one for four characters", () =>
    Effect.gen(function*() {
      const parts = yield* send({ prompt: "x".repeat(41) })
      const output = Math.ceil(textOf(parts).length / 4)
      assert.deepStrictEqual(finishOf(parts).usage, {
        inputTokens: { uncached: 11, total: 11, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: output, text: output, reasoning: 0 }
      })
    }))

  it.effect("ends at the most tokens, reasoning counted", () =>
    Effect.gen(function*() {
      const short = yield* send({ prompt: "Hello", maxTokens: 5 })
      assert.strictEqual(textOf(short), "This is the sandbox ")
      assert.strictEqual(finishOf(short).reason, "length")
      assert.strictEqual(finishOf(short).usage.outputTokens.total, 5)
      const thought = yield* send({ prompt: "Hello", maxTokens: 5, reasoningEffort: "low" })
      assert.deepStrictEqual(thought.map((part) => part.type), ["response-metadata", "reasoning", "finish"])
      assert.strictEqual(finishOf(thought).reason, "length")
      assert.deepStrictEqual(finishOf(thought).usage.outputTokens, { total: 5, text: 0, reasoning: 5 })
      const enough = yield* send({ prompt: "Hello", maxTokens: 1_000, reasoningEffort: "low" })
      assert.strictEqual(finishOf(enough).reason, "stop")
    }))

  it.effect("ends before a stop", () =>
    Effect.gen(function*() {
      const parts = yield* send({ prompt: "Hello", stop: ["sandbox", "This is the", "nowhere"] })
      assert.deepStrictEqual(parts.map((part) => part.type), ["response-metadata", "finish"])
      assert.strictEqual(textOf(yield* send({ prompt: "Hello", stop: [" inside"] })), "This is the sandbox")
    }))

  it.effect("thinks only when told to", () =>
    Effect.gen(function*() {
      const of = (reasoningEffort: "none" | "high") =>
        Effect.map(send({ prompt: "Hello", reasoningEffort }), (parts) => parts.map((part) => part.type))
      assert.deepStrictEqual(yield* of("high"), ["response-metadata", "reasoning", "text", "finish"])
      assert.deepStrictEqual(yield* of("none"), ["response-metadata", "text", "finish"])
    }))

  it.effect("stays fast with a long question", () =>
    Effect.map(
      send({ prompt: `a${"!".repeat(1_000_000)}a ${"😀".repeat(1_000_000)}`, tools: [tool("f")] }),
      (parts) => assert.isTrue(textOf(parts).isWellFormed())
    ))
})

describe("tools and forms", () => {
  const weather = tool("get_weather", {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer", minimum: 1 } },
    required: ["city", "days"]
  })
  const time = tool("get_time")
  const calls = (
    input: Omit<Extract<Request.RequestInput, { readonly prompt: unknown }>, "prompt">,
    prompt = "Paris"
  ) =>
    Effect.map(send({ tools: [weather, time], prompt, ...input }), (parts) => {
      const names = parts.flatMap((part) => part.type === "tool-call" ? [part.name] : [])
      assert.strictEqual(finishOf(parts).reason, names.length > 0 ? "tool-calls" : "stop")
      return names
    })

  it.effect("calls the tools it must and those that are named", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* calls({}), [])
      assert.deepStrictEqual(yield* calls({}, "Use get_time."), ["get_time"])
      assert.deepStrictEqual(yield* calls({}, "Use get_time and get_weather"), ["get_weather", "get_time"])
      const one = yield* calls({ parallelToolCalls: false }, "Use get_time and get_weather")
      assert.deepStrictEqual(one, ["get_weather"])
      assert.deepStrictEqual(yield* calls({ toolChoice: "none" }, "Use get_time"), [])
      assert.deepStrictEqual(yield* calls({ toolChoice: "required" }), ["get_weather"])
      assert.deepStrictEqual(yield* calls({ toolChoice: "required" }, "Use get_time"), ["get_time"])
      assert.deepStrictEqual(yield* calls({ toolChoice: { tool: "get_time" } }), ["get_time"])
      assert.deepStrictEqual(yield* calls({ toolChoice: { oneOf: ["get_time"] } }), [])
      assert.deepStrictEqual(yield* calls({ toolChoice: { mode: "required", oneOf: ["get_time"] } }), ["get_time"])
    }))

  it.effect("the params satisfy the schema, and are streamed before the call", () =>
    Effect.gen(function*() {
      const input = { prompt: "Paris", tools: [weather], toolChoice: "required" } as const
      const parts = yield* stream(instant, { input })
      assert.deepStrictEqual(parts.map((part) => part.type), [
        "response-metadata",
        "tool-params-start",
        "tool-params-delta",
        "tool-params-end",
        "tool-call",
        "finish"
      ])
      const call = parts.find((part) => part.type === "tool-call")
      assert.deepStrictEqual(call?.params, { city: "Paris", days: 1 })
    }))

  it.effect("a tool choice that cannot be is refused", () =>
    Effect.gen(function*() {
      const of = (toolChoice: Request.ToolChoice, tools: ReadonlyArray<Request.Tool>) =>
        Effect.flip(send({ prompt: "Hello", toolChoice, tools }))
      const messages = [
        (yield* of({ tool: "nope" }, [time])).message,
        (yield* of({ oneOf: ["get_time", "nope"] }, [time])).message,
        (yield* of("required", [])).message
      ]
      assert.deepStrictEqual(messages, [
        "sandbox: the request is not valid: toolChoice names a tool that the request does not have: nope",
        "sandbox: the request is not valid: toolChoice names a tool that the request does not have: nope",
        "sandbox: the request is not valid: toolChoice requires a tool, and the request has none"
      ])
    }))

  it.effect("answers in the form that is asked for", () =>
    Effect.gen(function*() {
      const json = textOf(yield* send({ prompt: "the sky", responseFormat: { type: "json" } }))
      assert.deepStrictEqual(JSON.parse(json), { sandbox: true, subject: "sky" })
      const schema = { type: "object", properties: { a: { type: "array", minItems: 2 } }, required: ["a"] } as const
      const format = { type: "json-schema", name: "x", schema } as const
      assert.deepStrictEqual(JSON.parse(textOf(yield* send({ prompt: "the sky", responseFormat: format }))), {
        a: ["sky", "sky"]
      })
    }))

  it.effect("embeds into unit vectors, near where words are shared", () =>
    Effect.gen(function*() {
      const inputs = ["the blue sky", "a blue sky", "invoices", ""]
      const { usage, vectors } = yield* instant.embed({ model: "sandbox", inputs })
      assert.lengthOf(vectors, 4)
      const dot = (a: number, b: number) => vectors[a]!.reduce((sum, value, at) => sum + value * vectors[b]![at]!, 0)
      for (const at of vectors.keys()) assert.closeTo(dot(at, at), 1, 1e-12)
      assert.isAbove(dot(0, 1), dot(0, 2))
      assert.strictEqual(usage.inputTokens.total, 8)
    }))
})

describe("the pace", () => {
  it.effect("150 ms to the first word, 25 ms a word, and the whole when the stream would have ended", () =>
    Effect.gen(function*() {
      const vendor = Sandbox.make()
      const seen: Array<StreamPart> = []
      const streaming = yield* Effect.forkChild(stream(vendor, { seen }))
      const sending = yield* Effect.forkChild(send(undefined, "sandbox", vendor))
      yield* TestClock.adjust(149)
      assert.deepStrictEqual(seen.map((part) => part.type), ["response-metadata"])
      yield* TestClock.adjust(1)
      assert.strictEqual(textOf(seen), "This")
      yield* TestClock.adjust(25)
      assert.strictEqual(textOf(seen), "This is")
      const rest = (textOf(yield* send()).split(" ").length - 2) * 25
      yield* TestClock.adjust(rest - 1)
      assert.isUndefined(streaming.pollUnsafe())
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust(26)
      yield* Fiber.join(streaming)
      yield* Fiber.join(sending)
    }))

  it.effect("with both at zero nothing sleeps and all comes in one chunk", () =>
    Effect.gen(function*() {
      const { parts } = yield* instant.stream(yield* callOf())
      assert.lengthOf(yield* Stream.runCollect(Stream.chunks(parts)), 1)
    }).pipe(Effect.scoped))

  it.effect("slow begins after ten seconds", () =>
    Effect.gen(function*() {
      const seen: Array<StreamPart> = []
      const fiber = yield* Effect.forkChild(stream(instant, { model: "slow", seen }))
      yield* TestClock.adjust(9_999)
      assert.strictEqual(textOf(seen), "")
      yield* TestClock.adjust(1)
      yield* Fiber.join(fiber)
      assert.notStrictEqual(textOf(seen), "")
    }))
})

describe("behaviours", () => {
  it.effect("a model does what it is named for; sandbox does as the vendor is told", () =>
    Effect.gen(function*() {
      const broken = Sandbox.make({ behaviour: "broken", name: "b" })
      const reasonOf = (model: string) =>
        Effect.map(Effect.flip(send(undefined, model, broken)), (error) => [error.reason._tag, error.vendor])
      assert.deepStrictEqual(yield* reasonOf("sandbox"), ["ServerFault", "b"])
      assert.deepStrictEqual(yield* reasonOf("overloaded"), ["Overloaded", "b"])
    }))

  it.effect("the errors are as a vendor's", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(send(undefined, "rate-limited"))
      assert.deepInclude(error, { _tag: "RetryableError", vendor: "sandbox", status: 429 })
      assert.deepStrictEqual(error._tag === "RetryableError" && error.retryAfter, Duration.seconds(2))
      assert.match(error.requestId ?? "", /^req_[0-9a-f]+$/)
      assert.strictEqual(
        error.message,
        "sandbox: rate limited: too many requests, as it was told to find [rate_limit_exceeded], try again in 2s"
      )
      const unreachable = yield* Effect.flip(send(undefined, "unreachable"))
      assert.isUndefined(unreachable.status)
      assert.isUndefined(unreachable.requestId)
    }))

  it.effect("a model it does not have", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(stream(instant, { model: "gpt-5" }))
      assert.deepInclude(error, { _tag: "FatalError", status: 404 })
      assert.strictEqual(error.reason._tag, "ModelNotFound")
      assert.include(error.message, "the sandbox has no model \"gpt-5\", it has sandbox, slow, flaky")
      assert.isFalse(instant.serves("gpt-5"))
      assert.isTrue(instant.serves("flaky"))
      assert.isFalse(instant.serves("constructor"))
    }))

  it.effect("flaky fails the first of each few calls, send and stream counted together", () =>
    Effect.gen(function*() {
      const outcomes = (vendor: Vendor.Vendor) =>
        Effect.forEach([0, 1, 2, 3, 4, 5], (n) => {
          const call: Effect.Effect<unknown, unknown> = n % 2 === 0
            ? send(undefined, "flaky", vendor)
            : stream(vendor, { model: "flaky" })
          return Effect.match(call, { onSuccess: () => ".", onFailure: () => "x" })
        }).pipe(Effect.map((all) => all.join("")))
      assert.strictEqual(yield* outcomes(Sandbox.make({ firstWord: 0, perWord: 0 })), "x.x.x.")
      const flaky = { failures: 2, every: 3 }
      assert.strictEqual(yield* outcomes(Sandbox.make({ firstWord: 0, perWord: 0, flaky })), "xx.xx.")
    }))

  it.effect("cut-off breaks off after five words; send fails the same", () =>
    Effect.gen(function*() {
      const seen: Array<StreamPart> = []
      const error = yield* Effect.flip(stream(instant, { model: "cut-off", seen }))
      assert.strictEqual(error.reason._tag, "StreamInterrupted")
      assert.strictEqual(textOf(seen), "This is the sandbox inside")
      assert.isFalse(seen.some((part) => part.type === "finish" || part.type === "text-end"))
      assert.strictEqual((yield* Effect.flip(send(undefined, "cut-off"))).reason._tag, "StreamInterrupted")
    }))

  it.effect("cut-off breaks off before the finish of a short answer too", () =>
    Effect.gen(function*() {
      const input = { prompt: "Hello", maxTokens: 2 }
      const error = yield* Effect.flip(stream(instant, { model: "cut-off", input }))
      assert.strictEqual(error.reason._tag, "StreamInterrupted")
    }))

  it.effect("stalled and silent never end, and let themselves be interrupted", () =>
    Effect.gen(function*() {
      const seen: Array<StreamPart> = []
      const fibers: ReadonlyArray<Fiber.Fiber<unknown, unknown>> = [
        yield* Effect.forkChild(stream(instant, { model: "stalled", seen })),
        yield* Effect.forkChild(send(undefined, "stalled")),
        yield* Effect.forkChild(stream(instant, { model: "silent" })),
        yield* Effect.forkChild(send(undefined, "silent"))
      ]
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(fibers.map((fiber) => fiber.pollUnsafe()), [undefined, undefined, undefined, undefined])
      assert.strictEqual(textOf(seen), "This is the sandbox inside")
      yield* Fiber.interruptAll(fibers)
    }))

  it.effect("lists its models, each with a line about it", () =>
    Effect.gen(function*() {
      const models = yield* instant.models
      assert.deepStrictEqual(models.map((model) => model.id), [...Sandbox.behaviours])
      assert.isTrue(models.every((model) => model.description?.endsWith(".")))
      assert.strictEqual(instant.defaultModel, "sandbox")
      assert.strictEqual(instant.provider, "llmdispatcher.sandbox")
    }))
})

describe("Layers", () => {
  it.effect("the sandbox, and a flaky one that is overloaded", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const flaky = yield* Sandbox.Flaky
      assert.strictEqual(sandbox.name, "sandbox")
      const error = yield* Effect.flip(send(undefined, "sandbox", flaky))
      assert.deepInclude(error, { vendor: "flaky", status: 529 })
    }).pipe(Effect.provide(Layer.merge(Sandbox.layer(), Sandbox.layerFlaky()))))

  const configured = (env: Record<string, string>) =>
    Effect.gen(function*() {
      const vendor = yield* Sandbox.Sandbox
      return yield* Effect.exit(send(undefined, "sandbox", vendor))
    }).pipe(
      Effect.provide(Sandbox.layerConfig()),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
    )

  it.effect("as configured", () =>
    Effect.gen(function*() {
      const exit = yield* configured({ SANDBOX_FIRST_WORD: "0 millis", SANDBOX_PER_WORD: "0 millis" })
      assert.isTrue(Exit.isSuccess(exit))
      assert.isTrue(Exit.isFailure(yield* configured({ SANDBOX_BEHAVIOUR: "broken" })))
    }))

  it.effect("a behaviour that is not one is an error of the configuration", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(configured({ SANDBOX_BEHAVIOUR: "nice" }))
      assert.instanceOf(error, Config.ConfigError)
    }))
})
