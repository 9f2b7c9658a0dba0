/**
 * What the admin API is about: a dispatcher that runs, and the library's services beside it.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { AccessKeys } from "../../access/AccessKeys.ts"
import type { Audit } from "../../access/Audit.ts"
import { type Caller, CurrentPrincipal } from "../../access/CurrentPrincipal.ts"
import { rootId } from "../../access/Principal.ts"
import type { Principals } from "../../access/Principals.ts"
import type { Spending } from "../../access/Spending.ts"
import type * as Runtime from "../../config/Runtime.ts"
import type { Queries } from "../../stats/sql/Queries.ts"
import type { Authenticate } from "../Gateway.ts"
import { Forbidden } from "./AdminError.ts"

/**
 * Who may come in, and what is kept of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Access {
  readonly authenticate: Authenticate
  readonly principals: Principals["Service"]
  readonly keys: AccessKeys["Service"]
  readonly audit: Audit["Service"]
  readonly spending?: Spending["Service"] | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Administration {
  readonly runtime: Pick<Runtime.Runtime, "dispatcher" | "loaded" | "reload">
  /** Where a text that is checked finds its variables; none of its files is read. */
  readonly options: Pick<Runtime.Options, "environment" | "reserved">
  /** Absent in open mode. */
  readonly access?: Access | undefined
  /** Absent without a database. */
  readonly queries?: Queries["Service"] | undefined
}

/**
 * Whoever acts, where that is not the root and so sees only what is its own; `undefined` for the root and in open mode.
 *
 * @since 0.1.0
 * @category accessors
 */
export const bounded: Effect.Effect<Caller | undefined> = Effect.map(
  CurrentPrincipal,
  (caller) => caller === undefined || caller.id === rootId ? undefined : caller
)

/**
 * Principals, keys and the audit, which nobody is told of in open mode.
 *
 * @since 0.1.0
 * @category accessors
 */
export const accessOf = ({ access }: Administration): Effect.Effect<Access, Forbidden> =>
  access === undefined
    ? Effect.fail(new Forbidden({ message: "this gateway runs without keys, so there is nothing of this kind" }))
    : Effect.succeed(access)
