/**
 * Reads a configuration: the text of a YAML or JSON file, the environment and a schema make a value, or a list of
 * everything that is wrong.
 *
 * In this order: the file is parsed; `LLMDISPATCHER_…` variables set what they name; `${…}` is put in; the schema
 * decodes, and knows every key or refuses it. A key `$schema` at the top is for editors and left out. An empty file is
 * an empty block of keys.
 *
 * @since 0.1.0
 */
import { Effect, Predicate, Result, Schema } from "effect"
import { Fault, format } from "./Fault.ts"
import * as Interpolation from "./Interpolation.ts"
import type { Environment } from "./Interpolation.ts"
import * as Issues from "./Issues.ts"
import * as Locate from "./Locate.ts"
import * as Override from "./Override.ts"
import * as Report from "./Report.ts"
import * as Shape from "./Shape.ts"
import * as Source from "./Source.ts"

/**
 * The configuration cannot be used: correct every fault and read it again.
 *
 * @since 0.1.0
 * @category errors
 */
export class DocumentError extends Schema.TaggedError<DocumentError>("llmdispatcher/DocumentError")("DocumentError", {
  file: Schema.String,
  faults: Schema.Array(Fault)
}) {
  override get message(): string {
    return this.faults.map(format).join("\n")
  }
}

/**
 * What was read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Document<A> {
  readonly value: A
  /** Variables that begin with `LLMDISPATCHER_` and name nothing. */
  readonly warnings: ReadonlyArray<Fault>
  /** The files that the document took values from by `${file:path}`. */
  readonly files: ReadonlyArray<string>
}

/**
 * Reads a document.
 *
 * `overrides` (default true) says whether `LLMDISPATCHER_…` variables count; `reserved` names those that are not
 * settings. Fails with every fault at once, in the document's order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const read = Effect.fnUntraced(function*<A>(
  schema: Schema.ConstraintDecoder<A, never>,
  source: { readonly file: string; readonly text: string },
  environment: Environment,
  options?: { readonly overrides?: boolean; readonly reserved?: ReadonlyArray<string> }
): Effect.fn.Return<Document<A>, DocumentError> {
  const { file } = source
  const parsed = Source.parse(file, source.text)
  if (Result.isFailure(parsed)) {
    return yield* new DocumentError({ file, faults: [{ file, path: "", ...parsed.failure }] })
  }
  const codec = Schema.toCodecJson(schema)
  const forms = Shape.formsOf(codec.ast)
  const written = settingsOf(parsed.success.value, forms)
  const overridden = options?.overrides === false
    ? Override.none(written)
    : Override.override(written, forms, environment, [Locate.variable, ...options?.reserved ?? []])
  const skip = new Set(overridden.variables.keys())
  const interpolated = yield* Interpolation.interpolate(overridden.value, forms, file, environment, skip)
  const decoded = yield* Effect.result(
    Schema.decodeUnknownEffect(codec)(interpolated.value, { errors: "all", onExcessProperty: "error" })
  )
  const report = Report.make({ file, forms, lineOf: parsed.success.lineOf, overridden, interpolated, environment })
  const faults = report(Result.isFailure(decoded) ? Issues.of(decoded.failure.issue, interpolated.value) : [])
  if (Result.isFailure(decoded) || faults.length > 0) return yield* new DocumentError({ file, faults })
  return {
    value: decoded.success,
    warnings: overridden.warnings.map(({ description, variable }) => ({ file, variable, path: "", description })),
    files: interpolated.files
  }
})

/** What of a file is settings: an empty one has none, and `$schema` is for editors. */
const settingsOf = (value: unknown, forms: ReadonlyArray<Shape.Form>): unknown => {
  if (value === null) return {}
  if (!Predicate.isObject(value) || !Object.hasOwn(value, "$schema")) return value
  if (forms.some((form) => Shape.settingsOf(form).some(([name]) => name === "$schema"))) return value
  const { $schema: _, ...rest } = value
  return rest
}
