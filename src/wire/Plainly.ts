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

const structTest = ({ propertySignatures }: SchemaAST.Objects): Test => {
  const fields = propertySignatures.map(({ name, type }) => ({
    name,
    test: testOf(type),
    isOptional: type.context?.isOptional === true
  }))
  return (value) => {
    if (!isObject(value)) return false
    for (const { isOptional, name, test } of fields) {
      const field = value[name]
      if (field === undefined && !(name in value) ? !isOptional : !test(field)) return false
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
