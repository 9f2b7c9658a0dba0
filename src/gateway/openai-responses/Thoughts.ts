/**
 * One item of reasoning, its summaries and its bare text told piece by piece.
 *
 * @since 0.1.0
 */
import { type Place, prefix, suffix, type Writer } from "./Writer.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Thought {
  /** The id of its item where its vendor told one. */
  readonly itemId: string | undefined
  readonly start: (isRaw: boolean) => string
  readonly delta: (delta: string) => string
  /** Ends a piece, the last of which tells what the vendor wants back with the item. */
  readonly end: (encrypted: string | undefined) => string
  readonly close: (items: Array<object>) => string
}

interface Words {
  readonly delta: string
  readonly done: string
  readonly added: string
  readonly ended: string
  readonly type: string
  readonly index: string
}

const summaryWords: Words = {
  delta: "response.reasoning_summary_text.delta",
  done: "response.reasoning_summary_text.done",
  added: "response.reasoning_summary_part.added",
  ended: "response.reasoning_summary_part.done",
  type: "summary_text",
  index: "summary_index"
}

const rawWords: Words = {
  delta: "response.reasoning_text.delta",
  done: "response.reasoning_text.done",
  added: "response.content_part.added",
  ended: "response.content_part.done",
  type: "reasoning_text",
  index: "content_index"
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (writer: Writer, place: Place, itemId: string | undefined): Thought => {
  const summary: Array<object> = []
  const content: Array<object> = []
  let words = summaryWords
  let list = summary
  let before = ""
  let text: string | undefined
  let begun = false
  let encrypted: string | undefined
  let index = 0
  let id = ""

  const item = (status: string): object => ({
    id,
    type: "reasoning",
    status,
    summary,
    ...(content.length === 0 ? undefined : { content }),
    encrypted_content: encrypted ?? null
  })

  const begin = (): string => {
    if (begun) return ""
    begun = true
    index = place.next()
    id = itemId ?? place.idOf(index)
    return writer.write("response.output_item.added", { output_index: index, item: item("in_progress") })
  }

  const at = () => ({ item_id: id, output_index: index, [words.index]: list.length })

  const open = (): string => {
    const opened = begin()
    text = ""
    before = prefix(words.delta, at())
    return opened + writer.write(words.added, { ...at(), part: { type: words.type, text: "" } })
  }

  const closePiece = (): string => {
    if (text === undefined) return ""
    const part = { type: words.type, text }
    const done = writer.write(words.done, { ...at(), text }) + writer.write(words.ended, { ...at(), part })
    list.push(part)
    text = undefined
    return done
  }

  return {
    itemId,
    start: (isRaw) => {
      const closed = closePiece()
      words = isRaw ? rawWords : summaryWords
      list = isRaw ? content : summary
      return closed
    },
    delta: (delta) => {
      if (delta === "") return ""
      const opened = text === undefined ? open() : ""
      text += delta
      return opened + writer.delta(before, delta, suffix)
    },
    end: (proof) => {
      encrypted = proof ?? encrypted
      return closePiece()
    },
    close: (items) => {
      if (!begun && encrypted === undefined) return ""
      const closed = begin() + closePiece()
      const done = items[index] = item("completed")
      return closed + writer.write("response.output_item.done", { output_index: index, item: done })
    }
  }
}
