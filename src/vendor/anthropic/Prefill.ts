/**
 * A conversation that ends with the assistant's turn: the model is to go on from there.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

interface Message {
  readonly role: "user" | "assistant"
  content: Array<Wire.Block>
}

/**
 * Trims what the model is to continue, and tells whether there is such a text.
 *
 * A turn that ends with a tool which Anthropic runs is only paused and can always go on. A text to be continued is an
 * `UnsupportedFeature` where the model takes none (https://platform.claude.com/docs/en/api/errors): an answer to it
 * would be another answer.
 *
 * @since 0.1.0
 * @category encoding
 */
export const check = (
  messages: Array<Message>,
  prefill: boolean | undefined,
  structured: boolean,
  model: string,
  lose: Lose
): Result.Result<boolean, AttemptError> => {
  const last = messages.at(-1)
  if (last?.role !== "assistant") return Result.succeed(false)
  trim(last, lose)
  const end = last.content.at(-1)
  if (end === undefined) {
    messages.pop()
    return Result.succeed(false)
  }
  if (end.type !== "text") return Result.succeed(false)
  if (prefill === false || structured) {
    return Result.fail(fatal({
      _tag: "UnsupportedFeature",
      description: prefill === false
        ? `${model} does not continue a text: the conversation has to end with the user`
        : "a text to be continued and a response format exclude each other"
    }))
  }
  return Result.succeed(true)
}

/** The end may be neither thinking nor white space. */
const trim = (last: Message, lose: Lose): void => {
  const kept = [...last.content]
  while (kept.at(-1)?.type === "thinking" || kept.at(-1)?.type === "redacted_thinking") {
    kept.pop()
    lose("prompt", "thinking at its end is not taken")
  }
  const end = kept.at(-1)
  if (end?.type === "text" && end.text !== end.text.trimEnd()) {
    kept[kept.length - 1] = { ...end, text: end.text.trimEnd() }
    lose("prompt", "white space at the end of a text to be continued is not taken")
  }
  last.content = kept
}
