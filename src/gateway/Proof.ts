/**
 * What a vendor wants back with its reasoning, for which OpenAI's APIs have no word (a signature, redacted data), as one
 * opaque text in a place that clients send back as it is.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt, Response as AiResponse } from "effect/ai"
import { Base64Url } from "effect/encoding"
import * as Json from "../wire/Json.ts"
import { isObject } from "./Fields.ts"

const mark = "llmd1."

/**
 * @since 0.1.0
 * @category encoding
 */
export const pack = (metadata: AiResponse.ProviderMetadata): string => mark + Base64Url.encode(JSON.stringify(metadata))

/**
 * What was packed, `undefined` for a text that is not ours.
 *
 * @since 0.1.0
 * @category decoding
 */
export const unpack = (text: unknown): Prompt.ProviderOptions | undefined => {
  if (typeof text !== "string" || !text.startsWith(mark)) return undefined
  const json = Base64Url.decodeString(text.slice(mark.length))
  const options = Result.isSuccess(json) ? Json.parse(json.success) : undefined
  if (!isObject(options)) return undefined
  const vendors = Object.entries(options).filter(([name, value]) => name !== "__proto__" && isObject(value))
  return Object.fromEntries(vendors) as Prompt.ProviderOptions
}

/**
 * The `extra_content` of a tool call or text, as Google's compatible API writes its thought signatures; what other
 * vendors want back stands under `llmdispatcher`.
 *
 * @see https://ai.google.dev/gemini-api/docs/openai
 * @since 0.1.0
 * @category encoding
 */
export const extraContent = (metadata: AiResponse.ProviderMetadata | undefined): object | undefined => {
  if (metadata === undefined) return undefined
  let extra: Record<string, unknown> | undefined
  let others: Record<string, unknown> | undefined
  for (const [vendor, own] of Object.entries(metadata)) {
    const signature = vendor === "google" && isObject(own) ? own["thoughtSignature"] : undefined
    if (typeof signature === "string") (extra ??= {})["google"] = { thought_signature: signature }
    else if (vendor !== "openai") (others ??= {})[vendor] = own
  }
  return others === undefined ? extra : { ...extra, llmdispatcher: others }
}

/**
 * The options that `extra_content` stands for.
 *
 * @since 0.1.0
 * @category decoding
 */
export const ofExtraContent = (extra: unknown): Prompt.ProviderOptions | undefined => {
  if (!isObject(extra)) return undefined
  const { google, llmdispatcher } = extra
  const signature = isObject(google) ? google["thought_signature"] : undefined
  const options: Record<string, unknown> = Object.fromEntries(
    isObject(llmdispatcher)
      ? Object.entries(llmdispatcher).filter(([name, value]) => name !== "__proto__" && isObject(value))
      : []
  )
  if (typeof signature === "string") options["google"] = { thoughtSignature: signature }
  return Object.keys(options).length === 0 ? undefined : options as Prompt.ProviderOptions
}
