/**
 * Reasoning on its way back: the parts of one item put together again.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import * as Losses from "../../wire/Losses.ts"
import type { Lose } from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

/**
 * Where the reasoning goes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** The names under which options of parts are the vendor's, the first of them the one that its own proofs carry. */
  readonly names: ReadonlyArray<string>
  /** Whether the model reasons: another refuses reasoning in its input. */
  readonly reasons: boolean
  /** Whether the server stores responses, and so finds reasoning by its id alone. */
  readonly stores: boolean
  readonly lose: Lose
}

/**
 * Gathers the parts that follow each other in a message; `take` gives the items they were.
 *
 * @since 0.1.0
 * @category models
 */
export interface Gathered {
  readonly add: (part: Prompt.ReasoningPart, path: string) => void
  readonly take: () => ReadonlyArray<Wire.InputItem>
}

interface Item {
  readonly id: string
  readonly paths: Array<string>
  readonly summary: Array<string>
  readonly content: Array<string>
  encrypted: string | undefined
}

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

const known = ["itemId", "encryptedContent", "raw"]

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ lose, names, reasons, stores }: Target): Gathered => {
  // A proof opens only for who made it: what stands under the other names is another account's.
  const own = names.slice(0, 1)
  let items: Array<Item> = []
  return {
    add: (part, path) => {
      const option = (name: string) => Losses.option(part.options, own, name)
      const id = text(option("itemId"))
      if (id === undefined) return lose(path, "reasoning that did not come from this API is not taken")
      if (!reasons) return lose(path, "the model does not reason and takes none")
      Losses.others(part.options, own, known, path, lose)
      let item = items.at(-1)
      if (item?.id !== id) items.push(item = { id, paths: [], summary: [], content: [], encrypted: undefined })
      item.paths.push(path)
      item.encrypted = text(option("encryptedContent")) ?? item.encrypted
      if (part.text !== "") (option("raw") === true ? item.content : item.summary).push(part.text)
    },
    take: () => {
      const taken = items
      items = []
      return taken.flatMap(({ content, encrypted, id, paths, summary }): ReadonlyArray<Wire.InputItem> => {
        if (encrypted === undefined && !stores) {
          for (const path of paths) lose(path, "reasoning without its encrypted content is not taken")
          return []
        }
        return [{
          type: "reasoning",
          id,
          summary: summary.map((text) => ({ type: "summary_text", text })),
          ...(content.length === 0
            ? undefined
            : { content: content.map((text) => ({ type: "reasoning_text" as const, text })) }),
          ...(encrypted === undefined ? undefined : { encrypted_content: encrypted })
        }]
      })
    }
  }
}
