/**
 * Principals, keys and events of the audit as rows, and back.
 *
 * What is absent is null in a row.
 *
 * @since 0.1.0
 */
import { Effect, Schema, SchemaTransformation } from "effect"
import type { AccessKey } from "../AccessKey.ts"
import type { Event } from "../Audit.ts"
import { Change } from "../Changes.ts"
import { Grant } from "../Grant.ts"
import { Kind, type Principal } from "../Principal.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Row = Readonly<Record<string, string | bigint | null>>

/**
 * A row of these columns, and how it becomes what it stands for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<A> {
  readonly encode: (value: A) => Row
  readonly decode: (rows: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<A>, Schema.SchemaError>
}

const BigInts = Schema.Union([Schema.BigInt, Schema.BigIntFromString])

/**
 * A whole number, however the database tells it: one gives numbers, the other bigints.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Whole = Schema.Union([
  Schema.Int,
  BigInts.pipe(Schema.decodeTo(Schema.Int, SchemaTransformation.transform({ decode: Number, encode: BigInt })))
])

/**
 * The same with all its digits.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Large = Schema.Union([
  BigInts,
  Schema.Int.pipe(Schema.decodeTo(Schema.BigInt, SchemaTransformation.transform({ decode: BigInt, encode: Number })))
])

const wholeOrNull = Schema.NullOr(Whole)
const textOrNull = Schema.NullOr(Schema.String)

const column = (value: number | undefined): bigint | null => value === undefined ? null : BigInt(value)

type Present<A> =
  & { [K in keyof A as null extends A[K] ? never : K]: A[K] }
  & { [K in keyof A as null extends A[K] ? K : never]?: NonNullable<A[K]> }

const present = <A extends object>(fields: A): Present<A> => {
  const kept: any = {}
  for (const key in fields) if (fields[key] !== null) kept[key] = fields[key]
  return kept
}

const codec = <S extends Schema.Codec<unknown, unknown>, A>(
  row: S,
  encode: (value: A) => Row,
  decode: (row: S["Type"]) => A
): Codec<A> => {
  const decodeRows = Schema.decodeUnknownEffect(Schema.Array(row))
  return { encode, decode: (rows) => Effect.map(decodeRows(rows), (rows) => rows.map(decode)) }
}

const GrantText = Schema.fromJsonString(Grant)
const encodeGrant = Schema.encodeSync(GrantText)

/**
 * @since 0.1.0
 * @category conversions
 */
export const principal: Codec<Principal> = codec(
  Schema.Struct({
    id: Schema.String,
    parent: textOrNull,
    name: Schema.String,
    kind: Kind,
    granted: GrantText,
    created_at: Whole,
    revoked_at: wholeOrNull
  }),
  ({ createdAt, grant, id, kind, name, parent, revokedAt }) => ({
    id,
    parent: parent ?? null,
    name,
    kind,
    granted: encodeGrant(grant),
    created_at: BigInt(createdAt),
    revoked_at: column(revokedAt)
  }),
  ({ created_at, granted, id, kind, name, parent, revoked_at }) =>
    present({ id, name, kind, parent, grant: granted, createdAt: created_at, revokedAt: revoked_at })
)

/**
 * @since 0.1.0
 * @category conversions
 */
export const key: Codec<AccessKey> = codec(
  Schema.Struct({
    id: Schema.String,
    principal: Schema.String,
    name: Schema.String,
    hash: Schema.String,
    created_at: Whole,
    expires_at: wholeOrNull,
    revoked_at: wholeOrNull,
    last_used_at: wholeOrNull,
    replaced_by: textOrNull
  }),
  (key) => ({
    id: key.id,
    principal: key.principal,
    name: key.name,
    hash: key.hash,
    created_at: BigInt(key.createdAt),
    expires_at: column(key.expiresAt),
    revoked_at: column(key.revokedAt),
    last_used_at: column(key.lastUsedAt),
    replaced_by: key.replacedBy ?? null
  }),
  (row) =>
    present({
      id: row.id,
      principal: row.principal,
      name: row.name,
      hash: row.hash,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: row.last_used_at,
      replacedBy: row.replaced_by
    })
)

const jsonOrNull = (value: unknown): string | null => value === undefined ? null : JSON.stringify(value)

/**
 * An event as it was hashed, its fields apart so that they can be asked for.
 *
 * @since 0.1.0
 * @category conversions
 */
export const event: Codec<Event> = codec(
  Schema.Struct({
    sequence: Whole,
    id: Schema.String,
    at: Whole,
    actor: textOrNull,
    actor_key: textOrNull,
    request_id: textOrNull,
    action: Schema.String,
    subject: Schema.String,
    outcome: Schema.Literals(["done", "refused"]),
    reason: textOrNull,
    changes: Schema.NullOr(Schema.fromJsonString(Schema.Array(Change))),
    lineage: Schema.NullOr(Schema.fromJsonString(Schema.Array(Schema.String))),
    previous: Schema.String,
    hash: Schema.String
  }),
  (event) => ({
    sequence: BigInt(event.sequence),
    id: event.id,
    at: BigInt(event.at),
    actor: event.actor ?? null,
    actor_key: event.key ?? null,
    request_id: event.requestId ?? null,
    action: event.action,
    subject: event.subject,
    outcome: event.outcome,
    reason: event.reason ?? null,
    changes: jsonOrNull(event.changes),
    lineage: jsonOrNull(event.lineage),
    previous: event.previous ?? "",
    hash: event.hash ?? ""
  }),
  ({ actor_key, request_id, ...row }) => present({ ...row, key: actor_key, requestId: request_id })
)
