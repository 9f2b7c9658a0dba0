/** Whether what is no longer needed can be collected. */
import { Effect, Schedule } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

// Only so can a program collect at will that was not started for it.
setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const watched: Array<{ readonly name: string; readonly object: WeakRef<WeakKey> }> = []

/** Remembers the object without holding it. */
export const watch = (name: string, object: WeakKey): void => {
  watched.push({ name, object: new WeakRef(object) })
}

/** The names of those that are still in memory; what is on its way out of it gets some turns of the loop. */
export const held: Effect.Effect<ReadonlyArray<string>> = Effect.sync(() => {
  collect()
  return watched.filter(({ object }) => object.deref() !== undefined).map(({ name }) => name)
}).pipe(Effect.repeat({ schedule: Schedule.spaced("50 millis"), times: 20, until: (names) => names.length === 0 }))
