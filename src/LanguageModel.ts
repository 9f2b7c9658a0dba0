/**
 * The dispatcher as `effect/ai`'s `LanguageModel`, so that every program, toolkit and chat written for that runs over it
 * unchanged.
 *
 * @since 0.1.0
 */
import { Effect, Stream } from "effect"
import { type AiError, LanguageModel, Tool } from "effect/ai"
import { toAiError } from "./AiError.ts"
import type * as Request from "./Request.ts"
import type { Response, StreamPart } from "./Response.ts"
import { type DispatchError, type Fatal, fatal } from "./VendorError.ts"

/**
 * What every request of the model has beside its prompt, tools and format: the model or route, sampling, a deadline.
 *
 * @since 0.1.0
 * @category models
 */
export type Defaults = Omit<
  Extract<Request.RequestInput, { readonly messages?: never }>,
  "prompt" | "messages" | "tools" | "toolChoice" | "responseFormat"
>

const toTool = (tool: Tool.Any): Effect.Effect<Request.Tool, Fatal<"UnsupportedFeature">> =>
  Tool.isProviderDefined(tool)
    ? Effect.fail(fatal({
      _tag: "UnsupportedFeature",
      description: `the tool "${tool.name}" is one vendor's own; give it as an option of that vendor`
    }))
    : Effect.succeed({
      name: tool.name,
      ...(Tool.getDescription(tool) === undefined ? undefined : { description: Tool.getDescription(tool)! }),
      parameters: Tool.getJsonSchema(tool) as Request.Tool["parameters"]
    })

const toFormat = (format: LanguageModel.ProviderOptions["responseFormat"]): Request.ResponseFormat =>
  format.type === "text" ? format : {
    type: "json-schema",
    name: format.objectName.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64),
    schema: Tool.getJsonSchemaFromSchema(format.schema) as Request.Tool["parameters"]
  }

const toRequest = (
  defaults: Defaults,
  options: LanguageModel.ProviderOptions
): Effect.Effect<Request.RequestInput, Fatal<"UnsupportedFeature">> =>
  Effect.map(Effect.forEach(options.tools, toTool), (tools) => ({
    ...defaults,
    prompt: options.prompt,
    ...(tools.length === 0 ? undefined : { tools, toolChoice: options.toolChoice as Request.ToolChoice }),
    ...(options.responseFormat.type === "text" ? undefined : { responseFormat: toFormat(options.responseFormat) })
  }))

/**
 * Makes a `LanguageModel` that sends every request through the dispatcher; its errors are `AiError`s that keep ours.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatcher: {
  readonly send: (request: Request.RequestInput) => Effect.Effect<Response, DispatchError>
  readonly stream: (request: Request.RequestInput) => Stream.Stream<StreamPart, DispatchError>
}, defaults: Defaults = {}): Effect.Effect<LanguageModel.LanguageModel> => {
  const generateText = (options: LanguageModel.ProviderOptions) =>
    toRequest(defaults, options).pipe(
      Effect.flatMap(dispatcher.send),
      Effect.map((response) => Array.from(response.parts)),
      Effect.mapError((error): AiError.AiError => toAiError(error, "generateText"))
    )
  const streamText = (options: LanguageModel.ProviderOptions) =>
    Stream.unwrap(Effect.map(toRequest(defaults, options), dispatcher.stream)).pipe(
      Stream.mapError((error): AiError.AiError => toAiError(error, "streamText"))
    )
  return LanguageModel.make({ generateText, streamText })
}
