/**
 * The tokens of a conversation, counted before it is sent.
 *
 * Only texts are counted by a {@link TokenCounter}: the estimate here, `GptTokenizer` or `Tokenx`. What stands around
 * them, the frames of messages, the tools, the files, is the same for every counter.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import type { Request, Tool } from "../Request.ts"
import * as Json from "../wire/Json.ts"
import { type Family, familyOf } from "./Family.ts"
import * as Files from "./Files.ts"

/**
 * Counts the tokens of a text as a model reads it; `model` is `undefined` where it is not known.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenCounter {
  readonly text: (text: string, model: string | undefined) => number
}

/**
 * What counts, and for which model.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default {@link estimate}. */
  readonly counter?: TokenCounter | undefined
  /** The model that is meant where requests name a route. Default the request's own. */
  readonly model?: string | ((request: Request) => string | undefined) | undefined
}

/**
 * A number of tokens, or one for each request; `undefined` is none.
 *
 * @since 0.1.0
 * @category models
 */
export type Amount = number | ((request: Request) => number | undefined)

/**
 * @since 0.1.0
 * @category accessors
 */
export const amountOf = (amount: Amount | undefined, request: Request): number | undefined =>
  typeof amount === "function" ? amount(request) : amount

/**
 * Without any package: four characters a token, two where they are digits, three for scripts such as Greek, Cyrillic,
 * Arabic or Hindi, one for Chinese, Japanese, Korean and emoji.
 *
 * Against `o200k_base` it is 0.8 to 1.5 of the truth for prose in ten languages of nine scripts, code and JSON, and as
 * little as 0.4 for base64.
 *
 * @since 0.1.0
 * @category counters
 */
export const estimate: TokenCounter = {
  text: (text) => {
    let twelfths = 0
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      twelfths += code < 0x80 ? code >= 0x30 && code <= 0x39 ? 6 : 3 : code < 0x2e80 ? 4 : 12
    }
    return Math.ceil(twelfths / 12)
  }
}

/** Three around each message and one for its role (OpenAI's cookbook, "How to count tokens with tiktoken"). */
const perMessage = 4

/** The answer begins with these (ibid.). */
const perRequest = 3

/** Around a call's name and parameters; OpenAI's own format takes three, others say more. */
const perCall = 8

/** Around each tool; the cookbook's formula has 7 to 10 for a tool and 12 for all of them. */
const perTool = 16

/** What vendors add to a request that has tools: Anthropic's "Tool use" has 159 to 530, by the model. */
const toolPrompts: { readonly [family in Family]: number } = { openai: 0, anthropic: 530, google: 0, other: 0 }

const textOf = (value: unknown): string => typeof value === "string" ? value : Json.stringify(value) ?? ""

/** One way of counting, for one model. */
interface Count {
  readonly model: string | undefined
  readonly family: Family
  readonly text: (text: string) => number
}

const countOf = (counter: TokenCounter, model: string | undefined): Count => ({
  model,
  family: familyOf(model),
  text: (text) => text === "" ? 0 : counter.text(text, model)
})

const ofPart = (part: Prompt.Part, count: Count): number => {
  switch (part.type) {
    case "text":
    case "reasoning":
      return count.text(part.text)
    case "file":
      return Files.tokens(part, count.family, count.model, count.text)
    case "tool-call":
      return perCall + count.text(part.name) + count.text(textOf(part.params))
    case "tool-result":
      return perCall + (part.modelOutput === undefined
        ? count.text(textOf(part.result))
        : part.modelOutput.reduce((sum, output) => sum + ofPart(output, count), 0))
    case "tool-approval-request":
    case "tool-approval-response":
      return 0
  }
}

const ofMessage = (message: Prompt.Message, count: Count): number => {
  if (message.role === "system") return perMessage + count.text(message.content)
  let sum = perMessage
  for (const part of message.content) sum += ofPart(part, count)
  return sum
}

const ofTools = (tools: ReadonlyArray<Tool> | undefined, count: Count): number => {
  if (tools === undefined || tools.length === 0) return 0
  return tools.reduce((sum, tool) => sum + perTool + count.text(textOf(tool)), toolPrompts[count.family])
}

const countFor = (request: Request, options: Options): Count => {
  const model = typeof options.model === "function" ? options.model(request) : options.model
  return countOf(options.counter ?? estimate, model ?? request.model)
}

/**
 * The tokens of a message in a request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const messageTokens = (message: Prompt.Message, request: Request, options: Options = {}): number =>
  ofMessage(message, countFor(request, options))

/**
 * The tokens of a request: of each message, of what comes with every request of it (`fixed`), and all together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Measured {
  readonly messages: ReadonlyArray<number>
  readonly fixed: number
  readonly total: number
}

/**
 * Counts a request: its messages, tools, and the schema of its answer.
 *
 * @since 0.1.0
 * @category accessors
 */
export const measure = (request: Request, options: Options = {}): Measured => {
  const count = countFor(request, options)
  const messages = request.prompt.content.map((message) => ofMessage(message, count))
  const format = request.responseFormat?.type === "json-schema" ? count.text(textOf(request.responseFormat.schema)) : 0
  const fixed = perRequest + format + ofTools(request.tools, count)
  return { messages, fixed, total: messages.reduce((sum, tokens) => sum + tokens, fixed) }
}

/**
 * All input tokens of a request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inputTokens = (request: Request, options?: Options): number => measure(request, options).total
