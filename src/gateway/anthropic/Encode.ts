/**
 * A whole answer as a message of this API.
 *
 * @since 0.1.0
 */
import type { FinishReason, Part, Response, Usage } from "../../Response.ts"
import { serverResults, serverTools } from "../../vendor/anthropic/Wire.ts"
import { isObject, type Json } from "../Fields.ts"
import * as Signature from "./Signature.ts"

/**
 * What Anthropic itself told of a part or of the answer's end.
 *
 * @since 0.1.0
 * @category accessors
 */
export const own = (part: { readonly metadata?: unknown }): Json => {
  const told = isObject(part.metadata) ? part.metadata["anthropic"] : undefined
  return isObject(told) ? told : {}
}

/**
 * The message around the blocks; a stream begins with it.
 *
 * @since 0.1.0
 * @category encoding
 */
export const message = (id: string, model: string, content: ReadonlyArray<Json>, ending: Ending, usage: Json) => ({
  id: `msg_${id}`,
  type: "message",
  role: "assistant",
  model,
  content,
  ...ending,
  usage
})

/**
 * @since 0.1.0
 * @category encoding
 */
export const whole = (response: Response, id: string): Json => {
  const content: Array<Json> = []
  let end: Json = {}
  for (const part of response.parts) {
    if (part.type === "finish") end = own(part)
    else {
      const encoded = block(part)
      if (encoded === undefined) continue
      content.push(encoded)
      const data = part.type === "tool-call" ? Signature.ofCall(part, callId(part.id)) : undefined
      if (data !== undefined) content.push({ type: "redacted_thinking", data })
    }
  }
  return message(id, response.model, content, ending(response.finishReason, end), usage(response.usage))
}

// -----------------------------------------------------------------------------
// Blocks
// -----------------------------------------------------------------------------

/** Sources are told within the citations of Anthropic's own texts; this API has no blocks for files that a model makes. */
const block = (part: Part): Json | undefined => {
  switch (part.type) {
    case "text": {
      // Never null, which the API's own form allows and some clients refuse.
      const { citations } = own(part)
      return part.text === ""
        ? undefined
        : { type: "text", text: part.text, citations: Array.isArray(citations) ? citations : [] }
    }
    case "reasoning": {
      const { redactedData } = own(part)
      if (typeof redactedData === "string") return { type: "redacted_thinking", data: redactedData }
      const signature = Signature.of(part.metadata)
      return part.text === "" && signature === "" ? undefined : { type: "thinking", thinking: part.text, signature }
    }
    case "tool-call":
      return call(part)
    case "tool-result":
      return result(part)
    default:
      return undefined
  }
}

/**
 * Who called a tool: the model itself, where nothing else is told.
 *
 * @since 0.1.0
 * @category accessors
 */
export const callerOf = (part: { readonly metadata?: unknown }): unknown => own(part)["caller"] ?? { type: "direct" }

/**
 * The id of a call as this API takes it: letters, digits, `_` and `-`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const callId = (id: string): string => id.replaceAll(/[^a-zA-Z0-9_-]/g, "_") || "call"

const serverNames: ReadonlySet<string> = new Set(serverTools)
const resultTypes: ReadonlySet<unknown> = new Set(serverResults)

/**
 * How a call is told, `undefined` where a vendor ran a tool that this API has no block for: a caller who saw it would
 * run it once more.
 *
 * @since 0.1.0
 * @category accessors
 */
export const callType = (part: {
  readonly id: string
  readonly name: string
  readonly providerExecuted?: boolean | undefined
}): "tool_use" | "server_tool_use" | undefined =>
  part.providerExecuted !== true
    ? "tool_use"
    : serverNames.has(part.name) && part.id.startsWith("srvtoolu_")
    ? "server_tool_use"
    : undefined

const call = (part: Extract<Part, { readonly type: "tool-call" }>): Json | undefined => {
  const type = callType(part)
  return type && { type, id: callId(part.id), name: part.name, input: inputOf(part.params), caller: callerOf(part) }
}

/**
 * The arguments of a call as an object, which is all that this API has for them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const inputOf = (params: unknown): Json =>
  isObject(params) ? params : params === undefined || params === null ? {} : { value: params }

/**
 * The result of a tool that Anthropic ran, `undefined` for any other.
 *
 * @since 0.1.0
 * @category encoding
 */
export const result = (part: Extract<Part, { readonly type: "tool-result" }>): Json | undefined => {
  const { type } = own(part)
  return part.providerExecuted === true && resultTypes.has(type)
    ? { type, tool_use_id: part.id, content: part.result, caller: callerOf(part) }
    : undefined
}

// -----------------------------------------------------------------------------
// End
// -----------------------------------------------------------------------------

const stopReasons: { readonly [R in FinishReason]: string } = {
  stop: "end_turn",
  length: "max_tokens",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  pause: "pause_turn",
  error: "end_turn",
  other: "end_turn",
  unknown: "end_turn"
}

/**
 * How an answer ended; all are null at the beginning of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ending {
  readonly stop_reason: unknown
  readonly stop_sequence: unknown
  readonly stop_details: unknown
  readonly container: unknown
}

/**
 * In Anthropic's own words where it told them.
 *
 * @since 0.1.0
 * @category encoding
 */
export const ending = (reason: FinishReason, told: Json): Ending => ({
  stop_reason: told["stopReason"] ?? stopReasons[reason],
  stop_sequence: told["stopSequence"] ?? null,
  stop_details: told["stopDetails"] ?? null,
  container: told["container"] ?? null
})

/**
 * The API's counts: here the tokens that the cache had no part in are told alone. Two of them must be numbers, and are
 * 0 where they are not known.
 *
 * @since 0.1.0
 * @category encoding
 */
export const usage = ({ inputTokens, outputTokens }: Usage): Json => {
  const { cacheRead, cacheWrite, cacheWrite1h, total, uncached } = inputTokens
  const { reasoning, text } = outputTokens
  return {
    input_tokens: uncached ?? Math.max(0, (total ?? 0) - (cacheRead ?? 0) - (cacheWrite ?? 0)),
    cache_creation_input_tokens: cacheWrite ?? null,
    cache_read_input_tokens: cacheRead ?? null,
    output_tokens: outputTokens.total ?? (text ?? 0) + (reasoning ?? 0),
    ...(reasoning === undefined ? undefined : { output_tokens_details: { thinking_tokens: reasoning } }),
    cache_creation: cacheWrite1h === undefined
      ? null
      : {
        ephemeral_5m_input_tokens: Math.max(0, (cacheWrite ?? 0) - cacheWrite1h),
        ephemeral_1h_input_tokens: cacheWrite1h
      },
    server_tool_use: null,
    service_tier: null,
    inference_geo: null
  }
}
