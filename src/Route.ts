/**
 * A name that callers use, the targets that can serve it, and how one of them is chosen.
 *
 * @since 0.1.0
 */
import type { Strategy } from "./Strategy.ts"
import * as Target from "./Target.ts"

/**
 * `ordered` tries the targets as they stand; `weighted` and `random` by chance; `round-robin` in turn; `least-busy` by
 * calls under way and `fastest` by the time to the first token, of two at random; `cheapest` by the tokens that the
 * request is estimated to take, `dearest` the other way round; `sticky` the same for conversations that begin alike.
 *
 * @since 0.1.0
 * @category models
 */
export type StrategyName =
  | "ordered"
  | "weighted"
  | "round-robin"
  | "random"
  | "least-busy"
  | "fastest"
  | "cheapest"
  | "dearest"
  | "sticky"

/**
 * @since 0.1.0
 * @category models
 */
export interface Route {
  readonly name: string
  readonly targets: ReadonlyArray<Target.Target>
  readonly strategy: StrategyName | Strategy
  /** What becomes of a stream that breaks after it began: an error, or another candidate goes on with it. */
  readonly onInterrupted: "fail" | "resume"
}

/**
 * What callers may write for a route: its targets, each `vendor/model` or its parts, and how to choose; `ordered` where
 * that is left out.
 *
 * In a name, `*` stands for any text; the first `*` of a target's model is replaced by it: `"gpt-*": ["azure/gpt-*"]`.
 *
 * @since 0.1.0
 * @category models
 */
export type RouteInput =
  | ReadonlyArray<Target.TargetInput>
  | {
    readonly targets: ReadonlyArray<Target.TargetInput>
    readonly strategy?: StrategyName | Strategy | undefined
    /** Default `fail`. */
    readonly onInterrupted?: Route["onInterrupted"] | undefined
  }

const isTargets = (input: RouteInput): input is ReadonlyArray<Target.TargetInput> => Array.isArray(input)

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (name: string, input: RouteInput): Route => {
  const { onInterrupted = "fail", strategy = "ordered", targets } = isTargets(input) ? { targets: input } : input
  return { name, targets: targets.map(Target.make), strategy, onInterrupted }
}
