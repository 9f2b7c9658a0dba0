/**
 * A stream as the events of Responses.
 *
 * @since 0.1.0
 */
import { type StreamPart, summaryOf } from "../../Response.ts"
import type * as Dialect from "../Dialect.ts"
import type { Json } from "../Fields.ts"
import * as Refusal from "../openai/Refusal.ts"
import type { Decoded } from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Output from "./Output.ts"

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (decoded: Decoded, surroundings: Dialect.Surroundings): Dialect.Events => {
  const output = Output.make(surroundings.id)
  const { writer } = output
  let begun: Json | undefined

  const begin = (model?: string): string => {
    begun = Encode.begun(decoded, surroundings, model)
    return writer.write("response.created", { response: begun }) +
      writer.write("response.in_progress", { response: begun })
  }

  const finish = (part: Extract<StreamPart, { readonly type: "finish" }>): string => {
    const opened = begun === undefined ? begin() : ""
    const closed = output.close()
    const response = Encode.ended(begun!, output.items, {
      reason: part.reason,
      usage: part.usage,
      metadata: part.metadata,
      timings: summaryOf(part)?.timings
    })
    return opened + closed + writer.write(`response.${String(response["status"])}`, { response })
  }

  return {
    contentType: "text/event-stream",
    part: (part) => {
      if (part.type === "finish") return finish(part)
      if (begun !== undefined) return output.part(part)
      return part.type === "response-metadata" ? begin(part.modelId) : begin() + output.part(part)
    },
    end: () => "",
    failed: (failure) => {
      const { code, message, param, type } = Refusal.error(failure)
      return writer.write("error", { code: code ?? type, message, param })
    }
  }
}
