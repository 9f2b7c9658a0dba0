/**
 * Where hashes come from: the service of the context where there is one, else WebCrypto.
 *
 * A platform's own, such as Node's, hashes what is short without a wait, and so several times as fast.
 *
 * @since 0.1.0
 */
import { Effect, Layer, Option } from "effect"
import { Digest, Mac, SecureRandom } from "effect/crypto"

/**
 * @since 0.1.0
 * @category constructors
 */
export const digest: Effect.Effect<Digest.Digest["Service"]> = Effect.flatMap(
  Effect.serviceOption(Digest.Digest),
  Option.match({
    onNone: () => Effect.provide(Digest.Digest, Digest.layerWebCrypto),
    onSome: Effect.succeed
  })
)

/**
 * @since 0.1.0
 * @category constructors
 */
export const mac: Effect.Effect<Mac.Mac["Service"]> = Effect.flatMap(
  Effect.serviceOption(Mac.Mac),
  Option.match({
    onNone: () => Effect.provide(Mac.Mac, Layer.provide(Mac.layerWebCrypto, SecureRandom.layerWebCrypto)),
    onSome: Effect.succeed
  })
)
