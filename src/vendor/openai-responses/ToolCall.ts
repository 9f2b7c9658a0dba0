/**
 * One call to a tool, put together from the pieces of its arguments.
 *
 * @since 0.1.0
 */
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface ToolCall {
  /** `undefined` until its item began. */
  named: { readonly id: string; readonly name: string } | undefined
  params: string
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): ToolCall => ({ named: undefined, params: "" })

/**
 * @since 0.1.0
 * @category predicates
 */
export const isBegun = (call: ToolCall): boolean => call.named !== undefined || call.params !== ""

const text = (value: unknown): string => typeof value === "string" ? value : ""

const tell = ({ named }: ToolCall, delta: string, out: Array<StreamPart>): void => {
  if (named !== undefined && delta !== "") out.push({ type: "tool-params-delta", id: named.id, delta })
}

/**
 * Takes the call's name, and tells the arguments that came before it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const begin = (call: ToolCall, { call_id, id, name }: Wire.OutputItem, out: Array<StreamPart>): void => {
  const known = text(call_id) || text(id)
  if (call.named !== undefined || known === "" || text(name) === "") return
  call.named = { id: known, name: text(name) }
  out.push({ type: "tool-params-start", id: known, name: text(name) })
  tell(call, call.params, out)
}

/**
 * Takes a piece of the arguments.
 *
 * @since 0.1.0
 * @category decoding
 */
export const append = (call: ToolCall, delta: string, out: Array<StreamPart>): void => {
  call.params += delta
  tell(call, delta, out)
}

/**
 * Ends the call; arguments left out are `{}`, and such as are not JSON are a `MalformedResponse`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const end = (call: ToolCall, told: Wire.OutputItem, out: Array<StreamPart>): AttemptError | undefined => {
  begin(call, told, out)
  if (call.named === undefined) return malformed("a tool call has no id or no name")
  append(call, text(told.arguments).slice(call.params.length), out)
  const { id, name } = call.named
  const params = call.params.trim() === "" ? {} : Json.parse(call.params)
  if (params === undefined) {
    const why = told.status === "incomplete" ? ": the answer broke off at its limit" : ""
    return malformed(`the arguments of the call to the tool "${name}" are not JSON${why}`)
  }
  out.push({ type: "tool-params-end", id }, { type: "tool-call", id, name, params: params ?? {} })
  return undefined
}
