import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Prompt } from "effect/ai"
import * as fc from "fast-check"
import * as Request from "llmdispatcher/Request"
import { deepStrictEqual } from "node:assert"
import * as Plain from "../../src/request/Plain.ts"

const read = (input: object, maxSize = Infinity): Request.Request | undefined =>
  Plain.read<Request.Request>(input, maxSize, Object.create(Request.Request.prototype))

/** The short forms made whole, as the Schema wants them. */
const whole = (input: { readonly [field: string]: unknown }): Record<string, unknown> => {
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(input)) if (value !== undefined) plain[key] = value
  if ("messages" in plain && !("prompt" in plain)) {
    plain["prompt"] = plain["messages"]
    delete plain["messages"]
  }
  const { prompt } = plain
  if (typeof prompt === "string") plain["prompt"] = [{ role: "user", content: prompt }]
  else if (Prompt.isPrompt(prompt)) plain["prompt"] = prompt.content
  return plain
}

const judge = Schema.decodeUnknownResult(Request.Request, { errors: "all", onExcessProperty: "error" })

// -----------------------------------------------------------------------------
// What is plainly right
// -----------------------------------------------------------------------------

const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) =>
  // oxlint-disable-next-line no-control-regex
  `a${text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ")}`
)
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
const json = fc.jsonValue({ maxDepth: 3 })
const object = fc.dictionary(name, json, { maxKeys: 3 })
const options = fc.dictionary(fc.constantFrom("openai", "anthropic"), fc.oneof(object, fc.constant(null)), {
  maxKeys: 2
})
const some = <A>(arbitrary: fc.Arbitrary<A>) => fc.array(arbitrary, { minLength: 1, maxLength: 3 })

const part = <Fields extends object, Optional extends object>(
  needed: { [K in keyof Fields]: fc.Arbitrary<Fields[K]> },
  optional?: { [K in keyof Optional]: fc.Arbitrary<Optional[K]> }
) =>
  fc.record({ ...needed, ...optional, options }, {
    requiredKeys: Object.keys(needed) as Array<any>
  })

const textPart = part({ type: fc.constant("text"), text })
const file = part({
  type: fc.constant("file"),
  mediaType: fc.constantFrom("image/png", "application/pdf"),
  data: fc.oneof(
    fc.base64String(),
    fc.uint8Array({ maxLength: 9 }),
    fc.constant(new URL("https://example.com/a.png"))
  )
}, { fileName: text })
const call = part({ type: fc.constant("tool-call"), id: text, name: text, params: json }, {
  providerExecuted: fc.boolean()
})
const result = part({ type: fc.constant("tool-result"), id: text, name: text, isFailure: fc.boolean(), result: json }, {
  modelOutput: fc.array(fc.oneof(textPart, file), { maxLength: 2 }),
  providerExecuted: fc.boolean()
})
const reasoning = part({ type: fc.constant("reasoning"), text })

const message = fc.oneof(
  part({ role: fc.constant("system"), content: text }),
  part({ role: fc.constant("user"), content: fc.oneof(text, some(fc.oneof(textPart, file))) }),
  part({
    role: fc.constant("assistant"),
    content: fc.oneof(fc.string(), some(fc.oneof(textPart, file, reasoning, call, result)))
  }),
  part({ role: fc.constant("tool"), content: some(result) })
)
const conversation = fc.oneof(some(message), text)

const tool = fc.record({ name, description: fc.string(), parameters: object, strict: fc.boolean() }, {
  requiredKeys: ["name", "parameters"]
})

const fields = {
  model: fc.oneof(name, fc.constant("x".repeat(256))),
  mode: fc.constantFrom("auto", "fast", "sophisticated", "cost_saving"),
  vendors: fc.array(name, { maxLength: 3 }),
  maxTokens: fc.oneof(fc.constantFrom(1, 10_000_000), fc.integer({ min: 1, max: 10_000_000 })),
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  topP: fc.double({ min: 0, max: 1, noNaN: true }),
  topK: fc.constantFrom(1, 40, 1_000),
  frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  seed: fc.maxSafeInteger(),
  stop: fc.array(text, { maxLength: 16 }),
  reasoningEffort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh"),
  tools: fc.array(tool, { maxLength: 2 }),
  toolChoice: fc.oneof(
    fc.constantFrom("auto", "none", "required"),
    fc.record({ tool: name }),
    fc.record({ mode: fc.constantFrom("auto", "required"), oneOf: fc.array(name, { maxLength: 2 }) }, {
      requiredKeys: ["oneOf"]
    })
  ),
  parallelToolCalls: fc.boolean(),
  responseFormat: fc.oneof(
    fc.constantFrom({ type: "text" }, { type: "json" }),
    fc.record({
      type: fc.constant("json-schema"),
      name,
      description: fc.string(),
      schema: object,
      strict: fc.boolean()
    }, { requiredKeys: ["type", "name", "schema"] })
  ),
  user: name,
  metadata: fc.dictionary(name, fc.string(), { maxKeys: 3 }),
  priority: fc.integer({ min: 0, max: 10 }),
  deadline: fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0.001, max: 1e6, noNaN: true })),
  cache: fc.constantFrom("on", "off", "only", "refresh"),
  losses: fc.constantFrom("reject", "warn", "ignore"),
  options: fc.dictionary(name, object, { maxKeys: 2 })
}

const right = fc.oneof(
  fc.record({ ...fields, prompt: conversation }, { requiredKeys: ["prompt"] }),
  fc.record({ ...fields, messages: conversation }, { requiredKeys: ["messages"] })
) as fc.Arbitrary<{ readonly [field: string]: unknown }>

// -----------------------------------------------------------------------------
// What is almost right
// -----------------------------------------------------------------------------

type Holder = Record<string, unknown>

const isHolder = (value: unknown): value is Holder =>
  typeof value === "object" && value !== null && !(value instanceof URL) && !(value instanceof Uint8Array)

const copy = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copy)
  if (!isHolder(value)) return value
  const made: Holder = {}
  for (const [key, entry] of Object.entries(value)) {
    Object.defineProperty(made, key, { value: copy(entry), writable: true, enumerable: true, configurable: true })
  }
  return made
}

const hostile: ReadonlyArray<unknown> = [
  undefined,
  null,
  "",
  " \n",
  "a\u0000b",
  "a\u001b[2J",
  "a\ud83d",
  "a\nb",
  "x".repeat(300),
  "a b",
  0,
  -0,
  -1,
  1.5,
  1e-9,
  Number.NaN,
  Infinity,
  2 ** 53,
  true,
  [],
  {},
  [undefined],
  Array(2),
  [null],
  Object.create(null),
  Object.create({ role: "user" }),
  new Map(),
  new URL("https://example.com"),
  new Uint8Array(2),
  Symbol.iterator,
  10n,
  () => 1,
  { type: "text", text: "a" },
  { type: "text", text: "" },
  { tool: "a", oneOf: ["a"] },
  { type: "json", name: "a" },
  "~effect/ai/Prompt/Part",
  JSON.parse("{\"__proto__\":{\"a\":1}}"),
  Prompt.make("Hello")
]

const marks = ["~effect/ai/Prompt/Part", "~effect/ai/Prompt/Message"]

/** Each does one thing to one place of a request. */
const changes: ReadonlyArray<(holder: Holder, key: string, value: unknown) => void> = [
  (holder, key, value) => void Reflect.set(holder, key, value),
  (holder, key) => void Reflect.deleteProperty(holder, key),
  (holder, _, value) => void Reflect.set(holder, "extra", value),
  (holder, key, value) =>
    void Reflect.set(holder, ["role", "type", "content", "text", "options", "data", "id"][key.length % 7]!, value),
  (holder, key) => {
    const value = holder[key]
    Reflect.defineProperty(holder, key, { get: () => value, enumerable: true, configurable: true })
  },
  (holder, key) => {
    const value = holder[key]
    let reads = 0
    Reflect.defineProperty(holder, key, {
      get: () => reads++ === 0 ? value : null,
      enumerable: true,
      configurable: true
    })
  },
  (holder, key) => void (Array.isArray(holder) || Reflect.defineProperty(holder, key, { enumerable: false })),
  (holder, _, value) => void Reflect.set(holder, Symbol.for("extra"), value),
  (holder, _, value) =>
    void Reflect.defineProperty(holder, "__proto__", { value, enumerable: true, configurable: true, writable: true }),
  (holder) => void (Array.isArray(holder) || Reflect.setPrototypeOf(holder, null)),
  (holder) => void (Array.isArray(holder) || Reflect.setPrototypeOf(holder, { inherited: 1 })),
  (holder, key) => void Reflect.set(holder, marks[key.length % 2]!, marks[key.length % 2]),
  (holder, _, value) => void Reflect.set(holder, marks[0]!, value)
]

const change = fc.record({
  way: fc.array(fc.nat(30), { maxLength: 8 }),
  kind: fc.nat(changes.length - 1),
  value: fc.constantFrom(...hostile)
})

const changed = (
  input: object,
  made: ReadonlyArray<{ readonly way: ReadonlyArray<number>; readonly kind: number; readonly value: unknown }>
): { readonly [field: string]: unknown } => {
  const root = copy(input) as Holder
  for (const { kind, value, way } of made) {
    let holder = root
    let key = Object.keys(holder)[0] ?? "prompt"
    for (const step of way) {
      const keys = Object.keys(holder)
      if (keys.length === 0) break
      key = keys[step % keys.length]!
      const next = holder[key]
      if (!isHolder(next) || hostile.includes(next)) break
      holder = next
    }
    changes[kind]!(holder, key, value)
  }
  return root
}

/** The order of fields is one of the things that must be the same. */
const orders = (value: unknown): unknown =>
  isHolder(value) ? Object.keys(value).map((key) => [key, orders(value[key])]) : typeof value

describe("a request that is plainly right", () => {
  it("is taken, and what is made of it is what the Schema makes", () =>
    fc.assert(
      fc.property(right, (input) => {
        const made = read(input)
        const expected = Result.getOrThrow(judge(whole(input)))
        deepStrictEqual(made, expected)
        deepStrictEqual(orders(made), orders(expected))
      }),
      { numRuns: 1_000 }
    ))

  it("is taken in whatever way it is told", () => {
    for (
      const input of [
        { prompt: "Hello" },
        { messages: "Hello" },
        { messages: [{ role: "user", content: "Hello" }], seed: undefined, prompt: undefined },
        { prompt: Prompt.make("Hello") },
        Object.assign(Object.create({ seed: "inherited" }), { prompt: "Hello" })
      ]
    ) {
      assert.deepStrictEqual(read(input)?.prompt, Prompt.make("Hello"))
    }
  })

  it("is taken up to its size, and no further", () =>
    fc.assert(
      fc.property(right, (input) => {
        const size = Request.sizeOf(whole(input))
        assert.isDefined(read(input, size))
        assert.isUndefined(read(input, size - 1))
      }),
      { numRuns: 300 }
    ))
})

describe("a request that is not", () => {
  it("is taken only where the Schema takes it, and made the same", { timeout: 30_000 }, () => {
    let taken = 0
    let left = 0
    fc.assert(
      fc.property(right, fc.array(change, { minLength: 1, maxLength: 2 }), (input, made) => {
        const request = read(changed(input, made))
        if (request === undefined) {
          left += 1
          return
        }
        taken += 1
        // What can be read only once is right as it was read; the Schema would read it again.
        if (!made.some(({ kind }) => kind === 5)) {
          const expected = Result.getOrThrow(judge(whole(changed(input, made))))
          deepStrictEqual(request, expected)
          deepStrictEqual(orders(request), orders(expected))
        }
        assert.isTrue(Result.isSuccess(Schema.encodeUnknownResult(Request.Request)(request)))
      }),
      { numRuns: 3_000 }
    )
    assert.isAbove(taken, 200)
    assert.isAbove(left, 200)
  })

  it("is left to the Schema where it is nested too deeply, whoever it is nested in", () => {
    const nested = (levels: number): unknown => {
      let value: unknown = "a"
      for (let level = 0; level < levels; level++) value = { a: value }
      return value
    }
    const forms = (levels: number): ReadonlyArray<object> => [
      { prompt: "Hello", options: { openai: nested(levels) } },
      { prompt: "Hello", tools: [{ name: "a", parameters: nested(levels) }] },
      { prompt: [{ role: "user", content: "Hello", options: nested(levels) }] },
      { prompt: [{ role: "assistant", content: [{ type: "tool-call", id: "1", name: "a", params: nested(levels) }] }] }
    ]
    for (const input of forms(90)) assert.isDefined(read(input))
    for (const input of forms(110)) assert.isUndefined(read(input, 20_000_000))
    const circle: Holder = {}
    circle["self"] = circle
    assert.isUndefined(read({ prompt: "Hello", options: { openai: circle } }))
  })

  it.effect("changes no prototype", () =>
    Effect.sync(() => {
      assert.isUndefined(read(JSON.parse("{\"prompt\":\"Hello\",\"__proto__\":{\"seed\":1}}")))
      assert.isUndefined(read(JSON.parse("{\"prompt\":\"Hello\",\"metadata\":{\"__proto__\":\"a\"}}")))
      assert.isUndefined(({} as Holder)["seed"])
    }))
})
