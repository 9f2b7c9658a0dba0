import { Effect } from "effect"
import { setTimeout as pause } from "node:timers/promises"

export const json = { host: "localhost", "content-type": "application/json" }

/** Waits until it holds; where it never does, that shows in what is asserted next. */
export const until = (holds: () => boolean, within = 10_000): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    const last = performance.now() + within
    while (!holds() && performance.now() < last) await pause(5)
    return holds()
  })
