/**
 * What the load asks the upstream for: a wish that stands in the prompt, so that every gateway carries it.
 */

export interface Script {
  /** Events with a word each; 0 for a whole answer. */
  readonly events: number
  /** Milliseconds between two events. */
  readonly gap: number
  /** Events written together. */
  readonly together: number
}

export const model = "gpt-5-mini"

/** Before the number of each word, and in a whole answer: nothing else in an answer has it. */
export const mark = "~"

const digits = 4

export const word = (index: number): string => `${mark}${String(index).padStart(digits, "0")} `

/** Counts the words of a stream, which must come in their order, none missing; pieces may end anywhere. */
export class Words {
  count = 0
  isInOrder = true
  private rest = ""

  feed(bytes: Buffer): void {
    const text = this.rest + bytes.toString("latin1")
    this.rest = ""
    let at = text.indexOf(mark)
    while (at >= 0) {
      if (at + digits >= text.length) {
        this.rest = text.slice(at)
        return
      }
      if (Number(text.slice(at + 1, at + 1 + digits)) !== this.count) this.isInOrder = false
      this.count += 1
      at = text.indexOf(mark, at + 1 + digits)
    }
  }
}

const filler = "The sky is blue because air scatters short waves of light more than long ones. ".repeat(6)

export const body = ({ events, gap, together }: Script): string =>
  JSON.stringify({
    model,
    messages: [
      { role: "system", content: "You answer in short sentences." },
      { role: "user", content: `${filler} script ${events} ${gap} ${together}` }
    ],
    max_tokens: 1_000,
    ...(events === 0 ? undefined : { stream: true, stream_options: { include_usage: true } })
  })

export const read = (body: string): Script => {
  const found = /script (\d+) (\d+) (\d+)/.exec(body)
  if (found === null) throw new Error("no script in the prompt")
  return { events: Number(found[1]), gap: Number(found[2]), together: Number(found[3]) }
}
