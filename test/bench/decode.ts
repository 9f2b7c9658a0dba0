/**
 * How fast each vendor's stream is read: bytes as its API sends them, in network chunks of 16 KiB, to parts.
 *
 * `npm run bench:decode`; rounds alternate the order of the vendors, figures are medians.
 */
import { Effect, Exit, Scope, Stream } from "effect"
import * as Request from "llmdispatcher/Request"
import type { Vendor } from "llmdispatcher/Vendor"
import { cpus } from "node:os"
import type { Content } from "../conformance/Content.ts"
import * as Playback from "../conformance/Playback.ts"
import type { Subject } from "../conformance/Subject.ts"
import { subjects } from "../conformance/subjects/index.ts"
import { measure } from "./Measure.ts"

const words = 3_000
const content: Content = {
  text: Array.from({ length: words }, (_, index) => index % 9 === 0 ? "größer " : "word ").join(""),
  finish: "stop",
  usage: { uncached: 25, cacheRead: 0, text: words, reasoning: 0 }
}

const request = await Effect.runPromise(Request.decode({ prompt: "Tell a story." }))

interface Track {
  readonly name: string
  readonly vendor: Vendor
  readonly model: string
  readonly bytes: number
  readonly parts: number
}

const read = ({ model, vendor }: Pick<Track, "model" | "vendor">) =>
  Effect.scoped(Effect.flatMap(vendor.stream({ request, model }), ({ parts }) => Stream.runCount(parts)))

const scope = Scope.makeUnsafe()

const track = (subject: Subject) =>
  Effect.gen(function*() {
    const bytes = Playback.bytesOf(subject.answer(content).stream)
    const chunks = Playback.cut(bytes, 16_384)
    const { layer } = Playback.make(() => ({
      status: 200,
      headers: { "content-type": subject.streamType },
      chunks
    }))
    const vendor = yield* Effect.provide(Scope.provide(subject.make("http://vendor.test"), scope), layer)
    const parts = yield* read({ vendor, model: subject.model })
    const made: Track = { name: subject.name, vendor, model: subject.model, bytes: bytes.length, parts }
    return made
  })

// A preset reads as the protocol that it stands on does.
const tracks = await Effect.runPromise(Effect.forEach(subjects.filter(({ preset }) => preset !== true), track))
const figures = await measure(
  tracks.map((track) => ({
    name: track.name,
    run: (times: number) => Effect.runPromise(Effect.repeat(read(track), { times: times - 1 }))
  })),
  { rounds: 15, times: 10 }
)

const rows = tracks.map(({ bytes, name, parts }, index) => {
  const seconds = figures[index]!.microseconds / 1e6
  return { name, megabytes: bytes / seconds / 1e6, parts: parts / seconds, perPart: bytes / parts }
})
// By the byte: how much a vendor writes around each word is its own choice, and decides parts a second.
const fastest = Math.max(...rows.map(({ megabytes }) => megabytes))
const width = Math.max(...rows.map(({ name }) => name.length))
const line = (...cells: ReadonlyArray<string>) =>
  `| ${cells[0]!.padEnd(width)} | ${cells.slice(1).map((cell) => cell.padStart(9)).join(" | ")} |`

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"} × ${cpus().length}\n`)
console.log(line("vendor", "MB/s", "parts/s", "ratio", "B/part"))
console.log(line("-".repeat(width), ...Array.from({ length: 4 }, () => `${"-".repeat(8)}:`)))
for (const { megabytes, name, parts, perPart } of rows) {
  console.log(line(
    name,
    megabytes.toFixed(0),
    Math.round(parts).toLocaleString("en-US"),
    (megabytes / fastest).toFixed(2),
    perPart.toFixed(0)
  ))
}
await Effect.runPromise(Scope.close(scope, Exit.void))
