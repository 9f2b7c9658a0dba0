/**
 * The function calls of an answer, of which several may be told at once.
 *
 * @since 0.1.0
 */
import type { Response as AiResponse } from "effect/ai"
import { argumentsOf } from "../openai-chat/Encode.ts"
import * as Proof from "../Proof.ts"
import { prefix, suffix, type Writer } from "./Writer.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Calls {
  readonly has: (id: string) => boolean
  readonly start: (index: number, id: string, name: string) => string
  readonly delta: (id: string, delta: string) => string
  readonly end: (part: AiResponse.ToolCallPartEncoded) => string
}

interface Call {
  readonly index: number
  readonly before: string
  told: string
}

/**
 * `id` is of the answer; done calls are put into their places among the `items`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (id: string, writer: Writer, items: Array<object>): Calls => {
  const calls = new Map<string, Call>()
  const idOf = (index: number): string => `fc_${id}_${index}`
  const item = (index: number, status: string, call_id: string, name: string, told: string) => ({
    id: idOf(index),
    type: "function_call",
    status,
    call_id,
    name,
    arguments: told
  })
  const append = (call: Call, delta: string): string => {
    call.told += delta
    return writer.delta(call.before, delta, suffix)
  }
  return {
    has: (id) => calls.has(id),
    start: (index, call_id, name) => {
      const place = { item_id: idOf(index), output_index: index }
      calls.set(call_id, { index, before: prefix("response.function_call_arguments.delta", place), told: "" })
      return writer.write("response.output_item.added", {
        output_index: index,
        item: item(index, "in_progress", call_id, name, "")
      })
    },
    delta: (id, delta) => {
      const call = calls.get(id)
      return call === undefined || delta === "" ? "" : append(call, delta)
    },
    end: ({ id, metadata, name, params }) => {
      const call = calls.get(id)
      if (call === undefined) return ""
      const { index } = call
      const rest = call.told === "" ? append(call, argumentsOf(params)) : ""
      const extra = Proof.extraContent(metadata)
      const done = items[index] = {
        ...item(index, "completed", id, name, call.told),
        ...(extra === undefined ? undefined : { extra_content: extra })
      }
      return rest + writer.write("response.function_call_arguments.done", {
        item_id: idOf(index),
        name,
        output_index: index,
        arguments: call.told
      }) + writer.write("response.output_item.done", { output_index: index, item: done })
    }
  }
}
