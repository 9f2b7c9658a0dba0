/**
 * A conversation that ends with the assistant's turn: the model is to go on from there.
 *
 * @since 0.1.0
 */
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import { capabilitiesOf } from "./Capabilities.ts"
import type * as Wire from "./Wire.ts"

/**
 * Takes away what Claude refuses at the end of a text to be continued: reasoning and blanks.
 *
 * @since 0.1.0
 * @category encoding
 */
export const trim = (messages: ReadonlyArray<Wire.Message>, lose: Lose): ReadonlyArray<Wire.Message> => {
  const last = messages.at(-1)
  if (last?.role !== "assistant") return messages
  const content = last.content.slice(0, last.content.findLastIndex((block) => !("reasoningContent" in block)) + 1)
  if (content.length < last.content.length) lose("prompt", "reasoning at its end is not taken")
  const end = content.at(-1)
  if (end === undefined) return messages.slice(0, -1)
  if ("text" in end && end.text !== end.text.trimEnd()) {
    lose("prompt", "blanks at the end of a text to be continued are not taken")
    content[content.length - 1] = { text: end.text.trimEnd() }
  }
  return messages.with(-1, { ...last, content })
}

/**
 * Whether the model is to continue a text and is known to refuse that.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRefused = (messages: ReadonlyArray<Wire.Message>, model: string): boolean =>
  messages.at(-1)?.role === "assistant" && capabilitiesOf(model).prefill === false

/**
 * An answer to it would be another answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refusal = (model: string): AttemptError =>
  fatal({
    _tag: "UnsupportedFeature",
    description: `${model} does not continue a text: the conversation has to end with the user`
  })
