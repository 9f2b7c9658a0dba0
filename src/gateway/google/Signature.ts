/**
 * What other vendors want back with their reasoning, in the one place that clients of this API bring back unchanged: a
 * part's thought signature, which has to be base64.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt, Response as AiResponse } from "effect/ai"
import { Base64 } from "effect/encoding"
import { isObject } from "../Fields.ts"
import * as Proof from "../Proof.ts"

/** {@link Proof.pack}'s own mark in base64. */
const mark = "bGxtZDEu"

/**
 * The signature of a piece of reasoning: Google's own, else all that other vendors tell of it, `undefined` for nothing.
 *
 * @since 0.1.0
 * @category encoding
 */
export const of = (metadata: AiResponse.ProviderMetadata | undefined): string | undefined => {
  if (metadata === undefined) return undefined
  const own = metadata["google"]
  if (isObject(own)) return typeof own["thoughtSignature"] === "string" ? own["thoughtSignature"] : undefined
  return Object.keys(metadata).length === 0 ? undefined : Base64.encode(Proof.pack(metadata))
}

/**
 * The options of a piece of reasoning that comes back.
 *
 * @since 0.1.0
 * @category decoding
 */
export const options = (signature: string | undefined): Prompt.ProviderOptions => {
  if (signature === undefined) return { google: { thought: true } }
  const text = signature.startsWith(mark) ? Base64.decodeString(signature) : undefined
  const told = text !== undefined && Result.isSuccess(text) ? Proof.unpack(text.success) : undefined
  return told ?? { google: { thought: true, thoughtSignature: signature } }
}
