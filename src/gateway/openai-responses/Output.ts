/**
 * The items of an answer and the events that tell them, made part by part: a whole answer is the items of its stream, so
 * that both agree by construction.
 *
 * Texts that follow each other are the content of one message. A message stays open until another item begins, since its
 * citations may come after its text.
 *
 * @since 0.1.0
 */
import type { StreamPart } from "../../Response.ts"
import * as Marks from "../openai/Marks.ts"
import * as Proof from "../Proof.ts"
import * as Calls from "./Calls.ts"
import * as Messages from "./Messages.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Thoughts from "./Thoughts.ts"
import { make as makeWriter, type Place, type Writer } from "./Writer.ts"

/**
 * One answer on its way; each function gives the events as text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly writer: Writer
  readonly items: ReadonlyArray<object>
  readonly part: (part: StreamPart) => string
  /** Ends what is open. */
  readonly close: () => string
}

/**
 * `id` is of the call, and stands in the ids of the items.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (id: string, writer: Writer = makeWriter()): Output => {
  const items: Array<object> = []
  const calls = Calls.make(id, writer, items)
  let count = 0
  const place = (idOf: (index: number) => string): Place => ({ next: () => count++, idOf })
  let message: Messages.Message | undefined
  let thought: Thoughts.Thought | undefined
  /** Citations that came before any text. */
  let pending: Array<object> = []

  const closeMessage = (): string => {
    const open = message
    message = undefined
    return open === undefined ? "" : open.close(items)
  }
  const closeThought = (): string => {
    const open = thought
    thought = undefined
    return open === undefined ? "" : open.close(items)
  }
  const close = (): string => closeThought() + closeMessage()

  const openText = (part: Extract<StreamPart, { readonly type: "text-start" }>): string => {
    const phase = Marks.find(part.metadata, "phase")
    const begun = closeThought() + (message !== undefined && message.phase !== phase ? closeMessage() : "")
    message ??= Messages.make(writer, place((index) => `msg_${id}_${index}`), phase)
    message.start(part.id, Marks.isRefusal(part.metadata) ? "refusal" : "output_text")
    return begun
  }

  const cite = (source: Extract<StreamPart, { readonly type: "source" }>): string => {
    const annotation = Messages.annotation(source, message?.characters() ?? 0)
    if (message !== undefined && message.hasContent()) return message.annotate(annotation)
    pending.push(annotation)
    return ""
  }

  const textDelta = (id: string, delta: string): string => {
    if (message === undefined) return ""
    const begun = message.delta(id, delta)
    if (pending.length === 0) return begun
    const told = pending
    pending = []
    return begun + told.map((annotation) => message!.annotate(annotation)).join("")
  }

  const openThought = (part: Extract<StreamPart, { readonly type: "reasoning-start" }>): string => {
    const item = Reasoning.itemOf(part.metadata)
    const goesOn = thought !== undefined && item !== undefined && thought.itemId === item.id
    const begun = closeMessage() + (goesOn ? "" : closeThought())
    thought ??= Thoughts.make(writer, place((index) => Reasoning.makeId(id, index)), item?.id)
    return begun + thought.start(item?.isRaw === true)
  }

  const part = (part: StreamPart): string => {
    switch (part.type) {
      case "text-delta":
        return textDelta(part.id, part.delta)
      case "reasoning-delta":
        return thought === undefined ? "" : thought.delta(part.delta)
      case "tool-params-delta":
        return calls.delta(part.id, part.delta)
      case "text-start":
        return openText(part)
      case "text-end":
        return message === undefined ? "" : message.end(Proof.extraContent(part.metadata))
      case "reasoning-start":
        return openThought(part)
      case "reasoning-end":
        return thought === undefined ? "" : thought.end(Reasoning.encrypted(part.metadata, thought.itemId))
      case "tool-params-start":
        return part.providerExecuted === true ? "" : close() + calls.start(count++, part.id, part.name)
      case "tool-call": {
        if (part.providerExecuted === true) return ""
        const begun = calls.has(part.id) ? "" : close() + calls.start(count++, part.id, part.name)
        return begun + calls.end(part)
      }
      case "source":
        return cite(part)
      case "file":
        return part.mediaType.startsWith("image/") ? close() + image(part, count++) : ""
      default:
        return ""
    }
  }

  const image = (file: Extract<StreamPart, { readonly type: "file" }>, index: number): string => {
    const item_id = `ig_${id}_${index}`
    const format = file.mediaType.slice("image/".length)
    const item = { type: "image_generation_call", id: item_id, status: "completed", result: file.data }
    const done = { ...item, output_format: format }
    items[index] = done
    return writer.write("response.output_item.added", {
      output_index: index,
      item: { ...item, status: "in_progress", result: null }
    }) + writer.write("response.image_generation_call.completed", { output_index: index, item_id }) +
      writer.write("response.output_item.done", { output_index: index, item: done })
  }

  return { writer, items, part, close }
}
