/**
 * The admin API's client: a method for each call, with its types.
 *
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as AdminClient from "llmdispatcher/gateway/AdminClient"
 *
 * export const program = Effect.gen(function*() {
 *   const client = yield* AdminClient.make({ url: "http://127.0.0.1:8080", key: Redacted.make("…") })
 *   return yield* client.vendors.list()
 * }).pipe(Effect.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 */
import { Effect, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { AdminApi } from "./Api.ts"

export {
  /**
   * @since 0.1.0
   * @category errors
   */
  Conflict,
  /**
   * @since 0.1.0
   * @category errors
   */
  Exceeds,
  /**
   * @since 0.1.0
   * @category errors
   */
  Forbidden,
  /**
   * @since 0.1.0
   * @category errors
   */
  Invalid,
  /**
   * @since 0.1.0
   * @category errors
   */
  Missing,
  /**
   * @since 0.1.0
   * @category errors
   */
  NotConfigured,
  /**
   * @since 0.1.0
   * @category errors
   */
  Unauthenticated,
  /**
   * @since 0.1.0
   * @category errors
   */
  Unavailable
} from "./AdminError.ts"

export {
  /**
   * @since 0.1.0
   * @category api
   */
  AdminApi
} from "./Api.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The gateway's own, without a path. */
  readonly url: string | URL
  /** An access key, or the admin key; none in open mode. */
  readonly key?: Redacted.Redacted | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type AdminClient = HttpApiClient.ForApi<typeof AdminApi>

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ key, url }: Options): Effect.Effect<AdminClient, never, HttpClient.HttpClient> =>
  HttpApiClient.make(AdminApi, {
    baseUrl: url,
    transformClient: key === undefined ? undefined : HttpClient.mapRequest(HttpClientRequest.bearerToken(key))
  })
