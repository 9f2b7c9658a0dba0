/**
 * The JSON of Ollama's own API: chat, embed and tags.
 *
 * Requests are closed: only what is written here is sent. Answers are open: unknown fields are ignored and nearly every
 * field may be null or absent, since Ollama leaves out every count that is 0.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const nullish = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullishOr(schema))

// -----------------------------------------------------------------------------
// Chat request
// -----------------------------------------------------------------------------

const ToolCall = Schema.Struct({
  id: optional(Schema.String),
  function: Schema.Struct({ index: optional(Schema.Int), name: Schema.String, arguments: Schema.JsonObject })
})

/**
 * @since 0.1.0
 * @category models
 */
export type ToolCall = typeof ToolCall.Type

/** In base64, without their type. */
const Images = Schema.Array(Schema.String)

/**
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Union([
  Schema.Struct({ role: Schema.Literal("system"), content: Schema.String }),
  Schema.Struct({ role: Schema.Literal("user"), content: Schema.String, images: optional(Images) }),
  Schema.Struct({
    role: Schema.Literal("assistant"),
    content: Schema.String,
    thinking: optional(Schema.String),
    tool_calls: optional(Schema.Array(ToolCall))
  }),
  Schema.Struct({
    role: Schema.Literal("tool"),
    content: Schema.String,
    images: optional(Images),
    tool_name: Schema.String,
    tool_call_id: Schema.String
  })
])

/**
 * @since 0.1.0
 * @category models
 */
export type Message = typeof Message.Type

const Tool = Schema.Struct({
  type: Schema.Literal("function"),
  function: Schema.Struct({
    name: Schema.String,
    description: optional(Schema.String),
    parameters: Schema.JsonObject
  })
})

const Options = Schema.Struct({
  temperature: optional(Schema.Finite),
  top_p: optional(Schema.Finite),
  top_k: optional(Schema.Int),
  frequency_penalty: optional(Schema.Finite),
  presence_penalty: optional(Schema.Finite),
  seed: optional(Schema.Int),
  stop: optional(Schema.Array(Schema.String)),
  num_predict: optional(Schema.Int)
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const ChatRequest = Schema.Struct({
  model: Schema.String,
  messages: Schema.Array(Message),
  stream: Schema.Boolean,
  format: optional(Schema.Union([Schema.Literal("json"), Schema.JsonObject])),
  think: optional(Schema.Union([Schema.Boolean, Schema.Literals(["low", "medium", "high", "max"])])),
  tools: optional(Schema.Array(Tool)),
  options: optional(Options),
  /** Whether a conversation that is too long is silently cut at its beginning. */
  truncate: optional(Schema.Boolean)
})

/**
 * @since 0.1.0
 * @category models
 */
export type ChatRequest = typeof ChatRequest.Type

// -----------------------------------------------------------------------------
// Chat answer
// -----------------------------------------------------------------------------

/**
 * A whole answer, or one line of a stream: both have the same fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ChatResponse = Schema.Struct({
  model: nullish(Schema.String),
  created_at: nullish(Schema.String),
  message: nullish(Schema.Struct({
    content: nullish(Schema.String),
    thinking: nullish(Schema.String),
    tool_calls: nullish(Schema.Array(Schema.Struct({
      id: nullish(Schema.String),
      function: nullish(Schema.Struct({
        name: nullish(Schema.String),
        /** An object; a text of JSON by some servers that only resemble Ollama. */
        arguments: nullish(Schema.Unknown)
      }))
    })))
  })),
  done: nullish(Schema.Boolean),
  done_reason: nullish(Schema.String),
  prompt_eval_count: nullish(Schema.Finite),
  eval_count: nullish(Schema.Finite),
  error: nullish(Schema.Unknown)
})

/**
 * @since 0.1.0
 * @category models
 */
export type ChatResponse = typeof ChatResponse.Type

// -----------------------------------------------------------------------------
// Embeddings and models
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const Embeddings = Schema.Struct({
  embeddings: Schema.Array(Schema.Array(Schema.Finite)),
  prompt_eval_count: nullish(Schema.Finite)
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelList = Schema.Struct({
  models: nullish(Schema.Array(Schema.Struct({
    name: Schema.String,
    details: nullish(Schema.Struct({
      family: nullish(Schema.String),
      parameter_size: nullish(Schema.String),
      quantization_level: nullish(Schema.String)
    }))
  })))
})
