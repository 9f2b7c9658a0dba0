/**
 * What a schema wants, in words.
 *
 * @since 0.1.0
 */
import { Predicate, SchemaAST } from "effect"
import { didYouMean, either } from "./Fault.ts"
import * as Shape from "./Shape.ts"

/**
 * A text among annotations.
 *
 * @since 0.1.0
 * @category accessors
 */
export const told = (annotations: object | undefined, name: string): string | undefined => {
  const value: unknown = annotations === undefined ? undefined : Reflect.get(annotations, name)
  return typeof value === "string" ? value : undefined
}

const show = (literal: SchemaAST.LiteralValue): string => String(literal)

/** Effect's words for its own checks, as one would say them; others are taken as they are. */
const sentences: ReadonlyArray<readonly [RegExp, string]> = [
  [/^an integer$/, "must be a whole number"],
  [/^a value greater than or equal to /, "must be at least "],
  [/^a value greater than /, "must be above "],
  [/^a value less than or equal to /, "must be at most "],
  [/^a value less than /, "must be below "],
  [/^a value between (\S+) and /, "must be from $1 to "],
  [/^a value with a length of at least 1$/, "must not be empty"],
  [/^a value with at least 1 entry$/, "must not be empty"],
  [/^a value with a length of /, "must have a length of "],
  [/^a value with /, "must have "],
  [/^a string /, "must be a text "]
]

/**
 * What a check expects, as a sentence.
 *
 * @since 0.1.0
 * @category conversions
 */
export const mustBe = (expected: string): string => {
  const known = sentences.find(([pattern]) => pattern.test(expected))
  return known === undefined ? `must be ${expected}` : expected.replace(...known)
}

/** What a form is called. */
const nameOf = (ast: SchemaAST.AST): string => {
  const own = told(ast.annotations, "expected")
  if (own !== undefined && !SchemaAST.isDeclaration(ast)) return own
  switch (ast._tag) {
    case "Literal":
      return show(ast.literal)
    case "Enum":
      return either(ast.enums.map(([, value]) => show(value)))
    case "String":
    case "TemplateLiteral":
      return "a text"
    case "Number":
      return ast.checks?.some((check) => told(check.annotations, "expected") === "an integer") === true
        ? "a whole number"
        : "a number"
    case "Boolean":
      return "true or false"
    case "Null":
    case "Undefined":
    case "Void":
      return "nothing"
    case "Arrays":
      return "a list"
    case "Objects":
    case "ObjectKeyword":
      return "a block of keys"
    default:
      return "a value of another kind"
  }
}

/**
 * `must be` and all that a place may hold.
 *
 * @since 0.1.0
 * @category conversions
 */
export const must = (forms: ReadonlyArray<Shape.Form>): string => {
  const literals = forms.flatMap(Shape.literalsOf)
  const isChoice = literals.length === forms.length && literals.length > 1
  const names = Array.from(new Set(forms.map(({ ast }) => nameOf(ast)))).filter((name) => name !== "nothing")
  return `must be ${isChoice && !(literals.every(Predicate.isBoolean)) ? "one of " : ""}${either(names)}`
}

/**
 * The end of a sentence that says which of a place's literals a text may have meant.
 *
 * @since 0.1.0
 * @category conversions
 */
export const nearLiteral = (forms: ReadonlyArray<Shape.Form>, value: unknown): string =>
  typeof value === "string" ? didYouMean(value, forms.flatMap(Shape.literalsOf).filter(Predicate.isString)) : ""
