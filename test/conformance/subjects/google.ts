import { Redacted } from "effect"
import * as Google from "llmdispatcher/vendor/Google"
import type { Content, ToolCall, Usage } from "../Content.ts"
import { contract } from "../Contract.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const model = "gemini-2.5-flash"

const head = { modelVersion: model, responseId: "mAitaLmkHPPlz7IPvtfUqQ4" }

const finishWords = { stop: "STOP", length: "MAX_TOKENS", "tool-calls": "STOP", "content-filter": "SAFETY" }

/** Pieces of at most `size` characters, between characters. */
const pieces = (text: string, size: number): ReadonlyArray<string> =>
  Array.from(
    { length: Math.ceil(Array.from(text).length / size) },
    (_, index) => Array.from(text).slice(index * size, (index + 1) * size).join("")
  )

/** Counts of 0 are left out, as protocol buffers do. */
const usageOf = ({ cacheRead, reasoning, text, uncached }: Usage) => ({
  promptTokenCount: uncached + cacheRead,
  candidatesTokenCount: text,
  totalTokenCount: uncached + cacheRead + text + reasoning,
  ...(cacheRead === 0 ? undefined : {
    cachedContentTokenCount: cacheRead,
    cacheTokensDetails: [{ modality: "TEXT", tokenCount: cacheRead }]
  }),
  ...(reasoning === 0 ? undefined : { thoughtsTokenCount: reasoning }),
  promptTokensDetails: [{ modality: "TEXT", tokenCount: uncached + cacheRead }]
})

/** Models of this generation give calls no ids; the signature stands with the first call. */
const callsOf = (calls: ReadonlyArray<ToolCall>, proof: string | undefined) =>
  calls.map(({ name, params }, index) => ({
    functionCall: { name, args: params },
    ...(index === 0 && proof !== undefined ? { thoughtSignature: proof } : undefined)
  }))

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\r\n\r\n`

const safetyRatings = [{ category: "HARM_CATEGORY_HARASSMENT", probability: "NEGLIGIBLE" }]

const chunk = (usage: Usage, ...parts: ReadonlyArray<object>): string =>
  event({
    candidates: [{ content: { parts, role: "model" }, index: 0 }],
    // Only counts so far.
    usageMetadata: { ...usageOf(usage), candidatesTokenCount: 1, totalTokenCount: usage.uncached + 1 },
    ...head
  })

const stream = ({ reasoning, text = "", toolCalls = [], usage }: Content, finish: string): Answer["stream"] => [
  ...pieces(reasoning?.text ?? "", 7).map((text) => chunk(usage, { text, thought: true })),
  ...pieces(text, 5).map((text) => chunk(usage, { text })),
  ...callsOf(toolCalls, reasoning?.proof).map((call) => chunk(usage, call)),
  event({
    candidates: [{
      content: {
        parts: [{
          text: "",
          ...(reasoning === undefined || toolCalls.length > 0 ? undefined : { thoughtSignature: reasoning.proof })
        }],
        role: "model"
      },
      finishReason: finish,
      index: 0,
      safetyRatings
    }],
    usageMetadata: usageOf(usage),
    ...head
  })
]

const written = (content: Content, finish: string): Answer => {
  const { reasoning, text, toolCalls = [] } = content
  const signature = reasoning === undefined || toolCalls.length > 0 ? undefined : { thoughtSignature: reasoning.proof }
  return {
    whole: {
      candidates: [{
        content: {
          parts: [
            ...(reasoning === undefined ? [] : [{ text: reasoning.text, thought: true }]),
            ...(text === undefined ? [] : [{ text, ...signature }]),
            ...callsOf(toolCalls, reasoning?.proof)
          ],
          role: "model"
        },
        finishReason: finish,
        index: 0,
        avgLogprobs: -0.01
      }],
      usageMetadata: usageOf(content.usage),
      ...head
    },
    stream: stream(content, finish)
  }
}

const error = (
  code: number,
  status: string,
  message: string,
  details: ReadonlyArray<object> = []
): FailureAnswer => ({ status: code, body: { error: { code, message, status, details } } })

const rpc = (type: string, fields: object) => ({ "@type": `type.googleapis.com/google.rpc.${type}`, ...fields })

const retry = (retryDelay: string) => rpc("RetryInfo", { retryDelay })

const quota = (quotaId: string, quotaValue: string) =>
  rpc("QuotaFailure", {
    violations: [{
      quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
      quotaId,
      quotaDimensions: { location: "global", model },
      quotaValue
    }]
  })

const exceeded = (quotaId: string, quotaValue: string, wait: string): FailureAnswer =>
  error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", [
    quota(quotaId, quotaValue),
    rpc("Help", { links: [{ url: "https://ai.google.dev/gemini-api/docs/rate-limits" }] }),
    retry(wait)
  ])

const wrongKey = error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
  rpc("ErrorInfo", { reason: "API_KEY_INVALID", domain: "googleapis.com" })
])

const unavailable = error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }

const ended = (word: string) => written({ text: "Hi", finish: "stop", usage }, word)

/** The model's name, which the specification wants in the body, goes in the path. */
const published = contract("gemini.core.json", "GenerateContentRequest").contract

export const google: Subject = {
  name: "google",
  origin: "synthetic",
  document: "https://ai.google.dev/api/generate-content",
  model,
  make: (baseUrl) => Google.make({ apiKey: Redacted.make("sk-canary-0123456789abcdef"), baseUrl }),
  streamType: "text/event-stream",
  answer: (content) => written(content, finishWords[content.finish]),
  epilogue: 0,
  without: {},
  finishes: {
    RECITATION: { answer: ended("RECITATION"), reason: "content-filter" },
    BLOCKLIST: { answer: ended("BLOCKLIST"), reason: "content-filter" },
    PROHIBITED_CONTENT: { answer: ended("PROHIBITED_CONTENT"), reason: "content-filter" },
    SPII: { answer: ended("SPII"), reason: "content-filter" },
    IMAGE_SAFETY: { answer: ended("IMAGE_SAFETY"), reason: "content-filter" },
    LANGUAGE: { answer: ended("LANGUAGE"), reason: "other" },
    OTHER: { answer: ended("OTHER"), reason: "other" },
    UNEXPECTED_TOOL_CALL: { answer: ended("UNEXPECTED_TOOL_CALL"), reason: "error" },
    TOO_MANY_TOOL_CALLS: { answer: ended("TOO_MANY_TOOL_CALLS"), reason: "error" },
    CONTINUATION: { answer: ended("CONTINUATION"), reason: "pause" },
    FUNCTION_CALL: { answer: ended("FUNCTION_CALL"), reason: "tool-calls" },
    A_NEW_WORD: { answer: ended("A_NEW_WORD"), reason: "other" }
  },
  failures: {
    RateLimited: [
      { ...exceeded("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "10", "13.2s"), retryAfter: 13_200 },
      { ...error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).") },
      {
        status: 429,
        headers: { "retry-after": "7" },
        body: [exceeded("GenerateContentInputTokensPerModelPerMinute", "1000000", "30s").body],
        retryAfter: 7_000
      }
    ],
    Overloaded: [unavailable],
    ServerFault: [error(500, "INTERNAL", "An internal error has occurred."), { status: 502, body: "Bad Gateway" }],
    TimedOut: [error(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.")],
    QuotaExhausted: [
      exceeded("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "250", "49s"),
      exceeded("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "0", "11.6s"),
      error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for metric: free_tier_requests, limit: 0, model: gemini-2.5-pro")
    ],
    Unauthenticated: [
      wrongKey,
      error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
      error(403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key.")
    ],
    PermissionDenied: [
      error(403, "PERMISSION_DENIED", "Generative Language API has not been used in project 1 before."),
      error(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")
    ],
    InvalidRequest: [error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")],
    ContextLengthExceeded: [
      error(
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
      )
    ],
    ContentFiltered: ["SAFETY", "PROHIBITED_CONTENT"].map((blockReason) => ({
      status: 200,
      body: { promptFeedback: { blockReason }, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 }, ...head }
    })),
    ModelNotFound: [
      error(404, "NOT_FOUND", "models/gemini-0 is not found for API version v1beta, or is not supported.")
    ]
  },
  streamFailures: [
    { name: "an error object", entries: [event(unavailable.body)], reason: "Overloaded" },
    { name: "an error between events", entries: [JSON.stringify(unavailable.body, null, 2)], reason: "Overloaded" },
    {
      name: "an array with an error between events",
      entries: [`${JSON.stringify([error(500, "INTERNAL", "No.").body], null, 2)}\n`],
      reason: "ServerFault"
    },
    {
      name: "a prompt that is blocked late",
      entries: [event({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, ...head })],
      reason: "ContentFiltered"
    },
    {
      name: "a call that the model did not get right",
      entries: [event({ candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL", index: 0 }], ...head })],
      reason: "MalformedResponse"
    }
  ],
  models: {
    body: {
      models: [
        {
          name: "models/gemini-2.5-flash",
          baseModelId: "",
          version: "001",
          displayName: "Gemini 2.5 Flash",
          description: "Stable version of Gemini 2.5 Flash.",
          inputTokenLimit: 1_048_576,
          outputTokenLimit: 65_536,
          supportedGenerationMethods: ["generateContent", "countTokens"],
          thinking: true
        },
        { name: "models/gemini-embedding-001", version: "001", supportedGenerationMethods: ["embedContent"] }
      ]
    },
    ids: ["gemini-2.5-flash", "gemini-embedding-001"]
  },
  ...(published === undefined ? undefined : {
    contract: (body, options) => published({ model: `models/${model}`, ...(body as object) }, options)
  })
}
