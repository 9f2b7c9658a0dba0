import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { Sse as EffectSse } from "effect/encoding"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { StreamPart } from "../../src/Response.ts"
import { type AttemptError, retryable } from "../../src/VendorError.ts"
import { ExchangeError } from "../../src/wire/Exchange.ts"
import * as Sse from "../../src/wire/Sse.ts"

/** Each event is a piece of text; "bad" fails, "end" finishes, "whole" makes the end of the bytes a good end. */
const decoder: Sse.StreamDecoder<{ whole: boolean }> = {
  initial: () => ({ whole: false }),
  step: (state, event: EffectSse.Event) => {
    if (event.data === "bad") return Result.fail(retryable({ _tag: "MalformedResponse", description: "bad" }))
    if (event.data === "whole") state.whole = true
    return Result.succeed(event.data === "end" ? [finish] : [text(event.data)])
  },
  halt: (state) =>
    state.whole
      ? Result.succeed([finish])
      : Result.fail(retryable({ _tag: "StreamInterrupted", description: "no end" }))
}

/** Repeats each event. */
const echo: Sse.StreamDecoder<undefined> = {
  initial: () => undefined,
  step: (_, { data, event }) => Result.succeed([text(`${event}|${data}`)]),
  halt: () => Result.succeed([finish])
}

const finish: StreamPart = { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } }
const text = (delta: string): StreamPart => ({ type: "text-delta", id: "0", delta })

const bytes = (...chunks: ReadonlyArray<string>) => {
  const encoder = new TextEncoder()
  return Stream.fromIterable(chunks.map((chunk) => encoder.encode(chunk)), { chunkSize: 1 })
}

const broken = new ExchangeError({ at: "body", cause: Object.assign(new Error("secret"), { code: "ECONNRESET" }) })

const read = (
  stream: Stream.Stream<Uint8Array, ExchangeError>,
  options?: Sse.DecodeOptions
): Effect.Effect<readonly [ReadonlyArray<StreamPart>, AttemptError | undefined]> =>
  Effect.suspend(() => {
    const parts: Array<StreamPart> = []
    return stream.pipe(
      Sse.decode(decoder, options),
      Stream.runForEach((part) => Effect.sync(() => parts.push(part))),
      Effect.match({ onFailure: (error) => [parts, error] as const, onSuccess: () => [parts, undefined] as const })
    )
  })

describe("Sse", () => {
  it.effect("gives parts up to the finish part and looks at nothing after it", () =>
    Effect.gen(function*() {
      expect(yield* read(bytes("data: a\n\ndata: end\n\ndata: bad\n\n", "data: b\n\n"))).toEqual([
        [text("a"), finish],
        undefined
      ])
    }))

  it.effect("puts a character together that chunks cut", () =>
    Effect.gen(function*() {
      const all = new TextEncoder().encode("data: é👍\n\ndata: end\n\n")
      const stream = Stream.fromIterable(Array.from(all, (_, index) => all.subarray(index, index + 1)))
      expect(yield* read(stream)).toEqual([[text("é👍"), finish], undefined])
    }))

  it.effect("ignores comments, retry fields and a byte order mark", () =>
    Effect.gen(function*() {
      expect(yield* read(bytes("\ufeff: hi\n\nretry: 5\n\ndata: a\n\ndata: end\n\n"))).toEqual([
        [text("a"), finish],
        undefined
      ])
    }))

  it.effect("gives the parts before an error first, and reads nothing after it", () =>
    Effect.gen(function*() {
      const [parts, error] = yield* read(bytes("data: a\n\ndata: bad\n\ndata: b\n\n"))
      expect(parts).toEqual([text("a")])
      expect(error?.reason).toMatchObject({ _tag: "MalformedResponse", description: "bad" })
    }))

  it.effect("refuses an event that is too large, in one piece or many", () =>
    Effect.gen(function*() {
      const line = "x".repeat(200)
      for (const chunks of [[`data: a\n\ndata: ${line}\n\n`], ["data: a\n\n", "data: ", line, line]]) {
        const [parts, error] = yield* read(bytes(...chunks), { maxEventSize: 100 })
        expect(parts).toEqual([text("a")])
        expect(error?.reason).toMatchObject({
          _tag: "MalformedResponse",
          description: "an event of the stream is larger than 100 characters"
        })
      }
    }))

  it.effect("asks the decoder at the end of the bytes", () =>
    Effect.gen(function*() {
      expect(yield* read(bytes("data: whole\n\n"))).toEqual([[text("whole"), finish], undefined])
      const [, error] = yield* read(bytes("data: a\n\n"))
      expect(error?.reason).toMatchObject({ _tag: "StreamInterrupted", description: "no end" })
    }))

  it.effect("takes a last event without its end if it is whole, and is interrupted if it is not", () =>
    Effect.gen(function*() {
      expect(yield* read(bytes("data: a\n\ndata: end"))).toEqual([[text("a"), finish], undefined])
      const [parts, error] = yield* read(bytes("data: a\n\ndata: bad"))
      expect(parts).toEqual([text("a")])
      expect(error?.reason._tag).toBe("StreamInterrupted")
    }))

  it.effect("is interrupted when the connection breaks, unless the answer was whole", () =>
    Effect.gen(function*() {
      const [parts, error] = yield* read(Stream.concat(bytes("data: a\n\n"), Stream.fail(broken)))
      expect(parts).toEqual([text("a")])
      expect(error?.reason).toEqual({
        _tag: "StreamInterrupted",
        description: "the connection was reset",
        code: "ECONNRESET"
      })
      expect(yield* read(Stream.concat(bytes("data: whole\n\n"), Stream.fail(broken)))).toEqual([
        [text("whole"), finish],
        undefined
      ])
    }))

  it.effect("completes every error by refine", () =>
    Effect.gen(function*() {
      const refine = () => retryable({ _tag: "Overloaded" })
      for (const stream of [bytes("data: bad\n\n"), bytes(""), Stream.fail(broken), bytes("data: aaaaaa\n\n")]) {
        const [, error] = yield* read(stream, { refine, maxEventSize: 5 })
        expect(error?.reason._tag).toBe("Overloaded")
      }
    }))

  it.effect("gives each run of the stream its own state", () =>
    Effect.gen(function*() {
      const stream = bytes("data: a\n\ndata: end\n\n")
      expect(yield* read(stream)).toEqual(yield* read(stream))
    }))

  it("reads what effect's own parser reads, whatever the lines and however they are cut", () => {
    const line = fc.constantFrom(
      "",
      "",
      "data: a",
      "data:b",
      "data: ",
      "data",
      "event: e",
      "event: ",
      ": c",
      "id: 1",
      "retry: 1",
      "data: é"
    )
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        (lines, cuts, end) => {
          const whole = `${lines.join(end)}${end}${end}`
          const expected: Array<string> = []
          const parser = EffectSse.makeParser((event) => {
            if (event._tag === "Event" && event.data !== "") expected.push(`${event.event}|${event.data}`)
          })
          parser.feed(whole)
          parser.feed("\n\n")
          const all = new TextEncoder().encode(whole)
          const at = [...new Set(cuts.map((cut) => cut % all.length)), all.length].sort((a, b) => a - b)
          const chunks = at.map((until, index) => all.subarray(at[index - 1] ?? 0, until))
          const parts = Effect.runSync(
            Stream.runCollect(Sse.decode(echo)(Stream.fromIterable(chunks, { chunkSize: 1 })))
          )
          expect(parts).toEqual([...expected.map(text), finish])
        }
      ),
      { numRuns: 2000, seed: 3 }
    )
  })

  it.effect("waits a second and no more for bytes that never end once the answer is whole", () =>
    Effect.gen(function*() {
      const reader = yield* Effect.forkChild(read(Stream.concat(bytes("data: end\n\n"), Stream.never)), {
        startImmediately: true
      })
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(reader)).toEqual([[finish], undefined])
    }))
})
