/**
 * The files of a prompt as Converse takes them: images, documents, videos and sounds, by their bytes or from S3.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Files from "../../wire/Files.ts"
import type * as Wire from "./Wire.ts"

type Kind = "image" | "document" | "video" | "audio"

const office = "application/vnd.openxmlformats-officedocument"

/** By media type: what it is and Converse's word for its format. */
const formats: { readonly [mediaType: string]: readonly [Kind, string] } = {
  "image/png": ["image", "png"],
  "image/jpeg": ["image", "jpeg"],
  "image/jpg": ["image", "jpeg"],
  "image/gif": ["image", "gif"],
  "image/webp": ["image", "webp"],
  "application/pdf": ["document", "pdf"],
  "text/csv": ["document", "csv"],
  "application/msword": ["document", "doc"],
  [`${office}.wordprocessingml.document`]: ["document", "docx"],
  "application/vnd.ms-excel": ["document", "xls"],
  [`${office}.spreadsheetml.sheet`]: ["document", "xlsx"],
  "text/html": ["document", "html"],
  "text/plain": ["document", "txt"],
  "text/markdown": ["document", "md"],
  "video/x-matroska": ["video", "mkv"],
  "video/quicktime": ["video", "mov"],
  "video/mp4": ["video", "mp4"],
  "video/webm": ["video", "webm"],
  "video/x-flv": ["video", "flv"],
  "video/mpeg": ["video", "mpeg"],
  "video/x-ms-wmv": ["video", "wmv"],
  "video/3gpp": ["video", "three_gp"],
  "audio/mpeg": ["audio", "mp3"],
  "audio/mp3": ["audio", "mp3"],
  "audio/opus": ["audio", "opus"],
  "audio/wav": ["audio", "wav"],
  "audio/x-wav": ["audio", "wav"],
  "audio/wave": ["audio", "wav"],
  "audio/aac": ["audio", "aac"],
  "audio/flac": ["audio", "flac"],
  "audio/mp4": ["audio", "mp4"],
  "audio/ogg": ["audio", "ogg"],
  "audio/webm": ["audio", "webm"]
}

const unsupported = (path: string, what: string): Result.Result<never, AttemptError> =>
  Result.fail(fatal({ _tag: "UnsupportedFeature", description: `${path}: Converse takes no ${what}` }))

const sourceOf = (part: Prompt.FilePart): Wire.Source => {
  const { data } = part
  const text = data instanceof URL ? data.href : typeof data === "string" ? data : ""
  return text.startsWith("s3://") ? { s3Location: { uri: text } } : { bytes: Files.base64(part) }
}

/**
 * A file's block; of a kind that cannot be sent an `UnsupportedFeature`.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  part: Prompt.FilePart,
  path: string,
  documentName: (fileName: string | undefined) => string
): Result.Result<Wire.File, AttemptError> => {
  const mediaType = Files.mediaType(part, "image/jpeg").replace(/;.*$/, "").trim()
  const known = Object.hasOwn(formats, mediaType) ? formats[mediaType] : undefined
  if (known === undefined) return unsupported(path, `file of the type ${mediaType}`)
  if (Files.address(part) !== undefined) return unsupported(path, "file by its address, only its data or one in S3")
  const [kind, format] = known
  const source = sourceOf(part)
  const block = kind === "document" ? { format, name: documentName(part.fileName), source } : { format, source }
  return Result.succeed({ [kind]: block } as unknown as Wire.File)
}

/**
 * @since 0.1.0
 * @category predicates
 */
export const isDocument = (block: object): boolean => "document" in block
