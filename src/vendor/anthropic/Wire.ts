/**
 * The JSON of Anthropic's Messages API: requests, closed.
 *
 * Only what is written here is sent, and what request options add under it.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

const optional = Schema.optionalKey

// -----------------------------------------------------------------------------
// Blocks
// -----------------------------------------------------------------------------

/**
 * A mark up to which the request is cached, for 5 minutes unless `ttl` says an hour.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CacheControl = Schema.Struct({
  type: Schema.Literal("ephemeral"),
  ttl: optional(Schema.Literals(["5m", "1h"]))
})

/**
 * @since 0.1.0
 * @category models
 */
export type CacheControl = typeof CacheControl.Type

const marked = { cache_control: optional(CacheControl) }

/**
 * @since 0.1.0
 * @category schemas
 */
export const TextBlock = Schema.Struct({
  type: Schema.Literal("text"),
  text: Schema.NonEmptyString,
  citations: optional(Schema.Array(Schema.JsonObject)),
  ...marked
})

/**
 * @since 0.1.0
 * @category models
 */
export type TextBlock = typeof TextBlock.Type

/**
 * The types of image that are taken as data.
 *
 * @since 0.1.0
 * @category constants
 */
export const imageTypes = ["image/jpeg", "image/png", "image/gif", "image/webp"] as const

const UrlSource = Schema.Struct({ type: Schema.Literal("url"), url: Schema.String })

const ImageBlock = Schema.Struct({
  type: Schema.Literal("image"),
  source: Schema.Union([
    Schema.Struct({
      type: Schema.Literal("base64"),
      media_type: Schema.Literals(imageTypes),
      data: Schema.String
    }),
    UrlSource
  ]),
  ...marked
})

const DocumentBlock = Schema.Struct({
  type: Schema.Literal("document"),
  source: Schema.Union([
    Schema.Struct({
      type: Schema.Literal("base64"),
      media_type: Schema.Literal("application/pdf"),
      data: Schema.String
    }),
    Schema.Struct({
      type: Schema.Literal("text"),
      media_type: Schema.Literal("text/plain"),
      data: Schema.String
    }),
    UrlSource
  ]),
  title: optional(Schema.NonEmptyString),
  context: optional(Schema.NonEmptyString),
  citations: optional(Schema.Struct({ enabled: Schema.Boolean })),
  ...marked
})

/**
 * @since 0.1.0
 * @category models
 */
export type FileBlock = typeof ImageBlock.Type | typeof DocumentBlock.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolResultBlock = Schema.Struct({
  type: Schema.Literal("tool_result"),
  tool_use_id: Schema.String,
  content: optional(Schema.Union([
    Schema.NonEmptyString,
    Schema.Array(Schema.Union([TextBlock, ImageBlock, DocumentBlock]))
  ])),
  is_error: optional(Schema.Boolean),
  ...marked
})

/**
 * @since 0.1.0
 * @category models
 */
export type ToolResultBlock = typeof ToolResultBlock.Type

/**
 * The tools that Anthropic runs itself, whose calls are taken back.
 *
 * @since 0.1.0
 * @category constants
 */
export const serverTools = [
  "web_search",
  "web_fetch",
  "code_execution",
  "bash_code_execution",
  "text_editor_code_execution",
  "tool_search_tool_regex",
  "tool_search_tool_bm25"
] as const

/**
 * The blocks in which their results come and go back.
 *
 * @since 0.1.0
 * @category constants
 */
export const serverResults = [
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "bash_code_execution_tool_result",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result"
] as const

const caller = { caller: optional(Schema.JsonObject) }

/**
 * @since 0.1.0
 * @category schemas
 */
export const Block = Schema.Union([
  TextBlock,
  ImageBlock,
  DocumentBlock,
  Schema.Struct({ type: Schema.Literal("thinking"), thinking: Schema.String, signature: Schema.String }),
  Schema.Struct({ type: Schema.Literal("redacted_thinking"), data: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("tool_use"),
    id: Schema.String,
    name: Schema.String,
    input: Schema.JsonObject,
    ...caller,
    ...marked
  }),
  ToolResultBlock,
  Schema.Struct({
    type: Schema.Literal("server_tool_use"),
    id: Schema.String,
    name: Schema.Literals(serverTools),
    input: Schema.JsonObject,
    ...caller,
    ...marked
  }),
  Schema.Struct({
    type: Schema.Literals(serverResults),
    tool_use_id: Schema.String,
    content: Schema.Json,
    ...caller,
    ...marked
  })
])

/**
 * @since 0.1.0
 * @category models
 */
export type Block = typeof Block.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(Block)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Message = typeof Message.Type

// -----------------------------------------------------------------------------
// Request
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const Tool = Schema.Struct({
  name: Schema.String,
  description: optional(Schema.String),
  input_schema: Schema.JsonObject,
  strict: optional(Schema.Boolean),
  ...marked
})

/**
 * @since 0.1.0
 * @category models
 */
export type Tool = typeof Tool.Type

const single = { disable_parallel_tool_use: optional(Schema.Boolean) }

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolChoice = Schema.Union([
  Schema.Struct({ type: Schema.Literals(["auto", "any"]), ...single }),
  Schema.Struct({ type: Schema.Literal("tool"), name: Schema.String, ...single }),
  Schema.Struct({ type: Schema.Literal("none") })
])

/**
 * @since 0.1.0
 * @category models
 */
export type ToolChoice = typeof ToolChoice.Type

const display = { display: optional(Schema.Literals(["summarized", "omitted"])) }

/**
 * @since 0.1.0
 * @category schemas
 */
export const Thinking = Schema.Union([
  Schema.Struct({ type: Schema.Literal("adaptive"), ...display }),
  Schema.Struct({ type: Schema.Literal("enabled"), budget_tokens: Schema.Int, ...display }),
  Schema.Struct({ type: Schema.Literal("disabled") })
])

/**
 * @since 0.1.0
 * @category models
 */
export type Thinking = typeof Thinking.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Effort = Schema.Literals(["low", "medium", "high", "xhigh", "max"])

/**
 * @since 0.1.0
 * @category models
 */
export type Effort = typeof Effort.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const MessagesRequest = Schema.Struct({
  model: Schema.String,
  max_tokens: Schema.Int,
  system: optional(Schema.Array(TextBlock)),
  messages: Schema.Array(Message),
  stream: optional(Schema.Boolean),
  temperature: optional(Schema.Finite),
  top_p: optional(Schema.Finite),
  top_k: optional(Schema.Int),
  stop_sequences: optional(Schema.Array(Schema.String)),
  thinking: optional(Thinking),
  output_config: optional(Schema.Struct({
    effort: optional(Effort),
    format: optional(Schema.Struct({ type: Schema.Literal("json_schema"), schema: Schema.JsonObject }))
  })),
  tools: optional(Schema.Array(Tool)),
  tool_choice: optional(ToolChoice),
  metadata: optional(Schema.Struct({ user_id: Schema.String }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type MessagesRequest = typeof MessagesRequest.Type
