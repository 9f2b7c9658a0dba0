/**
 * The candidates of one dispatch, handed out one after the other as a route's strategy picks them.
 *
 * Nothing is sorted or copied beforehand: what is never tried costs nothing.
 *
 * @since 0.1.0
 */
import type { Candidate } from "../Policy.ts"
import type { Draw, Pick } from "../Strategy.ts"

/**
 * Candidates of one priority with the pick that was made for them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Group {
  readonly candidates: ReadonlyArray<Candidate>
  readonly pick: Pick
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Selection {
  /** The next to be tried, `undefined` when none is left. */
  readonly next: () => Candidate | undefined
  /** How many may still come; some of them may turn out to lack something. */
  readonly left: () => number
  /** Leaves out, from now on, whoever is not kept. */
  readonly restrict: (keep: (candidate: Candidate) => boolean) => void
}

/** Up to so many candidates are looked at beforehand, so that `left` is exact where it matters. */
const few = 16

/**
 * `keep` is asked once for each candidate that comes up.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  groups: ReadonlyArray<Group>,
  draw: Draw,
  keep: (candidate: Candidate) => boolean
): Selection => {
  const taken = groups.map(() => new Set<number>())
  let kept = keep
  let left = groups.reduce((sum, { candidates }) => sum + candidates.length, 0)
  let looked = false

  const leaveOut = (keep: (candidate: Candidate) => boolean) =>
    groups.forEach(({ candidates }, group) =>
      candidates.forEach((candidate, position) => {
        if (taken[group]!.has(position) || keep(candidate)) return
        taken[group]!.add(position)
        left -= 1
      })
    )

  const look = () => {
    if (looked || left > few) return
    looked = true
    leaveOut(kept)
  }

  return {
    next: () => {
      look()
      for (const [group, { candidates, pick }] of groups.entries()) {
        const out = taken[group]!
        while (out.size < candidates.length) {
          const position = pick(draw, out)
          out.add(position)
          left -= 1
          const candidate = candidates[position]!
          if (looked || kept(candidate)) return candidate
        }
      }
      return undefined
    },
    left: () => {
      look()
      return left
    },
    restrict: (keep) => {
      if (looked) return leaveOut(keep)
      const before = kept
      kept = (candidate) => before(candidate) && keep(candidate)
    }
  }
}
