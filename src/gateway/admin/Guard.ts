/**
 * Lets a call of administration in, or refuses it before anything of it is read: the key, then the scope.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, SchemaIssue } from "effect"
import { HttpServerRequest } from "effect/http"
import { type HttpApiError, HttpApiMiddleware } from "effect/http-api"
import { type Caller, CurrentPrincipal } from "../../access/CurrentPrincipal.ts"
import type { Scope } from "../../access/Grant.ts"
import type { Headers } from "../Call.ts"
import type { Access, Administration } from "./Administration.ts"
import { Forbidden, Invalid, Unauthenticated, Unavailable } from "./AdminError.ts"
import { Authorization, openScopes, scopeOf, Validation } from "./Scopes.ts"

/**
 * The call as the access log wants to know it; filled in on its way.
 *
 * @since 0.1.0
 * @category references
 */
export const CurrentCall = Context.Reference<{ readonly id: string; principal?: string } | undefined>(
  "llmdispatcher/admin/CurrentCall",
  { defaultValue: () => undefined }
)

const authenticated = ({ authenticate, principals }: Access, headers: Headers, scope: Scope | "none") =>
  Effect.gen(function*(): Effect.fn.Return<Caller, Unauthenticated | Forbidden | Unavailable> {
    const call = yield* CurrentCall
    const caller = yield* Effect.mapError(
      authenticate(headers),
      ({ kind, message }) =>
        kind === "unauthenticated" ? new Unauthenticated({ message }) : new Unavailable({ message })
    )
    if (caller === undefined) return yield* new Unauthenticated({ message: "no key was given" })
    const acting = call === undefined ? caller : { ...caller, requestId: call.id }
    if (call !== undefined) call.principal = caller.id
    const permitted = scope === "none" ? principals.resolve(caller.id) : principals.authorise(scope)
    yield* permitted.pipe(
      Effect.provideService(CurrentPrincipal, acting),
      Effect.mapError((error) => {
        const { message } = error
        switch (error._tag) {
          case "NotPermitted":
            return new Forbidden({ message, scope: error.scope })
          case "StoreUnavailable":
            return new Unavailable({ message })
          default:
            return new Unauthenticated({ message })
        }
      })
    )
    return acting
  })

const open = (scope: Scope | "none") =>
  scope === "none" || openScopes.includes(scope)
    ? Effect.undefined
    : Effect.fail(
      new Forbidden({ message: "without keys nothing is changed, and nothing is told of whoever calls", scope })
    )

/**
 * Whoever sends these headers, if it has the scope.
 *
 * @since 0.1.0
 * @category guards
 */
export const admit = (
  { access }: Pick<Administration, "access">,
  headers: Headers,
  scope: Scope | "none"
): Effect.Effect<Caller | undefined, Unauthenticated | Forbidden | Unavailable> =>
  access === undefined ? open(scope) : authenticated(access, headers, scope)

const authorization = (administration: Administration) =>
  Layer.succeed(
    Authorization,
    Authorization.of({
      key: (httpEffect, { endpoint }) =>
        Effect.gen(function*() {
          const scope = scopeOf(endpoint)
          if (scope === undefined) return yield* new Forbidden({ message: "nobody may do this" })
          const { headers } = yield* HttpServerRequest.HttpServerRequest
          // Not the credential that was found already: a call may carry several, which is for one place to judge.
          const caller = yield* admit(administration, headers, scope)
          return yield* Effect.provideService(httpEffect, CurrentPrincipal, caller)
        })
    })
  )

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const invalid = ({ cause, kind }: HttpApiError.HttpApiSchemaError): Invalid => {
  const issues = format(cause.issue).issues.map(({ message, path = [] }) => ({
    field: [kind.toLowerCase(), ...path.map((key) => String(typeof key === "object" ? key.key : key))].join("."),
    message
  }))
  return new Invalid({ message: issues.map(({ field, message }) => `${field}: ${message}`).join("; "), issues })
}

const validation = HttpApiMiddleware.layerSchemaErrorTransform(
  Validation,
  // What the gateway itself answers is no fault of the caller's.
  (error) =>
    error.kind === "Body" || error.kind === "ResponseHeaders" ? Effect.fail(error) : Effect.fail(invalid(error))
)

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (administration: Administration): Layer.Layer<Authorization | Validation> =>
  Layer.merge(authorization(administration), validation)
