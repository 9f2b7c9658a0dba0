/**
 * The fields of a request that is plainly right, read some ten times as fast as its Schema reads them.
 *
 * The Schema alone says what is right, and what is wrong with anything else: whatever is not recognised here is left to
 * it. What is taken here it would have taken, and made the same of.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"
import { Prompt } from "effect/ai"
import * as PlainJson from "./PlainJson.ts"
import * as PlainPrompt from "./PlainPrompt.ts"
import * as TextFault from "./TextFault.ts"

const { isPlain } = PlainJson

type Size = PlainJson.Size

/** Gives `undefined` for what is not plainly right; `undefined` itself never comes. */
type Read = (value: unknown, size: Size) => unknown

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

const name = (longest: number): Read => (value, size) => {
  if (typeof value !== "string" || TextFault.ofName(value, longest) !== undefined) return undefined
  size.characters += value.length
  return value
}

const number = (from: number, to: number): Read => (value) =>
  typeof value === "number" && value >= from && value <= to ? value : undefined

const integer = (from: number, to: number): Read => (value) =>
  Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to ? value : undefined

const boolean: Read = (value) => typeof value === "boolean" ? value : undefined

const word = (...words: ReadonlyArray<string>): Read => (value, size) => {
  if (typeof value !== "string" || !words.includes(value)) return undefined
  size.characters += value.length
  return value
}

const text: Read = (value, size) => {
  if (typeof value !== "string") return undefined
  size.characters += value.length
  return value
}

const filled: Read = (value, size) => value === "" ? undefined : text(value, size)

const list = (read: Read, most = Infinity): Read => (value, size) => {
  if (!Array.isArray(value) || value.length > most) return undefined
  const entries: Array<unknown> = []
  for (let index = 0; index < value.length; index++) {
    const entry = read(value[index], size)
    if (entry === undefined) return undefined
    entries.push(entry)
  }
  return entries
}

/** An object with these fields and no others, of which the `needed` must be there; in the order they have here. */
const struct = (fields: Readonly<Record<string, Read>>, needed: ReadonlyArray<string>): Read => {
  const names = Object.keys(fields)
  return (value, size) => {
    if (!isPlain(value)) return undefined
    const read: Record<string, unknown> = {}
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key !== "string" || !names.includes(key)) return undefined
      const entry = fields[key]!(value[key], size)
      if (entry === undefined) return undefined
      size.characters += key.length
      read[key] = entry
    }
    const made: Record<string, unknown> = {}
    for (const name of names) if (name in read) made[name] = read[name]
    return needed.every((name) => name in made) ? made : undefined
  }
}

const deadline: Read = (value) => {
  if (typeof value !== "number" || !(value > 0) || value === Infinity) return undefined
  const deadline = Duration.millis(value)
  return Duration.toMillis(deadline) > 0 && Duration.isFinite(deadline) ? deadline : undefined
}

// -----------------------------------------------------------------------------
// Fields
// -----------------------------------------------------------------------------

const tool = struct({
  name: (value, size) =>
    typeof value === "string" && TextFault.ofToolName(value) === undefined ? text(value, size) : undefined,
  description: text,
  parameters: (value, size) => PlainJson.object(value, 3, size),
  strict: boolean
}, ["name", "parameters"])

const oneTool = struct({ tool: text }, ["tool"])
const someTools = struct({ mode: word("auto", "required"), oneOf: list(text) }, ["oneOf"])
const toolWord = word("auto", "none", "required")

const toolChoice: Read = (value, size) =>
  typeof value === "string"
    ? toolWord(value, size)
    : isPlain(value) && "tool" in value
    ? oneTool(value, size)
    : someTools(value, size)

const bareFormat = struct({ type: word("text", "json") }, ["type"])
const schemaFormat = struct({
  type: word("json-schema"),
  name: (value, size) =>
    typeof value === "string" && TextFault.ofFormatName(value) === undefined ? text(value, size) : undefined,
  description: text,
  schema: (value, size) => PlainJson.object(value, 2, size),
  strict: boolean
}, ["type", "name", "schema"])

const responseFormat: Read = (value, size) =>
  isPlain(value) && "schema" in value ? schemaFormat(value, size) : bareFormat(value, size)

const readPrompt: Read = (value, size) => {
  const content = typeof value === "string"
    ? [{ role: "user", content: value }]
    : Prompt.isPrompt(value)
    ? value.content
    : value
  return PlainPrompt.read(content, size)
}

/** In the order of the Schema, which is the order of the fields in what is made. */
const fields: ReadonlyArray<readonly [name: string, read: Read]> = [
  ["model", name(256)],
  ["mode", word("auto", "fast", "sophisticated", "cost_saving")],
  ["prompt", readPrompt],
  ["vendors", list(name(128))],
  ["maxTokens", integer(1, 10_000_000)],
  ["temperature", number(0, 2)],
  ["topP", number(0, 1)],
  ["topK", integer(1, 1_000)],
  ["frequencyPenalty", number(-2, 2)],
  ["presencePenalty", number(-2, 2)],
  ["seed", integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)],
  ["stop", list(filled, 16)],
  ["reasoningEffort", word("none", "minimal", "low", "medium", "high", "xhigh")],
  ["tools", list(tool)],
  ["toolChoice", toolChoice],
  ["parallelToolCalls", boolean],
  ["responseFormat", responseFormat],
  ["user", name(256)],
  ["metadata", PlainJson.texts],
  ["priority", integer(0, 10)],
  ["deadline", deadline],
  ["cache", word("on", "off", "only", "refresh")],
  ["losses", word("reject", "warn", "ignore")],
  ["options", (value, size) => PlainJson.record(value, size, (entry) => PlainJson.object(entry, 3, size))]
]

const places: ReadonlyMap<string, number> = new Map(fields.map(([name], index) => [name, index]))
const promptPlace = places.get("prompt")!

/**
 * Gives the fields of a `Request`, in its order, to an object without any; `undefined` for what is not plainly right, or
 * larger than `maxSize` characters.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = <Made extends object>(input: object, maxSize: number, made: Made): Made | undefined => {
  const size: Size = { characters: 0 }
  const values: Array<unknown> = []
  for (const key of Object.keys(input)) {
    const value = (input as Record<string, unknown>)[key]
    if (value === undefined) continue
    const place = key === "messages" ? promptPlace : places.get(key)
    // Two names of one field.
    if (place === undefined || values[place] !== undefined) return undefined
    const entry = fields[place]![1](value, size)
    if (entry === undefined) return undefined
    size.characters += place === promptPlace ? "prompt".length : key.length
    values[place] = entry
  }
  if (values[promptPlace] === undefined || size.characters > maxSize) return undefined
  for (let place = 0; place < values.length; place++) {
    const value = values[place]
    if (value !== undefined) (made as Record<string, unknown>)[fields[place]![0]] = value
  }
  return made
}
