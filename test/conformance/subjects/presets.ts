/** The presets: OpenAI's answers with each vendor's own reasoning and failures. */
import { Redacted } from "effect"
import * as Cerebras from "llmdispatcher/vendor/Cerebras"
import * as Cohere from "llmdispatcher/vendor/Cohere"
import * as DeepSeek from "llmdispatcher/vendor/DeepSeek"
import * as Fireworks from "llmdispatcher/vendor/Fireworks"
import * as Groq from "llmdispatcher/vendor/Groq"
import * as LmStudio from "llmdispatcher/vendor/LmStudio"
import * as Mistral from "llmdispatcher/vendor/Mistral"
import * as OpenRouter from "llmdispatcher/vendor/OpenRouter"
import * as Perplexity from "llmdispatcher/vendor/Perplexity"
import * as Together from "llmdispatcher/vendor/Together"
import * as Vllm from "llmdispatcher/vendor/Vllm"
import * as XAi from "llmdispatcher/vendor/XAi"
import type { Content } from "../Content.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"
import { openai } from "./openai.ts"

/** The fields that tell the reasoning, before a text where the vendor tells both in one. */
type Delta = (reasoning: NonNullable<Content["reasoning"]>, text: string) => object

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

/** The answer with its reasoning in the vendor's words, in the whole message and before the text of the stream. */
const reasoned = (content: Content, delta: Delta): Answer => {
  const { stream, whole } = openai.answer(content)
  if (content.reasoning === undefined) return { stream, whole }
  const fields = delta(content.reasoning, content.text ?? "")
  const [choice] = (whole as { readonly choices: ReadonlyArray<{ readonly message: object }> }).choices
  const [first, ...rest] = stream
  const reasoning = event({
    id: "chatcmpl-B1",
    choices: [{ index: 0, delta: delta(content.reasoning, ""), finish_reason: null }]
  })
  return {
    whole: { ...whole as object, choices: [{ ...choice, message: { ...choice!.message, ...fields } }] },
    stream: [first!, reasoning, ...rest]
  }
}

const noProof = "its reasoning is bare text, without proof"

const { contract: _, ...base } = openai

const preset = (
  name: string,
  document: string,
  module: {
    readonly make: (options: { apiKey: Redacted.Redacted<string>; baseUrl: string }) => ReturnType<Subject["make"]>
  },
  model: string,
  delta: Delta | undefined,
  differences: Partial<Pick<Subject, "without">> & { readonly failures?: Partial<Subject["failures"]> } = {}
): Subject => ({
  ...base,
  name,
  preset: true,
  document,
  model,
  make: (baseUrl) => module.make({ apiKey: Redacted.make("sk-canary-0123456789abcdef"), baseUrl }),
  ...(delta === undefined ? undefined : { answer: (content: Content) => reasoned(content, delta) }),
  without: {
    "tool result with image": openai.without["tool result with image"]!,
    ...(delta === undefined ? { reasoning: "it tells no reasoning" } : undefined),
    ...(delta === undefined || delta === details ? undefined : { "reasoning round trip": noProof }),
    ...differences.without
  },
  failures: { ...openai.failures, ...differences.failures }
})

const content: Delta = ({ text }) => ({ reasoning_content: text })
const plain: Delta = ({ text }) => ({ reasoning: text })
const details: Delta = ({ proof, text }) => ({
  reasoning: text,
  reasoning_details: [{ type: "reasoning.text", text, signature: proof, format: "anthropic-claude-v1", index: 0 }]
})

const failed = (status: number, body: unknown): ReadonlyArray<FailureAnswer> => [{ status, body }]

export const presets: ReadonlyArray<Subject> = [
  preset(
    "cerebras",
    "https://inference-docs.cerebras.ai/api-reference/chat-completions",
    Cerebras,
    "gpt-oss-120b",
    plain,
    { failures: { RateLimited: failed(429, { message: "Too many", type: "too_many_requests_error", code: "x" }) } }
  ),
  preset("cohere", "https://docs.cohere.com/docs/compatibility-api", Cohere, "command-a-03-2025", undefined, {
    without: {
      "tool choice": "its compatibility API cannot be told which tool to call",
      models: "its compatibility API lists none"
    },
    failures: {
      Unauthenticated: failed(401, { message: "invalid api token" }),
      ContextLengthExceeded: failed(400, { message: "too many tokens: total number of tokens cannot exceed 4081" })
    }
  }),
  preset("deepseek", "https://api-docs.deepseek.com/api/create-chat-completion", DeepSeek, "deepseek-flash", content, {
    without: { "structured output": "an answer may be any JSON object, but is not held to a schema" },
    failures: {
      QuotaExhausted: failed(402, { error: { message: "Insufficient Balance", code: "invalid_request_error" } })
    }
  }),
  preset(
    "fireworks",
    "https://docs.fireworks.ai/api-reference/post-chatcompletions",
    Fireworks,
    "accounts/fireworks/models/gpt-oss-120b",
    content,
    { failures: { QuotaExhausted: failed(412, { error: { message: "Account is suspended" } }) } }
  ),
  preset("groq", "https://console.groq.com/docs/api-reference#chat-create", Groq, "openai/gpt-oss-120b", plain, {
    failures: {
      Overloaded: failed(498, { error: { message: "flex", code: "capacity_exceeded" } }),
      ContextLengthExceeded: failed(413, { error: { message: "Request too large", code: "rate_limit_exceeded" } })
    }
  }),
  preset(
    "lm-studio",
    "https://lmstudio.ai/docs/developer/openai-compat/chat-completions",
    LmStudio,
    "qwen2.5-7b-instruct",
    undefined,
    { without: { "tool choice": "it cannot be told which tool to call" } }
  ),
  preset(
    "mistral",
    "https://docs.mistral.ai/api/endpoint/chat",
    Mistral,
    "mistral-small-latest",
    (reasoning, text) => ({
      content: [{ type: "thinking", thinking: [{ type: "text", text: reasoning.text }] }, { type: "text", text }]
    }),
    {
      failures: {
        Unauthenticated: failed(401, { message: "Unauthorized", request_id: "r1" }),
        RateLimited: failed(429, {
          object: "error",
          message: "Rate limit exceeded",
          type: "rate_limited",
          code: "1300"
        })
      }
    }
  ),
  preset(
    "openrouter",
    "https://openrouter.ai/docs/api-reference/chat-completion",
    OpenRouter,
    "anthropic/claude-sonnet-4.5",
    details,
    {
      failures: {
        QuotaExhausted: failed(402, { error: { code: 402, message: "Insufficient credits" } }),
        ContentFiltered: failed(403, { error: { code: 403, message: "Flagged", metadata: { reasons: ["violence"] } } })
      }
    }
  ),
  preset(
    "perplexity",
    "https://docs.perplexity.ai/api-reference/chat-completions-post",
    Perplexity,
    "sonar",
    undefined,
    {
      without: {
        tools: "it calls no tools",
        "tool choice": "it calls no tools",
        "parallel tools": "it calls no tools",
        models: "it lists none"
      }
    }
  ),
  preset("together", "https://docs.together.ai/reference/chat-completions-1", Together, "openai/gpt-oss-20b", plain, {
    failures: {
      PermissionDenied: { absent: "a 403 is a conversation longer than the window" },
      ContextLengthExceeded: failed(403, { error: { message: "Input token count + max_tokens is too large" } })
    }
  }),
  preset(
    "vllm",
    "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    Vllm,
    "Qwen/Qwen3-8B",
    content,
    {
      failures: {
        ContextLengthExceeded: failed(400, {
          object: "error",
          message: "This model's maximum context length is 4096 tokens.",
          type: "BadRequestError",
          code: 400
        })
      }
    }
  ),
  preset("xai", "https://docs.x.ai/docs/api-reference#chat-completions", XAi, "grok-3-mini", content, {
    failures: {
      Unauthenticated: failed(400, {
        code: "Client specified an invalid argument",
        error: "Incorrect API key provided"
      }),
      QuotaExhausted: failed(429, { code: "exhausted", error: "Your team has used all available credits" })
    }
  })
]
