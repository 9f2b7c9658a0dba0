/**
 * Any, as likely as its weight says: by Vose's alias table, made once, so that a draw costs the same for any number.
 *
 * @since 0.1.0
 */
import { drawn, type Strategy } from "../../Strategy.ts"

/**
 * A target's `weight` is 1 where it has none; one of weight 0 is taken only after all others.
 *
 * @since 0.1.0
 * @category strategies
 */
export const weighted: Strategy = (candidates) => {
  const size = candidates.length
  const weights = candidates.map(({ target }) => target.weight ?? 1)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const even = total === 0
  const share = weights.map((weight) => even ? 1 : weight * size / total)
  const chance = Array.from({ length: size }, () => 1)
  const alias = Array.from({ length: size }, (_, position) => position)
  const small: Array<number> = []
  const large: Array<number> = []
  share.forEach((part, position) => (part < 1 ? small : large).push(position))
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!
    const more = large.pop()!
    chance[less] = share[less]!
    alias[less] = more
    share[more] = share[more]! + share[less]! - 1
    ;(share[more]! < 1 ? small : large).push(more)
  }
  return ({ random }, taken) =>
    drawn(
      () => {
        const position = Math.floor(random() * size)
        return random() < chance[position]! ? position : alias[position]!
      },
      size,
      taken
    )
}
