/**
 * Images, sounds and documents of a body as the files of a prompt: an address stays an address, that nobody here fetches.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import type { Reader } from "../Fields.ts"

/** The longest head of a `data:` URL that is looked at, in characters. */
const longestHead = 256

/**
 * A file from an `http`, `https` or `data:` URL; any other is wrong.
 *
 * @since 0.1.0
 * @category decoding
 */
export const ofUrl = (
  reader: Reader,
  value: unknown,
  field: string,
  fallback: string
): Pick<Prompt.FilePartEncoded, "mediaType" | "data"> => {
  const url = reader.text(value, field)
  if (/^https?:\/\//i.test(url)) return { mediaType: fallback, data: url }
  const head = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*(;base64)?,/i.exec(url.slice(0, longestHead))
  if (head === null) reader.wrong(field, "must be an http, https or data URL")
  else if (head[2] !== undefined) return { mediaType: head[1] ?? fallback, data: url.slice(head[0].length) }
  return { mediaType: head?.[1] ?? fallback, data: url }
}

const endings: { readonly [ending: string]: string } = {
  csv: "text/csv",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  html: "text/html",
  json: "application/json",
  md: "text/markdown",
  pdf: "application/pdf",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  txt: "text/plain",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  xml: "application/xml"
}

/** By the name's ending, a PDF where that says nothing. */
const mediaTypeOf = (name: string | undefined): string => {
  const ending = name?.slice(name.lastIndexOf(".") + 1).toLowerCase() ?? ""
  return Object.hasOwn(endings, ending) ? endings[ending]! : "application/pdf"
}

const nameOfAddress = (address: string): string | undefined => /^[^?#]*\/([^/?#]+)/.exec(address)?.[1]

/**
 * A document from its address.
 *
 * @since 0.1.0
 * @category decoding
 */
export const ofAddress = (
  reader: Reader,
  value: unknown,
  field: string,
  fileName: string | undefined
): Omit<Prompt.FilePartEncoded, "type" | "options"> => {
  const name = fileName ?? (typeof value === "string" ? nameOfAddress(value) : undefined)
  return {
    ...ofUrl(reader, value, field, mediaTypeOf(name)),
    ...(fileName === undefined ? undefined : { fileName })
  }
}

/**
 * A document from its data, in base64 or as a `data:` URL, or from its address.
 *
 * @since 0.1.0
 * @category decoding
 */
export const ofDocument = (
  reader: Reader,
  data: unknown,
  field: string,
  fileName: string | undefined
): Omit<Prompt.FilePartEncoded, "type" | "options"> => {
  const text = reader.text(data, field)
  // Base64 has no colon.
  return /^[a-z][a-z0-9+.-]*:/i.test(text.slice(0, longestHead))
    ? ofAddress(reader, text, field, fileName)
    : { mediaType: mediaTypeOf(fileName), data: text, ...(fileName === undefined ? undefined : { fileName }) }
}
