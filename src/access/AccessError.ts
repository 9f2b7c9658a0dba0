/**
 * What looking after principals and keys can fail with.
 *
 * @since 0.1.0
 */
import { Effect, Schema, SchemaIssue } from "effect"
import { Issue } from "../Reason.ts"
import type { GrantExceeds } from "./Effective.ts"
import { Scope } from "./Grant.ts"

/**
 * Nobody has this id, or it belongs to somebody whom the caller may not know of.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotFound extends Schema.TaggedError<NotFound>("llmdispatcher/access/NotFound")("NotFound", {
  kind: Schema.Literals(["principal", "key"]),
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.kind} "${this.id}"`
  }
}

/**
 * The parent has one with this name or id already; another name would do.
 *
 * @since 0.1.0
 * @category errors
 */
export class Duplicate extends Schema.TaggedError<Duplicate>("llmdispatcher/access/Duplicate")("Duplicate", {
  name: Schema.String
}) {
  override get message(): string {
    return `there is a principal "${this.name}" already`
  }
}

/**
 * It was revoked, or one above it was; it does not come back.
 *
 * @since 0.1.0
 * @category errors
 */
export class Revoked extends Schema.TaggedError<Revoked>("llmdispatcher/access/Revoked")("Revoked", {
  kind: Schema.Literals(["principal", "key"]),
  id: Schema.String
}) {
  override get message(): string {
    return `the ${this.kind} "${this.id}" is revoked`
  }
}

/**
 * Its time, or that of one above it, is over or has not begun; times are epoch milliseconds.
 *
 * @since 0.1.0
 * @category errors
 */
export class Expired extends Schema.TaggedError<Expired>("llmdispatcher/access/Expired")("Expired", {
  kind: Schema.Literals(["principal", "key"]),
  id: Schema.String,
  from: Schema.optionalKey(Schema.Finite),
  until: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    return `the ${this.kind} "${this.id}" is out of its time`
  }
}

/**
 * Whoever acts lacks this scope, or is not named at all, or may do it to others but not to itself.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotPermitted
  extends Schema.TaggedError<NotPermitted>("llmdispatcher/access/NotPermitted")("NotPermitted", {
    scope: Scope,
    description: Schema.String
  })
{
  override get message(): string {
    return `${this.description} (${this.scope})`
  }
}

/**
 * What was given is no principal or key; `issues` tell the fields.
 *
 * @since 0.1.0
 * @category errors
 */
export class Invalid extends Schema.TaggedError<Invalid>("llmdispatcher/access/Invalid")("Invalid", {
  issues: Schema.Array(Issue)
}) {
  override get message(): string {
    return this.issues.map(({ field, message }) => `${field}: ${message}`).join("; ")
  }
}

/**
 * What the schema takes, or every field that it does not.
 *
 * @since 0.1.0
 * @category conversions
 */
export const check = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" })
  return (input: unknown): Effect.Effect<S["Type"], Invalid> =>
    Effect.mapError(decode(input), ({ issue }) =>
      new Invalid({
        issues: format(issue).issues.map(({ message, path }) => ({
          field: (path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join("."),
          message
        }))
      }))
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Why a principal cannot act.
 *
 * @since 0.1.0
 * @category errors
 */
export type Inactive = NotFound | Revoked | Expired

/**
 * A store of principals, keys, spending or the audit could not be read or written; the same may succeed later. Nothing
 * was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoreUnavailable
  extends Schema.TaggedError<StoreUnavailable>("llmdispatcher/StoreUnavailable")("StoreUnavailable", {
    /** What is kept there. */
    store: Schema.String,
    cause: Schema.optionalKey(Schema.Defect())
  })
{
  override get message(): string {
    return `the store of ${this.store} cannot be reached`
  }
}

/**
 * What looking after principals can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type AdministrationError = Inactive | NotPermitted | Invalid | Duplicate | GrantExceeds | StoreUnavailable
