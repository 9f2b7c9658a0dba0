/**
 * Everything of the gateway that is no API of a vendor's: administration, its description, health and metrics.
 *
 * @since 0.1.0
 */
import { ByteSize, Cause, Clock, Effect, Layer, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import {
  HttpIncomingMessage,
  HttpRouter,
  HttpServer,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { HttpApiBuilder, HttpApiSwagger, OpenApi } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"
import type { Access } from "../Gateway.ts"
import * as Health from "../Health.ts"
import type { Administration } from "./Administration.ts"
import { AdminApi } from "./Api.ts"
import * as ConfigurationHandlers from "./ConfigurationHandlers.ts"
import * as Description from "./Description.ts"
import * as Guard from "./Guard.ts"
import * as Pages from "./Pages.ts"
import * as PrincipalHandlers from "./PrincipalHandlers.ts"
import * as StatsHandlers from "./StatsHandlers.ts"
import * as VendorHandlers from "./VendorHandlers.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Administration {
  /** Whether the server still takes calls. */
  readonly isReady: () => boolean
  /** Of the program that serves. */
  readonly version: string
  /** Is told of every call when it is over. */
  readonly log?: ((access: Access) => void) | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type App = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

/** Asked every few seconds by whoever watches, and of no interest later. */
const quiet: ReadonlySet<string> = new Set(["/healthz", "/readyz"])

/** Of a request's body: no configuration and no grant is near that. */
const maxBodySize = ByteSize.mebibytes(1)

const administration = (options: Administration) =>
  HttpApiBuilder.layer(AdminApi).pipe(
    Layer.provide(Layer.mergeAll(
      VendorHandlers.layerVendors(options),
      VendorHandlers.layerRoutes(options),
      StatsHandlers.layer(options),
      ConfigurationHandlers.layer(options),
      PrincipalHandlers.layerPrincipals(options),
      PrincipalHandlers.layerKeys(options),
      PrincipalHandlers.layerAudit(options)
    )),
    Layer.provide(Guard.layer(options)),
    Layer.provide(HttpServer.layerServices)
  )

const failed = (status: number, message: string) => HttpServerResponse.jsonUnsafe({ error: { message } }, { status })

const statuses = { Unauthenticated: 401, Forbidden: 403, Unavailable: 503 } as const

const metrics = (options: Administration) =>
  Effect.gen(function*() {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    yield* Guard.admit(options, headers, "stats:read")
    return HttpServerResponse.text(yield* PrometheusMetrics.format(), {
      contentType: "text/plain; version=0.0.4; charset=utf-8"
    })
  }).pipe(Effect.catch(({ _tag, message }) => Effect.succeed(failed(statuses[_tag], message))))

/** Nothing but what stands in the page itself is loaded or run. */
const page = (html: string) =>
  HttpServerResponse.setHeader(
    HttpServerResponse.html(html),
    "content-security-policy",
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
  )

/** The page is 2 MB: it is made when somebody wants to see it. */
const documentation = (version: string) =>
  Effect.map(
    Effect.cached(
      Effect.scoped(Effect.suspend(() => HttpRouter.toHttpEffect(HttpApiSwagger.layer(Description.described(version)))))
    ),
    (made) =>
      Effect.map(Effect.flatten(made), (response) =>
        HttpServerResponse.setHeader(
          response,
          "content-security-policy",
          "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
connect-src 'self'; frame-ancestors 'none'"
        ))
  )

const routes = Effect.fnUntraced(function*(options: Options) {
  const { version } = options
  const document = yield* Effect.cached(
    Effect.sync(() => HttpServerResponse.jsonUnsafe(OpenApi.fromApi(Description.described(version))))
  )
  const start = page(Pages.start(version))
  const pages = HttpRouter.addAll([
    HttpRouter.route("GET", "/", start),
    HttpRouter.route("GET", "/openapi.json", document),
    HttpRouter.route("GET", "/docs", yield* documentation(version)),
    HttpRouter.route("GET", "/healthz", Health.liveness),
    HttpRouter.route("GET", "/readyz", Health.readiness({ dispatcher: options.runtime.dispatcher, ...options })),
    HttpRouter.route("GET", "/metrics", metrics(options))
  ])
  return Layer.merge(pages, administration(options))
})

/**
 * Answers every call, whatever comes of it; a defect is told without its words.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<App, never, Scope.Scope> {
  const { log } = options
  const routed = yield* HttpRouter.toHttpEffect(yield* routes(options))
  const random = yield* Effect.provide(SecureRandom.SecureRandom, SecureRandom.layerWebCrypto)

  const words = (status: number): string =>
    status === 404
      ? "there is nothing under this path"
      : status === 413
      ? "the body is too large"
      : "the call failed"

  const fallback = (cause: Cause.Cause<unknown>) =>
    Effect.gen(function*() {
      const [response, left] = yield* HttpServerError.causeResponse(cause)
      if (response.status >= 500) yield* Effect.logError("a call of administration failed", left)
      return failed(response.status, words(response.status))
    })

  return Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const startedAt = yield* Clock.currentTimeMillis
    const call: { readonly id: string; principal?: string } = { id: (yield* random.uuidV4()).replaceAll("-", "") }
    const { method, url } = request
    const mark = url.indexOf("?")
    const path = mark < 0 ? url : url.slice(0, mark)
    const done = (status: number) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (!quiet.has(path)) log?.({ ...call, method, path, startedAt, duration: now - startedAt, status })
      })
    const response = yield* routed.pipe(
      Effect.provideService(Guard.CurrentCall, call),
      Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBodySize),
      Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : fallback(cause)),
      Effect.onInterrupt(() => done(499))
    )
    yield* done(response.status)
    return HttpServerResponse.setHeaders(response, {
      "x-request-id": call.id,
      "x-content-type-options": "nosniff",
      // A token that was issued must not lie in anybody's cache, and the rest is out of date at once.
      ...(response.status === 401 ? { "www-authenticate": "Bearer" } : undefined),
      ...(path.startsWith("/admin/") || path === "/metrics" ? { "cache-control": "no-store" } : undefined)
    })
  })
})
