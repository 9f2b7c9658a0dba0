/**
 * A body's bytes as JSON, parsed once: what was checked is what goes on.
 *
 * @since 0.1.0
 */
import { Effect, Result } from "effect"
import * as Failure from "./Failure.ts"

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c

/**
 * What a body may be made of. An object costs some twenty times the memory of the two bytes it is written in, and each
 * value the time of whoever looks at it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** How deep lists and objects may be nested. */
  readonly maxDepth: number
  /** How many values there may be in all lists and objects. */
  readonly maxValues: number
}

/** What is too much of it, if anything is; the bytes of other letters never look like these. */
const excess = (bytes: Uint8Array, { maxDepth, maxValues }: Limits): string | undefined => {
  let depth = 0
  let values = 0
  let isText = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (isText) {
      if (byte === backslash) index += 1
      else if (byte === quote) isText = false
    } else if (byte === quote) isText = true
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > maxDepth) return `is nested more than ${maxDepth} deep`
      values += 1
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1
    else if (byte === comma && ++values > maxValues) break
  }
  return values > maxValues ? `has more than ${maxValues} values` : undefined
}

const decoder = new TextDecoder("utf-8", { fatal: true })

/**
 * Fails with `invalid-request` where it is no JSON in UTF-8, nested too deeply or made of too many pieces; `undefined` for
 * an empty body.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (bytes: Uint8Array, limits: Limits): Effect.Effect<unknown, Failure.Failure> =>
  Effect.suspend(() => {
    if (bytes.length === 0) return Effect.undefined
    const fault = excess(bytes, limits)
    if (fault !== undefined) return Effect.fail(Failure.make("invalid-request", `the body ${fault}`))
    return Effect.fromResult(Result.try({
      try: (): unknown => JSON.parse(decoder.decode(bytes)),
      catch: () => Failure.make("invalid-request", "the body is not JSON in UTF-8")
    }))
  })
