/**
 * The JSON of Amazon Bedrock's Converse and ConverseStream, and of its lists of models.
 *
 * Requests are closed: only what is written here is sent. Answers are open: unknown fields are ignored and nearly every
 * field may be null or absent. Bytes stand in base64.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const nullish = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullishOr(schema))
const matching = (pattern: RegExp) =>
  Schema.String.check(Schema.makeFilter((text) => pattern.test(text) ? undefined : `must match ${pattern.source}`))

// -----------------------------------------------------------------------------
// Content of a request
// -----------------------------------------------------------------------------

const Source = Schema.Union([
  Schema.Struct({ bytes: Schema.String }),
  Schema.Struct({ s3Location: Schema.Struct({ uri: Schema.String, bucketOwner: optional(Schema.String) }) })
])

/**
 * @since 0.1.0
 * @category models
 */
export type Source = typeof Source.Type

const Image = Schema.Struct({
  image: Schema.Struct({ format: Schema.Literals(["png", "jpeg", "gif", "webp"]), source: Source })
})

const Document = Schema.Struct({
  document: Schema.Struct({
    format: Schema.Literals(["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]),
    name: matching(/^[a-zA-Z0-9\s()[\]-]{1,200}$/),
    source: Source
  })
})

const Video = Schema.Struct({
  video: Schema.Struct({
    format: Schema.Literals(["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]),
    source: Source
  })
})

const Audio = Schema.Struct({
  audio: Schema.Struct({
    format: Schema.Literals(["mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "webm"]),
    source: Source
  })
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const File = Schema.Union([Image, Document, Video, Audio])

/**
 * @since 0.1.0
 * @category models
 */
export type File = typeof File.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const CachePoint = Schema.Struct({
  cachePoint: Schema.Struct({ type: Schema.Literal("default"), ttl: optional(Schema.Literals(["5m", "1h"])) })
})

/**
 * @since 0.1.0
 * @category models
 */
export type CachePoint = typeof CachePoint.Type

const Text = Schema.Struct({ text: Schema.NonEmptyString })

/** The names of tools and the ids of their calls. */
const Name = matching(/^[a-zA-Z0-9_-]{1,64}$/)
const ToolUseId = matching(/^[a-zA-Z0-9_.:-]{1,64}$/)

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolResultContent = Schema.Union([
  Text,
  Schema.Struct({ json: Schema.JsonObject }),
  Image,
  Document,
  Video
])

/**
 * @since 0.1.0
 * @category models
 */
export type ToolResultContent = typeof ToolResultContent.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContentBlock = Schema.Union([
  Text,
  Image,
  Document,
  Video,
  Audio,
  CachePoint,
  Schema.Struct({ toolUse: Schema.Struct({ toolUseId: ToolUseId, name: Name, input: Schema.Json }) }),
  Schema.Struct({
    toolResult: Schema.Struct({
      toolUseId: ToolUseId,
      content: Schema.Array(ToolResultContent),
      status: optional(Schema.Literals(["success", "error"]))
    })
  }),
  Schema.Struct({
    reasoningContent: Schema.Union([
      Schema.Struct({
        reasoningText: Schema.Struct({ text: Schema.String, signature: optional(Schema.String) })
      }),
      Schema.Struct({ redactedContent: Schema.String })
    ])
  })
])

/**
 * @since 0.1.0
 * @category models
 */
export type ContentBlock = typeof ContentBlock.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(ContentBlock)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Message = typeof Message.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const SystemBlock = Schema.Union([Text, CachePoint])

/**
 * @since 0.1.0
 * @category models
 */
export type SystemBlock = typeof SystemBlock.Type

// -----------------------------------------------------------------------------
// Request
// -----------------------------------------------------------------------------

const Tool = Schema.Struct({
  toolSpec: Schema.Struct({
    name: Name,
    description: optional(Schema.NonEmptyString),
    inputSchema: Schema.Struct({ json: Schema.JsonObject }),
    strict: optional(Schema.Boolean)
  })
})

/**
 * @since 0.1.0
 * @category models
 */
export type Tool = typeof Tool.Type

const Nothing = Schema.Struct({})

const ToolChoice = Schema.Union([
  Schema.Struct({ auto: Nothing }),
  Schema.Struct({ any: Nothing }),
  Schema.Struct({ tool: Schema.Struct({ name: Name }) })
])

const OutputConfig = Schema.Struct({
  textFormat: optional(Schema.Struct({
    type: Schema.Literal("json_schema"),
    structure: Schema.Struct({
      /** `schema` is JSON in a text. */
      jsonSchema: Schema.Struct({
        schema: Schema.String,
        name: optional(Schema.String),
        description: optional(Schema.String)
      })
    })
  })),
  effort: optional(Schema.String)
})

/**
 * What the request's metadata may hold.
 *
 * @since 0.1.0
 * @category constants
 */
export const metadataEntries = {
  key: /^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/,
  value: /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/,
  most: 16
} as const

/**
 * The body of Converse and ConverseStream alike; the model stands in the path.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ConverseRequest = Schema.Struct({
  messages: Schema.Array(Message),
  system: optional(Schema.Array(SystemBlock)),
  inferenceConfig: optional(Schema.Struct({
    maxTokens: optional(Schema.Int),
    temperature: optional(Schema.Finite),
    topP: optional(Schema.Finite),
    stopSequences: optional(Schema.Array(Schema.NonEmptyString))
  })),
  toolConfig: optional(Schema.Struct({ tools: Schema.Array(Tool), toolChoice: optional(ToolChoice) })),
  additionalModelRequestFields: optional(Schema.JsonObject),
  outputConfig: optional(OutputConfig),
  requestMetadata: optional(Schema.Record(matching(metadataEntries.key), matching(metadataEntries.value)))
})

/**
 * @since 0.1.0
 * @category models
 */
export type ConverseRequest = typeof ConverseRequest.Type

// -----------------------------------------------------------------------------
// Answer
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  inputTokens: nullish(Schema.Finite),
  outputTokens: nullish(Schema.Finite),
  totalTokens: nullish(Schema.Finite),
  cacheReadInputTokens: nullish(Schema.Finite),
  cacheWriteInputTokens: nullish(Schema.Finite),
  /** What of the tokens written is kept for how long. */
  cacheDetails: nullish(Schema.Array(Schema.Struct({
    ttl: nullish(Schema.String),
    inputTokens: nullish(Schema.Finite)
  })))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Usage = typeof Usage.Type

const Citation = Schema.Struct({
  title: nullish(Schema.String),
  location: nullish(Schema.Struct({
    web: nullish(Schema.Struct({ url: nullish(Schema.String), domain: nullish(Schema.String) }))
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Citation = typeof Citation.Type

const AnswerImage = Schema.Struct({
  format: nullish(Schema.String),
  source: nullish(Schema.Struct({ bytes: nullish(Schema.String) }))
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const AnswerBlock = Schema.Struct({
  text: nullish(Schema.String),
  toolUse: nullish(Schema.Struct({
    toolUseId: nullish(Schema.String),
    name: nullish(Schema.String),
    input: nullish(Schema.Unknown),
    type: nullish(Schema.String)
  })),
  reasoningContent: nullish(Schema.Struct({
    reasoningText: nullish(Schema.Struct({ text: nullish(Schema.String), signature: nullish(Schema.String) })),
    redactedContent: nullish(Schema.String)
  })),
  citationsContent: nullish(Schema.Struct({
    content: nullish(Schema.Array(Schema.Struct({ text: nullish(Schema.String) }))),
    citations: nullish(Schema.Array(Citation))
  })),
  image: nullish(AnswerImage)
})

/**
 * @since 0.1.0
 * @category models
 */
export type AnswerBlock = typeof AnswerBlock.Type

const Tail = {
  usage: nullish(Usage),
  trace: nullish(Schema.Unknown),
  performanceConfig: nullish(Schema.Unknown),
  serviceTier: nullish(Schema.Unknown)
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ConverseResponse = Schema.Struct({
  output: Schema.Struct({ message: nullish(Schema.Struct({ content: nullish(Schema.Array(AnswerBlock)) })) }),
  stopReason: nullish(Schema.String),
  additionalModelResponseFields: nullish(Schema.Unknown),
  ...Tail
})

/**
 * The payload of one event of a stream, whichever it is; no schema is run over it, its fields are checked where they
 * are read.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamEvent {
  readonly contentBlockIndex?: unknown
  readonly start?:
    | {
      readonly toolUse?: AnswerBlock["toolUse"]
      readonly image?: AnswerBlock["image"]
    }
    | null
    | undefined
  readonly delta?:
    | {
      readonly text?: unknown
      readonly toolUse?: { readonly input?: unknown } | null | undefined
      readonly reasoningContent?:
        | { readonly text?: unknown; readonly signature?: unknown; readonly redactedContent?: unknown }
        | null
        | undefined
      readonly citation?: Citation | null | undefined
      readonly image?: AnswerBlock["image"]
    }
    | null
    | undefined
  readonly stopReason?: unknown
  readonly additionalModelResponseFields?: unknown
  readonly usage?: Usage | null | undefined
  readonly trace?: unknown
  readonly performanceConfig?: unknown
  readonly serviceTier?: unknown
}

// -----------------------------------------------------------------------------
// Lists of models
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const FoundationModels = Schema.Struct({
  modelSummaries: nullish(Schema.Array(Schema.Struct({
    modelId: Schema.String,
    modelName: nullish(Schema.String),
    providerName: nullish(Schema.String),
    outputModalities: nullish(Schema.Array(Schema.String)),
    inferenceTypesSupported: nullish(Schema.Array(Schema.String))
  })))
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const InferenceProfiles = Schema.Struct({
  inferenceProfileSummaries: nullish(Schema.Array(Schema.Struct({
    inferenceProfileId: Schema.String,
    inferenceProfileName: nullish(Schema.String)
  })))
})
