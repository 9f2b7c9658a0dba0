/**
 * A whole answer, and the last line of a stream, in Ollama's JSON.
 *
 * @since 0.1.0
 */
import { DateTime } from "effect"
import type { FinishReason, Part, Response, Summary, Usage } from "../../Response.ts"
import { isObject, type Json } from "../Fields.ts"

/**
 * The two forms of an answer: `chat` says a message, `generate` a text.
 *
 * @since 0.1.0
 * @category models
 */
export type Form = "chat" | "generate"

/**
 * When the answer came, as Ollama writes it.
 *
 * @since 0.1.0
 * @category encoding
 */
export const time = (milliseconds: number): string => DateTime.formatIso(DateTime.makeUnsafe(milliseconds))

/**
 * @since 0.1.0
 * @category encoding
 */
export const whole = (response: Response, now: number, form: Form): Json => {
  let text = ""
  let thinking = ""
  const calls: Array<Json> = []
  for (const part of response.parts) {
    if (part.type === "text") text += part.text
    else if (part.type === "reasoning") thinking += part.text
    else if (part.type === "tool-call" && part.providerExecuted !== true) calls.push(call(part, calls.length))
  }
  const thought = thinking === "" ? undefined : { thinking }
  return {
    model: response.model,
    created_at: time(now),
    ...(form === "generate" ? { response: text, ...thought } : {
      message: {
        role: "assistant",
        content: text,
        ...thought,
        ...(calls.length === 0 ? undefined : { tool_calls: calls })
      }
    }),
    ...ending(response.finishReason, response.usage, response.timings)
  }
}

/**
 * @since 0.1.0
 * @category encoding
 */
export const call = ({ id, name, params }: Extract<Part, { readonly type: "tool-call" }>, index: number): Json => ({
  id,
  function: {
    index,
    name,
    arguments: isObject(params) ? params : params === undefined || params === null ? {} : { value: params }
  }
})

/** Ollama has two words; what is neither is told as it is, for all that a client does with it is to show it. */
const reasons: { readonly [R in FinishReason]: string } = {
  stop: "stop",
  "tool-calls": "stop",
  length: "length",
  "content-filter": "content_filter",
  pause: "pause",
  error: "error",
  other: "other",
  unknown: "stop"
}

const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1_000_000)

/**
 * How an answer ended: why, its counts where they are known, and its times in nanoseconds.
 *
 * @since 0.1.0
 * @category encoding
 */
export const ending = (reason: FinishReason, usage: Usage, timings: Summary["timings"] | undefined): Json => {
  const { timeToFirstPart = 0, total = 0 } = timings ?? {}
  const input = usage.inputTokens.total
  const output = usage.outputTokens.total
  return {
    done: true,
    done_reason: reasons[reason],
    total_duration: nanoseconds(total),
    load_duration: 0,
    ...(input === undefined ? undefined : { prompt_eval_count: input }),
    prompt_eval_duration: nanoseconds(timeToFirstPart),
    ...(output === undefined ? undefined : { eval_count: output }),
    eval_duration: nanoseconds(total - timeToFirstPart)
  }
}
