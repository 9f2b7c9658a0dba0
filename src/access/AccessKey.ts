/**
 * Keys that callers are given: what one looks like, where a request carries it, and what is kept of it.
 *
 * @since 0.1.0
 */
import { Effect, Redacted, Schema } from "effect"
import { Digest, Mac, type SecureRandom } from "effect/crypto"
import { Base64Url, Hex } from "effect/encoding"
import { ConfigError } from "../config/ConfigError.ts"
import * as Hashing from "./Hashing.ts"
import { Id, Name } from "./Principal.ts"

/**
 * What is kept of a key; the key itself is not.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AccessKey = Schema.Struct({
  id: Id,
  /** The principal it speaks for. */
  principal: Id,
  name: Name,
  /** Of its secret, 64 hexadecimal digits. */
  hash: Schema.String,
  /** Epoch milliseconds, as all times here. */
  createdAt: Schema.Int,
  /** Until just before this moment; left out for ever. */
  expiresAt: Schema.optionalKey(Schema.Int),
  revokedAt: Schema.optionalKey(Schema.Int),
  /** To the minute. */
  lastUsedAt: Schema.optionalKey(Schema.Int),
  /** The key that took its place when it was rotated. */
  replacedBy: Schema.optionalKey(Id)
}).annotate({ identifier: "AccessKey" })

/**
 * @since 0.1.0
 * @category models
 */
export type AccessKey = typeof AccessKey.Type

/**
 * The key is of no use: `missing`, `ambiguous` where a request carries several that differ, `unknown` where it is
 * malformed, nobody's or wrong, `expired` or `revoked`.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyRejected extends Schema.TaggedError<KeyRejected>("llmdispatcher/access/KeyRejected")("KeyRejected", {
  because: Schema.Literals(["missing", "ambiguous", "unknown", "expired", "revoked"])
}) {
  override get message(): string {
    return {
      missing: "no key was given",
      ambiguous: "several keys were given that differ",
      unknown: "the key is not known",
      expired: "the key has expired",
      revoked: "the key is revoked"
    }[this.because]
  }
}

/**
 * 256 bits: nobody guesses one, and nobody finds it by its hash.
 *
 * @since 0.1.0
 * @category constants
 */
export const secretBytes = 32

const idBytes = 10
const form = /^lld_([0-9a-f]{20})_([A-Za-z0-9_-]{43})$/

/**
 * The parts of a key, `undefined` where it has another form.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (
  token: Redacted.Redacted
): { readonly id: string; readonly secret: Redacted.Redacted } | undefined => {
  const [, id, secret] = form.exec(Redacted.value(token)) ?? []
  return id === undefined || secret === undefined
    ? undefined
    : { id, secret: Redacted.make(secret, { label: "access key" }) }
}

/**
 * A new key, `lld_` and its id and secret, and apart from it its id.
 *
 * @since 0.1.0
 * @category constructors
 */
export const generate = (random: SecureRandom.SecureRandom["Service"]) =>
  Effect.map(
    Effect.all([random.randomBytes(idBytes), random.randomBytes(secretBytes)]),
    ([idPart, secretPart]) => {
      const id = Hex.encode(idPart)
      const secret = Base64Url.encode(secretPart)
      return {
        id,
        token: Redacted.make(`lld_${id}_${secret}`, { label: "access key" }),
        secret: Redacted.make(secret, { label: "access key" })
      }
    }
  )

/**
 * How a secret is hashed, and how hashes are compared.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hasher {
  readonly hash: (secret: Redacted.Redacted) => Effect.Effect<string>
  /** In a time that does not tell how much of them is the same. */
  readonly isSame: (left: string, right: string) => boolean
  /** Whether the secret is this key's; found out once for as long as the key is the same object, and then known. */
  readonly isOf: (key: Pick<AccessKey, "hash">, secret: Redacted.Redacted) => Effect.Effect<boolean>
}

const encoder = new TextEncoder()

/** As long as the hash, as RFC 2104 has it. */
const shortestPepper = 32

/**
 * SHA-256 of the secret; with a `pepper`, a secret of the operator's that does not stand in the database, HMAC-SHA-256
 * under it.
 *
 * A slow hash as for passwords would add nothing: it makes guessing dear, and of 256 random bits nobody guesses any.
 *
 * Fails with `ConfigError` for a pepper below 32 characters.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hasher = Effect.fnUntraced(function*(
  pepper?: Redacted.Redacted
): Effect.fn.Return<Hasher, ConfigError> {
  const digest = yield* Hashing.digest
  const isSame = (left: string, right: string) => Mac.timingSafeEqual(encoder.encode(left), encoder.encode(right))
  const plain: Hasher["hash"] = (secret) => digest.digestHex(Digest.sha256, encoder.encode(Redacted.value(secret)))
  if (pepper === undefined) {
    return { isSame, hash: plain, isOf: (key, secret) => Effect.map(plain(secret), (hash) => isSame(hash, key.hash)) }
  }
  const weak = new ConfigError({
    path: "access.pepper",
    description: `must have at least ${shortestPepper} characters`
  })
  if (Redacted.value(pepper).length < shortestPepper) return yield* weak
  const mac = yield* Hashing.mac
  const key = yield* Effect.mapError(Mac.key(Mac.hmacSha256, encoder.encode(Redacted.value(pepper))), () => weak)
  // The key was taken above, and no text is refused.
  const hash: Hasher["hash"] = (secret) =>
    Effect.map(Effect.orDie(mac.sign(key, encoder.encode(Redacted.value(secret)))), Hex.encode)
  // HMAC costs many times what SHA-256 does, so a secret that was right is known again by that.
  const right = new WeakMap<object, string>()
  return {
    isSame,
    hash,
    isOf: Effect.fnUntraced(function*(key, secret) {
      const print = yield* plain(secret)
      if (isSame(right.get(key) ?? "", print)) return true
      if (!isSame(yield* hash(secret), key.hash)) return false
      right.set(key, print)
      return true
    })
  }
})

/** Longer than any key of ours; what is longer is not looked at. */
const longestToken = 512

const headerNames = ["x-api-key", "api-key", "x-goog-api-key"] as const

/**
 * The key that a request carries, as the clients of all vendors send it: `Authorization: Bearer`, `x-api-key`,
 * `api-key` or `x-goog-api-key`, under one of these names or the same under several.
 *
 * Names are in lower case. Fails with `KeyRejected` where there is none or several differ; a header that is there and
 * holds no key is not passed over, since a proxy may have seen another key in it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromHeaders = (
  headers: Readonly<Record<string, string | undefined>>
): Effect.Effect<Redacted.Redacted, KeyRejected> => {
  const tokens = new Set<string>()
  const own = (name: string) => Object.hasOwn(headers, name) ? headers[name] : undefined
  const authorization = own("authorization")
  if (authorization !== undefined) tokens.add(/^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "")
  for (const name of headerNames) {
    const value = own(name)
    if (value !== undefined) tokens.add(value.trim())
  }
  const [token] = tokens
  if (token === undefined) return Effect.fail(new KeyRejected({ because: "missing" }))
  if (tokens.size > 1) return Effect.fail(new KeyRejected({ because: "ambiguous" }))
  return token === "" || token.length > longestToken
    ? Effect.fail(new KeyRejected({ because: "unknown" }))
    : Effect.succeed(Redacted.make(token, { label: "access key" }))
}
