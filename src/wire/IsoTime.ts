/**
 * Times as ISO 8601 writes them.
 *
 * @since 0.1.0
 */
import { DateTime } from "effect"

/** Many times in a row are of one second: all but its milliseconds is kept. */
let second = Number.NaN
let upToSecond = ""

/** Milliseconds that a time of the calendar may be away from the epoch. */
const farthest = 8.64e15

/**
 * A time in epoch milliseconds as `2026-01-02T03:04:05.678Z`; `undefined` for what is no time of the calendar.
 *
 * @since 0.1.0
 * @category formatting
 */
export const format = (millis: number): string | undefined => {
  if (!(Math.abs(millis) <= farthest)) return undefined
  const whole = Math.trunc(millis)
  const now = Math.floor(whole / 1000)
  if (now !== second) {
    upToSecond = DateTime.formatIso(DateTime.makeUnsafe(now * 1000)).slice(0, -"000Z".length)
    second = now
  }
  const rest = whole - now * 1000
  return `${upToSecond}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`
}
