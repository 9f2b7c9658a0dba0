/**
 * What a step of a script expects of the call that takes it.
 *
 * @since 0.1.0
 */
import { Predicate, Schema } from "effect"
import { Request } from "../Request.ts"
import type { Call } from "../Vendor.ts"

/**
 * A call as it came.
 *
 * @since 0.1.0
 * @category models
 */
export interface Received extends Call {
  readonly operation: "send" | "stream"
}

/**
 * What a call must be: by a predicate (`false` or a throw tell that it is not), or by what it must contain.
 *
 * `model` is the vendor's own name of the model, `prompt` the text of the last user message; `request` holds fields of
 * the encoded request, objects may be told in part.
 *
 * @since 0.1.0
 * @category models
 */
export type Expectation = ((received: Received) => boolean | void) | {
  readonly operation?: "send" | "stream"
  readonly model?: string
  readonly prompt?: string
  readonly request?: Partial<typeof Request.Encoded>
}

/**
 * The text of the last user message; empty when there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastText = (request: Request): string => {
  const message = request.prompt.content.findLast((message) => message.role === "user")
  let text = ""
  for (const part of message?.content ?? []) if (part.type === "text") text += part.text
  return text
}

const encode = Schema.encodeSync(Request)

const show = (value: unknown): string => value === undefined ? "nothing" : JSON.stringify(value)

/**
 * Where two values differ, objects compared in the fields that are expected; `undefined` when they do not.
 *
 * @since 0.1.0
 * @category accessors
 */
export const difference = (path: string, expected: unknown, actual: unknown): string | undefined => {
  const both = (is: (value: unknown) => boolean) => is(expected) && is(actual)
  if (
    both(Array.isArray)
      ? (expected as Array<unknown>).length === (actual as Array<unknown>).length
      : both(Predicate.isObject)
  ) {
    for (const [key, value] of Object.entries(expected as object)) {
      const found = difference(`${path}.${key}`, value, (actual as Record<string, unknown>)[key])
      if (found !== undefined) return found
    }
    return undefined
  }
  return Object.is(expected, actual) ? undefined : `${path} should be ${show(expected)}, is ${show(actual)}`
}

/**
 * How a call differs from what was expected, `undefined` when it does not.
 *
 * @since 0.1.0
 * @category accessors
 */
export const mismatch = (expectation: Expectation | undefined, received: Received): string | undefined => {
  if (expectation === undefined) return undefined
  if (typeof expectation === "function") {
    try {
      return expectation(received) === false
        ? `its predicate does not hold for ${show(encode(received.request))}`
        : undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const { model, operation, prompt, request } = expectation
  const differ = (path: string, expected: unknown, actual: () => unknown) =>
    expected === undefined ? undefined : difference(path, expected, actual())
  return differ("operation", operation, () => received.operation) ??
    differ("model", model, () => received.model) ??
    differ("prompt", prompt, () => lastText(received.request)) ??
    differ("request", request, () => encode(received.request))
}
