/**
 * A vendor's `send` and `stream` out of what is particular to its protocol: how a call is written, how an answer is
 * read.
 *
 * @since 0.1.0
 */
import { Clock, Effect, Result, Stream } from "effect"
import type { Headers } from "effect/http"
import * as Response from "../Response.ts"
import type { AnswerStream, Call, RateLimits as Limits, Vendor } from "../Vendor.ts"
import type { AttemptError } from "../VendorError.ts"
import type { ExchangeError } from "./Exchange.ts"
import type { Http } from "./Http.ts"
import * as Losses from "./Losses.ts"
import * as RateLimits from "./RateLimits.ts"
import * as Sse from "./Sse.ts"

/**
 * A call as it goes out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  /** After the base URL, with its slash. */
  readonly path: string
  readonly body: unknown
  readonly losses: ReadonlyArray<Response.Loss>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Protocol {
  readonly encode: (call: Call, options: { readonly stream: boolean }) => Result.Result<Encoded, AttemptError>
  /** A whole answer's JSON. */
  readonly whole: (json: unknown) => Result.Result<Array<Response.Part>, AttemptError>
  /** A stream's bytes; `refine` completes every error. */
  readonly streamed: (
    bytes: Stream.Stream<Uint8Array, ExchangeError>,
    refine: (error: AttemptError) => AttemptError
  ) => Stream.Stream<Response.StreamPart, AttemptError>
  /** The `accept` header of a stream, by default `text/event-stream`. */
  readonly accept?: string | undefined
}

/**
 * The reading of a stream of server-sent events.
 *
 * @since 0.1.0
 * @category constructors
 */
export const events =
  <State>(decoder: Sse.StreamDecoder<State>, maxEventSize: number | undefined): Protocol["streamed"] =>
  (bytes, refine) => Sse.decode(decoder, { refine, maxEventSize })(bytes)

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (http: Http, protocol: Protocol): Pick<Vendor, "send" | "stream"> => {
  const encode = (call: Call, stream: boolean): Result.Result<Encoded, AttemptError> =>
    Result.flatMap(
      protocol.encode(call, { stream }),
      (encoded) => Result.map(Losses.settle(call.request, encoded.losses), (losses) => ({ ...encoded, losses }))
    )
  return {
    send: (call) =>
      Effect.suspend(() => {
        const encoded = encode(call, false)
        if (Result.isFailure(encoded)) return Effect.fail(encoded.failure)
        const { body, losses, path } = encoded.success
        return Effect.flatMap(http.post(path, body), ({ headers, json, refine }) => {
          const parts = protocol.whole(json)
          return Result.isFailure(parts)
            ? Effect.fail(refine(parts.failure))
            : withLimits(headers, { parts: parts.success, losses })
        })
      }),
    stream: (call) =>
      Effect.suspend(() => {
        const encoded = encode(call, true)
        if (Result.isFailure(encoded)) return Effect.fail(encoded.failure)
        const { body, losses, path } = encoded.success
        return Effect.flatMap(http.stream(path, body, protocol.accept), (
          { bytes, cut, headers, json, refine }
        ): Effect.Effect<AnswerStream, AttemptError> => {
          if (json === undefined) return withLimits(headers, { parts: protocol.streamed(bytes, refine), losses, cut })
          return Effect.flatMap(json, (json) => {
            const parts = protocol.whole(json)
            return Result.isFailure(parts)
              ? Effect.fail(refine(parts.failure))
              : withLimits(headers, { parts: Stream.fromIterable(Response.unfold(parts.success)), losses })
          })
        })
      })
  }
}

/** The answer with what its headers tell of rate limits. */
const withLimits = <A extends object>(
  headers: Headers.Headers,
  answer: A
): Effect.Effect<A & { readonly limits?: Limits }> =>
  Effect.withFiber((fiber) => {
    const limits = RateLimits.fromHeaders(headers, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())
    return Effect.succeed(limits === undefined ? answer : { ...answer, limits })
  })
