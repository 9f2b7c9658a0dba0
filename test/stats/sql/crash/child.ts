/**
 * Records dispatches into a database as fast as they are written, and prints how many are committed, until it is killed
 * or `most` are recorded: `node --conditions=source child.ts DATABASE PREFIX [MOST]`.
 */
import { Effect, Layer } from "effect"
import { writeSync } from "node:fs"
import * as Database from "../../../../src/sql/Database.ts"
import * as Writer from "../../../../src/stats/sql/Writer.ts"
import { attempt, dispatch } from "../records.ts"

const [database = "", prefix = "", most = "Infinity"] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const writer = yield* Writer.Writer
  let recorded = 0
  let told = 0
  while (recorded < Number(most)) {
    const { buffered, written } = yield* writer.figures
    if (written > told) {
      told = written
      // At once: what is printed must not be lost with the process.
      writeSync(1, `${written}\n`)
    }
    for (let room = 3_000 - buffered; room > 0 && recorded < Number(most); room--) {
      const attempts = Array.from({ length: 1 + recorded % 3 }, (_, at) => attempt({ number: at + 1 }))
      writer.record(dispatch(`${prefix}-${recorded++}`, { attempts }))
    }
    yield* Effect.sleep("1 millis")
  }
})

const layer = Writer.layer({ batchSize: 100, interval: "1 hour", closeTimeout: "60 seconds" }).pipe(
  Layer.provide(Database.layer(Database.parse(database)))
)

await Effect.runPromise(Effect.provide(program, layer))
writeSync(1, "done\n")
