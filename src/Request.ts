/**
 * What a caller asks: the prompt of `effect/ai`, and around it what every vendor has a word for.
 *
 * A caller may write the short form, `{ model: "gpt-5-mini", prompt: "Hello" }` or `messages: [{ role, content }]`;
 * {@link decode} makes the whole form of it or tells which field is wrong and why.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Option, Predicate, Schema, SchemaIssue, SchemaTransformation } from "effect"
import { Prompt } from "effect/ai"
import * as Plain from "./request/Plain.ts"
import * as PlainPrompt from "./request/PlainPrompt.ts"
import { deepest, sizeOf, valuesOf } from "./request/Size.ts"
import * as TextFault from "./request/TextFault.ts"
import { type Fatal, fatal, type Issue } from "./VendorError.ts"

export {
  /**
   * How large a request is: the characters of all its names, texts and encoded files; `Infinity` when it is nested deeper
   * than 100 levels or holds itself.
   *
   * @since 0.1.0
   * @category accessors
   */
  sizeOf
} from "./request/Size.ts"

const range = (from: number, to: number) =>
  Schema.makeFilter<number>((n) => n >= from && n <= to ? undefined : `must be from ${from} to ${to}, got ${n}`)

const number = (from: number, to: number) => Schema.optionalKey(Schema.Finite.check(range(from, to)))
const integer = (from: number, to: number) => Schema.optionalKey(Schema.Int.check(range(from, to)))

const Name = (longest: number) => Schema.String.check(Schema.makeFilter((name) => TextFault.ofName(name, longest)))

/**
 * A tool the model may call; `parameters` is a JSON Schema of an object.
 *
 * @since 0.1.0
 * @category models
 */
export const Tool = Schema.Struct({
  name: Schema.String.check(Schema.makeFilter(TextFault.ofToolName)),
  description: Schema.optionalKey(Schema.String),
  parameters: Schema.JsonObject,
  strict: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "Tool" })

/**
 * @since 0.1.0
 * @category models
 */
export type Tool = typeof Tool.Type

/**
 * Whether and which tools the model is to call, as in `effect/ai`'s `LanguageModel`.
 *
 * @since 0.1.0
 * @category models
 */
export const ToolChoice = Schema.Union([
  Schema.Literals(["auto", "none", "required"]),
  Schema.Struct({ tool: Schema.String }),
  Schema.Struct({
    mode: Schema.optionalKey(Schema.Literals(["auto", "required"])),
    oneOf: Schema.Array(Schema.String)
  })
]).annotate({ identifier: "ToolChoice" })

/**
 * @since 0.1.0
 * @category models
 */
export type ToolChoice = typeof ToolChoice.Type

/**
 * The form of the answer: text, any JSON object, or JSON after a schema.
 *
 * @since 0.1.0
 * @category models
 */
export const ResponseFormat = Schema.Union([
  Schema.Struct({ type: Schema.Literal("text") }),
  Schema.Struct({ type: Schema.Literal("json") }),
  Schema.Struct({
    type: Schema.Literal("json-schema"),
    name: Schema.String.check(Schema.makeFilter(TextFault.ofFormatName)),
    description: Schema.optionalKey(Schema.String),
    schema: Schema.JsonObject,
    strict: Schema.optionalKey(Schema.Boolean)
  })
]).annotate({ identifier: "ResponseFormat" })

/**
 * @since 0.1.0
 * @category models
 */
export type ResponseFormat = typeof ResponseFormat.Type

const PromptFromMessages = Schema.Array(Prompt.Message).pipe(
  Schema.decodeTo(
    Schema.declare(Prompt.isPrompt, { identifier: "Prompt" }),
    SchemaTransformation.transform({
      decode: (messages) => Prompt.fromMessages(messages),
      encode: (prompt) => prompt.content
    })
  ),
  Schema.check(Schema.makeFilter((prompt) => {
    const fault = promptFault(prompt)
    return fault === undefined ? undefined : { path: [...fault.path], issue: fault.message }
  }))
)

const promptFault = (
  prompt: Prompt.Prompt
): { readonly path: ReadonlyArray<PropertyKey>; readonly message: string } | undefined => {
  if (prompt.content.length === 0) return { path: [], message: "must not be empty" }
  for (const [index, message] of prompt.content.entries()) {
    if (message.role === "system") {
      const fault = message.content.trim() === "" ? "must not be empty" : TextFault.ofText(message.content)
      if (fault !== undefined) return { path: [index, "content"], message: fault }
      continue
    }
    const content: ReadonlyArray<Prompt.Part> = message.content
    if (content.length === 0) return { path: [index, "content"], message: "must not be empty" }
    if (message.role !== "user") continue
    if (content.every((part) => part.type === "text" && part.text.trim() === "")) {
      return { path: [index, "content"], message: "must not be empty" }
    }
    for (const [at, part] of content.entries()) {
      const fault = part.type === "text" ? TextFault.ofText(part.text) : undefined
      if (fault !== undefined) return { path: [index, "content", at, "text"], message: fault }
    }
  }
  return undefined
}

/**
 * One request to the dispatcher.
 *
 * @since 0.1.0
 * @category models
 */
export class Request extends Schema.Class<Request>("llmdispatcher/Request")({
  /** A route, `vendor/model`, or a model's name; left out, each vendor's default model. At most 256 characters. */
  model: Schema.optionalKey(Name(256)),
  /** Chooses for callers who name no model. */
  mode: Schema.optionalKey(Schema.Literals(["auto", "fast", "sophisticated", "cost_saving"])),
  /** The conversation. */
  prompt: PromptFromMessages,
  /** Only these vendors may be asked. */
  vendors: Schema.optionalKey(Schema.Array(Name(128))),
  /** The most tokens the answer may have, 1 to 10,000,000. */
  maxTokens: integer(1, 10_000_000),
  /** 0 to 2. */
  temperature: number(0, 2),
  /** 0 to 1. */
  topP: number(0, 1),
  /** 1 to 1,000. */
  topK: integer(1, 1_000),
  /** -2 to 2. */
  frequencyPenalty: number(-2, 2),
  /** -2 to 2. */
  presencePenalty: number(-2, 2),
  /** For answers that can be repeated, as far as the vendor can. */
  seed: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  /** Texts that end the answer, at most 16. */
  stop: Schema.optionalKey(
    Schema.Array(Schema.NonEmptyString).check(
      Schema.makeFilter((stop) => stop.length <= 16 ? undefined : `must have at most 16 entries, got ${stop.length}`)
    )
  ),
  /** How hard a reasoning model should think. */
  reasoningEffort: Schema.optionalKey(Schema.Literals(["none", "minimal", "low", "medium", "high", "xhigh"])),
  tools: Schema.optionalKey(Schema.Array(Tool)),
  toolChoice: Schema.optionalKey(ToolChoice),
  /** Whether the model may call several tools at once. */
  parallelToolCalls: Schema.optionalKey(Schema.Boolean),
  responseFormat: Schema.optionalKey(ResponseFormat),
  /** The caller's own user, passed on where a vendor takes one. */
  user: Schema.optionalKey(Name(256)),
  metadata: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /** 0 (may wait) to 10 (goes first), default 5. */
  priority: integer(0, 10),
  /** All the time the dispatch may take, every retry and fallback included; milliseconds when encoded. */
  deadline: Schema.optionalKey(
    Schema.DurationFromMillis.check(
      Schema.makeFilter((deadline) =>
        Duration.toMillis(deadline) > 0 && Duration.isFinite(deadline) ? undefined : "must be a time above 0"
      )
    )
  ),
  /** What the cache may do for this request. */
  cache: Schema.optionalKey(Schema.Literals(["on", "off", "only", "refresh"])),
  /** What becomes of a field that a vendor cannot carry: refuse the vendor, tell it with the answer (default), nothing. */
  losses: Schema.optionalKey(Schema.Literals(["reject", "warn", "ignore"])),
  /** Raw options by vendor name, for what no common word covers; they never replace a field of this request. */
  options: Schema.optionalKey(Schema.Record(Schema.String, Schema.JsonObject))
}) {}

type Encoded = typeof Request.Encoded

/**
 * What callers may write: a {@link Request}, or its plain form with `prompt` as a text, messages or an `effect/ai`
 * prompt, or `messages` in its place, and `deadline` as any duration.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestInput =
  | Request
  | (
    & { readonly [K in keyof Omit<Encoded, "prompt" | "deadline">]: Encoded[K] }
    & { readonly deadline?: Duration.Input | undefined }
    & (
      | { readonly prompt: Prompt.RawInput; readonly messages?: never }
      | { readonly messages: Iterable<Prompt.MessageEncoded>; readonly prompt?: never }
    )
  )

/** A prompt as `effect/ai` has it already passed its own schema, and is only looked at for what we add. */
const normalisePrompt = (value: unknown): unknown => {
  if (typeof value === "string") return [{ role: "user", content: value }]
  if (Prompt.isPrompt(value)) return value.content
  return Predicate.isIterable(value) ? Array.from(value) : value
}

/** The short forms made whole, still unchecked; absent and `undefined` mean the same. */
const normalise = (input: object): Record<string, unknown> => {
  // Without a prototype, or a key `__proto__` would smuggle fields in.
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(input)) if (value !== undefined) plain[key] = value
  if ("messages" in plain && !("prompt" in plain)) {
    plain["prompt"] = plain["messages"]
    delete plain["messages"]
  }
  if ("prompt" in plain) plain["prompt"] = normalisePrompt(plain["prompt"])
  if ("deadline" in plain && typeof plain["deadline"] !== "number") {
    const deadline = Duration.fromInput(plain["deadline"] as Duration.Input)
    plain["deadline"] = Option.match(deadline, { onNone: () => plain["deadline"], onSome: Duration.toMillis })
  }
  return plain
}

const judgeAll = Schema.decodeUnknownEffect(Request, { errors: "all", onExcessProperty: "error" })
const judgeFirst = Schema.decodeUnknownEffect(Request, { errors: "first", onExcessProperty: "error" })

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey"
      ? "is missing"
      : issue._tag === "UnexpectedKey"
      ? "is not a field of a request"
      : SchemaIssue.defaultLeafHook(issue)
})

/** What the schema expects, as people say it. */
const kinds: { readonly [expected: string]: string } = {
  array: "an array",
  object: "an object",
  string: "a text",
  number: "a number",
  boolean: "true or false",
  "JSON value": "a JSON value",
  "a value with a length of at least 1": "a text that is not empty",
  ResponseFormat: "an object whose type is \"text\", \"json\" or \"json-schema\"",
  ToolChoice: "\"auto\", \"none\", \"required\", { tool } or { oneOf }"
}

const sentence = (message: string): string => {
  if (!message.startsWith("Expected ")) return message
  const expected = message.slice("Expected ".length)
  return `must be ${
    kinds[expected] ?? (expected.includes(" | ") ? `one of ${expected.replaceAll(" | ", ", ")}` : expected)
  }`
}

/** The schema's own sentence made to follow the field's name, told as a caller knows the field. */
const toIssue = (path: string, message: string): Issue =>
  message.includes("~effect/ai/Prompt/Message")
    ? { field: `${path}.role`, message: "must be \"system\", \"user\", \"assistant\" or \"tool\"" }
    : message.includes("~effect/ai/Prompt/Part")
    ? { field: `${path}.type`, message: "must be a type of part that a message of this role may have" }
    : { field: path, message: sentence(message) }

type Path = ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>

/**
 * The path in the words of who wrote it: `messages.0` where that stood in the place of `prompt`; `at` is the place of the
 * first message that was looked at.
 */
const field = (path: Path | undefined, isMessages: boolean, at: number): string => {
  const keys = (path ?? []).map((key) => String(typeof key === "object" ? key.key : key))
  if (keys[0] === "prompt" && keys[1] !== undefined) keys[1] = String(Number(keys[1]) + at)
  if (isMessages && keys[0] === "prompt") keys[0] = "messages"
  return keys.join(".")
}

const invalid = (issues: ReadonlyArray<Issue>): Fatal<"InvalidRequest"> => fatal({ _tag: "InvalidRequest", issues })

/** Values beyond which only the first fault is told: to find and to word them all would take seconds. */
const most = 10_000

const sizeIssue = (size: number, maxSize: number): ReadonlyArray<Issue> => [{
  field: "",
  message: size === Infinity
    ? `must not be nested deeper than ${deepest} levels`
    : `must have at most ${maxSize} characters, has ${size}`
}]

/**
 * Makes a {@link Request} of what a caller wrote, or fails telling every field that is wrong and why; of a request with
 * more than 10,000 values the first.
 *
 * `maxSize` is in characters (see {@link sizeOf}), by default 20,000,000; a request beyond it is refused.
 *
 * @since 0.1.0
 * @category conversions
 */
export const decode = (
  input: RequestInput | unknown,
  options?: { readonly maxSize?: number | undefined }
): Effect.Effect<Request, Fatal<"InvalidRequest">> => {
  if (!Predicate.isObject(input)) {
    return Effect.fail(invalid([{ field: "", message: "must be an object with a prompt or messages" }]))
  }
  const maxSize = options?.maxSize ?? 20_000_000
  if (!(input instanceof Request)) {
    const request = Plain.read<Request>(input, maxSize, Object.create(Request.prototype))
    if (request !== undefined) return Effect.succeed(request)
  }
  const plain = input instanceof Request ? input : normalise(input)
  const size = sizeOf(plain)
  if (size > maxSize) return Effect.fail(invalid(sizeIssue(size, maxSize)))
  if (plain instanceof Request) return Effect.succeed(plain)
  const isMessages = "messages" in input && !("prompt" in input)
  const judged = (judge: typeof judgeAll, plain: object, at: number) =>
    Effect.mapError(
      judge(plain),
      ({ issue }) =>
        invalid(format(issue).issues.map(({ message, path }) => toIssue(field(path, isMessages, at), message)))
    )
  if (valuesOf(plain, most) < most) return judged(judgeAll, plain, 0)
  const { prompt } = plain
  const at = Array.isArray(prompt) ? prompt.findIndex((message) => !PlainPrompt.isRight(message)) : -1
  if (at < 0) return judged(judgeFirst, plain, 0)
  // Of a hundred thousand messages the Schema need not look at those that are right before one that is not.
  const one = { ...plain, prompt: [(prompt as ReadonlyArray<unknown>)[at]] }
  return Effect.flatMap(judged(judgeFirst, one, at), () => judged(judgeFirst, plain, 0))
}
