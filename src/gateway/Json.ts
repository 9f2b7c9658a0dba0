/**
 * A body's bytes as JSON, parsed once: what was checked is what goes on.
 *
 * @since 0.1.0
 */
import { Effect, Result } from "effect"
import * as Failure from "./Failure.ts"

const quote = 0x22
const backslash = 0x5c

/** How deep lists and objects are nested, as far as `most`; the bytes of other letters never look like these. */
const depthOf = (bytes: Uint8Array, most: number): number => {
  let depth = 0
  let deepest = 0
  let isText = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (isText) {
      if (byte === backslash) index += 1
      else if (byte === quote) isText = false
    } else if (byte === quote) isText = true
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > deepest) deepest = depth
      if (deepest > most) return deepest
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1
  }
  return deepest
}

const decoder = new TextDecoder("utf-8", { fatal: true })

/**
 * Fails with `invalid-request` where it is no JSON in UTF-8, or nested too deeply; `undefined` for an empty body.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (bytes: Uint8Array, maxDepth: number): Effect.Effect<unknown, Failure.Failure> =>
  Effect.suspend(() => {
    if (bytes.length === 0) return Effect.undefined
    if (depthOf(bytes, maxDepth) > maxDepth) {
      return Effect.fail(Failure.make("invalid-request", `the body is nested more than ${maxDepth} deep`))
    }
    return Effect.fromResult(Result.try({
      try: (): unknown => JSON.parse(decoder.decode(bytes)),
      catch: () => Failure.make("invalid-request", "the body is not JSON in UTF-8")
    }))
  })
