/**
 * The HTTP client for Node: undici with pooled connections that are kept alive.
 *
 * Elsewhere, provide `FetchHttpClient.layer` of `effect/http`.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Duration, type Layer } from "effect"
import type { HttpClient } from "effect/http"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a connection may take to open, TLS included; by default 10 seconds (undici's own). */
  readonly connectTimeout?: Duration.Input | undefined
  /**
   * How long an idle connection is kept unless the vendor says less in `keep-alive`; by default 30 seconds, below the
   * idle limits of the usual load balancers (60 seconds).
   */
  readonly keepAlive?: Duration.Input | undefined
  /**
   * The most connections to one vendor; by default no limit, since each running answer holds one and a limit here
   * would be a queue that no policy sees.
   */
  readonly connections?: number | undefined
}

/**
 * A client without limits on how long an answer may take to begin (undici's floor: one hour) or to go on: timeouts are
 * the dispatcher's.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient> =>
  NodeHttpClient.layerUndiciOptions({
    connections: options.connections ?? null,
    // One request a connection: behind a running stream a second one would wait for minutes.
    pipelining: 1,
    keepAliveTimeout: Duration.toMillis(options.keepAlive ?? "30 seconds"),
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: Duration.toMillis(options.connectTimeout ?? "10 seconds") }
  })
