/**
 * Wishes for the dispatcher that a caller may send as headers, with any SDK that lets it set some.
 *
 * | Header | Means |
 * |---|---|
 * | `llmdispatcher-route` | the route or `vendor/model`, in the place of the body's model |
 * | `llmdispatcher-mode` | `auto`, `fast`, `sophisticated` or `cost_saving`, in the place of the body's model |
 * | `llmdispatcher-vendors` | only these, separated by commas |
 * | `llmdispatcher-priority` | 0 to 10 |
 * | `llmdispatcher-deadline` | milliseconds, or a time with its unit |
 * | `llmdispatcher-cache` | `on`, `off`, `only` or `refresh` |
 * | `llmdispatcher-losses` | `reject`, `warn` or `ignore` |
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import * as Time from "../config/Time.ts"
import type { Headers } from "./Call.ts"
import * as Failure from "./Failure.ts"

const wrong = (name: string, expected: string) =>
  Result.fail(Failure.make("invalid-request", `the header ${name} ${expected}`, { field: name }))

/**
 * The fields that the headers set, `undefined` where they set none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = (headers: Headers): Result.Result<Record<string, unknown> | undefined, Failure.Failure> => {
  let wishes: Record<string, unknown> | undefined
  const set = (field: string, value: unknown) => {
    wishes ??= {}
    wishes[field] = value
  }
  const route = headers["llmdispatcher-route"]
  if (route !== undefined) set("model", route)
  const mode = headers["llmdispatcher-mode"]
  if (mode !== undefined) {
    set("mode", mode)
    if (route === undefined) set("model", undefined)
  }
  const vendors = headers["llmdispatcher-vendors"]
  if (vendors !== undefined) set("vendors", vendors.split(",").map((name) => name.trim()).filter((name) => name !== ""))
  const priority = headers["llmdispatcher-priority"]
  if (priority !== undefined) {
    if (!/^\d{1,2}$/.test(priority)) return wrong("llmdispatcher-priority", "must be a whole number from 0 to 10")
    set("priority", Number(priority))
  }
  const deadline = headers["llmdispatcher-deadline"]
  if (deadline !== undefined) {
    const millis = /^\d+$/.test(deadline) ? Number(deadline) : Time.parse(deadline)
    if (millis === undefined) {
      return wrong("llmdispatcher-deadline", "must be milliseconds or a time with its unit, such as 30s")
    }
    set("deadline", millis)
  }
  for (const name of ["cache", "losses"] as const) {
    const wish = headers[`llmdispatcher-${name}`]
    if (wish !== undefined) set(name, wish)
  }
  return Result.succeed(wishes)
}
