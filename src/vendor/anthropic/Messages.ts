/**
 * The conversation in Messages JSON.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt } from "effect/ai"
import type { AttemptError } from "../../VendorError.ts"
import * as Assistant from "./Assistant.ts"
import * as CacheMarks from "./CacheMarks.ts"
import * as Content from "./Content.ts"
import * as Turns from "./Turns.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly system: Array<Wire.TextBlock>
  readonly messages: Array<{ readonly role: "user" | "assistant"; content: Array<Wire.Block> }>
}

/**
 * Encodes the messages of a prompt; the context's `lose` is told of all that cannot be carried.
 *
 * System messages before the assistant's first turn go in front of all: nothing was said under them yet, so that their
 * place tells nothing. Later ones keep their place, as the user's text: moved to the front they would also rule over
 * what was said before them, and undo what is cached.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (prompt: Prompt.Prompt, context: Content.Context): Result.Result<Encoded, AttemptError> => {
  const system: Array<Wire.TextBlock> = []
  const turns = Turns.make()
  const executed = Assistant.executed(prompt, context)
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    if (message.role === "system") {
      encodeSystem(message, path, system, turns, context)
      continue
    }
    const mark = Content.mark(message.options, [], path, context)
    const failure = message.role === "user"
      ? encodeUser(message, mark, path, turns, context)
      : message.role === "assistant"
      ? encodeAssistant(message, mark, path, turns, executed, context)
      : encodeResults(message.content.map((part, at) => ({ part, at: `${path}.content.${at}` })), mark, turns, context)
    if (failure !== undefined) return Result.fail(failure)
  }
  return Result.succeed({ system, messages: Turns.messages(turns, context.lose) })
}

const encodeSystem = (
  message: Prompt.SystemMessage,
  path: string,
  system: Array<Wire.TextBlock>,
  turns: Turns.Turns,
  context: Content.Context
): void => {
  const mark = Content.mark(message.options, [], path, context)
  if (message.content.trim() === "") return
  if (!Turns.isAnswered(turns)) {
    system.push({ type: "text", text: message.content, ...mark })
    return
  }
  context.lose(path, "a system message in the middle of the conversation is sent as the user's text")
  Turns.add(turns, "user", [{ type: "text", text: `<system>\n${message.content}\n</system>`, ...mark }])
}

const encodeUser = (
  message: Prompt.UserMessage,
  mark: CacheMarks.Mark,
  path: string,
  turns: Turns.Turns,
  context: Content.Context
): AttemptError | undefined => {
  const blocks: Array<Wire.Block> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type === "text") {
      const block = Content.text(part, at, context)
      if (block !== undefined) blocks.push(block)
    } else {
      const block = Content.file(part, at, context)
      if (Result.isFailure(block)) return block.failure
      blocks.push(block.success)
    }
  }
  CacheMarks.onLast(blocks, mark, path, context.lose)
  Turns.add(turns, "user", blocks)
  return undefined
}

const encodeAssistant = (
  message: Prompt.AssistantMessage,
  mark: CacheMarks.Mark,
  path: string,
  turns: Turns.Turns,
  executed: Assistant.Executed,
  context: Content.Context
): AttemptError | undefined => {
  const { blocks, results } = Assistant.encode(message, path, turns, executed, context)
  CacheMarks.onLast(blocks, mark, path, context.lose)
  Turns.add(turns, "assistant", blocks)
  return encodeResults(results, {}, turns, context)
}

// -----------------------------------------------------------------------------
// Tool
// -----------------------------------------------------------------------------

const encodeResults = (
  parts: ReadonlyArray<Assistant.Placed<Prompt.ToolMessagePart>>,
  mark: CacheMarks.Mark,
  turns: Turns.Turns,
  context: Content.Context
): AttemptError | undefined => {
  const last = parts.findLast(({ part }) => part.type === "tool-result")
  for (const placed of parts) {
    const { at, part } = placed
    if (part.type !== "tool-result") {
      context.lose(at, "an answer to a request for approval is not known")
      continue
    }
    const id = Turns.idOf(turns, part.id)
    const encoded = Content.toolResult(part, id ?? "", at, context)
    if (Result.isFailure(encoded)) return encoded.failure
    const block = placed === last ? { ...mark, ...encoded.success } : encoded.success
    if (id !== undefined) Turns.answer(turns, part.id, block)
    else {
      context.lose(at, "no call waits for this result: it is sent as the user's text")
      Turns.add(turns, "user", asText(part, block))
    }
  }
  return undefined
}

const asText = (part: Prompt.ToolResultPart, { content }: Wire.ToolResultBlock): ReadonlyArray<Wire.Block> => {
  const head = `Result of the tool "${part.name}":`
  return Array.isArray(content)
    ? [{ type: "text", text: head }, ...content as ReadonlyArray<Wire.Block>]
    : [{ type: "text", text: `${head}\n${(content as string | undefined) ?? "(nothing)"}` }]
}
