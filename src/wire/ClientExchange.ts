/**
 * Exchanges over any `HttpClient`: the way for clients that a user brings or wraps.
 *
 * @since 0.1.0
 */
import { Context, Effect, identity, Stream } from "effect"
import { FetchHttpClient, Headers, HttpBody, HttpClient, type HttpClientError, HttpClientRequest } from "effect/http"
import type { Collected } from "./Body.ts"
import * as Body from "./Body.ts"
import { briefly, type Exchange, ExchangeError, isSuccess, type Request } from "./Exchange.ts"

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (client: HttpClient.HttpClient): Exchange => {
  const scoped = HttpClient.withScope(client)
  return {
    whole: (request, limit) =>
      execute(client, request, (response) => {
        // Each read of them builds them anew.
        const { headers, status } = response
        return Effect.map(
          Effect.result(readBy(status)(Effect.mapError(Body.text(response, headers, limit(status)), errorOf))),
          (body) => ({ status, headers, body })
        )
      }),
    open: (request) =>
      execute(scoped, request, (response) => {
        const { headers, status } = response
        return Effect.succeed({
          status,
          headers,
          bytes: Stream.mapError(response.stream, errorOf),
          text: (size) => Effect.mapError(Body.text(response, headers, size), errorOf)
        })
      })
  }
}

const readBy = (status: number) => isSuccess(status) ? identity<Effect.Effect<Collected, ExchangeError>> : briefly

const execute = <A, R>(
  client: HttpClient.HttpClient.With<HttpClientError.HttpClientError, R>,
  request: Request,
  onResponse: (
    response: Effect.Success<ReturnType<typeof client.execute>>
  ) => Effect.Effect<A, ExchangeError>
): Effect.Effect<A, ExchangeError, R> =>
  Effect.matchEffect(quietly(client.execute(requestOf(request)), request.secretNames), {
    onFailure: (error) => Effect.fail(errorOf(error)),
    onSuccess: onResponse
  })

const requestOf = ({ body, headers, method, url }: Request): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.make(method)(url, {
    headers,
    ...(body === undefined ? undefined : { body: HttpBody.text(body, "application/json") })
  })

const errorOf = (error: HttpClientError.HttpClientError): ExchangeError =>
  new ExchangeError({ at: placeOf(error.reason), cause: error.reason })

const placeOf = (reason: HttpClientError.HttpClientErrorReason): ExchangeError["at"] => {
  switch (reason._tag) {
    case "InvalidUrlError":
      return "url"
    case "EncodeError":
      return "encode"
    case "TransportError":
      return "head"
    default:
      return "body"
  }
}

/**
 * The attempt has a span of its own, so the client makes none and tells none; and fetch, which follows redirects by
 * itself and would take a key in `api-key` along, is kept from it.
 */
const quiet = Context.empty().pipe(
  Context.add(HttpClient.TracerDisabledWhen, () => true),
  Context.add(HttpClient.TracerPropagationEnabled, false)
)

/** What the user keeps from being shown stays so. */
const quietly = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  names: Request["secretNames"]
): Effect.Effect<A, E, R> =>
  Effect.updateContext(effect, (context: Context.Context<R>) =>
    Context.merge(context, quiet).pipe(
      Context.add(Headers.CurrentRedactedNames, [...Context.get(context, Headers.CurrentRedactedNames), ...names]),
      Context.add(FetchHttpClient.RequestInit, {
        ...Context.getOrUndefined(context as Context.Context<any>, FetchHttpClient.RequestInit),
        redirect: "manual"
      })
    ) as any)
