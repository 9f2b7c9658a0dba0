/**
 * The files of a prompt, or of a tool's result, as input.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Files from "../../wire/Files.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

/**
 * Texts, code, and what offices write.
 *
 * @see https://developers.openai.com/api/docs/guides/file-inputs (2026)
 */
const document =
  /^(?:text\/.+|application\/(?:pdf|json|xml|rtf|msword|(?:x-)?javascript|typescript|csv|vnd\.(?:ms-|openxmlformats-|oasis\.opendocument\.|apple\.).+))$/

const imageDetails = ["auto", "low", "high", "original"] as const
const fileDetails = ["auto", "low", "high"] as const

/**
 * Encodes a file, by its address or with its data; a kind that the API does not read is an `UnsupportedFeature`.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  part: Prompt.FilePart,
  names: ReadonlyArray<string>,
  path: string,
  lose: Lose
): Result.Result<Wire.InputContent, AttemptError> => {
  const isImage = part.mediaType.toLowerCase().startsWith("image/")
  const mediaType = isImage ? "image/jpeg" : part.mediaType.toLowerCase()
  if (!isImage && !document.test(mediaType)) {
    const description = `${path}: Responses takes no file of the type ${part.mediaType}, only images and documents`
    return Result.fail(fatal({ _tag: "UnsupportedFeature", description }))
  }
  Losses.others(part.options, names, ["detail"], path, lose)
  const asked = Losses.option(part.options, names, "detail")
  const known: ReadonlyArray<typeof imageDetails[number]> = isImage ? imageDetails : fileDetails
  const detail = known.find((detail) => detail === asked)
  if (asked !== undefined && detail === undefined) lose(`${path}.options`, `detail is one of ${known.join(", ")}`)
  const address = Files.address(part)
  if (isImage) {
    const image_url = address ?? Files.dataUrl(part, mediaType)
    return Result.succeed({ type: "input_image", image_url, detail: detail ?? "auto" })
  }
  return Result.succeed({
    type: "input_file",
    ...(address === undefined
      ? { filename: part.fileName ?? nameOf(mediaType), file_data: Files.dataUrl(part, mediaType) }
      : { file_url: address }),
    ...(detail === undefined || detail === "original" ? undefined : { detail })
  })
}

/** The API wants a name, and knows a document by its ending too. */
const nameOf = (mediaType: string): string => {
  switch (mediaType) {
    case "application/pdf":
      return "document.pdf"
    case "application/json":
      return "document.json"
    case "text/csv":
      return "document.csv"
    case "text/markdown":
      return "document.md"
    default:
      return mediaType.startsWith("text/") ? "document.txt" : "document"
  }
}
