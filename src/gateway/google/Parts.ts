/**
 * Texts and files of this API as parts of a prompt.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { isObject, type Json, type Reader, rest } from "../Fields.ts"
import * as Names from "./Names.ts"

/**
 * What of a part only this API has a word for, where its vendor looks for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const options = (own: Json | undefined): { readonly options?: Prompt.ProviderOptions } =>
  own === undefined ? {} : { options: { google: own as any } }

const textFields: ReadonlySet<string> = new Set(["text"])
const fileFields: ReadonlySet<string> = new Set(["inlineData", "fileData"])

/**
 * A text or a file, and what stands beside it; `undefined` for what is neither.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (
  part: Json,
  path: string,
  reader: Reader
): Prompt.TextPartEncoded | Prompt.FilePartEncoded | undefined => {
  const { fileData, inlineData, text } = part
  if (text !== undefined && text !== null) {
    return { type: "text", text: reader.text(text, `${path}.text`), ...options(rest(part, textFields, reader)) }
  }
  const beside = options(rest(part, fileFields, reader))
  if (isObject(inlineData)) return { type: "file", ...blob(inlineData, `${path}.inlineData`, reader), ...beside }
  if (isObject(fileData)) return { type: "file", ...address(fileData, `${path}.fileData`, reader), ...beside }
  return undefined
}

const blob = (value: unknown, path: string, reader: Reader) => {
  const { data, displayName, mimeType } = Names.camel(reader.object(value, path), path, reader)
  const name = reader.optionalText(displayName, `${path}.displayName`)
  return {
    mediaType: reader.text(mimeType, `${path}.mimeType`),
    data: reader.text(data, `${path}.data`),
    ...(name === undefined ? undefined : { fileName: name })
  }
}

/** What an address without a type leads to, by its end. */
const kinds: ReadonlyArray<readonly [RegExp, string]> = [
  [/\.pdf$/i, "application/pdf"],
  [/\.(?:mp3|wav|aac|ogg|flac|aiff)$/i, "audio/*"],
  [/\.(?:mp4|mpe?g|mov|avi|webm|wmv|3gpp?)$|\byoutube\.com\b|\byoutu\.be\b/i, "video/*"],
  [/\.(?:txt|md|csv|html?)$/i, "text/*"]
]

/** An address is passed on as it is; nobody here fetches it. */
const address = (value: unknown, path: string, reader: Reader) => {
  const { fileUri, mimeType } = Names.camel(reader.object(value, path), path, reader)
  const uri = reader.text(fileUri, `${path}.fileUri`)
  if (!/^(?:https?|gs):\/\//i.test(uri)) reader.wrong(`${path}.fileUri`, "must be an https or gs address")
  const told = reader.optionalText(mimeType, `${path}.mimeType`)
  return { mediaType: told ?? kinds.find(([pattern]) => pattern.test(uri.split("?")[0]!))?.[1] ?? "image/*", data: uri }
}

/**
 * Whether a part is a file.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasFile = ({ fileData, inlineData }: Json): boolean => isObject(inlineData) || isObject(fileData)
