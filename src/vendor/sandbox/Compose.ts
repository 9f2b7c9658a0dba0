/**
 * What the sandbox says: an honest answer made of the request alone, the same for the same request, whatever the model.
 *
 * @since 0.1.0
 */
import { Hash } from "effect"
import type { Prompt } from "effect/ai"
import { type Request, sizeOf } from "../../Request.ts"
import type * as Response from "../../Response.ts"
import type { Embeddings } from "../../Vendor.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Sample from "./Sample.ts"

const emptyWords = new Set(
  ("a about all also am an and any are as at be been but by can could did do does explain for from get give had has " +
    "have hello hey hi how i if in is it its just know let like make may me mean more most my no not of on one or our " +
    "please say should so some tell than thank thanks that the their them then there these they this to up us was we " +
    "were what when where which who why will with would write you your").split(" ")
)

const mostSubjectWords = 6
const longestSubjectWord = 30
const longestResult = 200

/** Of a longer question only the beginning is read: the sandbox must stay fast whatever it is sent. */
const longestQuestion = 2_000

/** Never cut between the halves of a surrogate pair. */
const head = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, "")

const text = (message: Prompt.Message): string =>
  message.role === "system"
    ? message.content
    : (message.content as ReadonlyArray<Prompt.Part>).map((part) => part.type === "text" ? part.text : "").join("")

const shorten = (text: string, longest: number): string => {
  const points = Array.from(text)
  return points.length <= longest ? text : `${points.slice(0, longest - 1).join("")}…`
}

/** The words a question is about: those that are left when the common ones are taken away. */
const subject = (question: string): string => {
  const words = question.split(/\s+/).map((word) => word.replace(/^[\p{P}$^`<>|=+~]+|[\p{P}$^`<>|=+~]+$/gu, ""))
  const isTelling = (word: string) => !emptyWords.has(word.toLowerCase().replace(/['’](?:d|ll|m|re|s|ve)$/, ""))
  const telling = words.filter((word) => word !== "" && isTelling(word))
  const chosen = telling.length > 0 ? telling : words.filter((word) => word !== "")
  return chosen.slice(0, mostSubjectWords).map((word) => shorten(word, longestSubjectWord)).join(" ")
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`

/** An answer that the caller has begun is no message of the conversation. */
const split = (request: Request) => {
  const messages = request.prompt.content
  const last = messages.at(-1)
  return last?.role === "assistant"
    ? { messages: messages.slice(0, -1), begun: text(last) }
    : { messages, begun: "" }
}

const about = (messages: ReadonlyArray<Prompt.Message>): string => {
  const last = messages.at(-1)
  if (last?.role === "tool") {
    const results = last.content.filter((part) => part.type === "tool-result")
    return results.map((part) =>
      `The tool ${part.name} ${part.isFailure ? "failed with" : "answered"} ${
        shorten(JSON.stringify(part.result) ?? "nothing", longestResult)
      }.`
    ).join(" ")
  }
  const user = messages.findLast((message) => message.role === "user")
  const words = subject(question(messages))
  const files = user?.content.filter((part) => part.type === "file").length ?? 0
  const attached = files === 0 ? "" : ` You attached ${count(files, "file")}.`
  return words === "" ? attached.trim() : `You asked about “${words}”.${attached}`
}

const prose = (messages: ReadonlyArray<Prompt.Message>): string => {
  const systems = messages.filter((message) => message.role === "system").length
  return [
    "This is the sandbox inside llmdispatcher, no model was asked.",
    about(messages),
    `The request carried ${count(messages.length - systems, "message")}${
      systems === 0 ? "" : ` and ${count(systems, "system instruction")}`
    }.`,
    "For a real answer, set OPENAI_API_KEY and send the same request again."
  ].filter((sentence) => sentence !== "").join(" ")
}

/**
 * The text of the last user message; empty when there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastUserText = (request: Request): string => userText(request.prompt.content)

const userText = (messages: ReadonlyArray<Prompt.Message>): string => {
  const user = messages.findLast((message) => message.role === "user")
  return user === undefined ? "" : text(user)
}

const question = (messages: ReadonlyArray<Prompt.Message>): string => head(userText(messages), longestQuestion)

/** The tools the answer calls: those that must be, and those that the user names. */
const chooseTools = (request: Request, messages: ReadonlyArray<Prompt.Message>) => {
  const { parallelToolCalls, toolChoice = "auto", tools = [] } = request
  if (toolChoice === "none") return []
  const only = typeof toolChoice === "object"
    ? "tool" in toolChoice ? [toolChoice.tool] : toolChoice.oneOf
    : undefined
  const allowed = only === undefined ? tools : tools.filter((tool) => only.includes(tool.name))
  const must = toolChoice === "required" ||
    typeof toolChoice === "object" && ("tool" in toolChoice || toolChoice.mode === "required")
  // A result that just came in is to be told of; calling again would go on for ever.
  if (!must && messages.at(-1)?.role === "tool") return []
  const words = new Set(question(messages).split(/[^\w.:-]+/).flatMap((word) => [word, word.replace(/[.:-]+$/, "")]))
  const named = allowed.filter((tool) => words.has(tool.name))
  const chosen = named.length > 0 ? named : must ? allowed.slice(0, 1) : []
  return parallelToolCalls === false ? chosen.slice(0, 1) : chosen
}

/** How the sandbox counts tokens: one for each four characters begun. */
const tokens = (characters: number): number => Math.ceil(characters / 4)

const charactersOf = (messages: ReadonlyArray<Prompt.Message>): number =>
  messages.reduce(
    (sum, message) =>
      sum + (message.role === "system" ?
        message.content.length :
        message.content.reduce((size, part) =>
          size + (part.type === "text" || part.type === "reasoning"
            ? part.text.length
            : part.type === "file"
            ? sizeOf(part.data)
            : part.type === "tool-call"
            ? sizeOf(part.params)
            : part.type === "tool-result"
            ? sizeOf(part.result)
            : 0), 0)),
    0
  )

const cut = (text: string, tokens: number): string => head(text, Math.max(tokens, 0) * 4)

const stopAt = (text: string, stops: ReadonlyArray<string>): string => {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return found.length === 0 ? text : text.slice(0, Math.min(...found))
}

const answerText = (request: Request, messages: ReadonlyArray<Prompt.Message>, hint: string): string => {
  const format = request.responseFormat
  if (format?.type === "json-schema") return JSON.stringify(Sample.make(format.schema, hint))
  if (format?.type === "json") return JSON.stringify({ sandbox: true, subject: hint })
  return prose(messages)
}

const reasoningText = (request: Request): string =>
  request.reasoningEffort === undefined || request.reasoningEffort === "none"
    ? ""
    : `The sandbox does not think; the effort “${request.reasoningEffort}” was noted.`

/**
 * The whole answer to a request.
 *
 * `maxTokens` counts reasoning and text; a tool call is never cut. A prompt that ends with the beginning of this very
 * answer is continued.
 *
 * @since 0.1.0
 * @category constructors
 */
export const compose = (request: Request, model: string): ReadonlyArray<Response.Part> => {
  const { begun, messages } = split(request)
  const limit = request.maxTokens ?? Number.POSITIVE_INFINITY
  const calls = chooseTools(request, messages)
  const hint = subject(question(messages)) || "sandbox"
  const thought = cut(reasoningText(request), limit)
  const complete = calls.length > 0 ? "" : answerText(request, messages, hint)
  const stopped = stopAt(complete.startsWith(begun) ? complete.slice(begun.length) : complete, request.stop ?? [])
  const said = cut(stopped, limit - tokens(thought.length))
  const id = hash(`${begun}\n${thought}\n${complete}\n${userText(messages)}`)
  const toolCalls = calls.map((tool, index): Response.Part => ({
    type: "tool-call",
    id: `call_${id}_${index}`,
    name: tool.name,
    params: Sample.make(tool.parameters, hint)
  }))
  const input = tokens(charactersOf(messages) + begun.length + sizeOf(request.tools))
  const reasoning = tokens(thought.length)
  const written = tokens(said.length + toolCalls.reduce((sum, call) => sum + JSON.stringify(call).length, 0))
  return [
    { type: "response-metadata", id: `sandbox-${id}`, modelId: model },
    ...(thought === "" ? [] : [{ type: "reasoning", text: thought } as const]),
    ...(said === "" ? [] : [{ type: "text", text: said } as const]),
    ...toolCalls,
    {
      type: "finish",
      reason: said.length < stopped.length ? "length" : calls.length > 0 ? "tool-calls" : "stop",
      usage: {
        inputTokens: { uncached: input, total: input, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: written + reasoning, text: written, reasoning }
      }
    }
  ]
}

/**
 * A short name for a text, the same for the same text.
 *
 * @since 0.1.0
 * @category accessors
 */
export const hash = (text: string): string => (Hash.string(text) >>> 0).toString(16)

const dimensions = 16

/** Each word adds to the direction its hash names, so texts that share words are near. */
const vectorOf = (text: string): ReadonlyArray<number> => {
  const vector = Array.from({ length: dimensions }, () => 0)
  for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    if (word !== "") vector[(Hash.string(word) >>> 0) % dimensions]! += 1
  }
  const length = Math.hypot(...vector)
  return length === 0 ? vector.with(0, 1) : vector.map((value) => value / length)
}

/**
 * A unit vector of 16 dimensions for each text, by the words it holds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const embed = (texts: ReadonlyArray<string>): Embeddings => {
  const input = texts.reduce((sum, text) => sum + tokens(text.length), 0)
  return {
    vectors: texts.map(vectorOf),
    usage: {
      inputTokens: { uncached: input, total: input, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 0, text: 0, reasoning: 0 }
    }
  }
}

/**
 * The error for a request that a real vendor would find wrong, `undefined` when it is right.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refusal = (
  request: Request,
  context: { readonly vendor: string; readonly requestId: string }
): AttemptError | undefined => {
  const { toolChoice = "auto", tools = [] } = request
  const wanted = typeof toolChoice === "object"
    ? "tool" in toolChoice ? [toolChoice.tool] : toolChoice.oneOf
    : []
  const missing = wanted.filter((name) => !tools.some((tool) => tool.name === name))
  const message = missing.length > 0
    ? `names a tool that the request does not have: ${missing.join(", ")}`
    : toolChoice === "required" && tools.length === 0
    ? "requires a tool, and the request has none"
    : undefined
  return message === undefined
    ? undefined
    : fatal({ _tag: "InvalidRequest", issues: [{ field: "toolChoice", message }] }, { ...context, status: 400 })
}
