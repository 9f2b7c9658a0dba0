/**
 * A stream as Chat Completions chunks, written as text: all that chunks share is written once.
 *
 * @since 0.1.0
 */
import type { StreamPart } from "../../Response.ts"
import type * as Dialect from "../Dialect.ts"
import * as Marks from "../openai/Marks.ts"
import * as Proof from "../Proof.ts"
import * as Refusal from "../openai/Refusal.ts"
import type { Decoded } from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Reasoning from "./Reasoning.ts"

type Of<Type extends StreamPart["type"]> = Extract<StreamPart, { readonly type: Type }>

interface Call {
  readonly index: number
  /** Whether some of its arguments were told. */
  told: boolean
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (decoded: Decoded, surroundings: Dialect.Surroundings): Dialect.Events => {
  const { isLegacy, tellsUsage } = decoded
  const id = JSON.stringify(Encode.idOf(surroundings))
  const opening = `data: {"id":${id},"object":"chat.completion.chunk","created":${
    Encode.created(surroundings)
  },"model":`
  const closing = tellsUsage ? `,"usage":null}\n\n` : "}\n\n"
  const after = `,"logprobs":null,"finish_reason":null}]${closing}`
  /** All that stands before a chunk's choices. */
  let head = ""
  let before = ""
  /** What stands before a piece of text. */
  let text = ""
  let characters = 0
  let refused: Set<string> | undefined
  const reasoning = new Map<string, string>()
  let details = 0
  const calls = new Map<string, Call>()

  const begin = (model: string): string => {
    head = `${opening}${JSON.stringify(model)},"choices":[`
    before = `${head}{"index":0,"delta":`
    text = `${before}{"content":`
    return `${before}{"role":"assistant","content":"","refusal":null}${after}`
  }

  const chunk = (delta: string): string =>
    before === "" ? begin(decoded.model) + before + delta + after : before + delta + after

  const textDelta = (part: Of<"text-delta">): string => {
    if (refused?.has(part.id) === true) return chunk(`{"refusal":${JSON.stringify(part.delta)}}`)
    characters += part.delta.length
    const begun = before === "" ? begin(decoded.model) : ""
    return `${begun}${text}${JSON.stringify(part.delta)}}${after}`
  }

  const textStart = (part: Of<"text-start">): string => {
    if (Marks.isRefusal(part.metadata)) (refused ??= new Set()).add(part.id)
    return ""
  }

  const textEnd = (part: Of<"text-end">): string => {
    const extra = Proof.extraContent(part.metadata)
    return extra === undefined ? "" : chunk(`{"extra_content":${JSON.stringify(extra)}}`)
  }

  const reasoningDelta = (part: Of<"reasoning-delta">): string => {
    reasoning.set(part.id, (reasoning.get(part.id) ?? "") + part.delta)
    return chunk(`{"reasoning_content":${JSON.stringify(part.delta)}}`)
  }

  const reasoningEnd = (part: Of<"reasoning-end">): string => {
    const told = Reasoning.details(reasoning.get(part.id) ?? "", part.metadata, details)
    details += told.length
    return told.length === 0 ? "" : chunk(`{"reasoning_details":${JSON.stringify(told)}}`)
  }

  const beginCall = (id: string, name: string, params: string): string => {
    const index = calls.size
    calls.set(id, { index, told: params !== "" })
    const named = `{"name":${JSON.stringify(name)},"arguments":${JSON.stringify(params)}}`
    if (isLegacy) return index === 0 ? chunk(`{"function_call":${named}}`) : ""
    return chunk(`{"tool_calls":[{"index":${index},"id":${JSON.stringify(id)},"type":"function","function":${named}}]}`)
  }

  const continueCall = (call: Call, params: string): string => {
    call.told ||= params !== ""
    const piece = `{"arguments":${JSON.stringify(params)}}`
    if (isLegacy) return call.index === 0 ? chunk(`{"function_call":${piece}}`) : ""
    return chunk(`{"tool_calls":[{"index":${call.index},"function":${piece}}]}`)
  }

  const toolCall = (part: Of<"tool-call">): string => {
    if (part.providerExecuted === true) return ""
    const known = calls.get(part.id)
    const begun = known === undefined
      ? beginCall(part.id, part.name, Encode.argumentsOf(part.params))
      : known.told
      ? ""
      : continueCall(known, Encode.argumentsOf(part.params))
    const extra = isLegacy ? undefined : Proof.extraContent(part.metadata)
    if (extra === undefined) return begun
    const { index } = calls.get(part.id)!
    // Some SDKs take no piece of a call without its function.
    return begun +
      chunk(
        `{"tool_calls":[{"index":${index},"function":{"arguments":""},"extra_content":${JSON.stringify(extra)}}]}`
      )
  }

  const finish = (part: Of<"finish">): string => {
    const begun = before === "" ? begin(decoded.model) : ""
    const reason = Encode.finishReason(part.reason, refused !== undefined, isLegacy)
    const service = JSON.stringify(Encode.service(part.metadata)).slice(1, -1)
    const more = service === "" ? "" : `,${service}`
    const last = `${before}{},"logprobs":null,"finish_reason":"${reason}"}]${more}${closing}`
    const usage = tellsUsage ? Encode.usage(part.usage) : undefined
    return begun + last + (usage === undefined ? "" : `${head}]${more},"usage":${JSON.stringify(usage)}}\n\n`)
  }

  const part = (part: StreamPart): string => {
    switch (part.type) {
      case "text-delta":
        return textDelta(part)
      case "reasoning-delta":
        return reasoningDelta(part)
      case "tool-params-delta": {
        const call = calls.get(part.id)
        return call === undefined ? "" : continueCall(call, part.delta)
      }
      case "response-metadata":
        return before === "" && part.modelId !== undefined ? begin(part.modelId) : ""
      case "text-start":
        return textStart(part)
      case "text-end":
        return textEnd(part)
      case "reasoning-end":
        return reasoningEnd(part)
      case "tool-params-start":
        return part.providerExecuted === true ? "" : beginCall(part.id, part.name, "")
      case "tool-call":
        return toolCall(part)
      case "source":
        return part.sourceType === "url"
          ? chunk(`{"annotations":[${JSON.stringify(Encode.annotation(part, characters))}]}`)
          : ""
      case "file":
        return chunk(JSON.stringify(Encode.file(part)))
      case "finish":
        return finish(part)
      default:
        return ""
    }
  }

  return {
    contentType: "text/event-stream",
    part,
    end: () => "data: [DONE]\n\n",
    failed: (failure) => `data: ${JSON.stringify({ error: Refusal.error(failure) })}\n\n`
  }
}
