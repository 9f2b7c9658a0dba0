/**
 * The order that the API demands of a conversation: turns that alternate, the user's first, each call of a tool
 * answered at the beginning of the turn after it.
 *
 * @since 0.1.0
 */
import type { Lose } from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

interface ToolUse {
  readonly id: string
  readonly path: string
  readonly turn: Turn
  answered: boolean
}

interface Turn {
  readonly role: "user" | "assistant"
  readonly blocks: Array<Wire.Block>
  /** Of an assistant's turn: its calls, and their results, wherever in the prompt those stand. */
  readonly calls: Array<ToolUse>
  readonly results: Array<Wire.ToolResultBlock>
}

/**
 * The turns so far.
 *
 * @since 0.1.0
 * @category models
 */
export interface Turns {
  readonly list: Array<Turn>
  /** By the prompt's own id: the last call that has it, for some vendors number their calls anew in each turn. */
  readonly calls: Map<string, ToolUse>
  readonly ids: Set<string>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Turns => ({ list: [], calls: new Map(), ids: new Set() })

const open = (turns: Turns, role: Turn["role"]): Turn => {
  const last = turns.list.at(-1)
  if (last?.role === role) return last
  const turn: Turn = { role, blocks: [], calls: [], results: [] }
  turns.list.push(turn)
  return turn
}

/**
 * Whether the assistant has spoken yet.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAnswered = (turns: Turns): boolean => turns.list.some(({ role }) => role === "assistant")

/**
 * Adds blocks to the turn of a role, which follows on from the one before if that is of the same role.
 *
 * @since 0.1.0
 * @category combinators
 */
export const add = (turns: Turns, role: Turn["role"], blocks: ReadonlyArray<Wire.Block>): void => {
  if (blocks.length > 0) open(turns, role).blocks.push(...blocks)
}

/** Letters, digits, `_` and `-` are taken, and each id once. */
const uniqueId = (id: string, taken: ReadonlySet<string>): string => {
  const plain = id.replace(/[^a-zA-Z0-9_-]/g, "_") || "call"
  for (let number = 1;; number++) {
    const candidate = number === 1 ? plain : `${plain}_${number}`
    if (!taken.has(candidate)) return candidate
  }
}

/**
 * Opens the assistant's turn with a call in it, and tells the id under which it is sent.
 *
 * @since 0.1.0
 * @category combinators
 */
export const call = (turns: Turns, id: string, path: string): string => {
  const turn = open(turns, "assistant")
  const use: ToolUse = { id: uniqueId(id, turns.ids), path, turn, answered: false }
  turns.ids.add(use.id)
  turns.calls.set(id, use)
  turn.calls.push(use)
  return use.id
}

/**
 * The id under which the call of a result was sent, `undefined` when there was none or it has a result already.
 *
 * @since 0.1.0
 * @category accessors
 */
export const idOf = (turns: Turns, id: string): string | undefined => {
  const use = turns.calls.get(id)
  return use === undefined || use.answered ? undefined : use.id
}

/**
 * Adds the result of a call that {@link idOf} found.
 *
 * @since 0.1.0
 * @category combinators
 */
export const answer = (turns: Turns, id: string, block: Wire.ToolResultBlock): void => {
  const use = turns.calls.get(id)
  if (use === undefined) return
  use.answered = true
  use.turn.results.push(block)
  // What the assistant says after a result belongs to another turn, though nobody else spoke between.
  if (turns.list.at(-1) === use.turn) open(turns, "user")
}

const begin: Wire.TextBlock = { type: "text", text: "(The conversation begins here.)" }

/**
 * The messages, whole: results put where they belong, calls without one told to have none, and a user's turn in front
 * where the prompt begins with the assistant's.
 *
 * @since 0.1.0
 * @category conversions
 */
export const messages = (turns: Turns, lose: Lose): Array<{ role: Turn["role"]; content: Array<Wire.Block> }> => {
  const result: Array<{ role: Turn["role"]; content: Array<Wire.Block> }> = []
  let answers: Array<Wire.Block> = []
  if (turns.list[0]?.role !== "user") {
    lose("prompt.0", "the conversation has to begin with the user: a turn that says so is put in front")
    result.push({ role: "user", content: [begin] })
  }
  for (const turn of turns.list) {
    const content = [...answers, ...turn.blocks]
    answers = [...turn.results, ...turn.calls.filter(({ answered }) => !answered).map((use) => unanswered(use, lose))]
    if (content.length > 0) result.push({ role: turn.role, content })
  }
  if (answers.length > 0) result.push({ role: "user", content: answers })
  return result
}

const unanswered = ({ id, path }: ToolUse, lose: Lose): Wire.ToolResultBlock => {
  lose(path, "the call has no result in the prompt: the model is told that the tool did not run")
  return { type: "tool_result", tool_use_id: id, content: "The tool did not run.", is_error: true }
}
