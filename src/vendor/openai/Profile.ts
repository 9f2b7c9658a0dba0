/**
 * Where servers that speak Chat Completions differ in what they take.
 *
 * @since 0.1.0
 */
import type { Request } from "../../Request.ts"
import { callId } from "./CallId.ts"

/**
 * A field of a request that a server may not take.
 *
 * @since 0.1.0
 * @category models
 */
export type Field =
  | "topP"
  | "frequencyPenalty"
  | "presencePenalty"
  | "seed"
  | "stop"
  | "reasoningEffort"
  | "toolChoice"
  | "parallelToolCalls"
  | "user"
  | "metadata"

/**
 * The name under which raw options are for every server of Chat Completions, whatever its own.
 *
 * @since 0.1.0
 * @category constants
 */
export const chat = "openai-chat"

/**
 * The name under which raw options are for every server of Responses.
 *
 * @since 0.1.0
 * @category constants
 */
export const responses = "openai-responses"

/**
 * @since 0.1.0
 * @category models
 */
export type Effort = NonNullable<Request["reasoningEffort"]>

/**
 * @since 0.1.0
 * @category models
 */
export interface Profile {
  /** The names under which a request's raw options and a part's own options are ours. */
  readonly optionNames: ReadonlyArray<string>
  /** Whether a model reasons: it then takes no sampling parameters. */
  readonly reasons: (model: string) => boolean
  /** Whether `reasoning_effort` is sent to every model or only to those that reason. */
  readonly reasoningEffort: "always" | "reasoning-models"
  /** The word for the most tokens of an answer. */
  readonly maxTokens: "max_tokens" | "max_completion_tokens"
  /** The role of system messages for models that reason; for the others it is `system`. */
  readonly systemRole: "system" | "developer"
  /** Whether `stream_options.include_usage` may be sent. */
  readonly streamUsage: boolean
  /** Whether `tool_choice` can name several allowed tools. */
  readonly allowedTools: boolean
  /** The most stop texts, no limit when left out. */
  readonly maxStops?: number | undefined
  /** What a tool's name must match. */
  readonly toolName?: RegExp | undefined
  /** Fields that are not sent and told as losses. */
  readonly unsupported?: ReadonlyArray<Field> | undefined
  /** What a model that reasons refuses to be told; left out, all sampling and stop texts. */
  readonly fixed?: ReadonlyArray<"temperature" | "topP" | "frequencyPenalty" | "presencePenalty" | "stop"> | undefined
  /** Whether `top_k` is known, by default not. */
  readonly topK?: boolean | undefined
  /** The highest temperature; one above it is sent as this and told. */
  readonly maxTemperature?: number | undefined
  /** The word for the seed, by default `seed`. */
  readonly seed?: "seed" | "random_seed" | undefined
  /** The fields of the body that ask for an effort, `undefined` where the model knows no such; by default as it is. */
  readonly effort?: ((effort: Effort, model: string) => Readonly<Record<string, unknown>> | undefined) | undefined
  /** Whether tools are taken, by default they are. */
  readonly tools?: boolean | undefined
  /** Whether `tool_choice` can name one tool, by default it can. */
  readonly namedTool?: boolean | undefined
  /** The word of `tool_choice` for calling some tool, by default `required`. */
  readonly anyTool?: "required" | "any" | undefined
  /** The id of a tool call as the server takes it; the same for the same id. */
  readonly toolCallId?: ((id: string) => string) | undefined
  /** The word of Responses for the caller's user, by default `safety_identifier`. */
  readonly user?: "safety_identifier" | "user" | undefined
  /** Whether metadata are taken only where the raw option `store` keeps the answer, by default always. */
  readonly storedMetadata?: boolean | undefined
  /** The forms of JSON answers that are taken, by default both. */
  readonly formats?: ReadonlyArray<"json" | "json-schema"> | undefined
  /** The kinds of files that are taken, by default all. */
  readonly files?: ReadonlyArray<"image" | "audio" | "pdf"> | undefined
  /** How a PDF is written, by default as OpenAI's `file`. */
  readonly pdf?: "file" | "document_url" | undefined
  /** Fields of every body, under the request's own and its raw options. */
  readonly defaults?: ((model: string) => Readonly<Record<string, unknown>> | undefined) | undefined
  /** Where an assistant's message carries its reasoning back; left out, it is a loss. */
  readonly reasoning?: "reasoning_content" | "reasoning_details" | undefined
}

/**
 * An {@link Profile} `effort` that sends the given efforts as `reasoning_effort` and knows no other.
 *
 * @since 0.1.0
 * @category constructors
 */
export const efforts = (...known: ReadonlyArray<Effort>): NonNullable<Profile["effort"]> => (effort) =>
  known.includes(effort) ? { reasoning_effort: effort } : undefined

/** `o1` and later of that line, `gpt-5` and later but for the chat models; also fine-tuned. */
const reasoningModel = /^(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d{2,})(?!.*-chat)|codex|computer-use)/

/** Characters of a tool call's id, by what the API says when it refuses one. */
const longestCallId = 40

/**
 * OpenAI's own.
 *
 * @since 0.1.0
 * @category constants
 */
export const openai: Profile = {
  optionNames: ["openai"],
  reasons: (model) => reasoningModel.test(model),
  reasoningEffort: "reasoning-models",
  maxTokens: "max_completion_tokens",
  systemRole: "developer",
  streamUsage: true,
  allowedTools: true,
  maxStops: 4,
  toolName: /^[a-zA-Z0-9_-]{1,64}$/,
  toolCallId: (id) => callId(id, longestCallId),
  storedMetadata: true
}

/**
 * What nearly every compatible server takes.
 *
 * @since 0.1.0
 * @category constants
 */
export const compatible: Profile = {
  optionNames: ["openai-compatible", "openai"],
  reasons: () => false,
  reasoningEffort: "always",
  maxTokens: "max_tokens",
  systemRole: "system",
  streamUsage: true,
  allowedTools: false
}
