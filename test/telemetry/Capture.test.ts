import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream, Tracer } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type * as Request from "llmdispatcher/Request"
import { finish, overloaded, sequence, stream, textParts } from "../support/vendors.ts"

/** Runs and gives every span that was made, by name, with its attributes. */
const traced = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    yield* Effect.exit(Effect.withTracer(effect, tracer))
    return spans
  })

const json = (text: unknown) => typeof text === "string" ? JSON.parse(text) : text

const contents = (spans: ReadonlyArray<Tracer.NativeSpan>) =>
  spans.filter(({ attributes }) => attributes.has("gen_ai.input.messages") || attributes.has("gen_ai.output.messages"))
    .map(({ attributes, name }) => ({
      name,
      input: json(attributes.get("gen_ai.input.messages")),
      output: json(attributes.get("gen_ai.output.messages"))
    }))

const everything = (spans: ReadonlyArray<Tracer.NativeSpan>) =>
  JSON.stringify(spans.map((span) => [span.name, Array.from(span.attributes), span.events]))

const ask: Request.RequestInput = {
  prompt: [
    { role: "system", content: "Be brief, 4111." },
    {
      role: "user",
      content: [{ type: "text", text: "My card is 4111." }, {
        type: "file",
        mediaType: "image/png",
        data: "iVBORw0KGgo4111"
      }]
    },
    {
      role: "assistant",
      content: [{ type: "tool-call", id: "1", name: "look", params: { card: "4111" }, providerExecuted: false }]
    },
    {
      role: "tool",
      content: [{ type: "tool-result", id: "1", name: "look", isFailure: false, result: { card: "4111" } }]
    }
  ]
} as any

const whole = Effect.succeed({
  parts: [
    { type: "reasoning", text: "4111?" },
    { type: "text", text: "It is 4111." },
    { type: "tool-call", id: "2", name: "pay", params: { card: "4111" } },
    finish
  ] as const,
  losses: []
})

const make = (capture: Dispatcher.Options["capture"], ...steps: Parameters<typeof sequence>[1]) =>
  Dispatcher.make({
    vendors: [sequence("a", steps).vendor],
    ...(capture === undefined ? undefined : { capture }),
    retry: false
  })

const redact = (text: string) => text.replaceAll("4111", "****")

describe("Content", () => {
  it.effect("is nowhere unless it is asked for", () =>
    Effect.gen(function*() {
      for (const capture of [undefined, {}, { redact }, { prompts: false, answers: false }]) {
        const dispatcher = yield* make(capture, whole, stream(textParts("It is 4111.")))
        const spans = [
          ...yield* traced(dispatcher.send(ask)),
          ...yield* traced(Stream.runDrain(dispatcher.stream(ask)))
        ]
        expect(spans.length).toBe(4)
        expect(contents(spans)).toEqual([])
        expect(everything(spans)).not.toContain("4111")
      }
    }))

  it.effect("stands on the attempt's span, as the conventions lay it out", () =>
    Effect.gen(function*() {
      const dispatcher = yield* make({ prompts: true, answers: true }, whole)
      expect(contents(yield* traced(dispatcher.send(ask)))).toEqual([{
        name: "chat m",
        input: [
          { role: "system", parts: [{ type: "text", content: "Be brief, 4111." }] },
          {
            role: "user",
            parts: [{ type: "text", content: "My card is 4111." }, { type: "file", mime_type: "image/png" }]
          },
          {
            role: "assistant",
            parts: [{ type: "tool_call", id: "1", name: "look", arguments: "{\"card\":\"4111\"}" }]
          },
          { role: "tool", parts: [{ type: "tool_call_response", id: "1", response: "{\"card\":\"4111\"}" }] }
        ],
        output: [{
          role: "assistant",
          parts: [
            { type: "reasoning", content: "4111?" },
            { type: "text", content: "It is 4111." },
            { type: "tool_call", id: "2", name: "pay", arguments: "{\"card\":\"4111\"}" }
          ],
          finish_reason: "stop"
        }]
      }])
    }))

  it.effect("is redacted in every place, asked and answered, whole and streamed", () =>
    Effect.gen(function*() {
      const dispatcher = yield* make(
        { prompts: true, answers: true, redact },
        whole,
        stream(textParts("It is 41", "11."))
      )
      const sent = yield* traced(dispatcher.send(ask))
      const streamed = yield* traced(Stream.runDrain(dispatcher.stream(ask)))
      expect(everything([...sent, ...streamed])).not.toContain("4111")
      expect(everything(sent).split("****").length - 1).toBe(7)
      expect(contents(streamed).map(({ output }) => output)).toEqual([[{
        role: "assistant",
        parts: [{ type: "text", content: "It is ****." }],
        finish_reason: "stop"
      }]])
    }))

  it.effect("can be only what was asked, or only what was answered", () =>
    Effect.gen(function*() {
      const asked = yield* make({ prompts: true }, whole)
      const answered = yield* make({ answers: true }, whole)
      const kinds = (spans: ReadonlyArray<Tracer.NativeSpan>) =>
        contents(spans).map(({ input, output }) => [input !== undefined, output !== undefined])
      expect(kinds(yield* traced(asked.send(ask)))).toEqual([[true, false]])
      expect(kinds(yield* traced(answered.send(ask)))).toEqual([[false, true]])
    }))

  it.effect("is left out where the redaction throws, and the answer comes all the same", () =>
    Effect.gen(function*() {
      const redact = () => {
        throw new Error("4111")
      }
      const dispatcher = yield* make({ answers: true, redact }, whole)
      let text = ""
      const spans = yield* traced(Effect.map(dispatcher.send(ask), (answer) => text = answer.text))
      expect(text).toBe("It is 4111.")
      expect(contents(spans)[0]!.output[0].parts[1]).toEqual({ type: "text", content: "[not redacted]" })
      expect(everything(spans)).not.toContain("4111")
    }))

  it.effect("is cut after the redaction, so that no secret is cut in two", () =>
    Effect.gen(function*() {
      const dispatcher = yield* make({ answers: true, redact, maxLength: 8 }, whole)
      const [{ output }] = contents(yield* traced(dispatcher.send(ask))) as any
      expect(output[0].parts[1].content).toBe("It is **…")
    }))

  it.effect("of a broken stream is told as far as it came", () =>
    Effect.gen(function*() {
      const dispatcher = yield* make({ answers: true }, stream(textParts("Hel").slice(0, 3)))
      const [{ output }] = contents(yield* traced(Stream.runDrain(dispatcher.stream(ask)))) as any
      expect(output).toEqual([{ role: "assistant", parts: [{ type: "text", content: "Hel" }] }])
    }))

  it.effect("of a failed attempt is what was asked alone", () =>
    Effect.gen(function*() {
      const dispatcher = yield* make({ prompts: true, answers: true }, Effect.fail(overloaded))
      const found = contents(yield* traced(dispatcher.send(ask)))
      expect(found.map(({ input, output }) => [input.length, output])).toEqual([[4, undefined]])
    }))
})
