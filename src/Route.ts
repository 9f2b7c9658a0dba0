/**
 * A name that callers use, and the targets that can serve it.
 *
 * @since 0.1.0
 */
import * as Target from "./Target.ts"

/**
 * The targets behind one name, in the order in which they are to be tried.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  readonly name: string
  readonly targets: ReadonlyArray<Target.Target>
}

/**
 * What callers may write for a route: its targets, each `vendor/model` or its parts.
 *
 * @since 0.1.0
 * @category models
 */
export type RouteInput = ReadonlyArray<Target.TargetInput>

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (name: string, targets: RouteInput): Route => ({ name, targets: targets.map(Target.make) })
