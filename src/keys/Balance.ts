/**
 * Which of several usable keys gets a call.
 *
 * @since 0.1.0
 */
import type { Member } from "./Member.ts"

/**
 * `least-busy`: the fewest calls under way for its weight, and of several the one whose turn it is. `round-robin`: each
 * in its turn. `weighted`: each as often as its weight says, evenly mixed.
 *
 * @since 0.1.0
 * @category models
 */
export type Strategy = "least-busy" | "round-robin" | "weighted"

/**
 * Chooses among the members that may be; `undefined` where none may.
 *
 * @since 0.1.0
 * @category models
 */
export type Balance = (
  members: ReadonlyArray<Member>,
  may: (member: Member) => boolean
) => Member | undefined

/** From the one after the last that was chosen, round to it. */
const inTurn = (better: (member: Member, than: Member) => boolean): Balance => {
  let next = 0
  return (members, may) => {
    let best: Member | undefined
    let at = 0
    for (let step = 0; step < members.length; step++) {
      const index = (next + step) % members.length
      const member = members[index]!
      if (!may(member) || best !== undefined && !better(member, best)) continue
      best = member
      at = index
    }
    if (best !== undefined) next = at + 1
    return best
  }
}

/** nginx's smooth weighted round robin: no key gets its share all at once. */
const weighted: Balance = (members, may) => {
  let best: Member | undefined
  let total = 0
  for (const member of members) {
    if (!may(member)) continue
    total += member.weight
    member.owed += member.weight
    if (best === undefined || member.owed > best.owed) best = member
  }
  if (best !== undefined) best.owed -= total
  return best
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (strategy: Strategy): Balance => {
  switch (strategy) {
    case "least-busy":
      return inTurn((member, than) => member.inFlight / member.weight < than.inFlight / than.weight)
    case "round-robin":
      return inTurn(() => false)
    case "weighted":
      return weighted
  }
}
