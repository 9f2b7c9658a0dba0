/**
 * An answer as Chat Completions JSON.
 *
 * @since 0.1.0
 */
import type { Response as AiResponse } from "effect/ai"
import type { FinishReason, Part, Response, Usage } from "../../Response.ts"
import type { Surroundings } from "../Dialect.ts"
import * as Counts from "../openai/Counts.ts"
import * as Marks from "../openai/Marks.ts"
import * as Proof from "../Proof.ts"
import type { Decoded } from "./Decode.ts"
import * as Reasoning from "./Reasoning.ts"

// -----------------------------------------------------------------------------
// What whole answers and streams share
// -----------------------------------------------------------------------------

/**
 * Whole seconds since the epoch.
 *
 * @since 0.1.0
 * @category encoding
 */
export const created = ({ now }: Surroundings): number => Math.floor(now / 1000)

/**
 * @since 0.1.0
 * @category encoding
 */
export const idOf = ({ id }: Surroundings): string => `chatcmpl-${id}`

/** The API has four words; an answer that ended in a way it does not know still ended. */
const finishReasons: { readonly [K in FinishReason]?: string } = {
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter"
}

/**
 * A refusal that the model spoke ends with "stop": only a filter's is "content_filter".
 *
 * @since 0.1.0
 * @category encoding
 */
export const finishReason = (reason: FinishReason, refused: boolean, isLegacy: boolean): string => {
  if (reason === "content-filter" && refused) return "stop"
  if (reason === "tool-calls" && isLegacy) return "function_call"
  return finishReasons[reason] ?? "stop"
}

/**
 * The counts, `undefined` where they are not known.
 *
 * @since 0.1.0
 * @category encoding
 */
export const usage = (usage: Usage): object | undefined => {
  const counts = Counts.of(usage)
  if (counts === undefined) return undefined
  const { cacheRead, cacheWrite, input, output, reasoning } = counts
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(cacheRead === undefined && cacheWrite === undefined ? undefined : {
      prompt_tokens_details: {
        ...(cacheRead === undefined ? undefined : { cached_tokens: cacheRead }),
        ...(cacheWrite === undefined ? undefined : { cache_write_tokens: cacheWrite })
      }
    }),
    ...(reasoning === undefined ? undefined : { completion_tokens_details: { reasoning_tokens: reasoning } })
  }
}

const tiers: ReadonlySet<unknown> = new Set(["auto", "default", "flex", "scale", "priority", "fast"])

/**
 * What OpenAI tells of the answer beside its content: how it was served, and by what.
 *
 * @since 0.1.0
 * @category encoding
 */
export const service = (metadata: AiResponse.ProviderMetadata | undefined): object => {
  const tier = Marks.find(metadata, "serviceTier")
  const fingerprint = Marks.find(metadata, "systemFingerprint")
  return {
    ...(tiers.has(tier) ? { service_tier: tier } : undefined),
    ...(typeof fingerprint === "string" ? { system_fingerprint: fingerprint } : undefined)
  }
}

type Source = Extract<Part, { readonly type: "source"; readonly sourceType: "url" }>

/**
 * A source; which characters it stands behind is not known, only after which of them it was told.
 *
 * @since 0.1.0
 * @category encoding
 */
export const annotation = ({ title, url }: Source, told: number): object => ({
  type: "url_citation",
  url_citation: { start_index: told, end_index: told, url, title: title ?? url }
})

/**
 * A file that the model made: an image as OpenRouter writes it, any other as files are written in a request.
 *
 * @since 0.1.0
 * @category encoding
 */
export const file = ({ data, mediaType }: AiResponse.FilePartEncoded): object => {
  const url = `data:${mediaType};base64,${data}`
  return mediaType.startsWith("image/")
    ? { images: [{ type: "image_url", image_url: { url } }] }
    : { files: [{ type: "file", file: { file_data: url } }] }
}

/**
 * The arguments of a call, `{}` where there are none.
 *
 * @since 0.1.0
 * @category encoding
 */
export const argumentsOf = (params: unknown): string => JSON.stringify(params ?? {})

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

interface Message {
  content: string | undefined
  refusal: string | undefined
  reasoning: string | undefined
  extra: object | undefined
  finish: Extract<Part, { readonly type: "finish" }> | undefined
  readonly details: Array<unknown>
  readonly annotations: Array<object>
  readonly images: Array<unknown>
  readonly files: Array<unknown>
  readonly calls: Array<AiResponse.ToolCallPartEncoded>
}

const gather = (parts: ReadonlyArray<Part>): Message => {
  const message: Message = {
    content: undefined,
    refusal: undefined,
    reasoning: undefined,
    extra: undefined,
    finish: undefined,
    details: [],
    annotations: [],
    images: [],
    files: [],
    calls: []
  }
  for (const part of parts) {
    switch (part.type) {
      case "text":
        if (Marks.isRefusal(part.metadata)) message.refusal = (message.refusal ?? "") + part.text
        else {
          message.content = (message.content ?? "") + part.text
          message.extra = Proof.extraContent(part.metadata) ?? message.extra
        }
        break
      case "reasoning":
        if (part.text !== "") message.reasoning = (message.reasoning ?? "") + part.text
        message.details.push(...Reasoning.details(part.text, part.metadata, message.details.length))
        break
      case "source":
        if (part.sourceType === "url") message.annotations.push(annotation(part, message.content?.length ?? 0))
        break
      case "file": {
        const { files = [], images = [] } = file(part) as { readonly [kind: string]: ReadonlyArray<unknown> }
        message.images.push(...images)
        message.files.push(...files)
        break
      }
      case "tool-call":
        if (part.providerExecuted !== true) message.calls.push(part)
        break
      case "finish":
        message.finish = part
    }
  }
  return message
}

const call = ({ id, metadata, name, params }: AiResponse.ToolCallPartEncoded): object => {
  const extra = Proof.extraContent(metadata)
  return {
    id,
    type: "function",
    function: { name, arguments: argumentsOf(params) },
    ...(extra === undefined ? undefined : { extra_content: extra })
  }
}

const calls = ([first, ...others]: Message["calls"], isLegacy: boolean): object | undefined => {
  if (first === undefined) return undefined
  return isLegacy
    ? { function_call: { name: first.name, arguments: argumentsOf(first.params) } }
    : { tool_calls: [first, ...others].map(call) }
}

const some = (name: string, list: ReadonlyArray<unknown>): object | undefined =>
  list.length === 0 ? undefined : { [name]: list }

/**
 * Encodes a whole answer.
 *
 * @since 0.1.0
 * @category encoding
 */
export const whole = (response: Response, { isLegacy }: Decoded, surroundings: Surroundings): object => {
  const message = gather(response.parts)
  const { annotations, content, details, extra, files, finish, images, reasoning, refusal } = message
  const isBare = refusal === undefined && message.calls.length === 0
  const counts = usage(response.usage)
  return {
    id: idOf(surroundings),
    object: "chat.completion",
    created: created(surroundings),
    model: response.model,
    choices: [{
      index: 0,
      message: {
        role: "assistant",
        content: content ?? (isBare ? "" : null),
        refusal: refusal ?? null,
        annotations,
        ...(reasoning === undefined ? undefined : { reasoning_content: reasoning }),
        ...some("reasoning_details", details),
        ...some("images", images),
        ...some("files", files),
        ...calls(message.calls, isLegacy),
        ...(extra === undefined ? undefined : { extra_content: extra })
      },
      logprobs: null,
      finish_reason: finishReason(response.finishReason, refusal !== undefined, isLegacy)
    }],
    ...(counts === undefined ? undefined : { usage: counts }),
    ...service(finish?.metadata)
  }
}
