/**
 * A call to the Gemini API's JSON; what it has no word for becomes a loss, and what would change the question itself (a
 * file of a kind that cannot be sent) an error.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Request } from "../../Request.ts"
import type { Loss } from "../../Response.ts"
import type { Call } from "../../Vendor.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Contents from "./Contents.ts"
import * as Model from "./Model.ts"
import * as RawOptions from "./RawOptions.ts"
import * as Schema from "./Schema.ts"
import * as SchemaSubset from "./SchemaSubset.ts"
import * as Thinking from "./Thinking.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly body: Wire.GenerateContentRequest
  readonly losses: ReadonlyArray<Loss>
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Body = Mutable<Wire.GenerateContentRequest>
type Config = Mutable<Wire.GenerationConfig>

interface Context {
  readonly request: Request
  readonly model: Model.Model
  readonly body: Body
  readonly config: Config
  readonly names: ReadonlyArray<string>
  readonly lose: Lose
}

/**
 * Encodes a call; the body is the same whether the answer is streamed or not. `names` are those under which a request's
 * raw options and a part's own options are ours.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (call: Call, names: ReadonlyArray<string>): Result.Result<Encoded, AttemptError> => {
  const { request } = call
  const { lose, losses } = Losses.make()
  const model = Model.of(call.model)
  return Result.flatMap(Contents.encode(request.prompt, model, names, lose), ({ contents, system }) => {
    const body: Body = { ...(system.length === 0 ? undefined : { systemInstruction: { parts: system } }), contents }
    const config: Config = {}
    const context: Context = { request, model, body, config, names, lose }
    encodeSampling(context)
    const thinking = Thinking.isTold(request, names)
      ? undefined
      : Thinking.encode(request.reasoningEffort, model, lose)
    if (thinking !== undefined) config.thinkingConfig = thinking
    const failure = encodeTools(context)
    if (failure !== undefined) return Result.fail(failure)
    encodeFormat(context)
    if (request.user !== undefined) lose("user", "the Gemini API takes no user")
    if (request.metadata !== undefined) lose("metadata", "the Gemini API takes no metadata")
    if (Object.keys(config).length > 0) body.generationConfig = config
    return Result.succeed({ body: RawOptions.merge(request, names, body, lose), losses })
  })
}

// -----------------------------------------------------------------------------
// Sampling
// -----------------------------------------------------------------------------

/** The most that the API takes. */
const maxStops = 5

const isInt32 = (value: number): boolean => value >= -(2 ** 31) && value < 2 ** 31

const encodeSampling = ({ config, lose, model, request }: Context): void => {
  if (request.maxTokens !== undefined) config.maxOutputTokens = request.maxTokens
  if (request.temperature !== undefined) config.temperature = request.temperature
  if (request.topP !== undefined) config.topP = request.topP
  if (request.topK !== undefined) config.topK = request.topK
  if (request.seed !== undefined) {
    if (isInt32(request.seed)) config.seed = request.seed
    else lose("seed", "only numbers of 32 bits are taken")
  }
  for (const penalty of ["frequencyPenalty", "presencePenalty"] as const) {
    const value = request[penalty]
    // None is what 0 says.
    if (value === undefined || (value === 0 && !model.penalties)) continue
    if (model.penalties) config[penalty] = value
    else lose(penalty, `${model.name} takes none`)
  }
  const { stop } = request
  if (stop === undefined || stop.length === 0) return
  if (stop.length > maxStops) lose("stop", `only the first ${maxStops} of ${stop.length} are sent`)
  config.stopSequences = stop.slice(0, maxStops)
}

// -----------------------------------------------------------------------------
// Tools
// -----------------------------------------------------------------------------

/** After the document of `FunctionDeclaration`. */
const toolName = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/

const encodeTools = (context: Context): AttemptError | undefined => {
  const { body, lose, request } = context
  const tools = request.tools ?? []
  if (tools.length === 0) {
    if (request.toolChoice !== undefined && request.toolChoice !== "none" && request.toolChoice !== "auto") {
      lose("toolChoice", "the request has no tools")
    }
    if (request.parallelToolCalls !== undefined) lose("parallelToolCalls", "the request has no tools")
    return undefined
  }
  const misnamed = tools.find(({ name }) => !toolName.test(name))
  if (misnamed !== undefined) {
    return fatal({
      _tag: "UnsupportedFeature",
      description: `the tool name "${misnamed.name}": at most 64 characters, and a letter or underscore first`
    })
  }
  if (request.parallelToolCalls === false) lose("parallelToolCalls", "the model calls as many tools as it likes")
  const declarations = tools.map((tool, index) => declare(tool, `tools.${index}`, context))
  const { kept, toolConfig } = choose(request, declarations)
  if (kept.length === 0) return undefined
  body.tools = [{ functionDeclarations: kept }]
  if (toolConfig !== undefined) body.toolConfig = toolConfig
  return undefined
}

const declare = (
  { description = "", name, parameters, strict }: NonNullable<Request["tools"]>[number],
  path: string,
  { lose, model, names, request }: Context
): Wire.FunctionDeclaration => {
  if (strict === true) lose(`${path}.strict`, "the model is not held to the parameters")
  const at = `${path}.parameters`
  const head = { ...RawOptions.toolFields(request, names, name), name, description }
  if (Schema.isEmptyObject(parameters)) return head
  return model.jsonSchema
    ? { ...head, parametersJsonSchema: Schema.encode(parameters, at, lose) }
    : { ...head, parameters: SchemaSubset.encode(parameters, at, lose) }
}

const choose = (
  { toolChoice }: Request,
  declarations: ReadonlyArray<Wire.FunctionDeclaration>
): { readonly kept: ReadonlyArray<Wire.FunctionDeclaration>; readonly toolConfig?: Body["toolConfig"] } => {
  const config = (mode: "AUTO" | "ANY" | "NONE", allowed?: ReadonlyArray<string>) => ({
    functionCallingConfig: { mode, ...(allowed === undefined ? undefined : { allowedFunctionNames: allowed }) }
  })
  if (toolChoice === undefined) return { kept: declarations }
  if (toolChoice === "auto") return { kept: declarations, toolConfig: config("AUTO") }
  if (toolChoice === "none") return { kept: declarations, toolConfig: config("NONE") }
  if (toolChoice === "required") return { kept: declarations, toolConfig: config("ANY") }
  if ("tool" in toolChoice) return { kept: declarations, toolConfig: config("ANY", [toolChoice.tool]) }
  const kept = declarations.filter(({ name }) => toolChoice.oneOf.includes(name))
  if (kept.length === 0) return { kept }
  // Names are heeded only where a call is required; leaving the others out says the same.
  return toolChoice.mode === "required"
    ? { kept: declarations, toolConfig: config("ANY", kept.map(({ name }) => name)) }
    : { kept, toolConfig: config("AUTO") }
}

// -----------------------------------------------------------------------------
// Format
// -----------------------------------------------------------------------------

const encodeFormat = ({ body, config, lose, model, request }: Context): void => {
  const format = request.responseFormat
  if (format === undefined || format.type === "text") return
  const calls = body.tools !== undefined && request.toolChoice !== "none"
  if (calls && !model.jsonWithTools) {
    return lose("responseFormat", `${model.name} takes no format of the answer together with tools`)
  }
  config.responseMimeType = "application/json"
  if (format.type === "json") return
  const { description, schema } = format
  const told = description === undefined || "description" in schema ? schema : { ...schema, description }
  const at = "responseFormat.schema"
  if (model.jsonSchema) config.responseJsonSchema = Schema.encode(told, at, lose)
  else config.responseSchema = SchemaSubset.encode(told, at, lose)
}
