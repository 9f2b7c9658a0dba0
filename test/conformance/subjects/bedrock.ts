import { Redacted } from "effect"
import * as Bedrock from "llmdispatcher/vendor/Bedrock"
import { error as errorFrame, event, exception } from "../../vendor/bedrock/frames.ts"
import type { Content, ToolCall, Usage } from "../Content.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const finishWords = {
  stop: "end_turn",
  length: "max_tokens",
  "tool-calls": "tool_use",
  "content-filter": "guardrail_intervened"
}

/** Pieces of at most `size` characters, between characters. */
const pieces = (text: string, size: number): ReadonlyArray<string> => {
  const characters = Array.from(text)
  return Array.from(
    { length: Math.ceil(characters.length / size) },
    (_, index) => characters.slice(index * size, (index + 1) * size).join("")
  )
}

const usageOf = ({ cacheRead, reasoning, text, uncached }: Usage) => ({
  inputTokens: uncached,
  outputTokens: text + reasoning,
  totalTokens: uncached + cacheRead + text + reasoning,
  cacheReadInputTokens: cacheRead,
  cacheWriteInputTokens: 0,
  cacheDetails: []
})

const metrics = { latencyMs: 431 }

const delta = (contentBlockIndex: number, delta: object) => event("contentBlockDelta", { contentBlockIndex, delta })
const stop = (contentBlockIndex: number) => event("contentBlockStop", { contentBlockIndex })

const reasoningEvents = ({ proof, text }: NonNullable<Content["reasoning"]>, index: number) => [
  ...pieces(text, 6).map((text) => delta(index, { reasoningContent: { text } })),
  delta(index, { reasoningContent: { signature: proof } }),
  stop(index)
]

const textEvents = (text: string, index: number) => [
  ...pieces(text, 5).map((text) => delta(index, { text })),
  stop(index)
]

const toolEvents = ({ id, name, params }: ToolCall, index: number) => [
  event("contentBlockStart", { contentBlockIndex: index, start: { toolUse: { toolUseId: id, name } } }),
  // A call without arguments has no pieces.
  ...pieces(Object.keys(params).length === 0 ? "" : JSON.stringify(params), 12)
    .map((input) => delta(index, { toolUse: { input } })),
  stop(index)
]

const stream = ({ reasoning, text, toolCalls = [], usage }: Content, stopReason: string): Answer["stream"] => {
  const blocks = [
    ...(reasoning === undefined ? [] : [(index: number) => reasoningEvents(reasoning, index)]),
    ...(text === undefined ? [] : [(index: number) => textEvents(text, index)]),
    ...toolCalls.map((call) => (index: number) => toolEvents(call, index))
  ]
  return [
    event("messageStart", { role: "assistant" }),
    ...blocks.flatMap((block, index) => block(index)),
    event("messageStop", { stopReason }),
    event("metadata", { usage: usageOf(usage), metrics, serviceTier: { type: "default" } })
  ]
}

const written = (content: Content, stopReason: string): Answer => ({
  whole: {
    output: {
      message: {
        role: "assistant",
        content: [
          ...(content.reasoning === undefined ? [] : [{
            reasoningContent: {
              reasoningText: { text: content.reasoning.text, signature: content.reasoning.proof }
            }
          }]),
          ...(content.text === undefined ? [] : [{ text: content.text }]),
          ...(content.toolCalls ?? []).map(({ id, name, params }) => ({
            toolUse: { toolUseId: id, name, input: params }
          }))
        ]
      }
    },
    stopReason,
    usage: usageOf(content.usage),
    metrics,
    serviceTier: { type: "default" }
  },
  stream: stream(content, stopReason)
})

const failure = (status: number, name: string, message = "No."): FailureAnswer => ({
  status,
  headers: {
    "x-amzn-errortype": `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    "x-amzn-requestid": "0b7a5f1e-0000-4000-8000-000000000001"
  },
  body: { message }
})

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }
const hi: Content = { text: "Hi", finish: "stop", usage }

export const bedrock: Subject = {
  name: "bedrock",
  origin: "synthetic",
  document: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html",
  model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  make: (baseUrl) =>
    Bedrock.make({
      region: "us-east-1",
      credentials: {
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey: Redacted.make("sk-canary-0123456789abcdef"),
        sessionToken: Redacted.make("sk-canary-0123456789abcdef")
      },
      baseUrl
    }),
  streamType: "application/vnd.amazon.eventstream",
  answer: (content) => written(content, finishWords[content.finish]),
  epilogue: 1,
  without: { "reasoning usage": "Converse counts tokens of reasoning among those of the answer" },
  finishes: {
    stop_sequence: { answer: written(hi, "stop_sequence"), reason: "stop" },
    content_filtered: { answer: written(hi, "content_filtered"), reason: "content-filter" },
    model_context_window_exceeded: { answer: written(hi, "model_context_window_exceeded"), reason: "length" },
    malformed_model_output: { answer: written(hi, "malformed_model_output"), reason: "error" },
    malformed_tool_use: { answer: written(hi, "malformed_tool_use"), reason: "error" },
    something_new: { answer: written(hi, "something_new"), reason: "other" }
  },
  failures: {
    RateLimited: [
      failure(429, "ThrottlingException", "Too many requests, please wait before trying again."),
      { ...failure(429, "ThrottlingException"), headers: { "retry-after": "3" }, retryAfter: 3_000 }
    ],
    Overloaded: [failure(503, "ServiceUnavailableException"), failure(429, "ModelNotReadyException")],
    ServerFault: [
      failure(500, "InternalServerException"),
      failure(424, "ModelErrorException"),
      failure(424, "ModelStreamErrorException")
    ],
    TimedOut: [failure(408, "ModelTimeoutException")],
    QuotaExhausted: [
      failure(400, "ServiceQuotaExceededException"),
      failure(429, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
    ],
    Unauthenticated: [
      failure(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
      failure(403, "InvalidSignatureException"),
      failure(403, "ExpiredTokenException"),
      failure(403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.")
    ],
    PermissionDenied: [failure(403, "AccessDeniedException", "You don't have access to the model.")],
    InvalidRequest: [failure(400, "ValidationException", "1 validation error detected")],
    ContextLengthExceeded: [
      failure(400, "ValidationException", "Input is too long for requested model."),
      failure(
        400,
        "ValidationException",
        "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum"
      )
    ],
    ContentFiltered: [
      failure(400, "ValidationException", "This request has been blocked by our content filters.")
    ],
    ModelNotFound: [
      failure(404, "ResourceNotFoundException"),
      failure(400, "ValidationException", "The provided model identifier is invalid.")
    ]
  },
  streamFailures: [
    { name: "throttling", entries: [exception("throttlingException", { message: "No." })], reason: "RateLimited" },
    {
      name: "a model's error",
      entries: [exception("modelStreamErrorException", { message: "No.", originalStatusCode: 500 })],
      reason: "ServerFault"
    },
    { name: "a server's fault", entries: [exception("internalServerException", {})], reason: "ServerFault" },
    {
      name: "unavailable",
      entries: [exception("serviceUnavailableException", { message: "No." })],
      reason: "Overloaded"
    },
    {
      name: "an invalid request",
      entries: [exception("validationException", { message: "No." })],
      reason: "InvalidRequest"
    },
    { name: "an error frame", entries: [errorFrame("InternalError", "No.")], reason: "ServerFault" },
    {
      name: "a damaged frame",
      entries: [event("messageStop", { stopReason: "end_turn" }).with(-1, 0x5a)],
      reason: "MalformedResponse"
    }
  ],
  models: {
    body: {
      modelSummaries: [
        {
          modelArn: "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
          modelId: "amazon.nova-lite-v1:0",
          modelName: "Nova Lite",
          providerName: "Amazon",
          inputModalities: ["TEXT", "IMAGE", "VIDEO"],
          outputModalities: ["TEXT"],
          responseStreamingSupported: true,
          inferenceTypesSupported: ["ON_DEMAND"],
          modelLifecycle: { status: "ACTIVE" }
        },
        {
          modelArn: "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
          modelId: "anthropic.claude-sonnet-4-5-20250929-v1:0",
          modelName: "Claude Sonnet 4.5",
          providerName: "Anthropic",
          inferenceTypesSupported: ["INFERENCE_PROFILE"]
        }
      ],
      inferenceProfileSummaries: [
        {
          inferenceProfileId: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
          inferenceProfileName: "US Anthropic Claude Sonnet 4.5",
          type: "SYSTEM_DEFINED",
          status: "ACTIVE"
        }
      ]
    },
    ids: ["amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"]
  }
}
