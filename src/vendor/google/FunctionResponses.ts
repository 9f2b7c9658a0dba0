/**
 * What functions gave back, told to the call that asked for it.
 *
 * Calls have ids only where the API gave one; without ids a response belongs to a call by its name and its place, so
 * responses are sent in the order of their calls.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Files from "./Files.ts"
import type { Model } from "./Model.ts"
import type * as Wire from "./Wire.ts"

/**
 * The calls so far by the ids that callers know, and the responses that wait to be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Calls {
  count: number
  readonly known: Map<string, { readonly place: number; readonly id: string | undefined }>
  waiting: Array<{ readonly place: number; readonly parts: ReadonlyArray<Wire.Part> }>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Calls => ({ count: 0, known: new Map(), waiting: [] })

/**
 * Remembers a call; `id` is the API's own.
 *
 * @since 0.1.0
 * @category combinators
 */
export const called = (calls: Calls, partId: string, id: string | undefined): void => {
  calls.known.set(partId, { place: calls.count++, id })
}

/**
 * Takes the responses that wait, in the order of their calls.
 *
 * @since 0.1.0
 * @category combinators
 */
export const take = (calls: Calls): ReadonlyArray<Wire.Part> => {
  const { waiting } = calls
  calls.waiting = []
  return waiting.toSorted((a, b) => a.place === b.place ? 0 : a.place - b.place).flatMap(({ parts }) => parts)
}

interface Context {
  readonly model: Model
  readonly names: ReadonlyArray<string>
  readonly lose: Lose
}

/**
 * Encodes the result of a tool; its files stand within it where the model takes them there, else beside it.
 *
 * @since 0.1.0
 * @category encoding
 */
export const add = (
  calls: Calls,
  part: Prompt.ToolResultPart,
  path: string,
  context: Context
): AttemptError | undefined => {
  const texts: Array<string> = []
  const inside: Array<{ readonly inlineData: typeof Wire.Blob.Type }> = []
  const beside: Array<Wire.Part> = []
  for (const [index, output] of (part.modelOutput ?? []).entries()) {
    const at = `${path}.modelOutput.${index}`
    if (output.type === "text") {
      Losses.others(output.options, context.names, [], at, context.lose)
      texts.push(output.text)
      continue
    }
    const file = Files.encode(output, at, context)
    if (Result.isFailure(file)) return file.failure
    const { inlineData } = file.success
    if (context.model.filesInResponses && inlineData !== undefined) inside.push({ inlineData })
    else beside.push(file.success)
  }
  const response = responseOf(part, texts)
  if (response === undefined) {
    return fatal({
      _tag: "InvalidRequest",
      issues: [{ field: `${path}.result`, message: "cannot be written as JSON" }]
    })
  }
  const call = calls.known.get(part.id)
  const functionResponse = {
    ...(call?.id === undefined ? undefined : { id: call.id }),
    name: part.name,
    response,
    ...(inside.length === 0 ? undefined : { parts: inside })
  }
  calls.waiting.push({ place: call?.place ?? Infinity, parts: [{ functionResponse }, ...beside] })
  return undefined
}

/**
 * An object as it is, anything else as `output`, and what a failed tool gave as `error`, which are the API's own words
 * for both.
 */
const responseOf = (part: Prompt.ToolResultPart, texts: ReadonlyArray<string>): Record<string, unknown> | undefined => {
  const value = texts.length > 0 ? texts.join("\n") : part.result ?? null
  if (Json.stringify(value) === undefined) return undefined
  if (part.isFailure) return { error: value }
  return Predicate.isObject(value) && !("output" in value) && !("error" in value)
    ? value as Record<string, unknown>
    : { output: value }
}
