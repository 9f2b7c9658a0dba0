/**
 * How many tokens the files of a conversation take: each vendor's published rule for images, rough ones for the rest.
 *
 * - OpenAI (guide "Images and vision"): fitted into 2,048 × 2,048 with a short side of 768, then a base and so much for
 *   each tile of 512; the smaller models instead count patches of 32, at most 1,536, times a factor, and so do those
 *   since GPT-5.2 (at most 2,500, times 1.2 by what people were billed).
 * - Anthropic (guide "Vision"): patches of 28, at most 1,568 of them and 1,568 pixels a side; since Opus 4.7 4,784 and
 *   2,576. The older rule, width × height ÷ 750, tells nearly the same.
 * - Google (guides "Tokens" and "Media resolution"): 1,120 since Gemini 3; before it 258 up to 384 × 384, else 258 for
 *   each tile of 768.
 *
 * An image that cannot be looked at, since only its address is there, counts as a large one. A vendor that is not known
 * counts as the dearest of the three.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt } from "effect/ai"
import { Base64 } from "effect/encoding"
import * as Wire from "../wire/Files.ts"
import type { Family } from "./Family.ts"
import * as ImageSize from "./ImageSize.ts"

/** What an image is taken for that cannot be looked at: larger than what most vendors make it into. */
const large: ImageSize.Size = { width: 2_048, height: 2_048 }

const patches = ({ height, width }: ImageSize.Size, side: number): number =>
  Math.ceil(width / side) * Math.ceil(height / side)

const scaled = ({ height, width }: ImageSize.Size, factor: number): ImageSize.Size =>
  factor >= 1 ? { height, width } : { height: height * factor, width: width * factor }

/** The most patches and the factor at which they are billed, `undefined` for models that count tiles. */
const patchPrice = (model: string): readonly [number, number] | undefined =>
  /o4-mini/.test(model)
    ? [1_536, 1.72]
    : /(gpt-4\.1|gpt-5[.\d]*)-mini/.test(model)
    ? [1_536, 1.62]
    : /(gpt-4\.1|gpt-5[.\d]*)-nano/.test(model)
    ? [1_536, 2.46]
    : /gpt-(5\.[2-9]|[6-9])/.test(model)
    ? [2_500, 1.2]
    : undefined

/** The base, and so much a tile. */
const tilePrice = (model: string): readonly [number, number] =>
  /gpt-4o-mini/.test(model)
    ? [2_833, 5_667]
    : /gpt-5/.test(model)
    ? [70, 140]
    : /o[13]/.test(model)
    ? [75, 150]
    : [85, 170]

const openai = (size: ImageSize.Size, model: string): number => {
  const price = patchPrice(model)
  if (price !== undefined) return Math.ceil(Math.min(patches(size, 32), price[0]) * price[1])
  const inside = scaled(size, 2_048 / Math.max(size.width, size.height))
  const [base, tile] = tilePrice(model)
  return base + tile * patches(scaled(inside, 768 / Math.min(inside.width, inside.height)), 512)
}

/** Models that see more: Opus since 4.7, and what came after generation 4. */
const isSharp = (model: string): boolean => /opus-4[.-]([7-9]|\d\d)(\D|$)|[a-z]-[5-9](\D|$)/.test(model)

const anthropic = (size: ImageSize.Size, model: string): number => {
  const [side, most] = isSharp(model) ? [2_576, 4_784] : [1_568, 1_568]
  return Math.min(patches(scaled(size, side / Math.max(size.width, size.height)), 28), most)
}

const google = (size: ImageSize.Size, model: string): number =>
  !/gemini-(1|2)/.test(model) ? 1_120 : Math.max(size.width, size.height) <= 384 ? 258 : 258 * patches(size, 768)

const imageTokens = (size: ImageSize.Size, family: Family, model: string): number => {
  switch (family) {
    case "openai":
      return openai(size, model)
    case "anthropic":
      return anthropic(size, model)
    case "google":
      return google(size, model)
    case "other":
      return Math.max(openai(size, model), anthropic(size, model), google(size, model))
  }
}

interface Data {
  /** The first of them. */
  readonly bytes: Uint8Array
  readonly total: number
}

/** The data of a file as far as they are needed, `undefined` where only the address is there. */
const dataOf = (part: Prompt.FilePart): Data | undefined => {
  const { data } = part
  if (data instanceof Uint8Array) return { bytes: data.subarray(0, ImageSize.enough), total: data.length }
  if (Wire.address(part) !== undefined) return undefined
  const text = data instanceof URL ? data.href : data
  const comma = /^data:/i.test(text) ? text.indexOf(",") + 1 : 0
  const bytes = Base64.decode(text.slice(comma, comma + ImageSize.enough))
  return {
    bytes: Result.getOrElse(bytes, () => new Uint8Array()),
    total: Math.floor((text.length - comma) * 3 / 4)
  }
}

/** Anthropic's guide "PDF support" has 1,500 to 3,000 tokens a page for its text, and each page is an image too. */
const tokensPerPage = 3_000

/** A page of a printed text with some pictures; the pages themselves cannot be counted without unpacking the file. */
const bytesPerPage = 50_000

/** Sound and pictures at Google's 32 and 263 tokens a second, when a second of them has 16 kB and 125 kB. */
const bytesPerToken = 500

/** The length of a file of which only the address is there. */
const unknownBytes = 500_000

/**
 * Of one file; `text` counts the tokens of a text.
 *
 * @since 0.1.0
 * @category estimates
 */
export const tokens = (
  part: Prompt.FilePart,
  family: Family,
  model: string | undefined,
  text: (text: string) => number
): number => {
  const data = dataOf(part)
  const mediaType = Wire.mediaType(part, "image/jpeg")
  if (mediaType.startsWith("image/")) {
    const size = data === undefined ? undefined : ImageSize.read(data.bytes)
    return imageTokens(size ?? large, family, model?.toLowerCase() ?? "")
  }
  const total = data?.total ?? unknownBytes
  if (mediaType.startsWith("audio/") || mediaType.startsWith("video/")) return Math.ceil(total / bytesPerToken)
  if (mediaType === "application/pdf") return tokensPerPage * Math.ceil(total / bytesPerPage)
  if (data === undefined || data.bytes.length === 0) return Math.ceil(total / 3)
  const some = text(new TextDecoder().decode(data.bytes))
  return data.bytes.length === total ? some : Math.ceil(some * total / data.bytes.length)
}
