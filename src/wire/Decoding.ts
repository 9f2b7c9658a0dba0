/**
 * What every reading of a vendor's JSON needs.
 *
 * @since 0.1.0
 */
import { type Schema, SchemaIssue } from "effect"
import { type Retryable, retryable } from "../VendorError.ts"

/**
 * An answer that breaks the vendor's own protocol.
 *
 * @since 0.1.0
 * @category constructors
 */
export const malformed = (description: string): Retryable<"MalformedResponse"> =>
  retryable({ _tag: "MalformedResponse", description })

/**
 * A count of tokens, `undefined` for anything that is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/**
 * Names the field that is wrong and not its value, which may be anything the model said.
 *
 * @since 0.1.0
 * @category conversions
 */
export const issueOf = (error: Schema.SchemaError): string => {
  const [issue] = paths(error.issue).issues
  const path = (issue?.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join(".")
  return `the answer's field "${path}" is not of the right type`
}

const paths = SchemaIssue.makeFormatterStandardSchemaV1()
