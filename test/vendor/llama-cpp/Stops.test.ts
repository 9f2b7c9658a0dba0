import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Stops from "../../../src/vendor/llama-cpp/Stops.ts"

const read = (stop: ReadonlyArray<string>, pieces: ReadonlyArray<string>) => {
  const stops = Stops.make(stop)
  const text = pieces.map((piece) => Stops.push(stops, piece)).join("") + Stops.flush(stops)
  return { text, found: stops.found }
}

const letters = (maxLength: number) =>
  FastCheck.array(FastCheck.constantFrom("a", "b", "c"), { maxLength }).map((letters) => letters.join(""))

describe("Stops", () => {
  it("tells what is before the first stop text, however the text is cut into pieces", () => {
    FastCheck.assert(FastCheck.property(
      FastCheck.array(letters(4), { maxLength: 12 }),
      FastCheck.array(letters(3).filter((stop) => stop !== ""), { maxLength: 3 }),
      (pieces, stop) => {
        const whole = pieces.join("")
        const places = stop.map((text) => whole.indexOf(text)).filter((place) => place >= 0)
        const found = places.length > 0
        const { found: told, text } = read(stop, pieces)
        expect(told).toBe(found)
        // Of two stop texts that overlap, the one that is whole first ends the answer.
        if (stop.length === 1 || !found) expect(text).toBe(found ? whole.slice(0, places[0]) : whole)
        else for (const each of stop) expect(text).not.toContain(each)
      }
    ))
  })

  it("tells nothing after it", () => {
    expect(read(["stop"], ["go st", "op and", " go"])).toEqual({ text: "go ", found: true })
  })
})
