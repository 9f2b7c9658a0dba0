/**
 * What the text of an answer cites: pages, and files.
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
  readonly vendor: string
  count: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (vendor: string): State => ({ vendor, count: 0 })

const text = (value: unknown): string => typeof value === "string" ? value : ""

/**
 * Tells an annotation as a source; one of an unknown kind is passed over.
 *
 * @since 0.1.0
 * @category decoding
 */
export const cite = (state: State, annotation: Wire.Annotation, out: Array<StreamPart>): void => {
  const { file_id, filename, title, url } = annotation ?? {}
  if (text(url) !== "") {
    const id = `source_${state.count++}`
    out.push({ type: "source", sourceType: "url", id, url: text(url), title: text(title) || text(url) })
  } else if (text(file_id) !== "") {
    const name = text(filename)
    out.push({
      type: "source",
      sourceType: "document",
      id: `source_${state.count++}`,
      // The API does not tell of what type a cited file is.
      mediaType: "application/octet-stream",
      title: name || text(file_id),
      ...(name === "" ? undefined : { fileName: name }),
      metadata: { [state.vendor]: { fileId: text(file_id) } }
    })
  }
}
