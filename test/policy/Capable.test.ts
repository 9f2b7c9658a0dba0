import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { RequestInput } from "llmdispatcher/Request"
import type { Capabilities } from "llmdispatcher/Vendor"
import { answer, sequence } from "../support/vendors.ts"

const tool = { name: "now", parameters: {} }
const file = (mediaType: string): RequestInput => ({
  messages: [{ role: "user", content: [{ type: "file", mediaType, data: "aGk=" }] }]
})
const system: RequestInput = {
  messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }]
}
const mapped: RequestInput = {
  messages: [
    { role: "user", content: "Where?" },
    { role: "assistant", content: [{ type: "tool-call", id: "c", name: "now", params: {}, providerExecuted: false }] },
    {
      role: "tool",
      content: [{
        type: "tool-result",
        id: "c",
        name: "now",
        isFailure: false,
        result: "map",
        providerExecuted: false,
        modelOutput: [{ type: "file", mediaType: "image/png", data: "aGk=" }]
      }]
    }
  ]
}

const needs: ReadonlyArray<readonly [name: string, request: RequestInput, lacking: Capabilities, words: string]> = [
  ["tools", { prompt: "Hi", tools: [tool] }, { tools: false }, "a/m takes no tools"],
  ["an image", file("image/png"), { images: false }, "a/m takes no images"],
  ["an image in a tool's result", mapped, { images: false }, "a/m takes no images"],
  ["audio", file("audio/wav"), { audio: false }, "a/m takes no audio"],
  ["a document", file("application/pdf"), { documents: false }, "a/m takes no documents"],
  ["a system message", system, { systemRole: false }, "a/m takes no system messages"],
  [
    "a JSON Schema",
    { prompt: "Hi", responseFormat: { type: "json-schema", name: "x", schema: {} } },
    { jsonSchema: false },
    "a/m takes no answers by a JSON Schema"
  ],
  [
    "more tokens than it answers with",
    { prompt: "Hi", maxTokens: 5_000 },
    { maxOutputTokens: 4_096 },
    "a/m answers with at most 4096 tokens, 5000 are asked for"
  ],
  [
    "a window larger than it has",
    { prompt: "x".repeat(801) },
    { contextWindow: 100 },
    "a/m has a window of 100 tokens, the conversation has 801 characters"
  ]
]

const over = (capabilities: Capabilities) =>
  Effect.gen(function*() {
    const a = sequence("a", [answer("from a")], { capabilities: () => capabilities })
    const b = sequence("b", [answer("from b")])
    return { a, b, both: yield* Dispatcher.make({ vendors: [a.vendor, b.vendor] }) }
  })

describe("Capable", () => {
  it.effect.each(needs)(
    "leaves out a target for a request that needs %s",
    ([, request, capabilities, words]) =>
      Effect.gen(function*() {
        const { a, both } = yield* over(capabilities)
        const response = yield* both.send(request)
        expect(response.text).toBe("from b")
        expect(a.calls.length).toBe(0)
        expect(response.attempts.map(({ outcome, reason, vendor }) => [vendor, outcome, reason])).toEqual([
          ["a", "skipped", "UnsupportedFeature"],
          ["b", "answered", undefined]
        ])
        const alone = yield* Dispatcher.make({ vendors: [a.vendor] })
        const error = yield* Effect.flip(alone.send(request))
        expect(error.reason).toEqual({ _tag: "UnsupportedFeature", description: words })
        expect(error.attempts?.length).toBe(1)
      })
  )

  it.effect.each(needs)("tries a target that does not tell of %s", ([, request]) =>
    Effect.gen(function*() {
      const { both } = yield* over({})
      expect((yield* both.send(request)).text).toBe("from a")
    }))

  it.effect("tries a target without tools when none may be called", () =>
    Effect.gen(function*() {
      const { both } = yield* over({ tools: false })
      expect((yield* both.send({ prompt: "Hi", tools: [tool], toolChoice: "none" })).text).toBe("from a")
    }))
})
