/**
 * The HTTP client for Node: undici with pooled connections that are kept alive.
 *
 * Elsewhere, provide `FetchHttpClient.layer` of `effect/http`.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Duration, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import * as DispatchExchange from "./DispatchExchange.ts"
import * as Exchange from "./Exchange.ts"

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
 * A client without limits on how long an answer may take to begin (undici's floor for a client that is wrapped: one
 * hour) or to go on: timeouts are the dispatcher's.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(HttpClient.HttpClient, attached).pipe(
    Layer.provide(NodeHttpClient.layerUndiciNoDispatcher),
    Layer.provide(NodeHttpClient.layerDispatcherOptions({
      connections: options.connections ?? null,
      // One request a connection: behind a running stream a second one would wait for minutes.
      pipelining: 1,
      keepAliveTimeout: Duration.toMillis(options.keepAlive ?? "30 seconds"),
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: Duration.toMillis(options.connectTimeout ?? "10 seconds") }
    }))
  )

/** Both ways share the agent, and so its connections. */
const attached = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const agent = yield* NodeHttpClient.Dispatcher
  const dispatch: DispatchExchange.Dispatch = (outgoing, handler, fiber) => {
    agent.dispatch({ ...fiber.getRef(NodeHttpClient.UndiciOptions), ...outgoing }, handler)
  }
  return Exchange.attach(client, DispatchExchange.make(dispatch))
})
