/**
 * Where a conversation may be cut: never between a tool's call and its result, and so that what stays begins with the
 * user.
 *
 * @since 0.1.0
 */
import { Prompt } from "effect/ai"
import type { Request } from "../Request.ts"
import { changed } from "./Changed.ts"
import type { Measured } from "./Tokens.ts"

type Messages = ReadonlyArray<Prompt.Message>

/**
 * A conversation with the places where it may be cut; positions are those of messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conversation {
  readonly messages: Messages
  /** The tokens of all messages before each position, system messages left out; one more than there are messages. */
  readonly before: ReadonlyArray<number>
  /** What is sent whatever is left out: system messages, tools, the answer's schema. */
  readonly always: number
  /** User messages with which what stays may begin, the last user message or one that it cannot be torn from the last. */
  readonly starts: ReadonlyArray<number>
  /** Assistant messages after the last user message, before which nothing is torn: the steps of the turn under way. */
  readonly steps: ReadonlyArray<number>
}

/** Of each place before a message, whether a call and its result (or a question for approval) are on its two sides. */
const torn = (messages: Messages): ReadonlyArray<boolean> => {
  const change = Array.from({ length: messages.length + 1 }, () => 0)
  const asked = new Map<string, number>()
  const join = (id: string, at: number) => {
    const from = asked.get(id)
    if (from === undefined || from === at) return
    change[from + 1]!++
    change[at + 1]!--
  }
  for (const [at, message] of messages.entries()) {
    if (message.role === "system") continue
    for (const part of message.content) {
      switch (part.type) {
        // Some vendors use an id again: a result belongs to the last call that had it.
        case "tool-call":
          asked.set(part.id, at)
          break
        case "tool-result":
          join(part.id, at)
          break
        case "tool-approval-request":
          join(part.toolCallId, at)
          asked.set(`approval ${part.approvalId}`, at)
          break
        case "tool-approval-response":
          join(`approval ${part.approvalId}`, at)
      }
    }
  }
  let open = 0
  return messages.map((_, at) => (open += change[at]!) > 0)
}

/**
 * Finds the places where the conversation of a request may be cut.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (messages: Messages, measured: Measured): Conversation => {
  const isTorn = torn(messages)
  const before = [0]
  let always = measured.fixed
  for (const [at, message] of messages.entries()) {
    const isSystem = message.role === "system"
    if (isSystem) always += measured.messages[at]!
    before.push(before[at]! + (isSystem ? 0 : measured.messages[at]!))
  }
  const last = messages.findLastIndex(({ role }) => role === "user")
  const all = Array.from(messages.keys())
  return {
    messages,
    before,
    always,
    starts: all.filter((at) => at <= last && messages[at]!.role === "user" && !isTorn[at]),
    steps: last < 0 ? [] : all.filter((at) => at > last && messages[at]!.role === "assistant" && !isTorn[at])
  }
}

/**
 * The tokens of the messages from one position up to another, system messages left out.
 *
 * @since 0.1.0
 * @category accessors
 */
export const between = ({ before }: Conversation, from: number, to: number): number => before[to]! - before[from]!

/**
 * What stays: everything from `start` on, but for the steps from `skip.from` up to `skip.to`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Kept {
  readonly start: number
  readonly skip: { readonly from: number; readonly to: number }
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const tokensOf = (conversation: Conversation, { skip, start }: Kept): number =>
  conversation.always + between(conversation, start, conversation.messages.length) -
  between(conversation, skip.from, skip.to)

const nothing = { from: 0, to: 0 }

/** From the least that is left out to the most: older turns first, then older steps of the turn under way. */
const choices = function*(conversation: Conversation): Iterable<Kept> {
  yield { start: 0, skip: nothing }
  for (const start of conversation.starts) yield { start, skip: nothing }
  const [from] = conversation.steps
  const start = conversation.starts.at(-1) ?? 0
  if (from !== undefined) { for (const to of conversation.steps.slice(1)) yield { start, skip: { from, to } } }
}

/**
 * The longest part that has at most so many tokens, or the shortest there is, where that has more; `dropping` tells the
 * least that is to be left out, where that is possible.
 *
 * @since 0.1.0
 * @category accessors
 */
export const longest = (conversation: Conversation, available: number, dropping = 0): Kept => {
  const whole = tokensOf(conversation, { start: 0, skip: nothing })
  let best: Kept = { start: 0, skip: nothing }
  for (const kept of choices(conversation)) {
    const tokens = tokensOf(conversation, kept)
    const fits = tokens <= available
    // What already fits is not given up for a turn under way that would lose steps.
    if (kept.skip !== nothing && tokensOf(conversation, best) <= available) return best
    best = kept
    if (fits && whole - tokens >= dropping) return kept
  }
  return best
}

/**
 * The request with the messages that stay, and before them what stands for the others.
 *
 * @since 0.1.0
 * @category conversions
 */
export const apply = (
  request: Request,
  { messages }: Conversation,
  { skip, start }: Kept,
  instead: ReadonlyArray<Prompt.Message> = []
): Request => {
  const isKept = (at: number) => at >= start && (at < skip.from || at >= skip.to)
  const kept: Array<Prompt.Message> = []
  for (const [at, message] of messages.entries()) {
    if (at === start) kept.push(...instead)
    if (message.role === "system" || isKept(at)) kept.push(message)
  }
  return changed(request, { prompt: Prompt.fromMessages(kept) })
}
