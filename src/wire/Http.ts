/**
 * JSON over HTTP to one vendor: its own origin, its own headers, its own failures.
 *
 * Nothing here retries, waits or follows a redirect, so that headers with keys stay with the vendor they belong to.
 *
 * @since 0.1.0
 */
import { Clock, Context, Effect, Redacted, Result, type Scope, type Stream, Tracer } from "effect"
import { Headers, HttpClient } from "effect/http"
import type { AnswerStream } from "../Vendor.ts"
import { type AttemptError, fatal, retryable, withContext } from "../VendorError.ts"
import * as ClientExchange from "./ClientExchange.ts"
import * as Exchange from "./Exchange.ts"
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
  readonly bytes: Stream.Stream<Uint8Array, Exchange.ExchangeError>
  readonly json: Effect.Effect<unknown, AttemptError> | undefined
  readonly refine: (error: AttemptError) => AttemptError
  readonly cut: AnswerStream["cut"]
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
    const exchange = Exchange.of(client) ?? ClientExchange.make(client)
    const base = options.baseUrl.replace(/\/+$/, "")
    const maxBodySize = options.maxBodySize ?? defaultMaxBodySize
    const limit = (status: number) => Exchange.isSuccess(status) ? maxBodySize : maxErrorSize
    const prepare = preparing(options.headers)

    const whole = (outgoing: Outgoing): Effect.Effect<JsonAnswer, AttemptError> =>
      Effect.flatMap(
        prepare(outgoing, "application/json"),
        ({ request, secrets }) =>
          Effect.matchEffect(exchange.whole(request, limit), {
            onFailure: (error) => Effect.fail(Transport.errorOfRequest(error)),
            onSuccess: ({ body, headers, status }) => {
              const answer: Told = { status, headers, refine: refining(status, headers, secrets) }
              if (!Exchange.isSuccess(status)) return failed(options, answer, body)
              const json = jsonOf(answer, body, maxBodySize)
              return Result.isFailure(json)
                ? Effect.fail(json.failure)
                : Effect.succeed({ status, headers, json: json.success, refine: answer.refine })
            }
          })
      )

    const stream = (outgoing: Outgoing, accept: string): Effect.Effect<ByteAnswer, AttemptError, Scope.Scope> =>
      Effect.flatMap(prepare(outgoing, accept), ({ request, secrets }) =>
        Effect.matchEffect(exchange.open(request), {
          onFailure: (error) => Effect.fail(Transport.errorOfRequest(error)),
          onSuccess: ({ bytes, cut, headers, status, text }) => {
            const answer: Told = { status, headers, refine: refining(status, headers, secrets) }
            const body = text(limit(status))
            if (!Exchange.isSuccess(status)) {
              return Effect.flatMap(Effect.result(Exchange.briefly(body)), (body) => failed(options, answer, body))
            }
            const type = headers["content-type"] ?? ""
            if (type.startsWith("text/html")) return Effect.fail(answer.refine(malformed("the answer is a web page")))
            const json = type.startsWith("application/json")
              ? Effect.flatMap(Effect.result(body), (body) => Effect.fromResult(jsonOf(answer, body, maxBodySize)))
              : undefined
            return Effect.succeed({ status, headers, bytes, json, refine: answer.refine, cut })
          }
        }))

    return {
      address: addressOf(base),
      get: (path) => whole({ method: "GET", url: base + path, body: undefined }),
      post: (path, body) => whole({ method: "POST", url: base + path, body: JSON.stringify(body) }),
      stream: (path, body, accept = "text/event-stream") =>
        stream({ method: "POST", url: base + path, body: JSON.stringify(body) }, accept)
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
  readonly values: ReadonlyArray<readonly [name: string, value: string | Redacted.Redacted<string>]>
  readonly secrets: Secrets
  readonly secretNames: Names
}

const check = (headers: HeaderValues): Result.Result<Checked, AttemptError> => {
  const values: Array<Checked["values"][number]> = []
  const secrets: Array<Redacted.Redacted<string>> = []
  const secretNames = redactedNames.slice()
  for (const [name, value] of Object.entries(headers)) {
    const plain = open(value)
    if (!headerValue.test(plain)) return Result.fail(badHeader(name))
    values.push([name.toLowerCase(), value])
    if (!Redacted.isRedacted(value)) continue
    // Of "Bearer key" the key alone is a secret too.
    secrets.push(value, Redacted.make(plain.slice(plain.indexOf(" ") + 1)))
    secretNames.push(name.toLowerCase())
  }
  return Result.succeed({ values, secrets, secretNames })
}

const open = (value: string | Redacted.Redacted<string>): string =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value

interface Prepared {
  readonly request: Exchange.Request
  readonly secrets: Secrets
}

/** Headers that never change are checked once; secrets among them are opened for each call. */
const preparing = (
  headers: Options["headers"]
): (outgoing: Outgoing, accept: string) => Effect.Effect<Prepared, AttemptError> => {
  if (typeof headers === "function") {
    return (outgoing, accept) =>
      Effect.flatMap(headers(outgoing), (values) => prepared(outgoing, accept, check(values)))
  }
  const checked = check(headers)
  return (outgoing, accept) => prepared(outgoing, accept, checked)
}

const prepared = (
  { body, method, url }: Outgoing,
  accept: string,
  checked: Result.Result<Checked, AttemptError>
): Effect.Effect<Prepared, AttemptError> =>
  Effect.withFiber((fiber) => {
    if (Result.isFailure(checked)) return Effect.fail(checked.failure)
    const { secretNames, secrets, values } = checked.success
    const headers: Record<string, string> = { accept, "user-agent": "llmdispatcher" }
    for (const [name, value] of values) headers[name] = open(value)
    if (body !== undefined) {
      // What the body is and how long is no matter of configuration.
      headers["content-type"] = "application/json"
      delete headers["content-length"]
    }
    if (fiber.getRef(PropagateTrace)) {
      const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
      if (span !== undefined) headers["traceparent"] = traceparent(span)
    }
    return Effect.succeed({ request: { method, url, headers, body, secretNames }, secrets })
  })

const badHeader = (name: string): AttemptError =>
  fatal({
    _tag: "Unauthenticated",
    description: `the configured header "${name}" holds a line break or another character that headers cannot carry`
  })

const traceparent = ({ sampled, spanId, traceId }: Tracer.AnySpan): string =>
  `00-${traceId.padStart(32, "0")}-${spanId}-${sampled ? "01" : "00"}`

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

/** What is known of an answer before its body. */
interface Told extends Exchange.Head {
  readonly refine: (error: AttemptError) => AttemptError
}

const refining = (status: number, headers: Headers.Headers, secrets: Secrets): Told["refine"] => (error) =>
  Scrub.error(withContext(error, { status, requestId: requestIdOf(headers, secrets) }), secrets)

/** A failure whose body cannot be read is still told by its status. */
const failed = (
  { failure }: Options,
  { headers, refine, status }: Told,
  body: Exchange.Whole["body"]
): Effect.Effect<never, AttemptError> =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      Effect.fail(
        refine(failure({ status, headers, body: Result.isSuccess(body) ? body.success.text : "", now }))
      )
  )

const malformed = (description: string) => retryable({ _tag: "MalformedResponse", description })

const jsonOf = (
  { headers, refine }: Told,
  body: Exchange.Whole["body"],
  maxBodySize: number
): Result.Result<unknown, AttemptError> => {
  if (Result.isFailure(body)) return Result.fail(refine(Transport.errorOfRequest(body.failure)))
  const { complete, text } = body.success
  if (!complete) return Result.fail(refine(malformed(`the answer is larger than ${maxBodySize} bytes`)))
  const json = Json.parse(text)
  if (json !== undefined) return Result.succeed(json)
  const type = headers["content-type"] ?? "no content type"
  return Result.fail(refine(malformed(`the answer is not JSON (${type}, ${text.length} characters)`)))
}
