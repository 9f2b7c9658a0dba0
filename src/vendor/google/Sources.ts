/**
 * What an answer is grounded in: pages of the web and of the caller's own documents, and texts it recites.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { StreamPart } from "../../Response.ts"
import type * as Wire from "./Wire.ts"

type Json = { readonly [key: string]: unknown }

/**
 * The sources by their address, in the order they came: the chunks of a stream tell the same ones again.
 *
 * @since 0.1.0
 * @category models
 */
export type State = Map<string, { readonly title: string; readonly isPage: boolean }>

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (): State => new Map()

const objects = (value: unknown): ReadonlyArray<Json> => Array.isArray(value) ? value.filter(Predicate.isObject) : []

const field = (value: unknown, name: string): unknown => Predicate.isObject(value) ? (value as Json)[name] : undefined

/**
 * Remembers the sources that a candidate tells.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (state: State, candidate: Wire.Candidate): void => {
  if (candidate.groundingMetadata === undefined && candidate.citationMetadata === undefined) return
  const add = (source: unknown): void => {
    const uri = field(source, "uri")
    if (typeof uri !== "string" || uri === "" || state.has(uri)) return
    const title = field(source, "title")
    state.set(uri, {
      title: typeof title === "string" && title !== "" ? title : uri,
      isPage: /^https?:/i.test(uri) && URL.canParse(uri)
    })
  }
  for (const chunk of objects(field(candidate.groundingMetadata, "groundingChunks"))) {
    for (const kind of ["web", "retrievedContext", "maps"]) add(chunk[kind])
  }
  for (const source of objects(field(candidate.citationMetadata, "citationSources"))) add(source)
}

/**
 * Gives the sources out, after all else: between two pieces of a text they would cut it in two. What is no page is a
 * document whose type is not told.
 *
 * @since 0.1.0
 * @category decoding
 */
export const flush = (state: State, out: Array<StreamPart>): void => {
  let number = 0
  for (const [uri, { isPage, title }] of state) {
    const id = `source_${number++}`
    out.push(
      isPage
        ? { type: "source", sourceType: "url", id, url: uri, title }
        : { type: "source", sourceType: "document", id, mediaType: "application/octet-stream", title, fileName: uri }
    )
  }
}
