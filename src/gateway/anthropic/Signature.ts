/**
 * What other vendors want back with their reasoning, in the places that clients of this API bring back unchanged: a
 * thinking block's signature, and after a call that is signed a block of redacted thinking.
 *
 * @since 0.1.0
 */
import type { Prompt, Response as AiResponse } from "effect/ai"
import { isObject } from "../Fields.ts"
import * as Proof from "../Proof.ts"

/**
 * The signature of a piece of reasoning: Anthropic's own, else all that other vendors tell of it, else an empty one.
 *
 * @since 0.1.0
 * @category encoding
 */
export const of = (metadata: AiResponse.ProviderMetadata | undefined): string => {
  if (metadata === undefined) return ""
  const own = metadata["anthropic"]
  const signature = isObject(own) ? own["signature"] : undefined
  if (typeof signature === "string") return signature
  return Object.keys(metadata).length === 0 ? "" : Proof.pack(metadata)
}

/**
 * The options of a piece of reasoning that comes back, none for one that nobody signed.
 *
 * @since 0.1.0
 * @category decoding
 */
export const options = (signature: string): Prompt.ProviderOptions | undefined =>
  signature === "" ? undefined : Proof.unpack(signature) ?? { anthropic: { signature } }

/**
 * The data of redacted thinking that tells by what another vendor knows a call again, `undefined` where it signed none;
 * `id` is the call's as it is told.
 *
 * @since 0.1.0
 * @category encoding
 */
export const ofCall = (
  part: {
    readonly metadata?: AiResponse.ProviderMetadata | undefined
    readonly providerExecuted?: boolean | undefined
  },
  id: string
): string | undefined => {
  const google = part.providerExecuted === true ? undefined : part.metadata?.["google"]
  return isObject(google) && typeof google["thoughtSignature"] === "string"
    ? Proof.pack({ google, llmdispatcher: { call: id } } as AiResponse.ProviderMetadata)
    : undefined
}

/**
 * What redacted thinking tells: of a call before it, or of itself.
 *
 * @since 0.1.0
 * @category decoding
 */
export const redacted = (data: string): { readonly call?: string; readonly options: Prompt.ProviderOptions } => {
  const told: Prompt.ProviderOptions = Proof.unpack(data) ?? { anthropic: { redactedData: data } }
  const { llmdispatcher, ...options } = told
  const call = isObject(llmdispatcher) ? llmdispatcher["call"] : undefined
  return { options, ...(typeof call === "string" ? { call } : undefined) }
}
