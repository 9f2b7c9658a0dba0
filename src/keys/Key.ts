/**
 * One key of a vendor, and the fingerprint by which it may be spoken of.
 *
 * @since 0.1.0
 */
import { Effect, Redacted } from "effect"
import { Digest } from "effect/crypto"
import { ConfigError } from "../config/ConfigError.ts"
import { isCarried } from "../wire/Settings.ts"

/**
 * A key, alone or with its share of the calls: a key of weight 2 gets twice those of one of weight 1, the default.
 *
 * @since 0.1.0
 * @category models
 */
export type KeyInput =
  | Redacted.Redacted<string>
  | { readonly key: Redacted.Redacted<string>; readonly weight?: number | undefined }

/**
 * A key found fit to be used.
 *
 * @since 0.1.0
 * @category models
 */
export interface Key {
  readonly key: Redacted.Redacted<string>
  readonly weight: number
  /** The SHA-256 of the key in hexadecimal: equal for equal keys. */
  readonly id: string
  /** The first 8 digits of `id`; none of the key's own characters can be read from it. */
  readonly fingerprint: string
}

const keyFault = (key: string): string | undefined =>
  key.trim() === ""
    ? "is empty"
    : isCarried(key)
    ? undefined
    : "holds spaces around it, a line break or another character that headers cannot carry"

const encoder = new TextEncoder()

/**
 * Checks the keys and joins those that are the same; the last of them says the weight.
 *
 * Fails with a `ConfigError` that names the key by its place in `path`, never by itself, when there is none, one is
 * empty or cannot be a header, or a weight is not a finite number above 0.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  inputs: ReadonlyArray<KeyInput>,
  path: string
): Effect.fn.Return<ReadonlyArray<Key>, ConfigError> {
  if (inputs.length === 0) return yield* new ConfigError({ path, description: "must hold at least one key" })
  const digest = yield* Effect.provide(Digest.Digest, Digest.layerWebCrypto)
  const keys = new Map<string, Key>()
  for (const [index, input] of inputs.entries()) {
    const { key, weight = 1 } = Redacted.isRedacted(input) ? { key: input } : input
    const plain = Redacted.value(key)
    const fault = keyFault(plain) ??
      (Number.isFinite(weight) && weight > 0 ? undefined : "has a weight that is not above 0")
    if (fault !== undefined) return yield* new ConfigError({ path: `${path}[${index}]`, description: fault })
    const id = yield* digest.digestHex(Digest.sha256, encoder.encode(plain))
    keys.set(id, { key, weight, id, fingerprint: id.slice(0, 8) })
  }
  return Array.from(keys.values())
})
