/**
 * One message of an answer, its content told piece by piece.
 *
 * @since 0.1.0
 */
import type { StreamPart } from "../../Response.ts"
import * as Marks from "../openai/Marks.ts"
import { type Place, prefix, suffix, type Writer } from "./Writer.ts"

type Kind = "output_text" | "refusal"

/**
 * @since 0.1.0
 * @category models
 */
export interface Message {
  readonly phase: unknown
  /** Begins a piece, of which nothing is told until it has text. */
  readonly start: (id: string, kind: Kind) => void
  readonly delta: (id: string, delta: string) => string
  /** Ends a piece; `extra` is what its vendor wants back with it. */
  readonly end: (extra: object | undefined) => string
  readonly hasContent: () => boolean
  /** Characters of the piece that is told. */
  readonly characters: () => number
  readonly annotate: (annotation: object) => string
  readonly close: (items: Array<object>) => string
}

interface Content {
  readonly kind: Kind
  readonly before: string
  text: string
  readonly annotations: Array<object>
  extra: object | undefined
}

const afterText = `,"logprobs":[]${suffix}`

const partOf = ({ annotations, extra, kind, text }: Content): object =>
  kind === "refusal"
    ? { type: kind, refusal: text }
    : { type: kind, text, annotations, logprobs: [], ...(extra === undefined ? undefined : { extra_content: extra }) }

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (writer: Writer, place: Place, phase: unknown): Message => {
  const known = phase === "commentary" || phase === "final_answer" ? { phase } : undefined
  const contents: Array<object> = []
  let pending: { readonly id: string; readonly kind: Kind } | undefined
  let current: Content | undefined
  let begun = false
  let output_index = 0
  let id = ""
  const item = (status: string, content: ReadonlyArray<object>): object => ({
    id,
    type: "message",
    status,
    role: "assistant",
    content,
    ...known
  })

  const begin = (): string => {
    if (begun) return ""
    begun = true
    output_index = place.next()
    id = place.idOf(output_index)
    return writer.write("response.output_item.added", { output_index, item: item("in_progress", []) })
  }

  const open = (kind: Kind): string => {
    const text = closeContent() + begin()
    const at = { item_id: id, output_index, content_index: contents.length }
    const before = prefix(kind === "refusal" ? "response.refusal.delta" : "response.output_text.delta", at)
    current = { kind, before, text: "", annotations: [], extra: undefined }
    return text + writer.write("response.content_part.added", { ...at, part: partOf(current) })
  }

  const closeContent = (): string => {
    if (current === undefined) return ""
    const { kind, text } = current
    const at = { item_id: id, output_index, content_index: contents.length }
    const part = partOf(current)
    contents.push(part)
    current = undefined
    const done = kind === "refusal"
      ? writer.write("response.refusal.done", { ...at, refusal: text })
      : writer.write("response.output_text.done", { ...at, text, logprobs: [] })
    return done + writer.write("response.content_part.done", { ...at, part })
  }

  return {
    phase,
    start: (id, kind) => {
      pending = { id, kind }
    },
    delta: (_, delta) => {
      if (delta === "") return ""
      const opened = pending === undefined ? "" : open(pending.kind)
      pending = undefined
      if (current === undefined) return opened
      current.text += delta
      return opened + writer.delta(current.before, delta, current.kind === "refusal" ? suffix : afterText)
    },
    end: (extra) => {
      const opened = extra !== undefined && pending !== undefined ? open(pending.kind) : ""
      pending = undefined
      if (current !== undefined && extra !== undefined) current.extra = extra
      return opened
    },
    hasContent: () => current?.kind === "output_text" && pending === undefined,
    characters: () => current?.text.length ?? 0,
    annotate: (annotation) => {
      if (current === undefined) return ""
      current.annotations.push(annotation)
      return writer.write("response.output_text.annotation.added", {
        item_id: id,
        output_index,
        content_index: contents.length,
        annotation_index: current.annotations.length - 1,
        annotation
      })
    },
    close: (items) => {
      if (!begun) return ""
      const closed = closeContent()
      const done = items[output_index] = item("completed", contents)
      return closed + writer.write("response.output_item.done", { output_index, item: done })
    }
  }
}

/**
 * A source; which characters it stands behind is not known, only after which of them it was told.
 *
 * @since 0.1.0
 * @category encoding
 */
export const annotation = (source: Extract<StreamPart, { readonly type: "source" }>, told: number): object => {
  if (source.sourceType === "url") {
    const { title, url } = source
    return { type: "url_citation", url, title: title ?? url, start_index: told, end_index: told }
  }
  const fileId = Marks.find(source.metadata, "fileId")
  return {
    type: "file_citation",
    file_id: typeof fileId === "string" ? fileId : source.id,
    index: told,
    filename: source.fileName ?? source.title
  }
}
