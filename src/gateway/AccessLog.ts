/**
 * A line for each call that is over: who asked what of whom, and what came of it; never what was said, and no key.
 *
 * Calls are only noted; another fiber writes what was noted, many lines at once. Where it cannot keep up, no call waits:
 * lines are dropped and counted, and the count stands in the log.
 *
 * @since 0.1.0
 */
import { DateTime, Effect, Latch, type Scope, Semaphore } from "effect"
import type { Access } from "./Gateway.ts"

/**
 * `logfmt` is `name=value` with spaces between, `json` one object a line.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = "logfmt" | "json"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default `logfmt`. */
  readonly format?: Format | undefined
  /** Lines that may wait to be written. Default 10,000, some 2 MB. */
  readonly capacity?: number | undefined
  /** Writes whole lines; what comes meanwhile waits. */
  readonly write: (lines: string) => Effect.Effect<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface AccessLog {
  /** For the gateway's `log`; takes no time and never fails. */
  readonly log: (access: Access) => void
  /** Lines that were never written. */
  readonly dropped: () => number
}

type Field = readonly [name: string, value: string | number]

/** A path may be as long as all headers. */
const longest = 512

const cut = (text: string): string => text.length > longest ? `${text.slice(0, longest)}…` : text

const fieldsOf = (access: Access): ReadonlyArray<Field> => {
  const { duration, id, method, path, principal, reason, startedAt, status, target } = access
  return ([
    ["time", DateTime.formatIso(DateTime.makeUnsafe(startedAt))],
    ["id", id],
    ["method", method],
    ["path", cut(path)],
    ["status", status],
    ["duration", Math.round(duration * 1_000) / 1_000],
    ["principal", principal],
    ["target", target],
    ["reason", reason]
  ] as ReadonlyArray<readonly [string, string | number | undefined]>).filter((field): field is Field =>
    field[1] !== undefined
  )
}

const hex = (code: number): string => code.toString(16).padStart(4, "0")

const isPlain = (text: string): boolean => /^[^\s="\\\p{Cc}\p{Cf}]+$/u.test(text)

/** A path is a stranger's: it may not end a line, and may not steer the terminal that shows it. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (sign) => Array.from({ length: sign.length }, (_, at) => `\\u${hex(sign.charCodeAt(at))}`).join("")
  )

const logfmt = (fields: ReadonlyArray<Field>): string =>
  fields.map(([name, value]) => `${name}=${typeof value === "number" || isPlain(value) ? value : quoted(value)}`)
    .join(" ")

const json = (fields: ReadonlyArray<Field>): string =>
  `{${fields.map(([name, value]) => `"${name}":${typeof value === "number" ? value : quoted(value)}`).join(",")}}`

/**
 * Writes until the Scope closes, and then what is still noted, for at most 1 s.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { capacity = 10_000, format = "logfmt", write }: Options
): Effect.fn.Return<AccessLog, never, Scope.Scope> {
  const line = format === "json" ? json : logfmt
  const noted = Latch.makeUnsafe()
  let waiting: Array<Access> = []
  let dropped = 0
  let told = 0

  const flush = Effect.suspend(() => {
    noted.closeUnsafe()
    const lines = waiting.map((access) => line(fieldsOf(access)))
    waiting = []
    if (dropped > told) {
      lines.push(line([["level", "warn"], ["message", "access lines were dropped"], ["dropped", dropped - told]]))
      told = dropped
    }
    return lines.length === 0 ? Effect.void : write(lines.map((text) => `${text}\n`).join(""))
  })

  const turn = Semaphore.makeUnsafe(1)
  const flushed = turn.withPermit(flush)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(noted.await, flushed)))
  // Where nobody reads what is written, the end must come all the same.
  yield* Effect.addFinalizer(() => Effect.asVoid(Effect.timeoutOption(Effect.interruptible(flushed), "1 second")))
  return {
    log: (access) => {
      if (waiting.length >= capacity) dropped += 1
      else waiting.push(access)
      noted.openUnsafe()
    },
    dropped: () => dropped
  }
})
