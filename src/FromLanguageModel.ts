/**
 * Any `effect/ai` `LanguageModel` as a vendor.
 *
 * @since 0.1.0
 */
import { Effect, JsonSchema, Schema, SchemaRepresentation, Stream } from "effect"
import { type AiError, LanguageModel, Response as AiResponse, Tool, Toolkit } from "effect/ai"
import { fromAiError } from "./AiError.ts"
import type { Request } from "./Request.ts"
import type { Loss, Part, StreamPart } from "./Response.ts"
import type { Answer, AnswerStream, Call } from "./Vendor.ts"
import { type AttemptError, type Fatal, fatal, type Retryable, retryable } from "./VendorError.ts"
import * as Losses from "./wire/Losses.ts"

/** What `LanguageModel` has no word for. */
const uncarried = [
  "maxTokens",
  "temperature",
  "topP",
  "topK",
  "frequencyPenalty",
  "presencePenalty",
  "seed",
  "stop",
  "reasoningEffort",
  "parallelToolCalls",
  "user",
  "metadata",
  "options"
] as const

const losses = (request: Request): Effect.Effect<ReadonlyArray<Loss>, AttemptError> =>
  Effect.fromResult(Losses.settle(
    request,
    uncarried.filter((field) => request[field] !== undefined).map((field) => ({
      field,
      message: "an effect/ai LanguageModel takes it when it is made, not with a request"
    }))
  ))

const toToolkit = (request: Request) =>
  Toolkit.make(
    ...(request.tools ?? []).map((tool) =>
      Tool.dynamic(tool.name, {
        parameters: tool.parameters as JsonSchema.JsonSchema,
        ...(tool.description === undefined ? undefined : { description: tool.description })
      })
    )
  )

const toOptions = (request: Request) => ({
  prompt: request.prompt,
  toolkit: toToolkit(request) as any,
  toolChoice: request.toolChoice as any,
  disableToolCallResolution: true as const,
  toolCallValidation: "deferred" as const
})

const toSchema = (schema: Schema.JsonObject): Effect.Effect<Schema.Top, Fatal<"UnsupportedFeature">> =>
  Effect.try({
    try: () =>
      SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaDraft2020_12(schema), { patterns: "ignore" }),
    catch: (cause) =>
      fatal({
        _tag: "UnsupportedFeature",
        description: `the response format's schema: ${cause instanceof Error ? cause.message : String(cause)}`
      })
  })

const malformed = (): Retryable<"MalformedResponse"> =>
  retryable({ _tag: "MalformedResponse", description: "the language model's parts do not fit their own schema" })

const encodeParts = Schema.encodeUnknownEffect(Schema.Array(AiResponse.Part()))
const encodeStreamParts = Schema.encodeUnknownEffect(Schema.NonEmptyArray(AiResponse.StreamPart()))

const generate = (model: LanguageModel.LanguageModel, request: Request) => {
  const format = request.responseFormat
  const generated: Effect.Effect<{ readonly content: ReadonlyArray<unknown> }, AiError.AiError | AttemptError> =
    format?.type === "json-schema"
      ? Effect.flatMap(
        toSchema(format.schema),
        (schema) => model.generateObject({ ...toOptions(request), objectName: format.name, schema: schema as any })
      ) as any
      : model.generateText(toOptions(request)) as any
  return generated.pipe(
    Effect.mapError((error) => error._tag === "AiError" ? fromAiError(error) : error),
    Effect.flatMap(({ content }) => Effect.mapError(encodeParts(content), malformed)),
    Effect.map((parts) => parts as ReadonlyArray<Part>)
  )
}

/**
 * Sends a request to a `LanguageModel`; sampling and the like, which it takes only when it is made, are losses.
 *
 * @since 0.1.0
 * @category constructors
 */
export const send = (model: LanguageModel.LanguageModel) => ({ request }: Call): Effect.Effect<Answer, AttemptError> =>
  Effect.flatMap(losses(request), (losses) => Effect.map(generate(model, request), (parts) => ({ parts, losses })))

/**
 * Streams from a `LanguageModel`; a JSON schema is asked for as a whole answer, since `streamText` has no object mode.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (model: LanguageModel.LanguageModel) => {
  const whole = send(model)
  return (call: Call, unfold: (answer: Answer) => AnswerStream): Effect.Effect<AnswerStream, AttemptError> => {
    if (call.request.responseFormat?.type === "json-schema") return Effect.map(whole(call), unfold)
    const streamed: Stream.Stream<unknown, AiError.AiError> = model.streamText(toOptions(call.request)) as any
    return Effect.map(losses(call.request), (losses) => ({
      losses,
      parts: streamed.pipe(
        Stream.mapError(fromAiError),
        Stream.mapArrayEffect((parts) => Effect.mapError(encodeStreamParts(parts), malformed)),
        Stream.map((part) => part as StreamPart)
      )
    }))
  }
}
