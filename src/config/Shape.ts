/**
 * What a schema wants at a place of a document: its encoded side, as far as a path and the document's own values tell.
 *
 * @since 0.1.0
 */
import { Predicate, SchemaAST } from "effect"
import type { Path } from "./Fault.ts"

/**
 * One form that a value may have: no union, nothing deferred, nothing still to be encoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Form {
  readonly ast: SchemaAST.AST
  /** Whether the value becomes `Redacted`. */
  readonly isSecret: boolean
}

const isRedacted = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isDeclaration(ast) && ast.annotations?.["expected"] === "Redacted"

/**
 * Every form that the schema allows for a value.
 *
 * @since 0.1.0
 * @category accessors
 */
export const formsOf = (ast: SchemaAST.AST, isSecret = false): ReadonlyArray<Form> => {
  const hidden = isSecret || isRedacted(ast)
  if (ast.encoding !== undefined) {
    const { to } = ast.encoding[ast.encoding.length - 1]!
    return formsOf(to, hidden || ast.encoding.some((link) => isRedacted(link.to)))
  }
  if (SchemaAST.isSuspend(ast)) return formsOf(ast.thunk(), hidden)
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap((member) => formsOf(member, hidden))
  return [{ ast, isSecret: hidden }]
}

/**
 * The literals, where a form is one or more of them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const literalsOf = ({ ast }: Form): ReadonlyArray<SchemaAST.LiteralValue> =>
  SchemaAST.isLiteral(ast) ? [ast.literal] : SchemaAST.isEnum(ast) ? ast.enums.map(([, value]) => value) : []

/**
 * The settings that a block of keys knows by name, with what each wants.
 *
 * @since 0.1.0
 * @category accessors
 */
export const settingsOf = ({ ast }: Form): ReadonlyArray<readonly [name: string, ast: SchemaAST.AST]> =>
  SchemaAST.isObjects(ast)
    ? ast.propertySignatures.flatMap(({ name, type }) => typeof name === "string" ? [[name, type] as const] : [])
    : []

/**
 * What a block wants under names of the user's own.
 *
 * @since 0.1.0
 * @category accessors
 */
export const entriesOf = ({ ast, isSecret }: Form): ReadonlyArray<Form> =>
  SchemaAST.isObjects(ast) ? ast.indexSignatures.flatMap(({ type }) => formsOf(type, isSecret)) : []

const isOpen = (value: unknown): boolean => typeof value === "string" && value.includes("${")

/** Whether nothing in a block that tells its kind (`kind: outage`) speaks against the form. */
const fits = (form: Form, value: unknown): boolean =>
  !Predicate.isObject(value) ||
  settingsOf(form).every(([name, type]) => {
    if (!Object.hasOwn(value, name) || isOpen(value[name])) return true
    const forms = formsOf(type)
    const literals = forms.flatMap(literalsOf)
    return forms.some((inner) => literalsOf(inner).length === 0) || literals.some((literal) => literal === value[name])
  })

/**
 * The forms that a block of this kind may have; all of them where its kind is none of theirs.
 *
 * @since 0.1.0
 * @category accessors
 */
export const fitting = (forms: ReadonlyArray<Form>, value: unknown): ReadonlyArray<Form> => {
  const kept = forms.filter((form) => fits(form, value))
  return kept.length === 0 ? forms : kept
}

/**
 * What is wanted one step further down.
 *
 * @since 0.1.0
 * @category accessors
 */
export const step = (forms: ReadonlyArray<Form>, value: unknown, key: string | number): ReadonlyArray<Form> =>
  fitting(forms, value).flatMap((form) => {
    const { ast, isSecret } = form
    if (SchemaAST.isArrays(ast)) {
      const index = Number(key)
      const element = ast.elements[index] ?? ast.rest[0]
      return element === undefined ? [] : formsOf(element, isSecret)
    }
    const setting = settingsOf(form).find(([name]) => name === String(key))
    return setting === undefined ? entriesOf(form) : formsOf(setting[1], isSecret)
  })

/**
 * The value at a path, `undefined` where there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const valueAt = (document: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => Predicate.isObjectOrArray(value) && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
    document
  )

/**
 * What is wanted at a path of a document.
 *
 * @since 0.1.0
 * @category accessors
 */
export const at = (forms: ReadonlyArray<Form>, document: unknown, path: Path): ReadonlyArray<Form> => {
  let [found, value] = [forms, document]
  for (const key of path) {
    found = step(found, value, key)
    value = valueAt(value, [key])
  }
  return found
}

/** How people call what they hide, as the last word of a key; `maxTokens` is none. */
const secretName =
  /(?:^|[^A-Za-z])(?:(?:(?:api)?key|secret|password|credential)s?|passphrase|token|authorization)$|[a-z](?:(?:Key|Secret|Password|Credential)s?|Passphrase|Token|Authorization)$/

/**
 * Whether what stands at a path is never to be shown: the schema redacts it, or its name says so.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSecret = (forms: ReadonlyArray<Form>, path: Path): boolean =>
  forms.some((form) => form.isSecret) || isSecretName(path.findLast(Predicate.isString) ?? "")

const isSecretName = (name: string): boolean => secretName.test(name) || secretName.test(name.toLowerCase())

const scalar = /^(?:true|false|null|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)$/i

/** Whether a text is already what one of the forms wants. */
const takesText = (text: string) => (form: Form): boolean => {
  const { ast } = form
  if (SchemaAST.isLiteral(ast) || SchemaAST.isEnum(ast)) return literalsOf(form).includes(text)
  return !(SchemaAST.isNumber(ast) || SchemaAST.isBoolean(ast) || SchemaAST.isNull(ast) || SchemaAST.isObjects(ast) ||
    SchemaAST.isArrays(ast))
}

/**
 * A text from outside the document as the schema wants it: text where it takes that text, else the `true`, `false`,
 * `null` or number that it spells, else text.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = (forms: ReadonlyArray<Form>, text: string): unknown => {
  const trimmed = text.trim()
  if (forms.length === 0 || forms.some(takesText(text)) || !scalar.test(trimmed)) return text
  const word = trimmed.toLowerCase()
  return word === "null" ? null : word === "true" ? true : word === "false" ? false : Number(word)
}
