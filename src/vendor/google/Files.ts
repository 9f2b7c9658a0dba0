/**
 * Files in a conversation: their data inline, or by address.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Files from "../../wire/Files.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

/** After https://ai.google.dev/gemini-api/docs/file-input-methods (2026). */
const taken = /^(?:image|audio|video|text)\/|^application\/(?:pdf|rtf|x-javascript|x-python)$/

/** What is meant by a type that leaves its second half open. */
const fallbacks: { readonly [kind: string]: string } = {
  image: "image/jpeg",
  audio: "audio/mpeg",
  video: "video/mp4",
  text: "text/plain"
}

/** Web addresses, those of uploaded files among them, and Cloud Storage's. */
const addressOf = (part: Prompt.FilePart): string | undefined => {
  const text = part.data instanceof URL ? part.data.href : typeof part.data === "string" ? part.data : ""
  return Files.address(part) ?? (text.startsWith("gs://") ? text : undefined)
}

/**
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  part: Prompt.FilePart,
  path: string,
  context: { readonly names: ReadonlyArray<string>; readonly lose: Lose }
): Result.Result<Wire.Part, AttemptError> => {
  const told = part.mediaType.toLowerCase()
  if (!taken.test(told)) {
    return Result.fail(fatal({
      _tag: "UnsupportedFeature",
      description: `${path}: the Gemini API takes no file of the type ${part.mediaType}, ` +
        "only images, audio, video, text and PDF"
    }))
  }
  const known = ["thoughtSignature", "thought", "mediaResolution", "videoMetadata"]
  Losses.others(part.options, context.names, known, path, context.lose)
  const beside: { mediaResolution?: unknown; videoMetadata?: unknown } = {}
  for (const name of ["mediaResolution", "videoMetadata"] as const) {
    const value = Losses.option(part.options, context.names, name)
    if (Predicate.isObject(value)) beside[name] = value
    else if (value !== undefined) context.lose(`${path}.options.${context.names[0]}.${name}`, "must be an object")
  }
  const address = addressOf(part)
  if (address !== undefined) {
    const mimeType = told.endsWith("/*") ? undefined : { mimeType: told }
    return Result.succeed({ fileData: { ...mimeType, fileUri: address }, ...beside })
  }
  const mimeType = Files.mediaType(part, fallbacks[told.split("/")[0]!] ?? told)
  return Result.succeed({ inlineData: { mimeType, data: Files.base64(part) }, ...beside })
}
