/**
 * Texts, files and results of tools as blocks.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import { Base64 } from "effect/encoding"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Files from "../../wire/Files.ts"
import * as Json from "../../wire/Json.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as CacheMarks from "./CacheMarks.ts"
import * as Wire from "./Wire.ts"

/**
 * What every part of a conversation is encoded with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Context {
  /** The names under which a part's own options are ours. */
  readonly names: ReadonlyArray<string>
  /** Whether documents may be cited: not beside structured outputs. */
  readonly citations: boolean
  readonly lose: Lose
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const option = (options: Prompt.ProviderOptions, name: string, { names }: Context): unknown =>
  Losses.option(options, names, name)

/**
 * The mark of a part or message, and all other options lost but the `known`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const mark = (
  options: Prompt.ProviderOptions,
  known: ReadonlyArray<string>,
  path: string,
  { lose, names }: Context
): CacheMarks.Mark => {
  Losses.others(options, names, ["cacheControl", ...known], path, lose)
  return CacheMarks.option(options, names, path, lose)
}

/**
 * A text, `undefined` for one of white space alone: it says nothing and is refused.
 *
 * Only what the assistant said, `by` itself, has citations. Where the part's options have a `block` of the API, which a
 * prompt has no part for, that is sent and the text is for everybody else.
 *
 * @since 0.1.0
 * @category encoding
 */
export const text = (
  part: Prompt.TextPart,
  path: string,
  context: Context,
  by: "user" | "assistant" = "user"
): Wire.TextBlock | undefined => {
  const block = option(part.options, "block", context)
  if (Predicate.isObject(block) && "type" in block && Predicate.isString(block["type"])) return block as any
  const cache = mark(part.options, by === "assistant" ? ["citations"] : [], path, context)
  if (part.text.trim() !== "") {
    const cited = by === "assistant" ? citations(part, path, context) : undefined
    return { type: "text", text: part.text, ...cited, ...cache }
  }
  if (cache.cache_control !== undefined) context.lose(`${path}.options`, "an empty text cannot be marked")
  return undefined
}

/** The fields with which a citation goes back; answers have more (`file_id`), which requests refuse. */
const located: { readonly [type: string]: ReadonlyArray<string> } = {
  char_location: ["cited_text", "document_index", "document_title", "start_char_index", "end_char_index"],
  page_location: ["cited_text", "document_index", "document_title", "start_page_number", "end_page_number"],
  content_block_location: ["cited_text", "document_index", "document_title", "start_block_index", "end_block_index"],
  web_search_result_location: ["cited_text", "encrypted_index", "title", "url"],
  search_result_location: [
    "cited_text",
    "search_result_index",
    "source",
    "title",
    "start_block_index",
    "end_block_index"
  ]
}

const citations = (
  part: Prompt.TextPart,
  path: string,
  context: Context
): Pick<Wire.TextBlock, "citations"> | undefined => {
  const given = option(part.options, "citations", context)
  if (given === undefined || given === null) return undefined
  const kept: Array<{ readonly [key: string]: any }> = []
  for (const [index, each] of (Array.isArray(given) ? given : [given]).entries()) {
    const citation = Predicate.isObject(each) ? each as { readonly [key: string]: unknown } : {}
    const fields = located[String(citation["type"])]
    if (fields === undefined || fields.some((field) => citation[field] === undefined)) {
      context.lose(`${path}.options.${context.names[0]}.citations.${index}`, "is not a citation of Anthropic's")
    } else kept.push(Object.fromEntries(["type", ...fields].map((field) => [field, citation[field]])))
  }
  return kept.length === 0 ? undefined : { citations: kept }
}

// -----------------------------------------------------------------------------
// Files
// -----------------------------------------------------------------------------

const unsupported = (path: string, what: string): Result.Result<never, AttemptError> =>
  Result.fail(fatal({ _tag: "UnsupportedFeature", description: `${path}: the Messages API takes no ${what}` }))

/** Of a document, in characters. */
const longestTitle = 500

/**
 * An image, a PDF or a text; other files are an `UnsupportedFeature`, for without them the question is another.
 *
 * @since 0.1.0
 * @category encoding
 */
export const file = (
  part: Prompt.FilePart,
  path: string,
  context: Context
): Result.Result<Wire.FileBlock, AttemptError> => {
  const url = Files.address(part)
  if (/^image\//i.test(part.mediaType)) {
    const cache = mark(part.options, [], path, context)
    if (url !== undefined) return Result.succeed({ type: "image", source: { type: "url", url }, ...cache })
    const type = Files.mediaType(part, "image/jpeg")
    const media_type = Wire.imageTypes.find((each) => each === (type === "image/jpg" ? "image/jpeg" : type))
    return media_type === undefined
      ? unsupported(path, `image of the type ${type}, only JPEG, PNG, GIF and WebP`)
      : Result.succeed({ type: "image", source: { type: "base64", media_type, data: Files.base64(part) }, ...cache })
  }
  const type = Files.mediaType(part, "text/plain")
  const rest = () => document(part, path, context)
  if (type === "application/pdf") {
    return Result.succeed({
      type: "document",
      source: url === undefined
        ? { type: "base64", media_type: type, data: Files.base64(part) }
        : { type: "url", url },
      ...rest()
    })
  }
  if (!type.startsWith("text/") && type !== "application/json" && type !== "application/xml") {
    return unsupported(path, `file of the type ${type}, only images, PDF and texts`)
  }
  if (url !== undefined) return unsupported(path, "text by its address, only its data")
  const data = Base64.decodeString(Files.base64(part))
  return Result.isFailure(data)
    ? unsupported(path, "text that is not in base64")
    : Result.succeed({
      type: "document",
      source: { type: "text", media_type: "text/plain", data: data.success },
      ...rest()
    })
}

const document = (part: Prompt.FilePart, path: string, context: Context) => {
  const { lose, names } = context
  const cache = mark(part.options, ["citations", "title", "context"], path, context)
  const own = (name: string): string | undefined => {
    const value = option(part.options, name, context)
    if (value === undefined || value === null || value === "") return undefined
    if (Predicate.isString(value)) return value
    lose(`${path}.options.${names[0]}.${name}`, "is not a text")
    return undefined
  }
  const title = own("title") ?? part.fileName
  const about = own("context")
  const asked = option(part.options, "citations", context)
  const cited = asked === true || (Predicate.isObject(asked) && "enabled" in asked && asked["enabled"] === true)
  if (cited && !context.citations) {
    lose(`${path}.options.${names[0]}.citations`, "structured outputs and citations exclude each other")
  }
  return {
    ...(title === undefined || title === "" ? undefined : { title: title.slice(0, longestTitle) }),
    ...(about === undefined ? undefined : { context: about }),
    ...(cited && context.citations ? { citations: { enabled: true } } : undefined),
    ...cache
  }
}

// -----------------------------------------------------------------------------
// Results of tools
// -----------------------------------------------------------------------------

const invalid = (field: string): AttemptError =>
  fatal({ _tag: "InvalidRequest", issues: [{ field, message: "cannot be written as JSON" }] })

/**
 * What the tool wrote for the model, else its result: a text as it is, anything else as JSON.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toolResult = (
  part: Prompt.ToolResultPart,
  id: string,
  path: string,
  context: Context
): Result.Result<Wire.ToolResultBlock, AttemptError> => {
  const cache = mark(part.options, [], path, context)
  const head = { type: "tool_result" as const, tool_use_id: id }
  const tail = { ...(part.isFailure ? { is_error: true } : undefined), ...cache }
  if (part.modelOutput !== undefined) {
    const content: Array<Wire.TextBlock | Wire.FileBlock> = []
    for (const [index, output] of part.modelOutput.entries()) {
      const at = `${path}.modelOutput.${index}`
      if (output.type === "text") {
        const block = text(output, at, context)
        if (block !== undefined) content.push(block)
      } else {
        const block = file(output, at, context)
        if (Result.isFailure(block)) return Result.fail(block.failure)
        content.push(block.success)
      }
    }
    return Result.succeed({ ...head, ...(content.length === 0 ? undefined : { content }), ...tail })
  }
  const content = Predicate.isString(part.result) ? part.result : Json.stringify(part.result ?? null)
  if (content === undefined) return Result.fail(invalid(`${path}.result`))
  return Result.succeed({ ...head, ...(content.trim() === "" ? undefined : { content }), ...tail })
}
