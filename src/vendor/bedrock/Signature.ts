/**
 * What proves to AWS who asks: a signature of the request (Signature Version 4), or a key of Bedrock's own.
 *
 * @since 0.1.0
 */
import { Sha256 } from "@aws-crypto/sha256-js"
import { SignatureV4 } from "@smithy/signature-v4"
import { Cache, Clock, DateTime, Duration, Effect, Exit, Redacted } from "effect"
import { type AttemptError, fatal, retryable } from "../../VendorError.ts"
import type { HeaderValues, Outgoing } from "../../wire/Http.ts"
import * as Settings from "../../wire/Settings.ts"

/**
 * Keys of an IAM user or role; temporary ones have a session token and an end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted<string>
  readonly sessionToken?: Redacted.Redacted<string> | undefined
  readonly expiration?: DateTime.DateTime | undefined
}

/**
 * Credentials, an API key of Bedrock, or an effect that gets one of them and is run again when they end.
 *
 * @since 0.1.0
 * @category models
 */
export type Proof = Credentials | Redacted.Redacted<string>

/** Credentials are got anew 5 minutes before their end, as AWS's own SDKs do. */
const margin = Duration.minutes(5)

/** The name of the service in a signature's scope. */
const service = "bedrock"

/**
 * The headers that prove each request; an effect's credentials are kept until shortly before their end, and got once
 * for all requests that wait for them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  proof: Proof | Effect.Effect<Proof, AttemptError>,
  region: string
): Effect.Effect<(outgoing: Outgoing) => Effect.Effect<HeaderValues, AttemptError>> => {
  if (!Effect.isEffect(proof)) return Effect.succeed((outgoing) => headersOf(proof, region, outgoing))
  return Effect.map(
    Cache.makeWith(() => Effect.flatMap(proof, lasting), {
      capacity: 1,
      timeToLive: (exit) => Exit.isSuccess(exit) ? exit.value.lifetime : Duration.zero
    }),
    (cache) => (outgoing) =>
      Effect.flatMap(Cache.get(cache, service), ({ proof }) => headersOf(proof, region, outgoing))
  )
}

const lasting = (proof: Proof): Effect.Effect<{ readonly proof: Proof; readonly lifetime: Duration.Duration }> => {
  const expiration = Redacted.isRedacted(proof) ? undefined : proof.expiration
  if (expiration === undefined) return Effect.succeed({ proof, lifetime: Duration.infinity })
  return Effect.map(Clock.currentTimeMillis, (now) => ({
    proof,
    lifetime: Duration.millis(Math.max(0, DateTime.toEpochMillis(expiration) - now - Duration.toMillis(margin)))
  }))
}

const headersOf = (proof: Proof, region: string, outgoing: Outgoing): Effect.Effect<HeaderValues, AttemptError> =>
  Redacted.isRedacted(proof)
    ? Effect.succeed({ authorization: Settings.bearer(proof) })
    : sign(proof, region, outgoing)

/**
 * The headers that sign a request at the clock's time.
 *
 * @since 0.1.0
 * @category signing
 */
export const sign = (
  credentials: Credentials,
  region: string,
  { body, method, url }: Outgoing
): Effect.Effect<HeaderValues, AttemptError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<HeaderValues, AttemptError> => {
    if (!URL.canParse(url)) {
      return Effect.fail(retryable({ _tag: "NetworkFault", description: "the vendor's URL is not valid" }))
    }
    const { host, hostname, pathname, protocol, searchParams } = new URL(url)
    const request = {
      method,
      protocol,
      hostname,
      path: pathname,
      query: Object.fromEntries(searchParams),
      // Those that the client sends by itself.
      headers: { host, ...(body === undefined ? undefined : { "content-type": "application/json" }) },
      ...(body === undefined ? undefined : { body })
    }
    return Effect.map(
      Effect.tryPromise({
        try: () => signerOf(credentials, region).sign(request, { signingDate: Math.floor(now / 1000) }),
        catch: () => fatal({ _tag: "Unauthenticated", description: "the request could not be signed" })
      }),
      ({ headers }) => secret(headers)
    )
  })

const signerOf = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials, region: string): SignatureV4 =>
  new SignatureV4({
    service,
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId,
      secretAccessKey: Redacted.value(secretAccessKey),
      ...(sessionToken === undefined ? undefined : { sessionToken: Redacted.value(sessionToken) })
    }
  })

const secret = (signed: Readonly<Record<string, string>>): HeaderValues => {
  const headers: Record<string, string | Redacted.Redacted<string>> = {}
  for (const [name, value] of Object.entries(signed)) {
    if (name === "host" || name === "content-type") continue
    headers[name] = name === "authorization" || name === "x-amz-security-token" ? Redacted.make(value) : value
  }
  return headers
}
