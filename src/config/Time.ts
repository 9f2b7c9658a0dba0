/**
 * Times as people write them in a file: `300ms`, `5s`, `2 minutes`, `1h`, `7d`.
 *
 * @since 0.1.0
 */
import { Effect, Schema, SchemaIssue, SchemaTransformation } from "effect"

const units: { readonly [unit: string]: number } = {
  ms: 1,
  milli: 1,
  millisecond: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  week: 604_800_000
}

/**
 * Milliseconds, `undefined` where the text is no time.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (text: string): number | undefined => {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]+)\s*$/i.exec(text)
  if (match === null) return undefined
  const unit = match[2]!.toLowerCase()
  const factor = units[unit] ?? units[unit.replace(/s$/, "")]
  return factor === undefined ? undefined : Number(match[1]) * factor
}

const expected = "must be a time with its unit, such as 300ms, 5s, 2m or 1h"

/**
 * A time, in milliseconds once decoded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Time: Schema.Codec<number, string> = Schema.String.annotate({ message: expected }).pipe(
  Schema.decodeTo(
    Schema.Finite,
    SchemaTransformation.transformEffect({
      decode: (text: string, options) => {
        const time = parse(text)
        return time === undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: expected }, text, options))
          : Effect.succeed(time)
      },
      encode: (time: number) => Effect.succeed(`${time}ms`)
    })
  )
)

/**
 * A time above 0.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Span: Schema.Codec<number, string> = Time.pipe(
  Schema.check(Schema.makeFilter((time: number) => time > 0 ? undefined : "must be a time above 0"))
)

/**
 * The shortest exact way to write milliseconds: `90m`, `1.5s`, `250ms`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (millis: number): string => {
  if (millis === 0) return "0s"
  for (const unit of ["d", "h", "m", "s"]) {
    const count = millis / units[unit]!
    if (count >= 1 && Number.isInteger(count)) return `${count}${unit}`
  }
  return millis >= 1_000 ? `${Number((millis / 1_000).toFixed(1))}s` : `${Math.round(millis)}ms`
}
