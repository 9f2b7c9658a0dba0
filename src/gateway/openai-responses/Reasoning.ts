/**
 * Items of reasoning: their parts told apart and put together, with what their vendor wants back of them as
 * `encrypted_content`.
 *
 * @since 0.1.0
 */
import type { Prompt, Response as AiResponse } from "effect/ai"
import type * as Fields from "../Fields.ts"
import { isObject } from "../Fields.ts"
import * as Proof from "../Proof.ts"

/** Begins the ids of items that the gateway named, behind which no server has anything. */
const made = "rs_llmd_"

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeId = (id: string, index: number): string => `${made}${id}_${index}`

/**
 * The item that a part of reasoning is of, `undefined` for one that came in no item.
 *
 * @since 0.1.0
 * @category accessors
 */
export const itemOf = (
  metadata: AiResponse.ProviderMetadata | undefined
): { readonly vendor: string; readonly id: string; readonly isRaw: boolean } | undefined => {
  for (const vendor in metadata) {
    const own = metadata[vendor]
    const id = isObject(own) ? own["itemId"] : undefined
    if (typeof id === "string") return { vendor, id, isRaw: isObject(own) && own["raw"] === true }
  }
  return undefined
}

/**
 * The encrypted content that carries back what a part's end told: OpenAI's own as it came, any other vendor's packed, as
 * is one whose item is told under another id than `itemId`.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encrypted = (
  metadata: AiResponse.ProviderMetadata | undefined,
  itemId: string | undefined
): string | undefined => {
  if (metadata === undefined) return undefined
  const item = itemOf(metadata)
  const own = item === undefined ? undefined : metadata[item.vendor]
  const content = isObject(own) ? own["encryptedContent"] : undefined
  if (item !== undefined && typeof content !== "string") return undefined
  if (item?.vendor === "openai" && item.id === itemId) return content as string
  return Object.keys(metadata).length === 0 ? undefined : Proof.pack(metadata)
}

const textsOf = (reader: Fields.Reader, value: unknown, at: string): ReadonlyArray<string> =>
  (reader.optionalList(value, at) ?? []).map((piece, index) =>
    reader.text(reader.object(piece, `${at}.${index}`)["text"], `${at}.${index}.text`)
  )

/** The fields of one part of an item, the last of which carries its proof. */
type Marks = (raw: boolean, last: boolean) => Prompt.ProviderOptions | undefined

const marksOf = (id: string | undefined, told: unknown): Marks => {
  const unpacked = Proof.unpack(told)
  const item = itemOf(unpacked as AiResponse.ProviderMetadata | undefined)
  if (unpacked !== undefined && item === undefined) return (_, last) => last ? unpacked : undefined
  const own = unpacked === undefined || item === undefined ? undefined : unpacked[item.vendor]
  const itemId = item?.id ?? id
  // What has neither a proof nor an item behind it is a bare text.
  if (itemId === undefined || (unpacked === undefined && itemId.startsWith(made))) return () => undefined
  const proof = isObject(own) ? own["encryptedContent"] : told
  return (raw, last) => ({
    [item?.vendor ?? "openai"]: {
      itemId,
      ...(raw ? { raw: true } : undefined),
      ...(last && typeof proof === "string" ? { encryptedContent: proof } : undefined)
    }
  })
}

/**
 * The parts of an item.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (
  reader: Fields.Reader,
  item: Fields.Json,
  path: string
): ReadonlyArray<Prompt.ReasoningPartEncoded> => {
  const marks = marksOf(reader.optionalText(item["id"], `${path}.id`), item["encrypted_content"])
  const texts = [
    ...textsOf(reader, item["summary"], `${path}.summary`).map((text) => ({ text, raw: false })),
    ...textsOf(reader, item["content"], `${path}.content`).map((text) => ({ text, raw: true }))
  ]
  if (texts.length === 0) texts.push({ text: "", raw: false })
  return texts.flatMap(({ raw, text }, index) => {
    const options = marks(raw, index === texts.length - 1)
    if (options === undefined && text === "") return []
    return [{ type: "reasoning", text, ...(options === undefined ? undefined : { options }) }]
  })
}
