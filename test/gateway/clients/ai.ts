/** The AI SDK, with each of its providers. */
import "./conditions.ts"

import { createAnthropic } from "@ai-sdk/anthropic"
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { createOpenAI } from "@ai-sdk/openai"
import {
  APICallError,
  generateText,
  jsonSchema,
  type LanguageModel,
  type LanguageModelUsage,
  type ModelMessage,
  Output,
  stepCountIs,
  streamText,
  tool as makeTool
} from "ai"
import type { Client, Question, Session, Told, Tool } from "./Client.ts"

// What a provider leaves out for a model that it does not know is no matter here.
globalThis.AI_SDK_LOG_WARNINGS = false

/** Each provider takes its own. */
const thinking = {
  openai: {
    reasoningEffort: "low",
    reasoningSummary: "auto",
    forceReasoning: true,
    store: false,
    include: ["reasoning.encrypted_content"]
  },
  anthropic: { thinking: { type: "enabled", budgetTokens: 1_024 } },
  google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 } }
}

const askedOf = ({ document, earlier = [], image, system, text, thinks }: Question): {
  readonly system?: string
  readonly providerOptions?: typeof thinking
  messages: Array<ModelMessage>
} => ({
  ...(thinks === undefined ? undefined : { providerOptions: thinking }),
  ...(system === undefined ? undefined : { system }),
  messages: [...earlier.map(({ role, text }) => ({ role, content: text })), {
    role: "user",
    content: image === undefined && document === undefined ? text : [
      { type: "text", text },
      ...(image === undefined ? [] : [{ type: "image", image: image.base64, mediaType: image.mediaType } as const]),
      ...(document === undefined ? [] : [
        { type: "file", data: document.base64, mediaType: document.mediaType, filename: document.name } as const
      ])
    ]
  }]
})

interface Step {
  readonly text: string
  readonly reasoningText: string | undefined
  readonly toolCalls: ReadonlyArray<{ readonly toolName: string; readonly input: unknown }>
  readonly finishReason: string
  readonly usage: LanguageModelUsage
}

const toldOf = ({ finishReason, reasoningText = "", text, toolCalls, usage }: Step): Told => ({
  text,
  reasoning: reasoningText,
  calls: toolCalls.map(({ input, toolName }) => ({ name: toolName, params: input })),
  finish: finishReason,
  usage: { input: usage.inputTokens, output: usage.outputTokens }
})

const sessionOf = (model: LanguageModel): Session => {
  const common = { model, maxRetries: 0 } as const
  const toolsOf = ({ description, name, parameters }: Tool, result: (params: unknown) => string) => ({
    tools: {
      [name]: makeTool({ description, inputSchema: jsonSchema({ ...parameters }), execute: result })
    },
    stopWhen: stepCountIs(2)
  })
  /** What is thrown inside a stream comes as a part of it. */
  const streaming = (options: Parameters<typeof streamText>[0]) => {
    const errors: Array<unknown> = []
    return { errors, stream: streamText({ ...options, onError: ({ error }) => void errors.push(error) }) }
  }

  return {
    whole: async (question) => toldOf(await generateText({ ...common, ...askedOf(question) })),
    stream: async (question) => {
      const { errors, stream } = streaming({ ...common, ...askedOf(question) })
      let pieces = 0
      for await (const piece of stream.textStream) if (piece !== "") pieces += 1
      if (errors.length > 0) throw errors[0]
      const step = (await stream.steps)[0]!
      return { ...toldOf(step), pieces }
    },
    tools: async ({ tool, ...question }, result, isStream) => {
      const request = { ...common, ...askedOf(question), ...toolsOf(tool, result) }
      if (!isStream) {
        const [first, second] = (await generateText(request)).steps
        return [toldOf(first!), toldOf(second!)]
      }
      const { errors, stream } = streaming(request)
      await stream.consumeStream()
      if (errors.length > 0) throw errors[0]
      const [first, second] = await stream.steps
      return [toldOf(first!), toldOf(second!)]
    },
    object: async (question, schema) => {
      const { output } = await generateText({
        ...common,
        ...askedOf(question),
        output: Output.object({ schema: jsonSchema({ ...schema }), name: "place" })
      })
      return output
    },
    abort: async (question) => {
      const controller = new AbortController()
      const { stream } = streaming({ ...common, ...askedOf(question), abortSignal: controller.signal })
      for await (const piece of stream.textStream) if (piece !== "") controller.abort()
      return controller.signal.aborted
    }
  }
}

const client = (
  name: string,
  make: (url: string, model: string, key?: string) => LanguageModel,
  more: Partial<Pick<Client, "objectByTool" | "modelOf" | "overloaded" | "noReasoning" | "noProofs">> = {}
): Client => ({
  name: `ai + ${name}`,
  finish: { stop: "stop", calls: "tool-calls" },
  refused: (error) =>
    APICallError.isInstance(error)
      ? { error: error.name, status: error.statusCode, retryAfter: error.responseHeaders?.["retry-after"] }
      : { error: String(error), status: undefined },
  errorOf: () => "AI_APICallError",
  showsHeaders: true,
  ...more,
  make: (url, model, key) => sessionOf(make(url, model, key))
})

const openai = (url: string, apiKey = "none") => createOpenAI({ apiKey, baseURL: `${url}/v1` })

export const aiOpenAi = client("@ai-sdk/openai", (url, model, key) => openai(url, key)(model))

export const aiOpenAiChat = client("@ai-sdk/openai chat", (url, model, key) => openai(url, key).chat(model), {
  noReasoning: "the provider reads no reasoning out of chat completions"
})

export const aiAnthropic = client(
  "@ai-sdk/anthropic",
  (url, model, apiKey = "none") => createAnthropic({ apiKey, baseURL: `${url}/v1` })(model),
  { overloaded: 529, objectByTool: (model) => !model.includes("claude-sonnet-4-5") }
)

export const aiGoogle = client(
  "@ai-sdk/google",
  (url, model, apiKey = "none") => createGoogleGenerativeAI({ apiKey, baseURL: `${url}/v1beta` })(model),
  {
    // It takes a name with a slash for a whole path.
    modelOf: (model) => `models/${model}`
  }
)
