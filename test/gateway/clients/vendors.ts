/** Every vendor family under the suite. */
import { Effect, Redacted, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import * as Anthropic from "llmdispatcher/vendor/Anthropic"
import * as AzureOpenAi from "llmdispatcher/vendor/AzureOpenAi"
import * as Bedrock from "llmdispatcher/vendor/Bedrock"
import * as Google from "llmdispatcher/vendor/Google"
import * as Groq from "llmdispatcher/vendor/Groq"
import * as Ollama from "llmdispatcher/vendor/Ollama"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import * as OpenAiCompatible from "llmdispatcher/vendor/OpenAiCompatible"
import { ollama } from "../../conformance/subjects/ollama.ts"
import * as Seen from "./Seen.ts"
import * as Questions from "./questions.ts"
import * as Upstream from "./Upstream.ts"

export interface Family {
  readonly name: string
  /** What answers behind it. */
  readonly behind: string
  readonly start: (
    situation: Upstream.Situation
  ) => Effect.Effect<Upstream.Upstream, never, Scope.Scope | HttpClient.HttpClient>
  /** Whether its API tells a picture's media type. */
  readonly tellsMediaTypes: boolean
  /** Why its API tells no reasoning. */
  readonly noReasoning?: string
  /** Why its API takes no documents. */
  readonly noDocuments?: string
  /** What it wants to have back with the reasoning that it tells. */
  readonly proofs?: ReadonlyArray<string>
}

const noReasoning = "OpenAI's chat completions tell no reasoning"

const apiKey = Redacted.make("sk-canary-0123456789abcdef")

const mocked = (name: string, options: Upstream.Mocked, more: Partial<Family> = {}): Family => ({
  name,
  behind: "aimock",
  start: (situation) => Upstream.mocked(options, situation),
  tellsMediaTypes: true,
  ...more
})

const { input, output } = Questions.usage

const groqUsage = JSON.stringify({
  id: "chatcmpl-g",
  object: "chat.completion.chunk",
  choices: [],
  x_groq: { id: "req_g", usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } }
})

export const families: ReadonlyArray<Family> = [
  mocked("openai", {
    model: "gpt-4.1-mini",
    make: (url) => OpenAi.make({ apiKey, baseUrl: `${url}/v1` }),
    read: Seen.chat
  }, { noReasoning }),
  mocked("openai-responses", {
    model: "gpt-4.1-mini",
    thinker: "gpt-5-mini",
    make: (url) => OpenAi.make({ apiKey, baseUrl: `${url}/v1`, api: "responses", name: "openai-responses" }),
    read: Seen.responses
  }, { proofs: ["aimock-encrypted-reasoning"] }),
  mocked("anthropic", {
    model: "claude-sonnet-4-5",
    make: (url) => Anthropic.make({ apiKey, baseUrl: `${url}/v1` }),
    read: Seen.anthropic
  }, { proofs: [Questions.signature] }),
  mocked("google", {
    model: "gemini-2.5-flash",
    make: (url) => Google.make({ apiKey, baseUrl: `${url}/v1beta` }),
    read: Seen.google
  }),
  mocked("azure-openai", {
    model: "gpt-4.1-mini",
    make: (url) => AzureOpenAi.make({ apiKey, endpoint: url, apiVersion: "2025-04-01-preview" }),
    read: (body, path) => {
      const seen = Seen.chat(body)
      return { ...seen, model: /deployments\/([^/]+)\//.exec(path)?.[1] ?? seen.model }
    }
  }, { noReasoning }),
  mocked("bedrock", {
    model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    make: (url) =>
      Bedrock.make({
        region: "eu-central-1",
        credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: apiKey },
        baseUrl: url
      }),
    read: Seen.bedrock
  }),
  mocked("ollama", {
    model: "qwen3-vl:8b",
    make: (url) => Ollama.make({ baseUrl: url }),
    think: (response, { body }) => {
      const { messages, stream } = JSON.parse(body) as { messages: Array<{ role: string }>; stream: boolean }
      const usage = { uncached: input, cacheRead: 0, text: output, reasoning: 0 }
      const answer = ollama.answer(
        messages.at(-1)?.role === "tool"
          ? { text: Questions.weatherAnswer, finish: "stop", usage }
          : {
            reasoning: { text: Questions.thought, proof: "" },
            toolCalls: [{ id: "call_w", ...Questions.weatherCall }],
            finish: "tool-calls",
            usage
          }
      )
      response.writeHead(200, { "content-type": stream ? ollama.streamType : "application/json" })
      response.end(stream ? answer.stream.join("") : JSON.stringify(answer.whole))
    },
    read: Seen.ollama,
    rewrite: (text) =>
      text
        .replace("\"prompt_eval_count\":0", `"prompt_eval_count":${Questions.usage.input}`)
        .replace("\"eval_count\":0", `"eval_count":${Questions.usage.output}`)
  }, {
    behind:
      "aimock, with counts of tokens put in, which it always tells as 0; thinking as the conformance suite has it, since aimock's Ollama does not",
    tellsMediaTypes: false,
    noDocuments: "Ollama's messages have pictures and no documents"
  }),
  mocked("groq", {
    model: "meta-llama/llama-4-maverick-17b-128e-instruct",
    thinker: "openai/gpt-oss-120b",
    make: (url) => Groq.make({ apiKey, baseUrl: `${url}/v1` }),
    read: Seen.chat,
    rewrite: (text) => text.replace("data: [DONE]", `data: ${groqUsage}\n\ndata: [DONE]`)
  }, {
    behind: "aimock, with the chunk of a stream put in by which Groq tells its usage unasked",
    noDocuments: "Groq's messages have pictures and no documents"
  }),
  mocked("openai-compatible", {
    model: "my-model",
    make: (url) => OpenAiCompatible.make({ name: "openai-compatible", baseUrl: `${url}/v1` }),
    read: Seen.chat
  }),
  {
    name: "sandbox",
    behind: "itself, inside llmdispatcher",
    start: Upstream.sandbox,
    tellsMediaTypes: true
  }
]
