import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { cells, runSide } from "./clients/cells.ts"
import { clients } from "./clients/clients.ts"
import * as Memory from "./clients/Memory.ts"
import { sides } from "./clients/sides.ts"
import { families } from "./clients/vendors.ts"

const pairs = clients.flatMap((client) => families.map((family) => [client.name, family.name, client, family] as const))

describe.concurrent.each(pairs)("%s → %s", (_, __, client, family) => {
  for (const { absent, name, run } of cells(client, family)) {
    // What a pair lacks is told by the table of `npm run clients`, with its reason.
    if (absent === undefined) {
      it.live(name, () =>
        Effect.gen(function*() {
          const { actual, expected } = yield* run
          expect(actual).toEqual(expected)
        }), 20_000)
    }
  }
})

describe.concurrent("beside answers", () => {
  for (const side of sides) {
    it.live(side.name, () =>
      Effect.gen(function*() {
        const { actual, expected } = yield* runSide(side)
        expect(actual).toEqual(expected)
      }))
  }
})

it.live("no call that is over is still in memory, those that were aborted among them", () =>
  Effect.gen(function*() {
    expect(yield* Memory.held).toEqual([])
  }), 20_000)
