/**
 * The blocks of Messages JSON that people write and tools give, as parts of a prompt.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { Base64 } from "effect/encoding"
import { isObject, type Json, type Reader } from "../Fields.ts"

type Options = { readonly options?: Prompt.ProviderOptions }

/**
 * What of a block only this API has a word for, where its vendor looks for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const own = (fields: { [key: string]: unknown }): Options => {
  const kept: Record<string, unknown> = {}
  let some = false
  for (const key in fields) {
    const value = fields[key]
    if (value === undefined || value === null) continue
    kept[key] = value
    some = true
  }
  return some ? { options: { anthropic: kept as any } } : {}
}

/**
 * What people write and tools give: texts and files.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (
  block: Json,
  path: string,
  reader: Reader
): Prompt.TextPartEncoded | Prompt.FilePartEncoded | undefined => {
  switch (block["type"]) {
    case "text":
      return {
        type: "text",
        text: reader.text(block["text"], `${path}.text`),
        ...own({ cacheControl: block["cache_control"] })
      }
    case "image":
      return image(block, path, reader)
    case "document":
      return document(block, path, reader)
    default:
      return foreign(block, path, reader)
  }
}

/** What a prompt has no part for: Anthropic gets it as it is, and everybody else what can be read of it. */
const carried = (block: Json): Prompt.TextPartEncoded => ({
  type: "text",
  text: words(block) || `[${String(block["type"])}]`,
  ...own({ block })
})

const words = ({ content, source, text, title }: Json): string => {
  const inner = isObject(source) ? source["content"] : content
  const texts = [
    title,
    source,
    text,
    inner,
    ...(Array.isArray(inner) ? inner.map((each: unknown) => isObject(each) ? each["text"] : undefined) : [])
  ]
  return texts.filter((each) => typeof each === "string" && each !== "").join("\n")
}

const carriedTypes: ReadonlySet<unknown> = new Set([
  "search_result",
  "container_upload",
  "tool_reference",
  "mcp_tool_use",
  "mcp_tool_result"
])

/**
 * A block of another type, `undefined` for one that is not known.
 *
 * @since 0.1.0
 * @category decoding
 */
export const foreign = (block: Json, path: string, reader: Reader): Prompt.TextPartEncoded | undefined => {
  const { type } = block
  if (carriedTypes.has(type)) return carried(block)
  if (typeof type === "string") reader.unsupported(`${path}.type`, `a block of the type "${type}" is not known here`)
  else reader.wrong(`${path}.type`, "is missing")
  return undefined
}

/** An address is passed on as it is; nobody here fetches it. */
const address = (value: unknown, path: string, reader: Reader): string => {
  const url = reader.text(value, path)
  if (!/^https?:\/\//i.test(url)) reader.wrong(path, "must be an http or https address")
  return url
}

const image = (block: Json, path: string, reader: Reader): Prompt.FilePartEncoded | Prompt.TextPartEncoded => {
  const source = reader.object(block["source"], `${path}.source`)
  const options = own({ cacheControl: block["cache_control"] })
  const at = `${path}.source`
  if (source["type"] === "url") {
    return { type: "file", mediaType: "image/*", data: address(source["url"], `${at}.url`, reader), ...options }
  }
  if (source["type"] === "file") return carried(block)
  if (source["type"] !== "base64") reader.wrong(`${at}.type`, "must be \"base64\", \"url\" or \"file\"")
  const mediaType = reader.text(source["media_type"], `${at}.media_type`)
  return { type: "file", mediaType, data: reader.text(source["data"], `${at}.data`), ...options }
}

const document = (block: Json, path: string, reader: Reader): Prompt.FilePartEncoded | Prompt.TextPartEncoded => {
  const source = reader.object(block["source"], `${path}.source`)
  const at = `${path}.source`
  const title = reader.optionalText(block["title"], `${path}.title`)
  const { cache_control: cacheControl, citations, context } = block
  const file = {
    type: "file" as const,
    ...(title === undefined ? undefined : { fileName: title }),
    ...own({ cacheControl, context, citations })
  }
  switch (source["type"]) {
    case "url":
      return { ...file, mediaType: "application/pdf", data: address(source["url"], `${at}.url`, reader) }
    case "text":
      return { ...file, mediaType: "text/plain", data: Base64.encode(reader.text(source["data"], `${at}.data`)) }
    case "file":
    case "content":
      return carried(block)
    case "base64":
      break
    default:
      reader.wrong(`${at}.type`, "must be \"base64\", \"text\", \"url\", \"content\" or \"file\"")
  }
  const mediaType = reader.text(source["media_type"], `${at}.media_type`)
  return { ...file, mediaType, data: reader.text(source["data"], `${at}.data`) }
}
