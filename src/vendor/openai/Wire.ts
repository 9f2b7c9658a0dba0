/**
 * The JSON of OpenAI's Chat Completions, Embeddings and Models.
 *
 * Requests are closed: only what is written here is sent. Answers are open: unknown fields are ignored and nearly every
 * field may be null or absent, since compatible servers leave out what they like.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const nullish = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullishOr(schema))

// -----------------------------------------------------------------------------
// Chat request
// -----------------------------------------------------------------------------

const TextContent = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })

/**
 * @since 0.1.0
 * @category schemas
 */
export const UserContent = Schema.Union([
  TextContent,
  Schema.Struct({
    type: Schema.Literal("image_url"),
    image_url: Schema.Struct({
      url: Schema.String,
      detail: optional(Schema.Literals(["auto", "low", "high"]))
    })
  }),
  Schema.Struct({
    type: Schema.Literal("input_audio"),
    input_audio: Schema.Struct({ data: Schema.String, format: Schema.Literals(["wav", "mp3"]) })
  }),
  Schema.Struct({
    type: Schema.Literal("file"),
    file: Schema.Struct({
      filename: optional(Schema.String),
      file_data: optional(Schema.String),
      file_id: optional(Schema.String)
    })
  }),
  /** Mistral. */
  Schema.Struct({ type: Schema.Literal("document_url"), document_url: Schema.String })
])

/**
 * @since 0.1.0
 * @category models
 */
export type UserContent = typeof UserContent.Type

const ToolCall = Schema.Struct({
  id: Schema.String,
  type: Schema.Literal("function"),
  function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Union([
  Schema.Struct({ role: Schema.Literals(["system", "developer"]), content: Schema.String }),
  Schema.Struct({ role: Schema.Literal("user"), content: Schema.Union([Schema.String, Schema.Array(UserContent)]) }),
  Schema.Struct({
    role: Schema.Literal("assistant"),
    content: Schema.NullOr(Schema.String),
    refusal: optional(Schema.String),
    /** DeepSeek. */
    reasoning_content: optional(Schema.String),
    /** OpenRouter. */
    reasoning: optional(Schema.String),
    /** OpenRouter. */
    reasoning_details: optional(Schema.Array(Schema.Unknown)),
    tool_calls: optional(Schema.Array(ToolCall))
  }),
  Schema.Struct({ role: Schema.Literal("tool"), tool_call_id: Schema.String, content: Schema.String })
])

/**
 * @since 0.1.0
 * @category models
 */
export type Message = typeof Message.Type

const FunctionTool = Schema.Struct({
  type: Schema.Literal("function"),
  function: Schema.Struct({
    name: Schema.String,
    description: optional(Schema.String),
    parameters: optional(Schema.JsonObject),
    strict: optional(Schema.Boolean)
  })
})

const NamedTool = Schema.Struct({
  type: Schema.Literal("function"),
  function: Schema.Struct({ name: Schema.String })
})

const ToolChoice = Schema.Union([
  /** Mistral says "any" for "required". */
  Schema.Literals(["auto", "none", "required", "any"]),
  NamedTool,
  Schema.Struct({
    type: Schema.Literal("allowed_tools"),
    allowed_tools: Schema.Struct({
      mode: Schema.Literals(["auto", "required"]),
      tools: Schema.Array(NamedTool)
    })
  })
])

const ResponseFormat = Schema.Union([
  Schema.Struct({ type: Schema.Literals(["text", "json_object"]) }),
  Schema.Struct({
    type: Schema.Literal("json_schema"),
    json_schema: Schema.Struct({
      name: Schema.String,
      description: optional(Schema.String),
      schema: Schema.JsonObject,
      strict: optional(Schema.Boolean)
    })
  })
])

/**
 * @since 0.1.0
 * @category schemas
 */
export const ChatRequest = Schema.Struct({
  model: Schema.String,
  messages: Schema.Array(Message),
  stream: optional(Schema.Boolean),
  stream_options: optional(Schema.Struct({ include_usage: Schema.Boolean })),
  max_tokens: optional(Schema.Int),
  max_completion_tokens: optional(Schema.Int),
  temperature: optional(Schema.Finite),
  top_p: optional(Schema.Finite),
  frequency_penalty: optional(Schema.Finite),
  presence_penalty: optional(Schema.Finite),
  seed: optional(Schema.Int),
  /** Mistral. */
  random_seed: optional(Schema.Int),
  /** vLLM and most that are not OpenAI. */
  top_k: optional(Schema.Int),
  stop: optional(Schema.Array(Schema.String)),
  reasoning_effort: optional(Schema.String),
  tools: optional(Schema.Array(FunctionTool)),
  tool_choice: optional(ToolChoice),
  parallel_tool_calls: optional(Schema.Boolean),
  response_format: optional(ResponseFormat),
  user: optional(Schema.String),
  metadata: optional(Schema.Record(Schema.String, Schema.String))
})

/**
 * @since 0.1.0
 * @category models
 */
export type ChatRequest = typeof ChatRequest.Type

// -----------------------------------------------------------------------------
// Chat answer
// -----------------------------------------------------------------------------

/** Numeric ids are seen in the wild. */
const Id = nullish(Schema.Union([Schema.String, Schema.Finite]))

/**
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  prompt_tokens: nullish(Schema.Finite),
  completion_tokens: nullish(Schema.Finite),
  total_tokens: nullish(Schema.Finite),
  prompt_tokens_details: nullish(Schema.Struct({
    cached_tokens: nullish(Schema.Finite),
    cache_write_tokens: nullish(Schema.Finite)
  })),
  completion_tokens_details: nullish(Schema.Struct({ reasoning_tokens: nullish(Schema.Finite) })),
  /** DeepSeek's word for cached tokens. */
  prompt_cache_hit_tokens: nullish(Schema.Finite)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Usage = typeof Usage.Type

/** A text, or Mistral's list of typed pieces. */
const Content = Schema.Union([Schema.String, Schema.Array(Schema.Unknown)])

/**
 * A message, whole or a piece of one: both have the same fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Delta = Schema.Struct({
  content: nullish(Content),
  /** DeepSeek and others. */
  reasoning_content: nullish(Schema.String),
  /** OpenRouter, Groq, vLLM. */
  reasoning: nullish(Schema.String),
  /** OpenRouter. */
  reasoning_details: nullish(Schema.Unknown),
  refusal: nullish(Schema.String),
  tool_calls: nullish(Schema.Array(Schema.Struct({
    index: nullish(Schema.Finite),
    id: Id,
    function: nullish(Schema.Struct({
      name: nullish(Schema.String),
      /** Some servers send the arguments as an object. */
      arguments: nullish(Schema.Unknown)
    }))
  }))),
  annotations: nullish(Schema.Array(Schema.Struct({
    type: nullish(Schema.String),
    url_citation: nullish(Schema.Struct({ url: nullish(Schema.String), title: nullish(Schema.String) }))
  })))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Delta = typeof Delta.Type

const Head = {
  id: Id,
  object: nullish(Schema.Unknown),
  model: nullish(Schema.String),
  created: nullish(Schema.Finite),
  service_tier: nullish(Schema.String),
  system_fingerprint: nullish(Schema.String),
  usage: nullish(Usage),
  /** Azure's list of `{ content_filter_results }`. */
  prompt_filter_results: nullish(Schema.Unknown),
  /** Groq's `{ usage, error }`: the usage of a stream, and why it was stopped early. */
  x_groq: nullish(Schema.Unknown),
  /** Perplexity's list of `{ title, url }`: what it read on the web. */
  search_results: nullish(Schema.Unknown),
  /** Perplexity's older form of it, addresses alone. */
  citations: nullish(Schema.Unknown),
  error: nullish(Schema.Unknown)
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ChatCompletion = Schema.Struct({
  ...Head,
  choices: nullish(Schema.Array(Schema.Struct({
    index: nullish(Schema.Finite),
    message: nullish(Delta),
    finish_reason: nullish(Schema.String),
    /** Azure's. */
    content_filter_results: nullish(Schema.Unknown)
  })))
})

/**
 * @since 0.1.0
 * @category models
 */
export type ChatCompletion = typeof ChatCompletion.Type

/**
 * What stands beside the choices of an answer or a chunk.
 *
 * @since 0.1.0
 * @category models
 */
export type Head = Omit<ChatCompletion, "choices">

/**
 * A chunk of a stream; no schema is run over it, {@link Delta}'s fields are checked where they are read.
 *
 * @since 0.1.0
 * @category models
 */
export type Chunk = Head & {
  readonly choices?:
    | ReadonlyArray<{
      readonly index?: number | null | undefined
      readonly delta?: Delta | null | undefined
      readonly finish_reason?: string | null | undefined
      readonly content_filter_results?: unknown
    }>
    | null
    | undefined
}

// -----------------------------------------------------------------------------
// Failures
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const ErrorObject = Schema.Struct({
  message: nullish(Schema.Unknown),
  type: nullish(Schema.Unknown),
  code: nullish(Schema.Unknown)
})

/**
 * @since 0.1.0
 * @category models
 */
export type ErrorObject = typeof ErrorObject.Type

// -----------------------------------------------------------------------------
// Embeddings and models
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const EmbeddingList = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    index: nullish(Schema.Int),
    embedding: Schema.Array(Schema.Finite)
  })),
  usage: nullish(Usage)
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelList = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    id: Schema.String,
    description: nullish(Schema.String)
  }))
})
