/**
 * Whether JSON is plainly what a Schema takes as it is, told some five times as fast as the Schema makes a copy of it.
 *
 * The tests are made of the Schema itself; where it holds something that they do not know, nothing passes, and the Schema
 * decodes.
 *
 * @since 0.1.0
 */
import { Result, Schema, type SchemaAST } from "effect"

type Test = (value: unknown) => boolean

const options: SchemaAST.ParseOptions = {}

const passes = (check: SchemaAST.Check<any>, value: unknown, ast: SchemaAST.AST): boolean =>
  check._tag === "FilterGroup"
    ? check.checks.every((check) => passes(check, value, ast))
    : check.run(value, ast, options) === undefined

const never: Test = () => false
const always: Test = () => true

const testOf = (ast: SchemaAST.AST): Test => {
  if (ast.encoding !== undefined) return never
  const test = bareTestOf(ast)
  const { checks } = ast
  return checks === undefined ? test : (value) => test(value) && checks.every((check) => passes(check, value, ast))
}

const bareTestOf = (ast: SchemaAST.AST): Test => {
  switch (ast._tag) {
    case "String":
      return (value) => typeof value === "string"
    case "Number":
      return (value) => typeof value === "number"
    case "Boolean":
      return (value) => typeof value === "boolean"
    case "Null":
      return (value) => value === null
    case "Undefined":
      return (value) => value === undefined
    case "Unknown":
      return always
    case "Union": {
      const tests = ast.types.map(testOf)
      return ast.options?.mode === "oneOf" ? never : (value) => tests.some((test) => test(value))
    }
    case "Arrays":
      return ast.elements.length === 0 && ast.rest.length === 1 ? arrayTest(testOf(ast.rest[0]!)) : never
    case "Objects":
      return ast.indexSignatures.length === 0
        ? structTest(ast)
        : ast.propertySignatures.length === 0 && ast.indexSignatures.length === 1
        ? recordTest(ast.indexSignatures[0]!)
        : never
    default:
      return never
  }
}

const arrayTest = (test: Test): Test => (value) => {
  if (!Array.isArray(value)) return false
  for (let index = 0; index < value.length; index++) if (!test(value[index])) return false
  return true
}

const isObject = (value: unknown): value is Readonly<Record<PropertyKey, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The word of `typeof` that alone tells what a Schema takes, for those where it does. */
const wordOf = (ast: SchemaAST.AST): string | undefined =>
  ast.checks !== undefined || ast.encoding !== undefined
    ? undefined
    : ast._tag === "String"
    ? "string"
    : ast._tag === "Boolean"
    ? "boolean"
    : undefined

/** A type that may be `null` or `undefined` too, and whether it may. */
const nullishOf = (type: SchemaAST.AST): { readonly isNullish: boolean; readonly ast: SchemaAST.AST } => {
  if (type._tag !== "Union" || type.checks !== undefined || type.encoding !== undefined || type.types.length !== 3) {
    return { isNullish: false, ast: type }
  }
  const [ast, nothing, absent] = type.types
  const isNullish = nothing!._tag === "Null" && absent!._tag === "Undefined" && type.options?.mode !== "oneOf"
  return { isNullish, ast: isNullish ? ast! : type }
}

const fieldOf = ({ name, type }: SchemaAST.PropertySignature) => {
  const { ast, isNullish } = nullishOf(type)
  return { name, isNullish, isOptional: type.context?.isOptional === true, word: wordOf(ast), test: testOf(ast) }
}

const structTest = ({ propertySignatures }: SchemaAST.Objects): Test => {
  // What may be anything or nothing need not be looked at.
  const fields = propertySignatures.map(fieldOf).filter(({ isOptional, test }) => !isOptional || test !== always)
  return (value) => {
    if (!isObject(value)) return false
    for (let index = 0; index < fields.length; index++) {
      const { isNullish, isOptional, name, test, word } = fields[index]!
      const field = value[name]
      if (word !== undefined && typeof field === word) continue
      if (isNullish && (field === null || (field === undefined && isOptional))) continue
      if (
        field === undefined && !(name in value)
          ? !isOptional
          : !(test(field) || (isNullish && field === undefined))
      ) {
        return false
      }
    }
    return true
  }
}

const recordTest = ({ parameter, type }: SchemaAST.IndexSignature): Test => {
  const test = testOf(type)
  if (parameter._tag !== "String" || parameter.checks !== undefined) return never
  return (value) => {
    if (!isObject(value)) return false
    for (const key of Object.keys(value)) if (!test(value[key])) return false
    return true
  }
}

/**
 * Decodes JSON by a Schema that ignores what it does not know; what it takes may still have fields of that kind.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S
): (json: unknown) => Result.Result<S["Type"], Schema.SchemaError> => {
  const slowly = Schema.decodeUnknownResult(schema)
  const test = testOf(schema.ast)
  return (json) => test(json) ? Result.succeed(json as S["Type"]) : slowly(json)
}
