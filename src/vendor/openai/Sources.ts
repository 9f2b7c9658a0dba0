/**
 * The sources of an answer: OpenAI's annotations, and the search results that Perplexity sends beside its choices.
 *
 * @since 0.1.0
 */
import type { StreamPart } from "../../Response.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  count: number
  /** What the last chunk that told any said was found. */
  found: unknown
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (): State => ({ count: 0, found: undefined })

const cite = (state: State, citation: unknown, out: Array<StreamPart>): void => {
  const { title, url } = (typeof citation === "string" ? { url: citation } : citation ?? {}) as Record<string, unknown>
  if (typeof url !== "string") return
  const id = `source_${state.count++}`
  out.push({ type: "source", sourceType: "url", id, url, title: typeof title === "string" ? title : url })
}

/**
 * Reads the annotations of a message or of one chunk.
 *
 * @since 0.1.0
 * @category decoding
 */
export const annotations = (
  state: State,
  annotations: NonNullable<Wire.Delta["annotations"]>,
  out: Array<StreamPart>
): void => {
  for (const annotation of annotations) cite(state, annotation?.url_citation, out)
}

/**
 * Remembers the search results of one chunk, else the bare addresses: the whole list is repeated on many chunks, and
 * {@link end} tells the last.
 *
 * @since 0.1.0
 * @category decoding
 */
export const search = (state: State, { citations, search_results }: Wire.Head): void => {
  if (Array.isArray(search_results) && search_results.length > 0) state.found = search_results
  else if (Array.isArray(citations) && citations.length > 0) state.found ??= citations
}

/**
 * Tells what was found.
 *
 * @since 0.1.0
 * @category decoding
 */
export const end = (state: State, out: Array<StreamPart>): void => {
  if (!Array.isArray(state.found)) return
  for (const citation of state.found) cite(state, citation, out)
}
