/**
 * What changed from one document to another, without what must not be told.
 *
 * @since 0.1.0
 */
import { DateTime, Duration, Equal, Predicate, Redacted, Schema } from "effect"

/**
 * One place that changed; `before` is absent where it was added, `after` where it was taken away.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Change = Schema.Struct({
  /** As in `grant.models`. */
  path: Schema.String,
  before: Schema.optionalKey(Schema.Json),
  after: Schema.optionalKey(Schema.Json)
}).annotate({ identifier: "Change" })

/**
 * @since 0.1.0
 * @category models
 */
export type Change = typeof Change.Type

const hidden = "<redacted>"

/** Names under which secrets or what people said are kept; `maxTokens` and the like are neither. */
const secretName =
  /(^|[a-z0-9_-])(secret|password|passphrase|credentials?|authorization|cookie|private_?key|api_?key|access_?key|(access|auth|session|refresh|bearer|security)_?token|hash|pepper)$/i
const wholeSecretName = /^(key|keys|token|pass|pwd|prompt|prompts|messages|content|input|answer|parts)$/i

/** A price's `input` is a number and no secret; what is spoken is not a number. */
const isSecret = (name: string, value: unknown): boolean =>
  secretName.test(name) || (wholeSecretName.test(name) && typeof value !== "number" && typeof value !== "boolean")

/** As deep as a document is looked into. */
const deepest = 20

/** The longest text that is told; longer ones are no setting. */
const longest = 1_000

/** The fields of what is walked through; `undefined` for what is told as one. */
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  value instanceof Map
    ? Object.fromEntries(Array.from(value, ([key, entry]) => [String(key), entry]))
    : Predicate.isObject(value) && !Redacted.isRedacted(value) && !DateTime.isDateTime(value) &&
        !Duration.isDuration(value) && !(value instanceof Set)
    ? value as Record<string, unknown>
    : undefined

const itemsOf = (value: unknown): ReadonlyArray<unknown> | undefined =>
  Array.isArray(value) ? value : value instanceof Set ? Array.from(value) : undefined

const plain = (value: unknown, name: string, depth: number): Schema.Json => {
  if (value === null || value === undefined) return null
  if (Redacted.isRedacted(value) || isSecret(name, value)) return hidden
  if (typeof value === "string") return value.length > longest ? `${value.slice(0, longest)}…` : value
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (typeof value === "boolean") return value
  if (typeof value === "bigint") return String(value)
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  if (Duration.isDuration(value)) return Duration.format(value)
  const items = itemsOf(value)
  const fields = items === undefined ? fieldsOf(value) : undefined
  if (depth >= deepest || (items === undefined && fields === undefined)) return `<${typeof value}>`
  if (items !== undefined) return items.map((entry) => plain(entry, "", depth + 1))
  return Object.fromEntries(
    Object.entries(fields!).flatMap(([key, entry]) => entry === undefined ? [] : [[key, plain(entry, key, depth + 1)]])
  )
}

/** Compares what is really there, so that one secret in the place of another is a change, told without either. */
const isSame = (left: unknown, right: unknown, depth = 0): boolean => {
  if (Object.is(left, right) || depth > deepest) return true
  if (Redacted.isRedacted(left) && Redacted.isRedacted(right)) {
    return isSame(Redacted.value(left), Redacted.value(right))
  }
  const items = [itemsOf(left), itemsOf(right)]
  if (items[0] !== undefined && items[1] !== undefined) {
    const [first, second] = [items[0], items[1]]
    return first.length === second.length && first.every((entry, index) => isSame(entry, second[index], depth + 1))
  }
  const fields = [fieldsOf(left), fieldsOf(right)]
  if (fields[0] !== undefined && fields[1] !== undefined) {
    const [first, second] = [fields[0], fields[1]]
    return keysOf(first, second).every((key) => isSame(own(first, key), own(second, key), depth + 1))
  }
  return Equal.equals(left, right)
}

const keysOf = (left: object, right: object): ReadonlyArray<string> =>
  Array.from(new Set([...Object.keys(left), ...Object.keys(right)]))

const own = (fields: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(fields, key) ? fields[key] : undefined

/**
 * The places in which two documents differ; lists are told as a whole.
 *
 * `Redacted` values and what stands under a name that keys, tokens, prompts and the like have are told as `<redacted>`,
 * and texts only up to 1,000 characters.
 *
 * @since 0.1.0
 * @category constructors
 */
export const between = (before: unknown, after: unknown): ReadonlyArray<Change> => {
  const changes: Array<Change> = []
  const walk = (path: ReadonlyArray<string>, left: unknown, right: unknown): void => {
    const name = path.at(-1) ?? ""
    const [first, second] = [itemsOf(left) ?? fieldsOf(left), itemsOf(right) ?? fieldsOf(right)]
    const isOpen = !Array.isArray(first) && !Array.isArray(second) && !isSecret(name, left) && path.length < deepest
    if (isOpen && first !== undefined && second !== undefined) {
      const [from, to] = [first as Record<string, unknown>, second as Record<string, unknown>]
      for (const key of keysOf(from, to)) walk([...path, key], own(from, key), own(to, key))
    } else if (!isSame(left, right)) {
      changes.push({
        path: path.join("."),
        ...(left === undefined ? undefined : { before: plain(left, name, path.length) }),
        ...(right === undefined ? undefined : { after: plain(right, name, path.length) })
      })
    }
  }
  walk([], before ?? {}, after ?? {})
  return changes
}
