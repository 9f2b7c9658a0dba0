/**
 * The files of a prompt as vendors take them: by address or as base64.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { Base64 } from "effect/encoding"

/**
 * The `http` or `https` address of a file that is not carried along, `undefined` when its data are.
 *
 * @since 0.1.0
 * @category accessors
 */
export const address = ({ data }: Prompt.FilePart): string | undefined => {
  const text = data instanceof URL ? data.href : typeof data === "string" ? data : ""
  return /^https?:/i.test(text) ? text : undefined
}

/**
 * The media type: a `data:` URL's own, else the part's; `fallback` where that only says `image/*`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const mediaType = ({ data, mediaType }: Prompt.FilePart, fallback: string): string => {
  const own = /^data:([\w.+-]+\/[\w.+-]+)[;,]/i.exec(
    data instanceof URL ? data.href : typeof data === "string" ? data : ""
  )
  return (own?.[1] ?? (mediaType.endsWith("/*") ? fallback : mediaType)).toLowerCase()
}

/**
 * The data in base64; those of an address are not there, see {@link address}.
 *
 * @since 0.1.0
 * @category accessors
 */
export const base64 = ({ data }: Prompt.FilePart): string => {
  if (data instanceof Uint8Array) return Base64.encode(data)
  const text = data instanceof URL ? data.href : data
  const url = /^data:[^,]*?(;base64)?,/i.exec(text)
  if (url === null) return text
  const rest = text.slice(url[0].length)
  return url[1] === undefined ? Base64.encode(decodeURIComponent(rest)) : rest
}

/**
 * A `data:` URL of the file.
 *
 * @since 0.1.0
 * @category accessors
 */
export const dataUrl = (part: Prompt.FilePart, fallback: string): string =>
  `data:${mediaType(part, fallback)};base64,${base64(part)}`
