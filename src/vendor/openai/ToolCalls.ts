/**
 * The tool calls of one answer, put together from pieces that servers number and name each in their own way.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import type * as Wire from "./Wire.ts"

type Piece = NonNullable<Wire.Delta["tool_calls"]>[number]

interface ToolCall {
  readonly id: string
  /** Whether the server gave the id. */
  readonly named: boolean
  readonly index: number | undefined
  name: string | undefined
  params: string
  ended: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly calls: Array<ToolCall>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (): State => ({ calls: [] })

/**
 * @since 0.1.0
 * @category predicates
 */
export const isEmpty = (state: State): boolean => state.calls.length === 0

const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value === "" ? undefined : value : typeof value === "number" ? String(value) : undefined

const argumentsOf = (value: unknown): string =>
  typeof value === "string" ? value : Predicate.isObject(value) ? JSON.stringify(value) : ""

/**
 * Finds the call that a piece continues, `undefined` when it begins one.
 *
 * By index where there is one, else the last call; but a different id begins another call (servers that number all
 * calls 0), and so does, without an id, a different name, or the same name with arguments when those so far are
 * already whole.
 */
const find = (
  state: State,
  index: number | undefined,
  id: string | undefined,
  name: string | undefined,
  params: string
): ToolCall | undefined => {
  if (id !== undefined) {
    const same = state.calls.find((call) => call.id === id && (index === undefined || call.index === index))
    if (same !== undefined) return same
  }
  const last = index === undefined ? state.calls.at(-1) : state.calls.findLast((call) => call.index === index)
  if (last === undefined) return undefined
  if (id !== undefined) return last.named || last.params !== "" ? undefined : last
  if (name === undefined || last.name === undefined) return last
  return name !== last.name || (params !== "" && Json.parse(last.params) !== undefined) ? undefined : last
}

/**
 * Reads the pieces of one chunk.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (
  state: State,
  pieces: ReadonlyArray<Piece>,
  out: Array<StreamPart>
): AttemptError | undefined => {
  for (const piece of pieces) {
    if (!Predicate.isObject(piece)) return malformed("a tool call is not an object")
    const index = typeof piece.index === "number" ? piece.index : undefined
    const id = text(piece.id)
    const name = text(piece.function?.name)
    const params = argumentsOf(piece.function?.arguments)
    let call = find(state, index, id, name, params)
    if (call === undefined) {
      call = {
        id: id ?? `call_${state.calls.length}`,
        named: id !== undefined,
        index,
        name: undefined,
        params: "",
        ended: false
      }
      state.calls.push(call)
    }
    if (call.name === undefined && name !== undefined) {
      call.name = name
      out.push({ type: "tool-params-start", id: call.id, name })
      // Arguments that came before the name were held back: a delta may not precede its start.
      if (call.params !== "") out.push({ type: "tool-params-delta", id: call.id, delta: call.params })
    }
    if (params === "") continue
    call.params += params
    if (call.name !== undefined) out.push({ type: "tool-params-delta", id: call.id, delta: params })
  }
  return undefined
}

/**
 * Ends the calls that are still open; arguments left out are `{}`, and such as are not JSON are a `MalformedResponse`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const end = (state: State, cut: boolean, out: Array<StreamPart>): AttemptError | undefined => {
  for (const call of state.calls) {
    if (call.ended) continue
    const { id, name } = call
    if (name === undefined) return malformed("a tool call has no name")
    const params = call.params.trim() === "" ? {} : Json.parse(call.params)
    if (params === undefined) {
      const why = cut ? ": the answer reached its limit of tokens" : ""
      return malformed(`the arguments of the call to the tool "${name}" are not JSON${why}`)
    }
    call.ended = true
    // Servers write "null" for no arguments.
    out.push({ type: "tool-params-end", id }, { type: "tool-call", id, name, params: params ?? {} })
  }
  return undefined
}
