import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { describe, expect, it } from "@effect/vitest"
import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Effect, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { fatal, retryable } from "llmdispatcher/VendorError"
import { answer, finish, overloaded, sequence, stream, textParts } from "../support/vendors.ts"

const traced = <A, E>(program: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const exporter = new InMemorySpanExporter()
    const Sdk = NodeSdk.layer(() => ({
      resource: { serviceName: "test" },
      spanProcessor: new SimpleSpanProcessor(exporter)
    }))
    // Read before the SDK shuts down, since that empties the exporter.
    return yield* Effect.provide(Effect.map(program, () => exporter.getFinishedSpans()), Sdk)
  })

const named = (spans: ReadonlyArray<ReadableSpan>, name: string) => spans.filter((span) => span.name === name)

describe("Trace", () => {
  it.effect("makes one INTERNAL span of the dispatch and under it one CLIENT span of each attempt", () =>
    Effect.gen(function*() {
      const first = sequence("a", [Effect.fail(overloaded)], {
        provider: "openai",
        address: { host: "api.example.com", port: 443 }
      })
      const second = sequence("b", [stream(textParts("Hel", "lo"))])
      const spans = yield* traced(Effect.scoped(Effect.gen(function*() {
        const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor], retry: false })
        yield* Stream.runDrain(dispatcher.stream({ prompt: "the secret prompt", temperature: 0.5, maxTokens: 9 }))
      })))
      const [dispatch] = named(spans, "llmdispatcher.dispatch")
      const attempts = named(spans, "chat m")
      expect(spans.length).toBe(3)
      expect(dispatch?.kind).toBe(SpanKind.INTERNAL)
      expect(dispatch?.attributes).toMatchObject({
        "llmdispatcher.operation": "stream",
        "llmdispatcher.attempts": 2,
        "llmdispatcher.vendor": "b",
        "llmdispatcher.target": "b/m"
      })
      expect(attempts.map(({ kind }) => kind)).toEqual([SpanKind.CLIENT, SpanKind.CLIENT])
      expect(attempts.map((span) => span.parentSpanContext?.spanId)).toEqual([
        dispatch?.spanContext().spanId,
        dispatch?.spanContext().spanId
      ])
      expect(attempts[0]?.attributes).toEqual({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": true,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.output.type": "text",
        "server.address": "api.example.com",
        "server.port": 443,
        "llmdispatcher.vendor": "a",
        "llmdispatcher.target": "a/m",
        "llmdispatcher.attempt": 1,
        "error.type": "Overloaded"
      })
      expect(attempts[0]?.status.code).toBe(SpanStatusCode.ERROR)
      expect(attempts[1]?.attributes).toMatchObject({
        "llmdispatcher.attempt": 2,
        "gen_ai.response.id": "upstream-1",
        "gen_ai.response.model": "model-2026",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0,
        "gen_ai.usage.input_tokens": finish.usage.inputTokens.total,
        "gen_ai.usage.output_tokens": finish.usage.outputTokens.total
      })
      expect(attempts[1]?.attributes["error.type"]).toBeUndefined()
      const told = JSON.stringify(
        spans.map(({ attributes, events, name, status }) => [name, attributes, events, status])
      )
      expect(told).not.toContain("secret prompt")
      expect(told).not.toContain("Hel")
    }))

  it.effect("tells the reason of a failed dispatch, and that nobody served it", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [Effect.fail(fatal({ _tag: "ContentFiltered" }))])
      const spans = yield* traced(Effect.scoped(Effect.gen(function*() {
        const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
        yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))
        yield* Effect.flip(dispatcher.send({ prompt: "Hello", vendors: ["x"] }))
      })))
      expect(named(spans, "llmdispatcher.dispatch").map(({ attributes }) => attributes["error.type"])).toEqual([
        "ContentFiltered",
        "NoCandidate"
      ])
      expect(named(spans, "chat m").length).toBe(1)
    }))

  it.effect("stands under the caller's own span", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [answer("Hi")])
      const spans = yield* traced(Effect.scoped(
        Effect.gen(function*() {
          const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
          yield* dispatcher.send({ prompt: "Hello" })
        }).pipe(Effect.withSpan("caller"))
      ))
      const [caller] = named(spans, "caller")
      const [dispatch] = named(spans, "llmdispatcher.dispatch")
      expect(dispatch?.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId)
    }))

  it.effect("keeps the attempt that goes on with a broken stream under the same dispatch", () =>
    Effect.gen(function*() {
      const cut = Stream.concat(
        Stream.fromIterable(textParts("Hel").slice(0, 3)),
        Stream.fail(retryable({ _tag: "StreamInterrupted" }))
      )
      const vendors = [sequence("a", [stream(cut)]).vendor, sequence("b", [stream(textParts("Hel", "lo"))]).vendor]
      const spans = yield* traced(Effect.scoped(Effect.gen(function*() {
        const dispatcher = yield* Dispatcher.make({
          vendors,
          routes: { default: { targets: ["a/m", "b/m"], onInterrupted: "resume" } }
        })
        yield* Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))
      })))
      const [dispatch] = named(spans, "llmdispatcher.dispatch")
      expect(
        named(spans, "chat m").map(({ attributes, parentSpanContext }) => [
          attributes["llmdispatcher.vendor"],
          attributes["error.type"],
          parentSpanContext?.spanId === dispatch?.spanContext().spanId
        ])
      ).toEqual([["a", "StreamInterrupted", true], ["b", undefined, true]])
      expect(dispatch?.attributes["llmdispatcher.attempts"]).toBe(2)
      expect(dispatch?.attributes["llmdispatcher.vendor"]).toBe("b")
      expect(dispatch?.attributes["error.type"]).toBeUndefined()
    }))

  it.effect("ends the spans of a stream whose caller went away", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [stream(textParts("Hel", "lo"))])
      const spans = yield* traced(Effect.scoped(Effect.gen(function*() {
        const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
        yield* Stream.runDrain(Stream.take(dispatcher.stream({ prompt: "Hello" }), 1))
      })))
      expect(spans.map(({ attributes, name }) => [name, attributes["error.type"]])).toEqual([
        ["chat m", "Interrupted"],
        ["llmdispatcher.dispatch", "Interrupted"]
      ])
    }))
})
