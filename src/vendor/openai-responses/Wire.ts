/**
 * The JSON of OpenAI's Responses.
 *
 * Requests are closed: only what is written here, and raw options, is sent. Answers are open: unknown fields, items and
 * events are passed over, and nearly every field may be null or absent.
 *
 * @see https://platform.openai.com/docs/api-reference/responses
 * @since 0.1.0
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const nullish = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullishOr(schema))

// -----------------------------------------------------------------------------
// Request
// -----------------------------------------------------------------------------

/**
 * What a user says or a tool gives.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InputContent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("input_text"), text: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("input_image"),
    image_url: Schema.String,
    detail: Schema.Literals(["auto", "low", "high", "original"])
  }),
  Schema.Struct({
    type: Schema.Literal("input_file"),
    filename: optional(Schema.String),
    file_data: optional(Schema.String),
    file_url: optional(Schema.String),
    detail: optional(Schema.Literals(["auto", "low", "high"]))
  })
])

/**
 * @since 0.1.0
 * @category models
 */
export type InputContent = typeof InputContent.Type

const Message = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("message"),
    role: Schema.Literals(["system", "developer"]),
    content: Schema.String
  }),
  Schema.Struct({
    type: Schema.Literal("message"),
    role: Schema.Literal("user"),
    content: Schema.Union([Schema.String, Schema.Array(InputContent)])
  }),
  Schema.Struct({
    type: Schema.Literal("message"),
    role: Schema.Literal("assistant"),
    content: Schema.String,
    phase: optional(Schema.Literals(["commentary", "final_answer"]))
  })
])

/**
 * A reasoning item as it came; without its encrypted text only a server that stored it knows what it was.
 */
const Reasoning = Schema.Struct({
  type: Schema.Literal("reasoning"),
  id: Schema.String,
  summary: Schema.Array(Schema.Struct({ type: Schema.Literal("summary_text"), text: Schema.String })),
  content: optional(Schema.Array(Schema.Struct({ type: Schema.Literal("reasoning_text"), text: Schema.String }))),
  encrypted_content: optional(Schema.String)
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const InputItem = Schema.Union([
  Message,
  Reasoning,
  Schema.Struct({
    type: Schema.Literal("function_call"),
    call_id: Schema.String,
    name: Schema.String,
    arguments: Schema.String
  }),
  Schema.Struct({
    type: Schema.Literal("function_call_output"),
    call_id: Schema.String,
    output: Schema.Union([Schema.String, Schema.Array(InputContent)])
  })
])

/**
 * @since 0.1.0
 * @category models
 */
export type InputItem = typeof InputItem.Type

const FunctionTool = Schema.Struct({
  type: Schema.Literal("function"),
  name: Schema.String,
  description: optional(Schema.String),
  parameters: Schema.JsonObject,
  strict: Schema.Boolean
})

const NamedTool = Schema.Struct({ type: Schema.Literal("function"), name: Schema.String })

const Format = Schema.Union([
  Schema.Struct({ type: Schema.Literal("json_object") }),
  Schema.Struct({
    type: Schema.Literal("json_schema"),
    name: Schema.String,
    description: optional(Schema.String),
    schema: Schema.JsonObject,
    strict: Schema.Boolean
  })
])

/**
 * @since 0.1.0
 * @category schemas
 */
export const CreateResponse = Schema.Struct({
  model: Schema.String,
  input: Schema.Array(InputItem),
  store: Schema.Boolean,
  include: optional(Schema.Array(Schema.String)),
  stream: optional(Schema.Boolean),
  max_output_tokens: optional(Schema.Int),
  temperature: optional(Schema.Finite),
  top_p: optional(Schema.Finite),
  reasoning: optional(Schema.Struct({ effort: optional(Schema.String) })),
  text: optional(Schema.Struct({ format: optional(Format) })),
  tools: optional(Schema.Array(FunctionTool)),
  tool_choice: optional(Schema.Union([
    Schema.Literals(["auto", "none", "required"]),
    NamedTool,
    Schema.Struct({
      type: Schema.Literal("allowed_tools"),
      mode: Schema.Literals(["auto", "required"]),
      tools: Schema.Array(NamedTool)
    })
  ])),
  parallel_tool_calls: optional(Schema.Boolean),
  safety_identifier: optional(Schema.String),
  /** The older word, which Azure takes. */
  user: optional(Schema.String),
  metadata: optional(Schema.Record(Schema.String, Schema.String))
})

/**
 * @since 0.1.0
 * @category models
 */
export type CreateResponse = typeof CreateResponse.Type

// -----------------------------------------------------------------------------
// Answer
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  input_tokens: nullish(Schema.Finite),
  output_tokens: nullish(Schema.Finite),
  input_tokens_details: nullish(Schema.Struct({
    cached_tokens: nullish(Schema.Finite),
    cache_write_tokens: nullish(Schema.Finite)
  })),
  output_tokens_details: nullish(Schema.Struct({ reasoning_tokens: nullish(Schema.Finite) }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Usage = typeof Usage.Type

/**
 * Where a text comes from: a page, a file of the caller's, or one that a tool made.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Annotation = Schema.Struct({
  type: nullish(Schema.String),
  url: nullish(Schema.String),
  title: nullish(Schema.String),
  file_id: nullish(Schema.String),
  filename: nullish(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Annotation = typeof Annotation.Type

/**
 * A piece of a message or of reasoning: `output_text`, `refusal`, `reasoning_text`, `summary_text`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Content = Schema.Struct({
  type: nullish(Schema.String),
  text: nullish(Schema.String),
  refusal: nullish(Schema.String),
  annotations: nullish(Schema.Array(Annotation))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Content = typeof Content.Type

/**
 * An item of a type that is read, of which each has some of the fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OutputItem = Schema.Struct({
  type: nullish(Schema.String),
  id: nullish(Schema.String),
  status: nullish(Schema.String),
  phase: nullish(Schema.String),
  content: nullish(Schema.Array(Content)),
  summary: nullish(Schema.Array(Content)),
  encrypted_content: nullish(Schema.String),
  call_id: nullish(Schema.String),
  name: nullish(Schema.String),
  arguments: nullish(Schema.String),
  /** An image, as base64. */
  result: nullish(Schema.Unknown),
  output_format: nullish(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type OutputItem = typeof OutputItem.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Response = Schema.Struct({
  id: nullish(Schema.String),
  model: nullish(Schema.String),
  created_at: nullish(Schema.Finite),
  status: nullish(Schema.String),
  error: nullish(Schema.Unknown),
  incomplete_details: nullish(Schema.Struct({ reason: nullish(Schema.String) })),
  /** Items of {@link OutputItem}, and of types that are not read. */
  output: nullish(Schema.Array(Schema.Unknown)),
  usage: nullish(Usage),
  service_tier: nullish(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Response = typeof Response.Type

/**
 * An event of a stream; no schema is run over it, its fields are checked where they are read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly type?: unknown
  readonly response?: unknown
  readonly output_index?: unknown
  readonly item_id?: unknown
  readonly content_index?: unknown
  readonly summary_index?: unknown
  readonly item?: unknown
  readonly part?: unknown
  readonly delta?: unknown
  readonly text?: unknown
  readonly refusal?: unknown
  readonly arguments?: unknown
  readonly annotation?: unknown
  readonly error?: unknown
  readonly code?: unknown
  readonly message?: unknown
}
