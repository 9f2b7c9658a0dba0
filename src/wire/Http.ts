/**
 * JSON over HTTP to one vendor: its own origin, its own headers, its own failures.
 *
 * Nothing here retries, waits or follows a redirect, so that headers with keys stay with the vendor they belong to.
 *
 * @since 0.1.0
 */
import { Clock, Context, Effect, Option, Redacted, type Scope, Stream } from "effect"
import {
  FetchHttpClient,
  Headers,
  HttpBody,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "effect/http"
import { type AttemptError, fatal, retryable, withContext } from "../VendorError.ts"
import * as Body from "./Body.ts"
import * as Json from "./Json.ts"
import * as Scrub from "./Scrub.ts"
import type { Failed } from "./Status.ts"
import * as Transport from "./Transport.ts"

/** Bytes of an answer, 32 MiB: the most that any vendor documents for a request, and far above any answer. */
const defaultMaxBodySize = 32 * 1024 * 1024

/** Bytes of a failure that are read for its words, 64 KiB. */
const maxErrorSize = 64 * 1024

type Names = ReadonlyArray<string | RegExp>

/** The headers that must not be shown: effect's own list, and where other vendors carry their keys. */
const redactedNames: Names = [
  ...Headers.CurrentRedactedNames.defaultValue(),
  "api-key",
  "x-goog-api-key",
  "x-amz-security-token",
  "proxy-authorization"
]

/**
 * Whether the current span is told to vendors in `traceparent`, by default `false`: whom a caller traces is no business
 * of a vendor's.
 *
 * @since 0.1.0
 * @category references
 */
export const PropagateTrace = Context.Reference<boolean>("llmdispatcher/wire/Http/PropagateTrace", {
  defaultValue: () => false
})

/**
 * Header values; `Redacted` ones are opened only when the request is sent, and scrubbed from every error.
 *
 * @since 0.1.0
 * @category models
 */
export type HeaderValues = Readonly<Record<string, string | Redacted.Redacted<string>>>

/**
 * A request about to be sent, for vendors that sign it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outgoing {
  readonly method: "GET" | "POST"
  readonly url: string
  readonly body: string | undefined
}

/**
 * `baseUrl` may end in a slash or not; `failure` reads every answer outside 2xx; `maxBodySize` is in bytes, by default
 * 32 MiB.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly baseUrl: string
  readonly headers: HeaderValues | ((outgoing: Outgoing) => Effect.Effect<HeaderValues, AttemptError>)
  readonly failure: (failed: Failed) => AttemptError
  readonly maxBodySize?: number | undefined
}

/**
 * A whole answer, its JSON not looked at yet; `refine` as in {@link ByteAnswer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly json: unknown
  readonly refine: (error: AttemptError) => AttemptError
}

/**
 * An answer whose bytes are still coming; `refine` gives errors found in them their status, request id and no secret.
 *
 * `json` is there when the server does not stream but answers whole, as those do that overlook the wish.
 *
 * @since 0.1.0
 * @category models
 */
export interface ByteAnswer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly bytes: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>
  readonly json: Effect.Effect<unknown, AttemptError> | undefined
  readonly refine: (error: AttemptError) => AttemptError
}

/**
 * One vendor's wire; paths begin with a slash and are appended to the base URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http {
  /** Where the vendor is called, `undefined` when the base URL is not valid. */
  readonly address: { readonly host: string; readonly port: number } | undefined
  readonly get: (path: string) => Effect.Effect<JsonAnswer, AttemptError>
  readonly post: (path: string, body: unknown) => Effect.Effect<JsonAnswer, AttemptError>
  /** Succeeds with the headers; closing the Scope aborts the request, whatever has been read. */
  readonly stream: (
    path: string,
    body: unknown,
    accept?: string
  ) => Effect.Effect<ByteAnswer, AttemptError, Scope.Scope>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Http, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const base = options.baseUrl.replace(/\/+$/, "")
    const maxBodySize = options.maxBodySize ?? defaultMaxBodySize
    const scoped = HttpClient.withScope(client)
    const headers = checkedHeaders(options.headers)

    const send = <R>(
      client: HttpClient.HttpClient.With<HttpClientError.HttpClientError, R>,
      outgoing: Outgoing,
      accept: string
    ) =>
      Effect.flatMap(headers(outgoing), ({ names, secrets, values }) =>
        requestOf(outgoing, accept, values).pipe(
          Effect.flatMap((request) => client.execute(request)),
          quietly(names),
          Effect.matchEffect({
            onFailure: (error) => Effect.fail(Transport.errorOfRequest(error)),
            onSuccess: (response) => opened(options, response, secrets)
          })
        ))

    const whole = (outgoing: Outgoing): Effect.Effect<JsonAnswer, AttemptError> =>
      Effect.flatMap(
        send(client, outgoing, "application/json"),
        (answer) =>
          Effect.map(readJson(answer, maxBodySize), (json) => ({
            status: answer.status,
            headers: answer.headers,
            json,
            refine: answer.refine
          }))
      )

    return {
      address: addressOf(base),
      get: (path) => whole({ method: "GET", url: base + path, body: undefined }),
      post: (path, body) => whole({ method: "POST", url: base + path, body: JSON.stringify(body) }),
      stream: (path, body, accept = "text/event-stream") =>
        Effect.flatMap(
          send(scoped, { method: "POST", url: base + path, body: JSON.stringify(body) }, accept),
          (answer) => {
            const { headers, refine, response, status } = answer
            const type = headers["content-type"] ?? ""
            if (type.startsWith("text/html")) return Effect.fail(refine(malformed("the answer is a web page")))
            const json = type.startsWith("application/json") ? readJson(answer, maxBodySize) : undefined
            return Effect.succeed({ status, headers, bytes: response.stream, json, refine })
          }
        )
    }
  })

const addressOf = (base: string): Http["address"] => {
  if (!URL.canParse(base)) return undefined
  const url = new URL(base)
  return { host: url.hostname, port: url.port === "" ? url.protocol === "http:" ? 80 : 443 : Number(url.port) }
}

// -----------------------------------------------------------------------------
// Request
// -----------------------------------------------------------------------------

/** Tab, printable ASCII and Latin-1: what every client can put into a header. */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

type Secrets = ReadonlyArray<Redacted.Redacted<string>>

/** Headers found fit to be sent, what of them no error may show, and under which names it stands. */
interface Checked {
  readonly values: HeaderValues
  readonly secrets: Secrets
  readonly names: Names
}

const check = (values: HeaderValues): Effect.Effect<Checked, AttemptError> => {
  const secrets: Array<Redacted.Redacted<string>> = []
  const names = redactedNames.slice()
  for (const [name, value] of Object.entries(values)) {
    const plain = open(value)
    if (!headerValue.test(plain)) return Effect.fail(badHeader(name))
    if (!Redacted.isRedacted(value)) continue
    // Of "Bearer key" the key alone is a secret too.
    secrets.push(value, Redacted.make(plain.slice(plain.indexOf(" ") + 1)))
    names.push(name.toLowerCase())
  }
  return Effect.succeed({ values, secrets, names })
}

const open = (value: string | Redacted.Redacted<string>): string =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value

const checkedHeaders = (
  headers: Options["headers"]
): (outgoing: Outgoing) => Effect.Effect<Checked, AttemptError> => {
  if (typeof headers === "function") return (outgoing) => Effect.flatMap(headers(outgoing), check)
  const checked = check(headers)
  return () => checked
}

const requestOf = (
  outgoing: Outgoing,
  accept: string,
  values: HeaderValues
): Effect.Effect<HttpClientRequest.HttpClientRequest> => {
  const headers: Record<string, string> = { accept, "user-agent": "llmdispatcher" }
  for (const name in values) headers[name.toLowerCase()] = open(values[name]!)
  return traced(
    HttpClientRequest.make(outgoing.method)(outgoing.url, {
      headers,
      ...(outgoing.body === undefined ? undefined : { body: HttpBody.text(outgoing.body, "application/json") })
    })
  )
}

const badHeader = (name: string): AttemptError =>
  fatal({
    _tag: "Unauthenticated",
    description: `the configured header "${name}" holds a line break or another character that headers cannot carry`
  })

const traced = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientRequest.HttpClientRequest> =>
  Effect.withFiber((fiber) => {
    if (!fiber.getRef(PropagateTrace)) return Effect.succeed(request)
    return Effect.map(
      Effect.option(Effect.currentParentSpan),
      Option.match({
        onNone: () => request,
        onSome: ({ sampled, spanId, traceId }) =>
          HttpClientRequest.setHeader(
            request,
            "traceparent",
            `00-${traceId.padStart(32, "0")}-${spanId}-${sampled ? "01" : "00"}`
          )
      })
    )
  })

/**
 * The attempt has a span of its own, so the client makes none and tells none; and fetch, which follows redirects by
 * itself and would take a key in `api-key` along, is kept from it.
 */
const quiet = Context.empty().pipe(
  Context.add(HttpClient.TracerDisabledWhen, () => true),
  Context.add(HttpClient.TracerPropagationEnabled, false)
)

/** What the user keeps from being shown stays so. */
const quietly = (names: Names) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateContext(effect, (context: Context.Context<R>) =>
    Context.merge(context, quiet).pipe(
      Context.add(Headers.CurrentRedactedNames, [...Context.get(context, Headers.CurrentRedactedNames), ...names]),
      Context.add(FetchHttpClient.RequestInit, {
        ...Context.getOrUndefined(context as Context.Context<any>, FetchHttpClient.RequestInit),
        redirect: "manual"
      })
    ) as any)

// -----------------------------------------------------------------------------
// Response
// -----------------------------------------------------------------------------

/** OpenAI and most, Anthropic, Bedrock, Azure's gateway, Cloudflare. */
const requestIdNames = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "cf-ray"]

const requestIdOf = (headers: Headers.Headers, secrets: Secrets): string | undefined => {
  for (const name of requestIdNames) {
    const id = headers[name]
    if (id !== undefined && id !== "") return Scrub.text(id, secrets)
  }
  return undefined
}

interface Opened {
  readonly response: HttpClientResponse.HttpClientResponse
  readonly status: number
  readonly headers: Headers.Headers
  readonly refine: (error: AttemptError) => AttemptError
}

const opened = (
  { failure }: Options,
  response: HttpClientResponse.HttpClientResponse,
  secrets: Secrets
): Effect.Effect<Opened, AttemptError> => {
  // Each read of them builds them anew.
  const { headers, status } = response
  const refine = (error: AttemptError) =>
    Scrub.error(withContext(error, { status, requestId: requestIdOf(headers, secrets) }), secrets)
  if (status >= 200 && status < 300) return Effect.succeed({ response, status, headers, refine })
  // A failure whose body cannot be read is still told by its status.
  const body = Effect.orElseSucceed(Body.collect(response.stream, maxErrorSize), () => ({ text: "" }))
  return Effect.flatMap(
    body,
    ({ text }) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => Effect.fail(refine(failure({ status, headers, body: text, now })))
      )
  )
}

const malformed = (description: string) => retryable({ _tag: "MalformedResponse", description })

const readJson = (
  { headers, refine, response }: Opened,
  maxBodySize: number
): Effect.Effect<unknown, AttemptError> => {
  const fail = (description: string) => Effect.fail(refine(malformed(description)))
  return Effect.matchEffect(Body.text(response, headers, maxBodySize), {
    onFailure: (error) => Effect.fail(refine(Transport.errorOfRequest(error))),
    onSuccess: (text) => {
      if (text === undefined) return fail(`the answer is larger than ${maxBodySize} bytes`)
      const json = Json.parse(text)
      const type = headers["content-type"] ?? "no content type"
      return json === undefined
        ? fail(`the answer is not JSON (${type}, ${text.length} characters)`)
        : Effect.succeed(json)
    }
  })
}
