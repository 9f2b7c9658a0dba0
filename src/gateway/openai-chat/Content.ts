/**
 * The pieces of what a user says, in Chat Completions JSON.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import type * as Fields from "../Fields.ts"
import * as Files from "../openai/Files.ts"
import { optionsOf } from "./Options.ts"

const knownOfText: ReadonlySet<string> = new Set(["type", "text"])

/**
 * A text with its marks.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeText = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.TextPartEncoded => ({
  type: "text",
  text: reader.text(piece["text"], `${at}.text`),
  ...optionsOf(piece, knownOfText)
})

/**
 * A piece of what a user says, `undefined` for one that is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (
  reader: Fields.Reader,
  piece: Fields.Json,
  at: string
): Prompt.UserMessagePartEncoded | undefined => {
  switch (piece["type"]) {
    case "text":
      return decodeText(reader, piece, at)
    case "image_url":
      return decodeImage(reader, piece, at)
    case "input_audio":
      return decodeAudio(reader, piece, at)
    case "file":
      return decodeFile(reader, piece, at)
    default:
      reader.wrong(`${at}.type`, "must be text, image_url, input_audio or file")
      return undefined
  }
}

const knownOfImage: ReadonlySet<string> = new Set(["type", "image_url"])

/**
 * An image, by its address or with its data.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeImage = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.FilePartEncoded => {
  // Older clients write the address alone.
  const isPlain = typeof piece["image_url"] === "string"
  const image = isPlain ? {} : reader.object(piece["image_url"], `${at}.image_url`)
  const url = isPlain ? piece["image_url"] : image["url"]
  const { detail } = image
  return {
    type: "file",
    ...Files.ofUrl(reader, url, isPlain ? `${at}.image_url` : `${at}.image_url.url`, "image/*"),
    ...optionsOf(piece, knownOfImage, detail === undefined || detail === null ? undefined : { detail })
  }
}

const knownOfAudio: ReadonlySet<string> = new Set(["type", "input_audio"])

const decodeAudio = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.FilePartEncoded => {
  const audio = reader.object(piece["input_audio"], `${at}.input_audio`)
  const format = reader.text(audio["format"], `${at}.input_audio.format`)
  return {
    type: "file",
    mediaType: format === "mp3" ? "audio/mpeg" : `audio/${format}`,
    data: reader.text(audio["data"], `${at}.input_audio.data`),
    ...optionsOf(piece, knownOfAudio)
  }
}

const knownOfFile: ReadonlySet<string> = new Set(["type", "file"])

const decodeFile = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.FilePartEncoded => {
  const file = reader.object(piece["file"], `${at}.file`)
  if (file["file_id"] !== undefined && file["file_id"] !== null) {
    reader.unsupported(`${at}.file.file_id`, "no files are kept here: send file_data")
  }
  const name = reader.optionalText(file["filename"], `${at}.file.filename`)
  return {
    type: "file",
    ...Files.ofDocument(reader, file["file_data"], `${at}.file.file_data`, name),
    ...optionsOf(piece, knownOfFile)
  }
}
