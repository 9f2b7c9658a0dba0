/**
 * `${NAME}`, `${NAME:-default}` and `${file:path}` in the texts of a document.
 *
 * They may stand anywhere in a text, not in a key; `$${` writes `${`. A default is taken where the variable is not set or
 * empty; it holds no `}`. A file is read relative to the configuration's own directory, up to 64 KiB, one line break at
 * its end left out. A text that is nothing but one of them is read as the schema wants: text where it takes that text (a
 * name, a secret, a time), else the number, `true`, `false` or `null` that it spells. What is put in is never looked
 * through again.
 *
 * @since 0.1.0
 */
import { Effect, type PlatformError, Predicate, Result } from "effect"
import { didYouMean, keyOf, type Path } from "./Fault.ts"
import * as Shape from "./Shape.ts"

/**
 * Where values come from that the document only names.
 *
 * `readFile` may be given a path relative to where the configuration's own path is relative to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Environment {
  readonly get: (name: string) => string | undefined
  readonly names: () => ReadonlyArray<string>
  readonly readFile: (path: string) => Effect.Effect<string, PlatformError.PlatformError>
}

/** Ample for a key or a certificate. */
const mostFile = 65_536

type Piece =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Variable"; readonly name: string; readonly fallback: string | undefined }
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Malformed"; readonly why: string }

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g

const pieceOf = (inside: string, isClosed: boolean): Piece => {
  if (!isClosed) return { _tag: "Malformed", why: "is not closed" }
  if (inside.startsWith("file:")) {
    const path = inside.slice("file:".length).trim()
    return path === "" ? { _tag: "Malformed", why: "names no file" } : { _tag: "File", path }
  }
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(inside)
  if (match === null) return { _tag: "Malformed", why: "names no variable" }
  if (match[2]?.includes("${")) return { _tag: "Malformed", why: "holds another in its default" }
  return { _tag: "Variable", name: match[1]!, fallback: match[2] }
}

const piecesOf = (text: string): ReadonlyArray<Piece> => {
  const pieces: Array<Piece> = []
  let last = 0
  for (const match of text.matchAll(reference)) {
    if (match.index > last) pieces.push({ _tag: "Text", text: text.slice(last, match.index) })
    pieces.push(match[0] === "$${" ? { _tag: "Text", text: "${" } : pieceOf(match[1]!, match[2] === "}"))
    last = match.index + match[0].length
  }
  if (last < text.length) pieces.push({ _tag: "Text", text: text.slice(last) })
  return pieces
}

/** Where a named file is, seen from the configuration's own. */
const beside = (file: string, path: string): string =>
  /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path) ? path : file.slice(0, file.search(/[^/\\]*$/)) + path

/** Every text of a document that is not at or below one of these places. */
const texts = (document: unknown, skip: ReadonlySet<string>): ReadonlyArray<readonly [Path, string]> => {
  const found: Array<readonly [Path, string]> = []
  const walk = (value: unknown, path: Path) => {
    if (skip.has(keyOf(path))) return
    if (typeof value === "string") found.push([path, value])
    else if (Array.isArray(value)) value.forEach((item, index) => walk(item, [...path, index]))
    else if (Predicate.isObject(value)) { for (const key of Object.keys(value)) walk(value[key], [...path, key]) }
  }
  walk(document, [])
  return found
}

/** The document with some of its values replaced. */
const replace = (document: unknown, values: ReadonlyMap<string, unknown>): unknown => {
  const walk = (value: unknown, path: Path): unknown => {
    const key = keyOf(path)
    if (values.has(key)) return values.get(key)
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (!Predicate.isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner, [...path, name])]))
  }
  return values.size === 0 ? document : walk(document, [])
}

/**
 * A document with everything put in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Interpolated {
  readonly value: unknown
  /** By the key of its path: the text as the document has it, which may be shown. */
  readonly written: ReadonlyMap<string, string>
  /** What was put in, which may not be shown, with how it was written. */
  readonly inserted: ReadonlyArray<readonly [value: string, written: string]>
  /** The places whose value is not known, because something they name is missing. */
  readonly unknown: ReadonlySet<string>
  readonly faults: ReadonlyArray<{ readonly path: Path; readonly description: string }>
  /** The files that were read. */
  readonly files: ReadonlyArray<string>
}

const reasons: { readonly [reason: string]: string } = {
  NotFound: "is not there",
  PermissionDenied: "may not be read"
}

/**
 * Puts in what the document names; `skip` are the keys of places that are left as they are.
 *
 * @since 0.1.0
 * @category conversions
 */
export const interpolate = Effect.fnUntraced(function*(
  document: unknown,
  forms: ReadonlyArray<Shape.Form>,
  file: string,
  environment: Environment,
  skip: ReadonlySet<string>
) {
  const open = texts(document, skip).flatMap(([path, text]) =>
    text.includes("${") ? [{ path, text, pieces: piecesOf(text) }] : []
  )
  const named = new Set(
    open.flatMap(({ pieces }) => pieces.flatMap((piece) => piece._tag === "File" ? [beside(file, piece.path)] : []))
  )
  const files = new Map(
    yield* Effect.forEach(named, (path) =>
      Effect.map(
        Effect.result(environment.readFile(path)),
        (content) => [path, content] as const
      ), { concurrency: 8 })
  )

  const resolve = (piece: Piece): Result.Result<string, string> => {
    switch (piece._tag) {
      case "Text":
        return Result.succeed(piece.text)
      case "Malformed":
        return Result.fail(
          `a \`\${\` ${piece.why}: write \`\${NAME}\`, \`\${NAME:-default}\` or \`\${file:path}\`, \
and \`$\${\` where \`\${\` itself is meant`
        )
      case "Variable": {
        const value = environment.get(piece.name)
        if (piece.fallback !== undefined) {
          return Result.succeed(value === undefined || value === "" ? piece.fallback : value)
        }
        return value === undefined
          ? Result.fail(`\`${piece.name}\` is not set${didYouMean(piece.name, environment.names())}`)
          : Result.succeed(value)
      }
      case "File":
        return Result.match(files.get(beside(file, piece.path))!, {
          onFailure: (error) => Result.fail(`the file ${piece.path} ${reasons[error.reason._tag] ?? "cannot be read"}`),
          onSuccess: (content) =>
            content.length > mostFile
              ? Result.fail(`the file ${piece.path} is larger than 64 KiB`)
              : Result.succeed(content.replace(/\r?\n$/, ""))
        })
    }
  }

  const values = new Map<string, unknown>()
  const written = new Map<string, string>()
  const inserted: Array<readonly [string, string]> = []
  const unknown = new Set<string>()
  const faults: Array<{ readonly path: Path; readonly description: string }> = []
  for (const { path, pieces, text } of open) {
    const key = keyOf(path)
    const results = pieces.map(resolve)
    const missing = results.flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
    if (missing.length > 0) {
      unknown.add(key)
      for (const description of new Set(missing)) faults.push({ path, description })
      continue
    }
    const whole = results.map((result) => Result.getOrElse(result, () => "")).join("")
    const isOne = pieces.length === 1 && pieces[0]!._tag !== "Text"
    values.set(key, isOne ? Shape.read(Shape.at(forms, document, path), whole) : whole)
    if (pieces.every((piece) => piece._tag === "Text")) continue
    written.set(key, text)
    inserted.push([whole, text])
    pieces.forEach((piece, index) => {
      if (piece._tag === "Text") return
      const shown = piece._tag === "Variable" ? piece.name : piece._tag === "File" ? `file:${piece.path}` : ""
      inserted.push([Result.getOrElse(results[index]!, () => ""), `\${${shown}}`])
    })
  }
  const interpolated: Interpolated = {
    value: replace(document, values),
    written,
    inserted,
    unknown,
    faults,
    files: Array.from(files.keys())
  }
  return interpolated
})
