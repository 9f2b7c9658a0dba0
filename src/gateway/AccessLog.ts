/**
 * A line for each call that is over: who asked what of whom, and what came of it; never what was said, and no key.
 *
 * Calls are only noted; another fiber writes what was noted, many lines at once. Where it cannot keep up, no call waits:
 * lines are dropped and counted, and the count stands in the log.
 *
 * @since 0.1.0
 */
import { Effect, Latch, type Scope, Semaphore } from "effect"
import * as IsoTime from "../wire/IsoTime.ts"
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

/** A path may be as long as all headers. */
const longest = 512

const cut = (text: string): string => text.length > longest ? `${text.slice(0, longest)}…` : text

const hex = (code: number): string => code.toString(16).padStart(4, "0")

/** Letters, digits and signs of ASCII that neither end a value nor need a quote: nearly all values. */
const isPlainAscii = (text: string): boolean => /^[!#-<>-[\]-~]+$/.test(text)

const isPlain = (text: string): boolean => isPlainAscii(text) || /^[^\s="\\\p{Cc}\p{Cf}]+$/u.test(text)

/** A path is a stranger's: it may not end a line, and may not steer the terminal that shows it. */
const quoted = (text: string): string =>
  isPlainAscii(text) ? `"${text}"` : JSON.stringify(text).replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (sign) => Array.from({ length: sign.length }, (_, at) => `\\u${hex(sign.charCodeAt(at))}`).join("")
  )

/** Between two writes. */
const pause = "50 millis"

/** One field of a line. */
type Write = (name: string, value: string | number | undefined) => string

const logfmt: Write = (name, value) =>
  value === undefined
    ? ""
    : typeof value === "number"
    ? ` ${name}=${value}`
    : ` ${name}=${isPlain(value) ? value : quoted(value)}`

const json: Write = (name, value) =>
  value === undefined ? "" : typeof value === "number" ? `,"${name}":${value}` : `,"${name}":${quoted(value)}`

const fieldsOf = (access: Access, write: Write): string =>
  write("time", IsoTime.format(access.startedAt)) +
  write("id", access.id) +
  write("method", access.method) +
  write("path", cut(access.path)) +
  write("status", access.status) +
  write("duration", Math.round(access.duration * 1_000) / 1_000) +
  write("principal", access.principal) +
  write("target", access.target) +
  write("reason", access.reason)

/** Without what stands between two fields before the first. */
const lineOf = (format: Format, fields: string): string =>
  format === "json" ? `{${fields.slice(1)}}\n` : `${fields.slice(1)}\n`

/**
 * Writes until the Scope closes, and then what is still noted, for at most 1 s.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { capacity = 10_000, format = "logfmt", write }: Options
): Effect.fn.Return<AccessLog, never, Scope.Scope> {
  const field = format === "json" ? json : logfmt
  const noted = Latch.makeUnsafe()
  let waiting: Array<Access> = []
  let dropped = 0
  let told = 0

  const flush = Effect.suspend(() => {
    noted.closeUnsafe()
    let lines = ""
    for (const access of waiting) lines += lineOf(format, fieldsOf(access, field))
    waiting = []
    if (dropped > told) {
      const count = field("dropped", dropped - told)
      lines += lineOf(format, field("level", "warn") + field("message", "access lines were dropped") + count)
      told = dropped
    }
    return lines === "" ? Effect.void : write(lines)
  })

  const turn = Semaphore.makeUnsafe(1)
  const flushed = turn.withPermit(flush)
  yield* Effect.forkScoped(noted.await.pipe(
    Effect.andThen(flushed),
    // What comes in that time is one write: each of its own would cost more than the line.
    Effect.andThen(Effect.sleep(pause)),
    Effect.forever
  ))
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
