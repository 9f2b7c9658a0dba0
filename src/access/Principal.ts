/**
 * Who may do something: an organisation, a team, a person, a program; each below the one that made it.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Grant } from "./Grant.ts"

/**
 * The id of the principal above all others: the operator.
 *
 * @since 0.1.0
 * @category constants
 */
export const rootId = "root"

/**
 * 1 to 64 letters, digits, underscores, dots or dashes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Id = Schema.String.check(
  Schema.makeFilter((id) =>
    /^[a-zA-Z0-9_.-]{1,64}$/.test(id) ? undefined : "must be 1 to 64 letters, digits, underscores, dots or dashes"
  )
)

/**
 * Of a person's choice: 1 to 128 characters, none of them a control character.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Name = Schema.String.check(
  Schema.makeFilter((name) =>
    // oxlint-disable-next-line no-control-regex
    name.trim() !== "" && name.length <= 128 && name.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f]/.test(name)
      ? undefined
      : "must be 1 to 128 characters, none of them a control character"
  )
)

/**
 * For people to tell them apart; all kinds are treated alike.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Kind = Schema.Literals(["root", "organisation", "team", "person", "service"])

/**
 * @since 0.1.0
 * @category schemas
 */
export const Principal = Schema.Struct({
  id: Id,
  name: Name,
  kind: Kind,
  /** Only the root has none. */
  parent: Schema.optionalKey(Id),
  grant: Grant,
  /** Epoch milliseconds. */
  createdAt: Schema.Int,
  /** Epoch milliseconds; a principal that was revoked stays so, and all below it with it. */
  revokedAt: Schema.optionalKey(Schema.Int)
}).annotate({ identifier: "Principal" })

/**
 * @since 0.1.0
 * @category models
 */
export type Principal = typeof Principal.Type

/**
 * What a new principal is told by.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Creation = Schema.Struct({
  /** Default whoever creates it. */
  parent: Schema.optional(Id),
  name: Name,
  kind: Kind.pick(["organisation", "team", "person", "service"]),
  grant: Grant,
  /** Only the root chooses ids, for others could try out by them who is there. Default a random one. */
  id: Schema.optional(Id)
}).annotate({ identifier: "PrincipalCreation" })

/**
 * @since 0.1.0
 * @category models
 */
export type Creation = typeof Creation.Type

/**
 * What is left out stays as it is.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Update = Schema.Struct({
  name: Schema.optional(Name),
  grant: Schema.optional(Grant)
}).annotate({ identifier: "PrincipalUpdate" })

/**
 * @since 0.1.0
 * @category models
 */
export type Update = typeof Update.Type
