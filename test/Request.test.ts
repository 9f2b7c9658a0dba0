import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { Prompt } from "effect/ai"
import * as FastCheck from "fast-check"
import * as Request from "llmdispatcher/Request"

const issuesOf = (input: unknown, options?: { readonly maxSize?: number }) =>
  Effect.map(Effect.flip(Request.decode(input, options)), (error) => {
    assert.strictEqual(error._tag, "FatalError")
    return error.reason.issues
  })

const encode = Schema.encodeSync(Request.Request)

const json = (text: string): unknown => JSON.parse(text)

describe("the short forms", () => {
  const hello = Prompt.fromMessages([
    Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text: "Hello" })] })
  ])
  const forms: ReadonlyArray<readonly [name: string, input: Request.RequestInput]> = [
    ["a text", { prompt: "Hello" }],
    ["a message", { prompt: [{ role: "user", content: "Hello" }] }],
    ["a message with parts", { prompt: [{ role: "user", content: [{ type: "text", text: "Hello" }] }] }],
    ["messages", { messages: [{ role: "user", content: "Hello" }] }],
    ["messages of any iterable", { messages: new Set([{ role: "user", content: "Hello" } as const]) }],
    ["a prompt of effect/ai", { prompt: Prompt.make("Hello") }]
  ]
  for (const [name, input] of forms) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const request = yield* Request.decode(input)
        assert.instanceOf(request, Request.Request)
        assert.deepStrictEqual(request.prompt, hello)
      }))
  }

  it.effect("a request is itself", () =>
    Effect.gen(function*() {
      const request = yield* Request.decode({ prompt: "Hello" })
      assert.strictEqual(yield* Request.decode(request), request)
    }))

  it.effect("undefined is as absent", () =>
    Effect.gen(function*() {
      const request = yield* Request.decode({ prompt: "Hello", model: undefined, messages: undefined, seed: undefined })
      assert.deepStrictEqual(encode(request), encode(yield* Request.decode({ prompt: "Hello" })))
    }))

  const deadlines: ReadonlyArray<Duration.Input> = [2_000, "2 seconds", Duration.seconds(2), { seconds: 2 }, [2, 0]]
  for (const deadline of deadlines) {
    it.effect(`a deadline ${JSON.stringify(deadline)}`, () =>
      Effect.gen(function*() {
        const request = yield* Request.decode({ prompt: "Hello", deadline })
        assert.deepStrictEqual(Duration.toMillis(request.deadline!), 2_000)
        assert.strictEqual(encode(request).deadline, 2_000)
      }))
  }
})

describe("what is wrong is told by field", () => {
  const hello = { prompt: "Hello" }
  const message = (message: unknown) => ({ messages: [message] })
  const rules: ReadonlyArray<readonly [input: unknown, field: string, message: string]> = [
    [null, "", "must be an object with a prompt or messages"],
    ["Hello", "", "must be an object with a prompt or messages"],
    [[], "", "must be an object with a prompt or messages"],
    [{}, "prompt", "is missing"],
    [{ prompt: "" }, "prompt.0.content", "must not be empty"],
    [{ prompt: " \n" }, "prompt.0.content", "must not be empty"],
    [{ prompt: [] }, "prompt", "must not be empty"],
    [{ messages: [] }, "messages", "must not be empty"],
    [{ prompt: 5 }, "prompt", "must be an array"],
    [{ prompt: "Hello", messages: [] }, "messages", "is not a field of a request"],
    [message({ role: "user" }), "messages.0.content", "is missing"],
    [message({ role: "user", content: [] }), "messages.0.content", "must not be empty"],
    [message({ role: "system", content: " " }), "messages.0.content", "must not be empty"],
    [message({ role: "tool", content: [] }), "messages.0.content", "must not be empty"],
    [
      message({ role: "robot", content: "Hello" }),
      "messages.0.role",
      "must be \"system\", \"user\", \"assistant\" or \"tool\""
    ],
    [
      message({ role: "user", content: [{ type: "video" }] }),
      "messages.0.content.0.type",
      "must be a type of part that a message of this role may have"
    ],
    [{ prompt: "a\u0000b" }, "prompt.0.content.0.text", "holds a control character"],
    [{ prompt: "a\u001bb" }, "prompt.0.content.0.text", "holds a control character"],
    [{ prompt: "a\ud83db" }, "prompt.0.content.0.text", "holds half of a surrogate pair"],
    [message({ role: "system", content: "a\u0007" }), "messages.0.content", "holds a control character"],
    [{ ...hello, model: "" }, "model", "must not be empty"],
    [{ ...hello, model: "x".repeat(257) }, "model", "must have at most 256 characters, got 257"],
    [{ ...hello, model: "a\nb" }, "model", "holds a control character"],
    [{ ...hello, model: 5 }, "model", "must be a text"],
    [{ ...hello, model: null }, "model", "must be a text"],
    [{ ...hello, mode: "best" }, "mode", "must be one of \"auto\", \"fast\", \"sophisticated\", \"cost_saving\""],
    [{ ...hello, vendors: [" "] }, "vendors.0", "must not be empty"],
    [{ ...hello, vendors: ["x".repeat(129)] }, "vendors.0", "must have at most 128 characters, got 129"],
    [{ ...hello, vendors: "openai" }, "vendors", "must be an array"],
    [{ ...hello, maxTokens: 0 }, "maxTokens", "must be from 1 to 10000000, got 0"],
    [{ ...hello, maxTokens: 10_000_001 }, "maxTokens", "must be from 1 to 10000000, got 10000001"],
    [{ ...hello, maxTokens: 1.5 }, "maxTokens", "must be an integer"],
    [{ ...hello, maxTokens: "5" }, "maxTokens", "must be a number"],
    [{ ...hello, temperature: -0.1 }, "temperature", "must be from 0 to 2, got -0.1"],
    [{ ...hello, temperature: 2.1 }, "temperature", "must be from 0 to 2, got 2.1"],
    [{ ...hello, topP: 1.1 }, "topP", "must be from 0 to 1, got 1.1"],
    [{ ...hello, topK: 0 }, "topK", "must be from 1 to 1000, got 0"],
    [{ ...hello, frequencyPenalty: 3 }, "frequencyPenalty", "must be from -2 to 2, got 3"],
    [{ ...hello, presencePenalty: -3 }, "presencePenalty", "must be from -2 to 2, got -3"],
    [{ ...hello, seed: 1.5 }, "seed", "must be an integer"],
    [{ ...hello, stop: [""] }, "stop.0", "must be a text that is not empty"],
    [{ ...hello, stop: Array(17).fill("a") }, "stop", "must have at most 16 entries, got 17"],
    [
      { ...hello, reasoningEffort: "max" },
      "reasoningEffort",
      "must be one of \"none\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\""
    ],
    [
      { ...hello, tools: [{ name: "a b", parameters: {} }] },
      "tools.0.name",
      "must be 1 to 128 letters, digits, underscores, dashes, dots or colons"
    ],
    [{ ...hello, tools: [{ name: "a" }] }, "tools.0.parameters", "is missing"],
    [{ ...hello, tools: [{ name: "a", parameters: [] }] }, "tools.0.parameters", "must be an object"],
    [{ ...hello, tools: [{ name: "a", parameters: {}, extra: 1 }] }, "tools.0.extra", "is not a field of a request"],
    [{ ...hello, toolChoice: "any" }, "toolChoice", "must be one of \"auto\", \"none\", \"required\""],
    [{ ...hello, toolChoice: 5 }, "toolChoice", "must be \"auto\", \"none\", \"required\", { tool } or { oneOf }"],
    [
      { ...hello, responseFormat: { type: "xml" } },
      "responseFormat",
      "must be an object whose type is \"text\", \"json\" or \"json-schema\""
    ],
    [
      { ...hello, responseFormat: { type: "json-schema", name: "a b", schema: {} } },
      "responseFormat.name",
      "must be 1 to 64 letters, digits, underscores or dashes"
    ],
    [{ ...hello, parallelToolCalls: "yes" }, "parallelToolCalls", "must be true or false"],
    [{ ...hello, user: "" }, "user", "must not be empty"],
    [{ ...hello, metadata: { a: 1 } }, "metadata.a", "must be a text"],
    [{ ...hello, priority: 11 }, "priority", "must be from 0 to 10, got 11"],
    [{ ...hello, deadline: 0 }, "deadline", "must be a time above 0"],
    [{ ...hello, deadline: -5 }, "deadline", "must be a time above 0"],
    [{ ...hello, deadline: Infinity }, "deadline", "must be a time above 0"],
    [{ ...hello, deadline: "soon" }, "deadline", "must be a number"],
    [{ ...hello, cache: "yes" }, "cache", "must be one of \"on\", \"off\", \"only\", \"refresh\""],
    [{ ...hello, options: { openai: 5 } }, "options.openai", "must be an object"],
    [{ ...hello, options: { openai: { f: () => 1 } } }, "options.openai.f", "must be a JSON value"],
    [{ ...hello, max_tokens: 5 }, "max_tokens", "is not a field of a request"],
    [json("{\"prompt\":\"Hello\",\"__proto__\":{\"model\":\"evil\"}}"), "__proto__", "is not a field of a request"],
    [
      json("{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\",\"__proto__\":{}}]}"),
      "messages.0.__proto__",
      "is not a field of a request"
    ],
    [json("{\"prompt\":\"Hello\",\"constructor\":{}}"), "constructor", "is not a field of a request"]
  ]
  for (const [input, field, message] of rules) {
    it.effect(`${field} ${message}: ${JSON.stringify(input).slice(0, 60)}`, () =>
      Effect.map(issuesOf(input), (issues) => assert.deepStrictEqual(issues, [{ field, message }])))
  }

  it.effect("numbers that are none are told as that and as out of range", () =>
    Effect.map(issuesOf({ ...hello, temperature: Number.NaN }), (issues) =>
      assert.deepStrictEqual(issues, [
        { field: "temperature", message: "must be a finite number" },
        { field: "temperature", message: "must be from 0 to 2, got NaN" }
      ])))

  it.effect("all that is wrong is told at once", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Request.decode({ topP: 5, seeed: 1 }))
      const told = ["prompt is missing", "topP must be from 0 to 1, got 5", "seeed is not a field of a request"]
      for (const one of told) assert.include(error.message, one)
      assert.lengthOf(error.reason.issues!, 3)
      assert.match(error.message, /^the request is not valid: [^;]+; [^;]+; [^;]+$/)
    }))

  it.effect("of a hundred thousand faults the first is told, wherever it stands", () =>
    Effect.gen(function*() {
      const right = Array.from({ length: 10_000 }, () => ({ role: "user", content: "Hello" }))
      const wrong = Array.from({ length: 10_000 }, () => ({ role: "robot", content: "Hello" }))
      const role = "must be \"system\", \"user\", \"assistant\" or \"tool\""
      assert.deepStrictEqual(yield* issuesOf({ messages: [...right, ...wrong] }), [
        { field: "messages.10000.role", message: role }
      ])
      assert.deepStrictEqual(yield* issuesOf({ prompt: [...right, { role: "user", content: "a\u0000" }] }), [
        { field: "prompt.10000.content.0.text", message: "holds a control character" }
      ])
      // The first that is not plainly right is right all the same.
      const answer = { type: "tool-approval-response", approvalId: "1", approved: true }
      assert.deepStrictEqual(
        yield* issuesOf({ messages: [...right, { role: "tool", content: [answer] }, ...wrong] }),
        [{ field: "messages.10001.role", message: role }]
      )
      assert.deepStrictEqual(yield* issuesOf({ ...hello, stop: Array(10_000).fill(1) }), [
        { field: "stop.0", message: "must be a text" }
      ])
      const request = yield* Request.decode({ messages: [...right, { role: "tool", content: [answer] }] })
      assert.lengthOf(request.prompt.content, 10_001)
    }))

  it.effect("edges are inside", () =>
    Request.decode({
      prompt: "Hello",
      model: "x".repeat(256),
      maxTokens: 10_000_000,
      temperature: 2,
      topP: 0,
      topK: 1_000,
      frequencyPenalty: -2,
      presencePenalty: 2,
      seed: Number.MAX_SAFE_INTEGER,
      stop: Array<string>(16).fill("a"),
      priority: 0
    }))
})

describe("the size", () => {
  it.effect("a request beyond the limit is refused, one at it is not", () =>
    Effect.gen(function*() {
      const size = "prompt role user content Hello".replaceAll(" ", "").length
      yield* Request.decode({ prompt: "Hello" }, { maxSize: size })
      assert.deepStrictEqual(yield* issuesOf({ prompt: "Hello!" }, { maxSize: size }), [
        { field: "", message: `must have at most ${size} characters, has ${size + 1}` }
      ])
    }))

  it.effect("tools, options and files count, whatever form a file has", () =>
    Effect.gen(function*() {
      const large = "x".repeat(1_000)
      const refused = (input: Request.RequestInput) => issuesOf(input, { maxSize: 900 })
      yield* refused({ prompt: "Hi", tools: [{ name: "f", description: large, parameters: {} }] })
      yield* refused({ prompt: "Hi", options: { openai: { x: large } } })
      const file = (data: Prompt.FilePartEncoded["data"]): Request.RequestInput => ({
        prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data }] }]
      })
      yield* refused(file(large))
      yield* refused(file(new Uint8Array(1_000)))
      yield* refused(file(new URL(`https://example.com/${large}`)))
    }))

  it("bytes count as their base64", () => {
    assert.strictEqual(Request.sizeOf(new Uint8Array(4)), 8)
    assert.strictEqual(Request.sizeOf({ ab: ["c", { d: 1 }] }), 4)
    assert.strictEqual(Request.sizeOf(undefined), 0)
  })
})

describe("nothing leaks", () => {
  it.effect("a prompt never stands in an error", () =>
    Effect.gen(function*() {
      const secret = "my-secret-words"
      const inputs: ReadonlyArray<unknown> = [
        { prompt: `${secret}\u0000` },
        { messages: [{ role: secret, content: secret }] },
        { messages: [{ role: "user", content: [{ type: secret, text: secret }] }] },
        { messages: [{ role: "user", content: { text: secret } }] },
        { messages: secret.split("").map((text) => ({ text })) },
        { prompt: secret, temperature: secret, tools: secret, stop: [secret, 5], model: [secret] },
        { prompt: secret, metadata: { a: [secret] }, options: { openai: secret } }
      ]
      for (const input of inputs) {
        const error = yield* Effect.flip(Request.decode(input))
        assert.notInclude(error.message, secret)
        assert.notInclude(JSON.stringify(error), secret)
      }
      const large = yield* Effect.flip(Request.decode({ prompt: secret }, { maxSize: 1 }))
      assert.notInclude(JSON.stringify(large), secret)
    }))

  it.effect("a key __proto__ changes no prototype", () =>
    Effect.gen(function*() {
      const request = yield* Request.decode(
        json("{\"prompt\":\"Hello\",\"options\":{\"__proto__\":{\"polluted\":1}},\"metadata\":{\"__proto__\":\"x\"}}")
      )
      assert.isUndefined(({} as Record<string, unknown>)["polluted"])
      assert.strictEqual(Object.getPrototypeOf(request.options), Object.prototype)
      assert.deepStrictEqual(Object.keys(request.options!), ["__proto__"])
    }))
})

describe("through JSON and back", () => {
  // JSON has no -0.
  const jsonValue = FastCheck.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)))
  const text = FastCheck.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) =>
    // oxlint-disable-next-line no-control-regex
    text.trim() !== "" && !/[\u0000-\u001f\u007f-\u009f]/.test(text)
  )
  const part: FastCheck.Arbitrary<Prompt.UserMessagePartEncoded> = FastCheck.oneof(
    FastCheck.record({ type: FastCheck.constant("text" as const), text }),
    FastCheck.record({
      type: FastCheck.constant("file" as const),
      mediaType: FastCheck.constant("image/png"),
      data: FastCheck.oneof(
        FastCheck.uint8Array({ minLength: 1, maxLength: 20 }),
        FastCheck.webUrl().map((url) => new URL(url)),
        FastCheck.base64String()
      )
    })
  )
  const message: FastCheck.Arbitrary<Prompt.MessageEncoded> = FastCheck.oneof(
    FastCheck.record({ role: FastCheck.constant("system" as const), content: text }),
    FastCheck.record({
      role: FastCheck.constant("user" as const),
      content: FastCheck.oneof(
        text,
        FastCheck.array(part, { minLength: 1, maxLength: 3 }).filter((parts) => parts.length > 0)
      )
    }),
    FastCheck.record({
      role: FastCheck.constant("assistant" as const),
      content: FastCheck.oneof(
        text,
        FastCheck.array(
          FastCheck.record({
            type: FastCheck.constant("tool-call" as const),
            id: text,
            name: text,
            params: jsonValue,
            options: FastCheck.constant({ openai: { itemId: "x" } })
          }),
          { minLength: 1, maxLength: 2 }
        )
      )
    })
  )
  const name = FastCheck.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
  const schema = FastCheck.constant({ type: "object", properties: { a: { type: "string" } } } as const)
  const input = FastCheck.record(
    {
      prompt: FastCheck.array(message, { minLength: 1, maxLength: 4 }),
      model: name,
      mode: FastCheck.constantFrom("auto", "fast", "sophisticated", "cost_saving"),
      vendors: FastCheck.array(name, { maxLength: 3 }),
      maxTokens: FastCheck.integer({ min: 1, max: 10_000_000 }),
      temperature: FastCheck.double({ min: 0, max: 2, noNaN: true }),
      seed: FastCheck.maxSafeInteger(),
      stop: FastCheck.array(text, { maxLength: 3 }),
      reasoningEffort: FastCheck.constantFrom("none", "low", "xhigh"),
      tools: FastCheck.array(FastCheck.record({ name, parameters: schema, strict: FastCheck.boolean() }), {
        maxLength: 2
      }),
      toolChoice: FastCheck.oneof(
        FastCheck.constantFrom("auto", "none", "required"),
        FastCheck.record({ tool: name }),
        FastCheck.record({ mode: FastCheck.constant("required"), oneOf: FastCheck.array(name) })
      ),
      responseFormat: FastCheck.oneof(
        FastCheck.constant({ type: "json" }),
        FastCheck.record({ type: FastCheck.constant("json-schema"), name, schema })
      ),
      metadata: FastCheck.dictionary(name, text),
      priority: FastCheck.integer({ min: 0, max: 10 }),
      deadline: FastCheck.integer({ min: 1, max: 1e9 }),
      cache: FastCheck.constantFrom("on", "off", "only", "refresh"),
      options: FastCheck.dictionary(name, FastCheck.dictionary(name, jsonValue))
    },
    { requiredKeys: ["prompt"] }
  )

  it("a request that was encoded decodes to the same", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(input, (plain) =>
        Effect.gen(function*() {
          const request = yield* Request.decode(plain)
          const wire: unknown = JSON.parse(JSON.stringify(encode(request)))
          const again = yield* Request.decode(wire)
          assert.deepStrictEqual(again, request)
          assert.deepStrictEqual(JSON.parse(JSON.stringify(encode(again))), wire)
        }).pipe(Effect.runPromise)),
      { numRuns: 200 }
    ))
})
