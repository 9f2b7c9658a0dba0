/**
 * Which scope each call of administration needs, and who is asked for it.
 *
 * @since 0.1.0
 */
import { Context, Option } from "effect"
import { type HttpApiEndpoint, HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import type { Scope } from "../../access/Grant.ts"
import { Forbidden, Invalid, Unauthenticated, Unavailable } from "./AdminError.ts"

/**
 * The scope that an endpoint needs, as its annotation; `none` for any key that is good. An endpoint without it is
 * refused to everybody.
 *
 * @since 0.1.0
 * @category annotations
 */
export class RequiredScope
  extends Context.Service<RequiredScope, Scope | "none">()("llmdispatcher/admin/RequiredScope")
{}

/**
 * @since 0.1.0
 * @category accessors
 */
export const scopeOf = ({ annotations }: Pick<HttpApiEndpoint.Top, "annotations">): Scope | "none" | undefined =>
  Option.getOrUndefined(Context.getOption(annotations as Context.Context<RequiredScope>, RequiredScope))

/**
 * Scopes that change nothing and tell nothing of principals and keys: what there is in open mode.
 *
 * @since 0.1.0
 * @category constants
 */
export const openScopes: ReadonlyArray<Scope> = ["stats:read", "config:read", "circuits:read"]

/**
 * Asks for a key, under any of the names that clients of vendors have for it, before anything of a call is read.
 *
 * @since 0.1.0
 * @category middleware
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()("llmdispatcher/admin/Authorization", {
  security: { key: HttpApiSecurity.bearer },
  error: [Unauthenticated, Forbidden, Unavailable]
}) {}

/**
 * Tells which field of a call is wrong.
 *
 * @since 0.1.0
 * @category middleware
 */
export class Validation extends HttpApiMiddleware.Service<Validation>()("llmdispatcher/admin/Validation", {
  error: Invalid
}) {}
