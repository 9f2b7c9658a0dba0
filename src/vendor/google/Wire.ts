/**
 * The JSON of the Gemini API: `generateContent`, embeddings and models.
 *
 * Requests are closed: only what is written here is sent. Answers are open: unknown fields are ignored and every field
 * may be null or absent.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const nullish = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullishOr(schema))

// -----------------------------------------------------------------------------
// Request
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const Blob = Schema.Struct({ mimeType: Schema.String, data: Schema.String })

const FunctionCall = Schema.Struct({
  id: optional(Schema.String),
  name: Schema.String,
  args: Schema.Record(Schema.String, Schema.Unknown)
})

const FunctionResponse = Schema.Struct({
  id: optional(Schema.String),
  name: Schema.String,
  response: Schema.Record(Schema.String, Schema.Unknown),
  parts: optional(Schema.Array(Schema.Struct({ inlineData: Blob })))
})

/**
 * One piece of a content: one of the kinds, and what may stand beside each.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Part = Schema.Struct({
  text: optional(Schema.String),
  inlineData: optional(Blob),
  fileData: optional(Schema.Struct({ mimeType: optional(Schema.String), fileUri: Schema.String })),
  functionCall: optional(FunctionCall),
  functionResponse: optional(FunctionResponse),
  executableCode: optional(Schema.Unknown),
  codeExecutionResult: optional(Schema.Unknown),
  toolCall: optional(Schema.Unknown),
  toolResponse: optional(Schema.Unknown),
  thought: optional(Schema.Boolean),
  thoughtSignature: optional(Schema.String),
  mediaResolution: optional(Schema.Unknown),
  videoMetadata: optional(Schema.Unknown)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Part = typeof Part.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Content = Schema.Struct({ role: Schema.Literals(["user", "model"]), parts: Schema.Array(Part) })

/**
 * @since 0.1.0
 * @category models
 */
export type Content = typeof Content.Type

/**
 * The subset of OpenAPI's schema that older models take; whole numbers go as texts.
 *
 * @since 0.1.0
 * @category models
 */
export interface SchemaSubset {
  readonly type: "TYPE_UNSPECIFIED" | "STRING" | "NUMBER" | "INTEGER" | "BOOLEAN" | "ARRAY" | "OBJECT" | "NULL"
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly nullable?: boolean
  readonly enum?: ReadonlyArray<string>
  readonly items?: SchemaSubset
  readonly minItems?: string
  readonly maxItems?: string
  readonly properties?: { readonly [name: string]: SchemaSubset }
  readonly propertyOrdering?: ReadonlyArray<string>
  readonly required?: ReadonlyArray<string>
  readonly minProperties?: string
  readonly maxProperties?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: string
  readonly maxLength?: string
  readonly pattern?: string
  readonly default?: unknown
  readonly anyOf?: ReadonlyArray<SchemaSubset>
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SchemaSubset: Schema.Codec<SchemaSubset> = Schema.Struct({
  type: Schema.Literals(["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"]),
  format: optional(Schema.String),
  title: optional(Schema.String),
  description: optional(Schema.String),
  nullable: optional(Schema.Boolean),
  enum: optional(Schema.Array(Schema.String)),
  items: optional(Schema.suspend(() => SchemaSubset)),
  minItems: optional(Schema.String),
  maxItems: optional(Schema.String),
  properties: optional(Schema.Record(Schema.String, Schema.suspend(() => SchemaSubset))),
  propertyOrdering: optional(Schema.Array(Schema.String)),
  required: optional(Schema.Array(Schema.String)),
  minProperties: optional(Schema.String),
  maxProperties: optional(Schema.String),
  minimum: optional(Schema.Finite),
  maximum: optional(Schema.Finite),
  minLength: optional(Schema.String),
  maxLength: optional(Schema.String),
  pattern: optional(Schema.String),
  default: optional(Schema.Unknown),
  anyOf: optional(Schema.Array(Schema.suspend(() => SchemaSubset)))
})

const FunctionDeclaration = Schema.Struct({
  name: Schema.String,
  description: Schema.String,
  parameters: optional(SchemaSubset),
  parametersJsonSchema: optional(Schema.JsonObject)
})

/**
 * @since 0.1.0
 * @category models
 */
export type FunctionDeclaration = typeof FunctionDeclaration.Type

const GenerationConfig = Schema.Struct({
  stopSequences: optional(Schema.Array(Schema.String)),
  maxOutputTokens: optional(Schema.Int),
  temperature: optional(Schema.Finite),
  topP: optional(Schema.Finite),
  topK: optional(Schema.Int),
  seed: optional(Schema.Int),
  presencePenalty: optional(Schema.Finite),
  frequencyPenalty: optional(Schema.Finite),
  responseMimeType: optional(Schema.String),
  responseSchema: optional(SchemaSubset),
  responseJsonSchema: optional(Schema.JsonObject),
  thinkingConfig: optional(Schema.Struct({
    includeThoughts: optional(Schema.Boolean),
    thinkingBudget: optional(Schema.Int),
    thinkingLevel: optional(Schema.Literals(["MINIMAL", "LOW", "MEDIUM", "HIGH"]))
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type GenerationConfig = typeof GenerationConfig.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const GenerateContentRequest = Schema.Struct({
  systemInstruction: optional(Schema.Struct({ parts: Schema.Array(Part) })),
  contents: Schema.Array(Content),
  tools: optional(Schema.Array(Schema.Struct({ functionDeclarations: Schema.Array(FunctionDeclaration) }))),
  toolConfig: optional(Schema.Struct({
    functionCallingConfig: Schema.Struct({
      mode: Schema.Literals(["AUTO", "ANY", "NONE"]),
      allowedFunctionNames: optional(Schema.Array(Schema.String))
    })
  })),
  generationConfig: optional(GenerationConfig)
})

/**
 * @since 0.1.0
 * @category models
 */
export type GenerateContentRequest = typeof GenerateContentRequest.Type

// -----------------------------------------------------------------------------
// Answer
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category schemas
 */
export const UsageMetadata = Schema.Struct({
  promptTokenCount: nullish(Schema.Finite),
  cachedContentTokenCount: nullish(Schema.Finite),
  candidatesTokenCount: nullish(Schema.Finite),
  thoughtsTokenCount: nullish(Schema.Finite),
  toolUsePromptTokenCount: nullish(Schema.Finite),
  totalTokenCount: nullish(Schema.Finite)
})

/**
 * @since 0.1.0
 * @category models
 */
export type UsageMetadata = typeof UsageMetadata.Type

/**
 * A part of an answer; what stands in each kind is checked where it is read.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AnswerPart = Schema.Struct({
  text: nullish(Schema.String),
  thought: nullish(Schema.Boolean),
  thoughtSignature: nullish(Schema.String),
  functionCall: nullish(Schema.Struct({
    id: nullish(Schema.String),
    name: nullish(Schema.String),
    args: nullish(Schema.Unknown)
  })),
  inlineData: nullish(Schema.Struct({ mimeType: nullish(Schema.String), data: nullish(Schema.String) })),
  executableCode: nullish(Schema.Unknown),
  codeExecutionResult: nullish(Schema.Unknown),
  toolCall: nullish(Schema.Unknown),
  toolResponse: nullish(Schema.Unknown)
})

/**
 * @since 0.1.0
 * @category models
 */
export type AnswerPart = typeof AnswerPart.Type

const Candidate = Schema.Struct({
  index: nullish(Schema.Finite),
  content: nullish(Schema.Struct({ parts: nullish(Schema.Array(AnswerPart)) })),
  finishReason: nullish(Schema.String),
  finishMessage: nullish(Schema.String),
  groundingMetadata: nullish(Schema.Unknown),
  citationMetadata: nullish(Schema.Unknown)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Candidate = typeof Candidate.Type

/**
 * An answer, whole or one chunk of a stream; no schema is run over a chunk, its fields are checked where they are read.
 *
 * @since 0.1.0
 * @category schemas
 */
export const GenerateContentResponse = Schema.Struct({
  candidates: nullish(Schema.Array(Candidate)),
  promptFeedback: nullish(Schema.Struct({ blockReason: nullish(Schema.String) })),
  usageMetadata: nullish(UsageMetadata),
  modelVersion: nullish(Schema.String),
  responseId: nullish(Schema.String),
  error: nullish(Schema.Unknown)
})

/**
 * @since 0.1.0
 * @category models
 */
export type GenerateContentResponse = typeof GenerateContentResponse.Type

// -----------------------------------------------------------------------------
// Embeddings and models
// -----------------------------------------------------------------------------

const Embedding = Schema.Struct({ values: Schema.Array(Schema.Finite) })

/**
 * @since 0.1.0
 * @category schemas
 */
export const EmbedContentResponse = Schema.Struct({ embedding: Embedding, usageMetadata: nullish(UsageMetadata) })

/**
 * @since 0.1.0
 * @category schemas
 */
export const BatchEmbedContentsResponse = Schema.Struct({
  embeddings: Schema.Array(Embedding),
  usageMetadata: nullish(UsageMetadata)
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelList = Schema.Struct({
  models: nullish(Schema.Array(Schema.Struct({
    name: Schema.String,
    displayName: nullish(Schema.String),
    description: nullish(Schema.String)
  }))),
  nextPageToken: nullish(Schema.String)
})
