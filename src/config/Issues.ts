/**
 * What a schema has against a document, as sentences: where, what must be there, what is there, what may have been
 * meant.
 *
 * Of a union only that member is spoken of which the value seems to mean: by its kind (`kind: outage`), by its type, by
 * its keys.
 *
 * @since 0.1.0
 */
import { Predicate, Result, Schema, SchemaAST, type SchemaIssue } from "effect"
import { didYouMean, type Path } from "./Fault.ts"
import * as Shape from "./Shape.ts"
import { must, mustBe, nearLiteral, told } from "./Words.ts"

/**
 * One thing that is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface Wrong {
  readonly path: Path
  readonly words: string
  /** Whether the value there is worth showing. */
  readonly showsGot: boolean
  /** What may have been meant, where the value may be shown. */
  readonly meant: string
  /** Whether the words are the schema's author's, who may have put the value into them. */
  readonly isOwnMessage?: boolean | undefined
  readonly isMissing?: boolean | undefined
  /** The key that was meant, where an unknown one is near it. */
  readonly replaces?: string | undefined
}

const options = { errors: "all", onExcessProperty: "error" } as const

/** The sentence a schema was given for its failures. */
const messageOf = (issue: SchemaIssue.Issue): string | undefined => {
  switch (issue._tag) {
    case "InvalidType":
    case "AnyOf":
    case "OneOf":
    case "Composite":
    case "Encoding":
      return told(SchemaAST.resolve(issue.ast), "message")
    case "InvalidValue":
    case "Forbidden":
      return told(issue.annotations, "message")
    case "MissingKey":
      return told(issue.annotations, "messageMissingKey")
    case "UnexpectedKey":
      return told(SchemaAST.resolve(issue.ast), "messageUnexpectedKey")
    case "Filter":
      return told(issue.filter.annotations, "message")
    case "Pointer":
      return undefined
  }
}

type KindOf = "block" | "list" | "text" | "number" | "boolean" | "null"

const kindOf = (value: unknown): KindOf =>
  value === null
    ? "null"
    : Array.isArray(value)
    ? "list"
    : typeof value === "string"
    ? "text"
    : typeof value === "number"
    ? "number"
    : typeof value === "boolean"
    ? "boolean"
    : "block"

const kindsOf = ({ ast }: Shape.Form): ReadonlyArray<KindOf> => {
  switch (ast._tag) {
    case "Objects":
      return ["block"]
    case "Arrays":
      return ["list"]
    case "String":
    case "TemplateLiteral":
      return ["text"]
    case "Number":
      return ["number"]
    case "Boolean":
      return ["boolean"]
    case "Null":
      return ["null"]
    case "Literal":
    case "Enum":
      return []
    default:
      return ["block", "list", "text", "number", "boolean", "null"]
  }
}

/** The key whose literal tells the blocks of a union apart. */
const discriminatorOf = (forms: ReadonlyArray<Shape.Form>): string | undefined => {
  const [first, ...others] = forms
  if (first === undefined || others.length === 0) return undefined
  const tells = (form: Shape.Form, wanted: string) => {
    const type = Shape.settingsOf(form).find(([name]) => name === wanted)?.[1]
    if (type === undefined) return false
    const inner = Shape.formsOf(type)
    return inner.length > 0 && inner.every((form) => Shape.literalsOf(form).length > 0)
  }
  return Shape.settingsOf(first).map(([name]) => name).find((name) => forms.every((form) => tells(form, name)))
}

/** How well a block's keys are those of a form: known ones count, missing ones against it. */
const likeness = (form: Shape.Form, value: object): number => {
  const settings = Shape.settingsOf(form)
  const known = Object.keys(value).filter((key) => settings.some(([name]) => name === key)).length
  const missing = settings.filter(([name, type]) => !SchemaAST.isOptional(type) && !Object.hasOwn(value, name)).length
  return known * 100 - missing
}

const ofUnion = (issue: SchemaIssue.AnyOf, value: unknown, path: Path): ReadonlyArray<Wrong> => {
  const members = issue.ast.types.map((ast) => ({ ast, forms: Shape.formsOf(ast) }))
  const forms = members.flatMap(({ forms }) => forms)
  const kind = kindOf(value)
  const plain = { path, words: must(forms), showsGot: true, meant: nearLiteral(forms, value) }
  let able = members.filter(({ forms }) => forms.some((form) => kindsOf(form).includes(kind)))
  if (Predicate.isObject(value)) {
    const blocks = able.flatMap(({ forms }) => forms).filter(({ ast }) => SchemaAST.isObjects(ast))
    const key = discriminatorOf(blocks)
    if (key !== undefined) {
      const inner = blocks.flatMap((form) => Shape.step([form], {}, key))
      const known = inner.flatMap(Shape.literalsOf)
      if (!known.some((literal) => literal === value[key])) {
        const isMissing = !Object.hasOwn(value, key)
        return [{
          path: [...path, key],
          words: `${isMissing ? "is missing, " : ""}${must(inner)}`,
          showsGot: !isMissing,
          meant: isMissing ? "" : nearLiteral(inner, value[key]),
          isMissing
        }]
      }
    }
    const likenessOf = (member: (typeof members)[number]) =>
      Math.max(...Shape.fitting(member.forms, value).map((form) => likeness(form, value)))
    const fits = able.filter(({ forms }) =>
      key === undefined || forms.some((form) => Shape.fitting(blocks, value).includes(form))
    )
    able = fits.toSorted((a, b) => likenessOf(b) - likenessOf(a)).slice(0, 1)
  }
  const [member] = able
  if (member === undefined || (able.length > 1 && kind !== "list")) return [plain]
  const again = Schema.decodeUnknownResult(Schema.make<Schema.ConstraintDecoder<unknown>>(member.ast), options)(value)
  return Result.isFailure(again) ? of(again.failure.issue, value, path) : [plain]
}

const unknownKey = (ast: SchemaAST.AST, path: Path): Wrong => {
  if (SchemaAST.isArrays(ast)) return { path, words: "is one item too many", showsGot: false, meant: "" }
  const known = Shape.formsOf(ast).flatMap((form) => Shape.settingsOf(form).map(([name]) => name))
  const typed = String(path[path.length - 1])
  const near = didYouMean(typed, known)
  const all = near === "" && known.length > 0 && known.length <= 12 ? `; known are ${known.join(", ")}` : ""
  const replaces = /`([^`]*)`\?$/.exec(near)?.[1]
  return { path, words: `is not known here${near}${all}`, showsGot: false, meant: "", replaces }
}

const missing = (issue: SchemaIssue.MissingKey, owner: SchemaAST.AST | undefined, path: Path): Wrong => {
  if (owner !== undefined && SchemaAST.isArrays(owner)) {
    const least = owner.elements.filter((element) => !SchemaAST.isOptional(element)).length +
      Math.max(owner.rest.length - 1, 0)
    const words = least === 1 ? "must not be empty" : `must hold at least ${least} items`
    return { path: path.slice(0, -1), words, showsGot: false, meant: "" }
  }
  const forms = owner === undefined ? [] : Shape.step(Shape.formsOf(owner), {}, path[path.length - 1]!)
  const words = messageOf(issue) ?? (forms.length === 0 ? "is missing" : `is missing, ${must(forms)}`)
  return { path, words, showsGot: false, meant: "", isMissing: true }
}

/**
 * Everything that an issue says of a value, in the order of the schema.
 *
 * @since 0.1.0
 * @category conversions
 */
export const of = (
  issue: SchemaIssue.Issue,
  value: unknown,
  path: Path = [],
  owner?: SchemaAST.AST
): ReadonlyArray<Wrong> => {
  const message = messageOf(issue)
  const leaf = (words: string, forms: ReadonlyArray<Shape.Form> = []): ReadonlyArray<Wrong> => [
    { path, words, showsGot: true, meant: nearLiteral(forms, value), isOwnMessage: forms.length === 0 }
  ]
  switch (issue._tag) {
    case "Pointer": {
      const inner = issue.path.map((key) => typeof key === "symbol" ? key.description ?? "" : key)
      return of(issue.issue, Shape.valueAt(value, inner), [...path, ...inner], inner.length === 1 ? owner : undefined)
    }
    case "Encoding":
      return message === undefined ? of(issue.issue, value, path, issue.ast) : leaf(message)
    case "Composite": {
      if (SchemaAST.isDeclaration(issue.ast)) return leaf(message ?? ofDeclaration(issue.ast, value))
      const ast = issue.ast
      return issue.issues.flatMap((inner) => of(inner, value, path, ast))
    }
    case "Filter": {
      if (message !== undefined) return leaf(message)
      if (issue.issue._tag !== "InvalidValue") return of(issue.issue, value, path, owner)
      const expected = told(issue.issue.annotations, "expected") ?? told(issue.filter.annotations, "expected")
      return leaf(messageOf(issue.issue) ?? (expected === undefined ? "is not valid" : mustBe(expected)))
    }
    case "MissingKey":
      return [missing(issue, owner, path)]
    case "UnexpectedKey":
      return [unknownKey(issue.ast, path)]
    case "InvalidType": {
      const forms = Shape.formsOf(issue.ast)
      return leaf(message ?? must(forms), forms)
    }
    case "AnyOf":
      return message === undefined ? ofUnion(issue, value, path) : leaf(message)
    case "OneOf":
      return leaf(message ?? "may be read in more than one way")
    case "InvalidValue": {
      const expected = told(issue.annotations, "expected")
      return leaf(message ?? (expected === undefined ? "is not valid" : mustBe(expected)))
    }
    case "Forbidden":
      return leaf(message ?? "is not allowed")
  }
}

/** What a declared type such as `Redacted` has against the value it was made of. */
const ofDeclaration = (ast: SchemaAST.Declaration, value: unknown): string => {
  const [inner] = ast.typeParameters
  if (inner === undefined) return "is not valid"
  const again = Schema.decodeUnknownResult(Schema.make<Schema.ConstraintDecoder<unknown>>(inner), options)(value)
  return (Result.isFailure(again) ? of(again.failure.issue, value)[0]?.words : undefined) ?? "is not valid"
}
