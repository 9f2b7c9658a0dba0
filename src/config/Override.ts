/**
 * Environment variables that set what the document leaves open or says otherwise: `LLMDISPATCHER_` and the path.
 *
 * The path is that of the schema in capitals, words and levels parted by `_`: `maxAttempts` is
 * `LLMDISPATCHER_MAX_ATTEMPTS`, `timeouts.total` is `LLMDISPATCHER_TIMEOUTS_TOTAL`. Levels may be parted by `__`, and
 * must be around names of the user's own, which are written as they are or in capitals with `_` for all other signs:
 * `LLMDISPATCHER_ROUTES__default__STRATEGY`. An item of a list is its position, counted from 0; the position after the
 * last adds one. Of two readings the one with fewer levels holds. The value is read like a text that is nothing but one
 * `${…}`; where a list or a block is wanted, it may be written in brackets, as in YAML. An empty variable counts as not
 * set.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import { didYouMean, either, formatPath, keyOf, type Path } from "./Fault.ts"
import * as Shape from "./Shape.ts"
import * as Source from "./Source.ts"

const prefix = "LLMDISPATCHER_"

/** Deep enough for any schema, and an end for one that holds itself. */
const mostLevels = 6

/** `maxAttempts` and `max-attempts` as `MAX_ATTEMPTS`. */
const capitals = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_").toUpperCase()

/** Every place that the rest of a name may mean. */
const readings = (
  forms: ReadonlyArray<Shape.Form>,
  value: unknown,
  rest: string,
  isOwnLevel: boolean
): ReadonlyArray<Path> => {
  const fitting = Shape.fitting(forms, value)
  const below = (key: string | number, rest: string, isOwnLevel: boolean): ReadonlyArray<Path> =>
    rest === "" ? [] : readings(Shape.step(forms, value, key), Shape.valueAt(value, [key]), rest, isOwnLevel)
      .map((path) => [key, ...path])
  const found = fitting.flatMap((form) =>
    Shape.settingsOf(form).flatMap(([name]): ReadonlyArray<Path> => {
      const word = capitals(name)
      if (rest === word) return [[name]]
      if (rest.startsWith(`${word}__`)) return below(name, rest.slice(word.length + 2), true)
      return rest.startsWith(`${word}_`) ? below(name, rest.slice(word.length + 1), false) : []
    })
  )
  const item = /^(\d{1,6})(__?|$)/.exec(rest)
  if (item !== null && fitting.some((form) => form.ast._tag === "Arrays")) {
    const index = Number(item[1])
    const length = Array.isArray(value) ? value.length : 0
    const after = rest.slice(item[0].length)
    if (index <= length) found.push(...item[2] === "" ? [[index]] : below(index, after, item[2] === "__"))
  }
  if (found.length === 0 && isOwnLevel && fitting.some((form) => Shape.entriesOf(form).length > 0)) {
    const [name = "", ...others] = rest.split("__")
    const known = Predicate.isObject(value) ? Object.keys(value) : []
    const key = known.find((key) => key === name) ?? known.find((key) => capitals(key) === capitals(name)) ?? name
    if (key !== "") found.push(...others.length === 0 ? [[key]] : below(key, others.join("__"), true))
  }
  return found
}

interface Name {
  readonly text: string
  /** Whether it begins with a name of the user's own, which `__` parts from what is before it. */
  readonly isOwn: boolean
}

/** Every name that could be written, but for names of the user's own that are not in the document. */
const names = (forms: ReadonlyArray<Shape.Form>, value: unknown, level = 0): ReadonlyArray<Name> => {
  if (level === mostLevels) return []
  return Shape.fitting(forms, value).flatMap((form) => {
    const below = (key: string, text: string, isOwn: boolean): ReadonlyArray<Name> => [
      { text, isOwn },
      ...names(Shape.step([form], value, key), Shape.valueAt(value, [key]), level + 1).map((inner) => ({
        text: `${text}${isOwn || inner.isOwn ? "__" : "_"}${inner.text}`,
        isOwn
      }))
    ]
    const settings = Shape.settingsOf(form).map(([name]) => name)
    const own = Shape.entriesOf(form).length > 0 && Predicate.isObject(value)
      ? Object.keys(value).filter((key) => !settings.includes(key))
      : []
    return [
      ...settings.flatMap((name) => below(name, capitals(name), false)),
      ...own.flatMap((key) => below(key, key, true))
    ]
  })
}

/** The document with one value set; what stands in the way and is no block gives way to one. */
const set = (document: unknown, path: Path, value: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return value
  const inner = set(Shape.valueAt(document, [key]), rest, value)
  if (typeof key === "number") {
    return Array.isArray(document) ? document.toSpliced(key, 1, inner) : [inner]
  }
  return Object.fromEntries([...Predicate.isObject(document) ? Object.entries(document) : [], [key, inner]])
}

const read = (forms: ReadonlyArray<Shape.Form>, text: string): Result.Result<unknown, string> =>
  /^\s*[[{]/.test(text) && forms.some(({ ast }) => ast._tag === "Arrays" || ast._tag === "Objects")
    ? Result.mapError(Source.parseValue(text.trim()), () => "is not well formed between its brackets")
    : Result.succeed(Shape.read(forms, text))

/**
 * A document with the environment's own settings in it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Overridden {
  readonly value: unknown
  /** By the key of the path that it set: the variable. */
  readonly variables: ReadonlyMap<string, string>
  readonly faults: ReadonlyArray<{ readonly variable: string; readonly path: Path; readonly description: string }>
  readonly warnings: ReadonlyArray<{ readonly variable: string; readonly path: Path; readonly description: string }>
}

/**
 * A document as it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none = (value: unknown): Overridden => ({ value, variables: new Map(), faults: [], warnings: [] })

/**
 * Sets what the environment's variables say; those reserved are left alone, and those that mean nothing are warned of.
 *
 * @since 0.1.0
 * @category conversions
 */
export const override = (
  document: unknown,
  forms: ReadonlyArray<Shape.Form>,
  environment: { readonly get: (name: string) => string | undefined; readonly names: () => ReadonlyArray<string> },
  reserved: ReadonlyArray<string>
): Overridden => {
  let value = document
  let known: ReadonlyArray<string> | undefined
  const variables = new Map<string, string>()
  const faults: Array<Overridden["faults"][number]> = []
  const warnings: Array<Overridden["warnings"][number]> = []
  for (const variable of environment.names().toSorted()) {
    const text = environment.get(variable)
    if (!variable.startsWith(prefix) || reserved.includes(variable) || text === undefined || text === "") continue
    const found = new Map(
      readings(forms, value, variable.slice(prefix.length), true).map((path) => [keyOf(path), path] as const)
    )
    const least = Math.min(...Array.from(found.values(), (path) => path.length))
    const [path, ...others] = Array.from(found.values()).filter(({ length }) => length === least)
    if (path === undefined) {
      const rest = variable.slice(prefix.length)
      known ??= [
        ...names(forms, document).map(({ text }) => text),
        ...reserved.map((name) => name.slice(prefix.length))
      ]
      warnings.push({ variable, path: [], description: `names no setting${didYouMean(rest, known, prefix)}` })
    } else if (others.length > 0) {
      const places = [path, ...others].map((path) => `\`${formatPath(path)}\``)
      faults.push({ variable, path: [], description: `may mean ${either(places)}; part the levels by \`__\`` })
    } else {
      const wanted = read(Shape.at(forms, value, path), text)
      if (Result.isFailure(wanted)) faults.push({ variable, path, description: wanted.failure })
      else {
        value = set(value, path, wanted.success)
        variables.set(keyOf(path), variable)
      }
    }
  }
  return { value, variables, faults, warnings }
}
