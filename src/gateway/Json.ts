/**
 * A body's bytes as JSON, parsed once: what was checked is what goes on.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import * as Json from "../wire/Json.ts"
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

/** How often a sign stands in a text, counted no further than beyond `most`. */
const count = (text: string, sign: string, most: number): number => {
  let found = 0
  for (let at = text.indexOf(sign); at >= 0 && found <= most; at = text.indexOf(sign, at + 1)) found += 1
  return found
}

/** Whether there can be too much at all: each level and each value needs a sign of its own, wherever that stands. */
const isSmall = (text: string, { maxDepth, maxValues }: Limits): boolean =>
  text.length <= maxValues && count(text, "{", maxDepth) + count(text, "[", maxDepth) <= maxDepth

/** Signs of a text that are looked at one by one before the engine looks for its end, which for few costs more. */
const few = 64

/** Where a text ends that goes on at `from`: its quote, or the end of everything. */
const endOfText = (text: string, from: number): number => {
  let at = from
  while (at < text.length) {
    const next = at + few
    for (; at < next && at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === quote) return at
      if (code === backslash) at += 1
    }
    const found = text.indexOf("\"", at)
    if (found < 0) return text.length
    // The first that is not a backslash before the quote; one that was passed already has its pair.
    let before = found
    while (before > at && text.charCodeAt(before - 1) === backslash) before -= 1
    if ((found - before) % 2 === 0) return found
    at = found + 1
  }
  return text.length
}

/** What is too much of it, if anything is. */
const excess = (text: string, limits: Limits): string | undefined => {
  const { maxDepth, maxValues } = limits
  if (isSmall(text, limits)) return undefined
  let depth = 0
  let values = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) index = endOfText(text, index + 1)
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > maxDepth) return `is nested more than ${maxDepth} deep`
      values += 1
    } else if (code === 0x7d || code === 0x5d) depth -= 1
    else if (code === comma && ++values > maxValues) break
  }
  return values > maxValues ? `has more than ${maxValues} values` : undefined
}

const decoder = new TextDecoder("utf-8", { fatal: true })

const noJson = Failure.make("invalid-request", "the body is not JSON in UTF-8")

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
    let text: string
    try {
      text = decoder.decode(bytes)
    } catch {
      return Effect.fail(noJson)
    }
    const fault = excess(text, limits)
    if (fault !== undefined) return Effect.fail(Failure.make("invalid-request", `the body ${fault}`))
    const value = Json.parse(text)
    return value === undefined ? Effect.fail(noJson) : Effect.succeed(value)
  })
