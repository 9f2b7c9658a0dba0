/**
 * An answer as this API's candidates.
 *
 * @since 0.1.0
 */
import type { FinishReason, Part, Response, StreamPart, Usage } from "../../Response.ts"
import { isObject, type Json } from "../Fields.ts"
import * as Signature from "./Signature.ts"

type Source = Extract<Part, { readonly type: "source" }>
type Finish = Extract<Part, { readonly type: "finish" }>

/**
 * What Google itself told of a part or of the answer's end.
 *
 * @since 0.1.0
 * @category accessors
 */
export const own = (part: { readonly metadata?: unknown }): Json => {
  const told = isObject(part.metadata) ? part.metadata["google"] : undefined
  return isObject(told) ? told : {}
}

/**
 * @since 0.1.0
 * @category encoding
 */
export const whole = (response: Response, id: string): Json => {
  const parts: Array<Json> = []
  const sources: Array<Source> = []
  let end: Json = {}
  for (const part of response.parts) {
    if (part.type === "source") sources.push(part)
    else if (part.type === "finish") end = own(part)
    else {
      const encoded = encodePart(part)
      if (encoded !== undefined) parts.push(encoded)
    }
  }
  return {
    candidates: [{
      content: { parts, role: "model" },
      ...ending(response.finishReason, end),
      index: 0,
      ...grounding(sources, end)
    }],
    usageMetadata: usage(response.usage),
    modelVersion: response.model,
    responseId: id
  }
}

// -----------------------------------------------------------------------------
// Parts
// -----------------------------------------------------------------------------

const signed = (part: { readonly metadata?: unknown }): Json => {
  const { thoughtSignature } = own(part)
  return typeof thoughtSignature === "string" ? { thoughtSignature } : {}
}

/**
 * A part that is whole by itself; `undefined` for what this API has no word for, and for tools that another vendor ran:
 * a caller who saw their calls would run them once more.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodePart = (part: Part | StreamPart): Json | undefined => {
  switch (part.type) {
    case "text":
      return part.text === "" && own(part)["thoughtSignature"] === undefined
        ? undefined
        : { text: part.text, ...signed(part) }
    case "reasoning": {
      const thoughtSignature = Signature.of(part.metadata)
      if (part.text === "" && thoughtSignature === undefined) return undefined
      return { text: part.text, thought: true, ...(thoughtSignature === undefined ? undefined : { thoughtSignature }) }
    }
    case "file": {
      const thought = own(part)["thought"] === true ? { thought: true } : undefined
      return { inlineData: { mimeType: part.mediaType, data: part.data }, ...thought, ...signed(part) }
    }
    case "tool-call": {
      const encoded = part.providerExecuted === true ? executed(part) : {
        functionCall: { id: own(part)["functionCallId"] ?? part.id, name: part.name, args: argsOf(part.params) }
      }
      return encoded && { ...encoded, ...signed(part) }
    }
    case "tool-result": {
      const encoded = part.providerExecuted === true ? gave(part) : undefined
      return encoded && { ...encoded, ...signed(part) }
    }
    default:
      return undefined
  }
}

/** Arguments are an object here. */
const argsOf = (params: unknown): Json =>
  isObject(params) ? params : params === undefined || params === null ? {} : { input: params }

const idOf = (told: Json): Json => typeof told["functionCallId"] === "string" ? { id: told["functionCallId"] } : {}

const executed = (part: Extract<Part, { readonly type: "tool-call" }>): Json | undefined => {
  const told = own(part)
  if (told["part"] === "executableCode") return { executableCode: part.params }
  return told["part"] === "toolCall"
    ? { toolCall: { ...idOf(told), toolType: part.name, args: part.params } }
    : undefined
}

const gave = (part: Extract<Part, { readonly type: "tool-result" }>): Json | undefined => {
  const told = own(part)
  if (told["part"] === "codeExecutionResult") return { codeExecutionResult: part.result }
  return told["part"] === "toolResponse"
    ? { toolResponse: { ...idOf(told), toolType: part.name, response: part.result } }
    : undefined
}

// -----------------------------------------------------------------------------
// End
// -----------------------------------------------------------------------------

const finishReasons: { readonly [R in FinishReason]: string } = {
  stop: "STOP",
  "tool-calls": "STOP",
  length: "MAX_TOKENS",
  "content-filter": "SAFETY",
  pause: "OTHER",
  error: "OTHER",
  other: "OTHER",
  unknown: "OTHER"
}

/** Why it ended, in Google's own words where it told them. */
const ending = (reason: FinishReason, told: Json): Json => ({
  finishReason: told["finishReason"] ?? finishReasons[reason],
  ...(typeof told["finishMessage"] === "string" ? { finishMessage: told["finishMessage"] } : undefined)
})

/** What the answer is grounded in: as Google told it, else its sources. */
const grounding = (sources: ReadonlyArray<Source>, told: Json): Json | undefined => {
  if (isObject(told["groundingMetadata"])) return { groundingMetadata: told["groundingMetadata"] }
  if (sources.length === 0) return undefined
  const groundingChunks = sources.map((source) =>
    source.sourceType === "url"
      ? { web: { uri: String(source.url), title: source.title } }
      : { retrievedContext: { title: source.title, ...(source.fileName && { uri: source.fileName }) } }
  )
  return { groundingMetadata: { groundingChunks } }
}

/**
 * The last chunk of a stream, but for what every chunk has.
 *
 * @since 0.1.0
 * @category encoding
 */
export const last = (
  part: Finish,
  sources: ReadonlyArray<Source>
): { readonly candidate: Json; readonly usage: Json } => ({
  candidate: {
    // Clients that keep a history take a chunk without parts for a broken one.
    content: { parts: [{ text: "" }], role: "model" },
    ...ending(part.reason, own(part)),
    index: 0,
    ...grounding(sources, own(part))
  },
  usage: usage(part.usage as Usage)
})

/** The API's counts: cached tokens are among the prompt's, thoughts beside the candidates'; what is not known is left out. */
const usage = ({ inputTokens, outputTokens }: Usage): Json => {
  const { cacheRead, cacheWrite, uncached } = inputTokens
  const { reasoning } = outputTokens
  const input = inputTokens.total ??
    (uncached === undefined ? undefined : uncached + (cacheRead ?? 0) + (cacheWrite ?? 0))
  const text = outputTokens.text ??
    (outputTokens.total === undefined ? undefined : outputTokens.total - (reasoning ?? 0))
  return {
    ...(input === undefined ? undefined : { promptTokenCount: input }),
    ...(cacheRead === undefined ? undefined : { cachedContentTokenCount: cacheRead }),
    ...(text === undefined ? undefined : { candidatesTokenCount: text }),
    ...(reasoning === undefined ? undefined : { thoughtsTokenCount: reasoning }),
    ...(input === undefined || text === undefined ? undefined : { totalTokenCount: input + text + (reasoning ?? 0) })
  }
}
