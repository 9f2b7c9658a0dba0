/**
 * What a call of administration can fail with, each with its HTTP status.
 *
 * @since 0.1.0
 */
import { Effect, Schema } from "effect"
import type { AdministrationError } from "../../access/AccessError.ts"
import { Violation } from "../../access/Effective.ts"
import { Scope } from "../../access/Grant.ts"
import { Issue } from "../../Reason.ts"

const message = { message: Schema.String }

/**
 * 401: there is no key, or it is of no use; another key is needed.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthenticated extends Schema.TaggedError<Unauthenticated>("llmdispatcher/admin/Unauthenticated")(
  "Unauthenticated",
  message,
  { httpApiStatus: 401 }
) {}

/**
 * 403: whoever asks lacks the scope, or may do it to others but not to itself; a principal above has to.
 *
 * @since 0.1.0
 * @category errors
 */
export class Forbidden extends Schema.TaggedError<Forbidden>("llmdispatcher/admin/Forbidden")(
  "Forbidden",
  { ...message, scope: Schema.optionalKey(Scope) },
  { httpApiStatus: 403 }
) {}

/**
 * 403: more is granted than the one above has; each place is told.
 *
 * @since 0.1.0
 * @category errors
 */
export class Exceeds extends Schema.TaggedError<Exceeds>("llmdispatcher/admin/Exceeds")(
  "Exceeds",
  { ...message, violations: Schema.Array(Violation) },
  { httpApiStatus: 403 }
) {}

/**
 * 404: there is none, or it is another's.
 *
 * @since 0.1.0
 * @category errors
 */
export class Missing extends Schema.TaggedError<Missing>("llmdispatcher/admin/Missing")("Missing", message, {
  httpApiStatus: 404
}) {}

/**
 * 409: as things stand it cannot be: the name is taken, or it is revoked or out of its time.
 *
 * @since 0.1.0
 * @category errors
 */
export class Conflict extends Schema.TaggedError<Conflict>("llmdispatcher/admin/Conflict")("Conflict", message, {
  httpApiStatus: 409
}) {}

/**
 * 400: what was sent cannot be understood; each field is told, as in `payload.grant.models`.
 *
 * @since 0.1.0
 * @category errors
 */
export class Invalid extends Schema.TaggedError<Invalid>("llmdispatcher/admin/Invalid")(
  "Invalid",
  { ...message, issues: Schema.Array(Issue) },
  { httpApiStatus: 400 }
) {}

/**
 * 501: this gateway runs without what is asked for, such as a database.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotConfigured extends Schema.TaggedError<NotConfigured>("llmdispatcher/admin/NotConfigured")(
  "NotConfigured",
  message,
  { httpApiStatus: 501 }
) {}

/**
 * 503: a store cannot be reached; the same may succeed later, and nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unavailable extends Schema.TaggedError<Unavailable>("llmdispatcher/admin/Unavailable")(
  "Unavailable",
  message,
  { httpApiStatus: 503 }
) {}

/**
 * What reading principals and keys can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export const reading = [Missing, Conflict, Forbidden, Unavailable] as const

/**
 * What changing principals and keys can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export const changing = [...reading, Invalid, Exceeds] as const

type Changing = InstanceType<typeof changing[number]>

/** What each of them is over HTTP. */
interface Told {
  readonly NotFound: Missing
  readonly Revoked: Conflict
  readonly Expired: Conflict
  readonly Duplicate: Conflict
  readonly NotPermitted: Forbidden
  readonly Invalid: Invalid
  readonly GrantExceeds: Exceeds
  readonly StoreUnavailable: Unavailable
}

const told = (error: AdministrationError): Changing => {
  const { message } = error
  switch (error._tag) {
    case "NotFound":
      return new Missing({ message })
    case "Revoked":
    case "Expired":
    case "Duplicate":
      return new Conflict({ message })
    case "NotPermitted":
      return new Forbidden({ message, scope: error.scope })
    case "Invalid":
      return new Invalid({ message, issues: error.issues })
    case "GrantExceeds":
      return new Exceeds({ message, violations: error.violations })
    case "StoreUnavailable":
      return new Unavailable({ message })
  }
}

/**
 * The failures of the library's services as those of the API.
 *
 * @since 0.1.0
 * @category combinators
 */
export const overHttp = <A, E extends AdministrationError, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Told[E["_tag"]], R> => Effect.mapError(effect, (error) => told(error) as Told[E["_tag"]])

export type {
  /**
   * @since 0.1.0
   * @category errors
   */
  Changing
}
