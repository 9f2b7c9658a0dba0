import { Redacted } from "effect"
import * as Ollama from "llmdispatcher/vendor/Ollama"
import type { Content, ToolCall, Usage } from "../Content.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const model = "qwen3:8b"

/** Pieces of at most `size` characters, between characters. */
const pieces = (text: string, size: number): ReadonlyArray<string> => {
  const characters = Array.from(text)
  return Array.from(
    { length: Math.ceil(characters.length / size) },
    (_, index) => characters.slice(index * size, (index + 1) * size).join("")
  )
}

const head = { model, created_at: "2026-01-01T12:00:00.123456789Z" }

/** Ollama leaves out counts that are 0. */
const counts = ({ cacheRead, reasoning, text, uncached }: Usage) => ({
  total_duration: 4_883_583_458,
  load_duration: 1_334_875,
  ...(uncached + cacheRead === 0 ? undefined : { prompt_eval_count: uncached + cacheRead }),
  prompt_eval_duration: 342_546_000,
  ...(text + reasoning === 0 ? undefined : { eval_count: text + reasoning }),
  eval_duration: 4_535_599_000
})

const line = (value: object): string => `${JSON.stringify({ ...head, ...value })}\n`

const said = (message: object): string => line({ message: { role: "assistant", content: "", ...message }, done: false })

const callOf = ({ id, name, params }: ToolCall, index: number) => ({
  id,
  function: { index, name, arguments: params }
})

const written = ({ reasoning, text = "", toolCalls = [], usage }: Content, done_reason: string): Answer => ({
  whole: {
    ...head,
    message: {
      role: "assistant",
      content: text,
      ...(reasoning === undefined ? undefined : { thinking: reasoning.text }),
      ...(toolCalls.length === 0 ? undefined : { tool_calls: toolCalls.map(callOf) })
    },
    done: true,
    done_reason,
    ...counts(usage)
  },
  stream: [
    ...pieces(reasoning?.text ?? "", 6).map((thinking) => said({ thinking })),
    ...pieces(text, 5).map((content) => said({ content })),
    // A call comes whole, in a line of its own.
    ...toolCalls.map((call, index) => said({ tool_calls: [callOf(call, index)] })),
    line({ message: { role: "assistant", content: "" }, done: true, done_reason, ...counts(usage) })
  ]
})

const failure = (status: number, error: string, more: object = {}): FailureAnswer => ({
  status,
  body: { error, ...more }
})

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }
const hi: Content = { text: "Hi", finish: "stop", usage }

export const ollama: Subject = {
  name: "ollama",
  origin: "synthetic",
  document: "https://github.com/ollama/ollama/blob/main/docs/api.md",
  model,
  make: (baseUrl) => Ollama.make({ baseUrl, apiKey: Redacted.make("sk-canary-0123456789abcdef") }),
  streamType: "application/x-ndjson",
  answer: (content) => written(content, content.finish === "length" ? "length" : "stop"),
  epilogue: 0,
  without: {
    "tool choice": "Ollama cannot make a model call a tool",
    "content filter": "Ollama filters nothing",
    "reasoning round trip": "Ollama's thinking has no signature",
    "cached usage": "Ollama does not tell what of a prompt was in its cache",
    "reasoning usage": "Ollama counts tokens of thinking among those of the answer"
  },
  finishes: {
    load: { answer: written(hi, "load"), reason: "other" },
    unload: { answer: written(hi, "unload"), reason: "other" },
    "": { answer: written(hi, ""), reason: "stop" }
  },
  failures: {
    RateLimited: [{ ...failure(429, "too many requests"), headers: { "retry-after": "5" }, retryAfter: 5_000 }],
    Overloaded: [
      failure(503, "server busy, please try again.  maximum pending requests exceeded"),
      failure(500, "model requires more system memory (5.6 GiB) than is available (3.2 GiB)"),
      failure(500, "llama runner process has terminated: cudaMalloc failed: out of memory")
    ],
    ServerFault: [failure(500, "model runner has unexpectedly stopped"), failure(502, "upstream error")],
    TimedOut: [failure(504, "gateway timeout")],
    QuotaExhausted: [failure(429, "you've reached your weekly usage limit, please upgrade to continue")],
    Unauthenticated: [failure(401, "unauthorized", { signin_url: "https://ollama.com/connect?name=x" })],
    PermissionDenied: [failure(403, "this model requires a subscription")],
    InvalidRequest: [failure(400, "invalid option provided: num_gtx"), failure(400, "model is required")],
    ContextLengthExceeded: [
      failure(400, "the request exceeds the available context size (4096 tokens), try increasing it"),
      failure(500, "input length (9000 tokens) exceeds the model's maximum context length (8192 tokens)")
    ],
    ContentFiltered: { absent: "Ollama filters nothing" },
    ModelNotFound: [
      failure(404, "model 'qwen3:8b' not found"),
      failure(404, "model \"qwen3:8b\" not found, try pulling it first")
    ]
  },
  streamFailures: [
    { name: "an error", entries: ["{\"error\":\"unexpected EOF\"}\n"], reason: "ServerFault" },
    { name: "out of memory", entries: ["{\"error\":\"CUDA error: out of memory\"}\n"], reason: "Overloaded" }
  ],
  models: {
    body: {
      models: [
        {
          name: "qwen3:8b",
          model: "qwen3:8b",
          modified_at: "2026-01-01T12:00:00.123456789+02:00",
          size: 5_225_388_164,
          digest: "500a1f067a9f782620b40bee6f7b0c89e17ae61f686b92c24933e4ca4b2b8b41",
          details: {
            parent_model: "",
            format: "gguf",
            family: "qwen3",
            families: ["qwen3"],
            parameter_size: "8.2B",
            quantization_level: "Q4_K_M"
          }
        },
        { name: "gpt-oss:20b", model: "gpt-oss:20b", details: null }
      ]
    },
    ids: ["qwen3:8b", "gpt-oss:20b"]
  }
}
