/**
 * The same target for conversations that begin alike, so that the vendor's own cache of prompts is hit.
 *
 * @since 0.1.0
 */
import { HashRing, PrimaryKey } from "effect"
import type { Request } from "../../Request.ts"
import { following, type Strategy } from "../../Strategy.ts"

/** Characters of the beginning that count: more than the 1,024 tokens from which on vendors cache. */
const prefix = 6_000

interface Node extends PrimaryKey.PrimaryKey {
  readonly position: number
  readonly weight: number
}

/** What stays the same from turn to turn: the system's words, the tools, and the first of the user's. */
const beginning = (request: Request): string => {
  let text = request.user ?? ""
  for (const message of request.prompt.content) {
    const { content } = message
    if (typeof content === "string") text += content
    else for (const part of content) if (part.type === "text") text += part.text
    if (message.role === "user" || text.length >= prefix) break
  }
  return text.slice(0, prefix)
}

/**
 * By a hash ring, so that a target that comes or goes moves only its own share of the conversations.
 *
 * @since 0.1.0
 * @category strategies
 */
export const sticky: Strategy = (candidates) => {
  const ring = HashRing.make<Node>()
  const nodes = candidates.map(({ target: { id, weight = 1 } }, position): Node => ({
    position,
    weight,
    [PrimaryKey.symbol]: () => id
  }))
  // All of one weight at once: the ring is sorted anew each time.
  for (const weight of new Set(nodes.map(({ weight }) => weight))) {
    HashRing.addMany(ring, nodes.filter((node) => node.weight === weight), { weight })
  }
  return ({ request }, taken) => {
    const home = HashRing.get(ring, beginning(request))?.position ?? 0
    return following(home, candidates.length, taken)
  }
}
