/** What the SDKs ask beside answers: lists of models, vectors, counts of tokens, and whether their keys are good. The sandbox stands behind. */
import "./conditions.ts"

import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { createOpenAI } from "@ai-sdk/openai"
import Anthropic from "@anthropic-ai/sdk"
import { GoogleGenAI } from "@google/genai"
import { embedMany } from "ai"
import { Ollama } from "ollama"
import OpenAI, { AzureOpenAI } from "openai"
import type { Client } from "./Client.ts"
import { clients } from "./clients.ts"

export interface Side {
  readonly name: string
  /** What the gateway asks of everybody; absent where it asks nothing. */
  readonly key?: string
  readonly ask: (url: string) => Promise<unknown>
  readonly expected: unknown
}

/** The words of the sandbox's vectors are their directions. */
const text = "two words"
const dimensions = 16
const model = "sandbox/sandbox"
const isVector = (vector: ReadonlyArray<number> | undefined) =>
  vector?.length === dimensions && Math.abs(Math.hypot(...vector) - 1) < 1e-6

const openai = (url: string) => new OpenAI({ apiKey: "none", baseURL: `${url}/v1`, maxRetries: 0 })
const anthropic = (url: string) => new Anthropic({ apiKey: "none", baseURL: url, maxRetries: 0 })
const google = (url: string) => new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url } })
const azure = (url: string) =>
  new AzureOpenAI({ apiKey: "none", endpoint: url, apiVersion: "2024-10-21", maxRetries: 0 })
const ollama = (url: string) => new Ollama({ host: url })

const collected = async <A>(pages: AsyncIterable<A>): Promise<Array<A>> => {
  const all: Array<A> = []
  for await (const one of pages) all.push(one)
  return all
}

const key = "a-key-of-more-than-32-characters-0123456789"

/** Each SDK passes its key in a header of its own, and has a class of its own for one that is refused. */
const keyed = (client: Client): Side => ({
  name: `${client.name} is let in with its own key, and with another is refused`,
  key,
  ask: async (url) => {
    const session = (key: string) => client.make(url, client.modelOf?.(model) ?? model, key)
    const { text: told } = await session(key).whole({ text })
    const { retryAfter: _, ...refused } = await session(`${key}0`).whole({ text }).then(
      () => ({ error: "none", status: 200, retryAfter: undefined }),
      client.refused
    )
    return { isAnswered: told.includes("You asked about"), ...refused }
  },
  expected: { isAnswered: true, error: client.errorOf(401), status: 401 }
})

export const sides: ReadonlyArray<Side> = [
  ...clients.map(keyed),
  {
    name: "AzureOpenAI lists models",
    ask: async (url) => (await collected(await azure(url).models.list())).some(({ id }) => id === model),
    expected: true
  },
  {
    name: "AzureOpenAI makes vectors",
    ask: async (url) =>
      (await azure(url).embeddings.create({ model, input: text })).data.map(({ embedding }) => isVector(embedding)),
    expected: [true]
  },
  {
    name: "AzureOpenAI asks by responses, streamed",
    ask: async (url) =>
      (await azure(url).responses.stream({ model, input: text, store: false }).finalResponse()).output_text.includes(
        "You asked about"
      ),
    expected: true
  },
  {
    name: "ai + @ai-sdk/openai makes vectors",
    ask: async (url) => {
      const vectors = createOpenAI({ apiKey: "none", baseURL: `${url}/v1` }).textEmbeddingModel(model)
      return (await embedMany({ model: vectors, values: [text, text], maxRetries: 0 })).embeddings.map(isVector)
    },
    expected: [true, true]
  },
  {
    name: "ai + @ai-sdk/google makes vectors",
    ask: async (url) => {
      const vectors = createGoogleGenerativeAI({ apiKey: "none", baseURL: `${url}/v1beta` }).textEmbeddingModel(model)
      return (await embedMany({ model: vectors, values: [text, text], maxRetries: 0 })).embeddings.map(isVector)
    },
    expected: [true, true]
  },
  {
    name: "openai lists models",
    ask: async (url) => (await collected(await openai(url).models.list())).some(({ id }) => id === model),
    expected: true
  },
  {
    name: "openai retrieves a model",
    ask: async (url) => (await openai(url).models.retrieve(model)).id,
    expected: model
  },
  {
    name: "openai makes vectors, as base64",
    ask: async (url) => {
      const { data, usage } = await openai(url).embeddings.create({ model, input: [text, text] })
      return [data.map(({ embedding }) => isVector(embedding)), usage.prompt_tokens]
    },
    expected: [[true, true], 6]
  },
  {
    name: "openai makes vectors, as numbers",
    ask: async (url) => {
      const { data } = await openai(url).embeddings.create({ model, input: text, encoding_format: "float" })
      return data.map(({ embedding }) => isVector(embedding))
    },
    expected: [true]
  },
  {
    name: "@anthropic-ai/sdk lists models",
    ask: async (url) => (await collected(anthropic(url).models.list())).some(({ id }) => id === model),
    expected: true
  },
  {
    name: "@anthropic-ai/sdk retrieves a model",
    ask: async (url) => (await anthropic(url).models.retrieve(model)).id,
    expected: model
  },
  {
    name: "@anthropic-ai/sdk counts tokens",
    ask: async (url) => {
      const messages = [{ role: "user" as const, content: text }]
      return (await anthropic(url).messages.countTokens({ model, messages })).input_tokens > 0
    },
    expected: true
  },
  {
    name: "@google/genai lists models",
    ask: async (url) =>
      (await collected(await google(url).models.list())).some(({ name }) => name === `models/${model}`),
    expected: true
  },
  {
    name: "@google/genai gets a model",
    ask: async (url) => (await google(url).models.get({ model })).name,
    expected: `models/${model}`
  },
  {
    name: "@google/genai counts tokens",
    ask: async (url) => ((await google(url).models.countTokens({ model, contents: text })).totalTokens ?? 0) > 0,
    expected: true
  },
  {
    name: "@google/genai makes vectors",
    ask: async (url) => {
      const { embeddings = [] } = await google(url).models.embedContent({ model, contents: [text, text] })
      return embeddings.map(({ values }) => isVector(values))
    },
    expected: [true, true]
  },
  {
    name: "ollama lists models",
    ask: async (url) => (await ollama(url).list()).models.some(({ name }) => name === model),
    expected: true
  },
  {
    name: "ollama shows a model",
    ask: async (url) => (await ollama(url).show({ model })).capabilities.includes("completion"),
    expected: true
  },
  {
    name: "ollama generates",
    ask: async (url) => {
      const { done, response } = await ollama(url).generate({ model, prompt: text })
      return [done, response?.includes("You asked about “two words”.")]
    },
    expected: [true, true]
  },
  {
    name: "ollama makes vectors",
    ask: async (url) => (await ollama(url).embed({ model, input: [text, text] })).embeddings.map(isVector),
    expected: [true, true]
  }
]
