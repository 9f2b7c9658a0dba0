/**
 * What is wrong with a document, with its file and lines, in the document's order, and with nothing in it that may not
 * be shown.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import { type Fault, format, formatPath, keyOf, type Path } from "./Fault.ts"
import type { Environment, Interpolated } from "./Interpolation.ts"
import type { Wrong } from "./Issues.ts"
import type { Overridden } from "./Override.ts"
import * as Shape from "./Shape.ts"

/** A longer value says no more. */
const mostShown = 60

/** What is shorter stands in many a sentence by chance. */
const leastSecret = 4

/** Of a block and of a list only the kind is told: what is in it may be secret. */
const shown = (value: unknown): string => {
  if (value === null) return "nothing"
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object") return "a block of keys"
  return shorten(typeof value === "string" ? JSON.stringify(value) : String(value))
}

const shorten = (text: string): string => text.length > mostShown ? `${text.slice(0, mostShown)}…` : text

/** The positions of a path's keys in the document; what is missing comes first. */
const orderOf = (document: unknown, path: Path): ReadonlyArray<number> => {
  let value = document
  return path.map((key) => {
    const position = Predicate.isObject(value) ? Object.keys(value).indexOf(String(key)) : Number(key)
    value = Shape.valueAt(value, [key])
    return position
  })
}

const byOrder = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return a[at]! - b[at]!
  }
  return a.length - b.length
}

/** The paths from a path up to the whole document. */
const upwards = (path: Path): ReadonlyArray<Path> =>
  Array.from({ length: path.length + 1 }, (_, index) => path.slice(0, path.length - index))

/** Every text of a document that is a secret by its schema or its name. */
const secretTexts = (document: unknown, forms: ReadonlyArray<Shape.Form>): ReadonlyArray<string> => {
  const walk = (value: unknown, forms: ReadonlyArray<Shape.Form>, path: Path): ReadonlyArray<string> => {
    if (typeof value === "string") return Shape.isSecret(forms, path) ? [value] : []
    if (!Predicate.isObjectOrArray(value)) return []
    return Object.entries(value).flatMap(([key, inner]) => walk(inner, Shape.step(forms, value, key), [...path, key]))
  }
  return walk(document, forms, [])
}

interface Placed {
  readonly path: Path
  readonly fault: Fault
}

/**
 * Makes faults of what the environment, the interpolation and the schema found.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (source: {
  readonly file: string
  readonly forms: ReadonlyArray<Shape.Form>
  readonly lineOf: (path: Path) => number | undefined
  readonly overridden: Overridden
  readonly interpolated: Interpolated
  readonly environment: Pick<Environment, "get">
}) =>
(wrongs: ReadonlyArray<Wrong>): ReadonlyArray<Fault> => {
  const { environment, file, forms, interpolated, lineOf, overridden } = source
  if (wrongs.length + interpolated.faults.length + overridden.faults.length === 0) return []
  const document = interpolated.value

  const hidden = [
    ...interpolated.inserted,
    ...Array.from(overridden.variables.values(), (name) => [environment.get(name) ?? "", name] as const),
    ...secretTexts(document, forms).map((text) => [text, "(hidden)"] as const)
  ].filter(([value]) => value.trim().length >= leastSecret).toSorted(([a], [b]) => b.length - a.length)
  const scrub = (words: string): string =>
    hidden.reduce((words, [value, shown]) => words.replaceAll(value, () => shown), words)

  const setBy = (path: Path) => upwards(path).find((path) => overridden.variables.has(keyOf(path)))

  const gotOf = ({ path, showsGot, words }: Wrong): string => {
    if (!showsGot || !words.startsWith("must ")) return ""
    const written = interpolated.written.get(keyOf(path))
    const wanted = Shape.at(forms, document, path)
    if (Shape.isSecret(wanted, path)) {
      return written !== undefined && /^\$\{[^}]*\}$/.test(written) ? `, got ${shorten(written)}` : ""
    }
    if (written !== undefined) return `, got ${shorten(written)}`
    const value = Shape.valueAt(document, path)
    const isScalar = wanted.some(({ ast }) => ast._tag !== "Objects" && ast._tag !== "Arrays")
    return value === undefined ? "" : `, got ${typeof value === "string" && !isScalar ? "a text" : shown(value)}`
  }

  const ofWrong = (wrong: Wrong): Placed => {
    const { path } = wrong
    const words = wrong.isOwnMessage ? scrub(wrong.words) : wrong.words
    const top = setBy(path)
    if (top !== undefined) {
      const variable = overridden.variables.get(keyOf(top))!
      const description = top.length === path.length ? words : `something in it ${words}`
      return { path: top, fault: { file, variable, path: formatPath(top), description } }
    }
    const isPlain = !interpolated.written.has(keyOf(path)) && !Shape.isSecret(Shape.at(forms, document, path), path)
    const description = words + gotOf(wrong) + (isPlain ? wrong.meant : "")
    return { path, fault: { file, ...lineAt(path), path: formatPath(path), description } }
  }
  const lineAt = (path: Path): { readonly line?: number } => {
    const isThere = Shape.valueAt(document, path) !== undefined
    const line = isThere || path.length === 0 ? lineOf(path) : lineOf(path.slice(0, -1))
    return line === undefined ? {} : { line }
  }

  const meant = new Set(
    wrongs.flatMap(({ path, replaces }) => replaces === undefined ? [] : [keyOf([...path.slice(0, -1), replaces])])
  )
  const relevant = wrongs.filter(({ isMissing, path }) =>
    !upwards(path).some((path) => interpolated.unknown.has(keyOf(path))) && !(isMissing && meant.has(keyOf(path)))
  )
  const found = [
    ...interpolated.faults.map(({ description, path }): Placed => ({
      path,
      fault: { file, ...lineAt(path), path: formatPath(path), description }
    })),
    ...relevant.map(ofWrong)
  ]
  const inFile = found.filter(({ fault }) => fault.variable === undefined)
    .map(({ fault, path }) => ({ fault, order: orderOf(document, path) }))
    .toSorted((a, b) => byOrder(a.order, b.order))
  const ofVariables = [
    ...found.flatMap(({ fault: { variable, ...fault } }) => variable === undefined ? [] : [{ ...fault, variable }]),
    ...overridden.faults.map(({ path, ...fault }) => ({ ...fault, file, path: formatPath(path) }))
  ].toSorted((a, b) => a.variable < b.variable ? -1 : a.variable > b.variable ? 1 : 0)
  const faults: ReadonlyArray<Fault> = [...inFile.map(({ fault }) => fault), ...ofVariables]
  return Array.from(new Map(faults.map((fault) => [format(fault), fault])).values())
}
