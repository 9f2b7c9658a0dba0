import { describe, expect, it } from "@effect/vitest"
import { Transcript } from "../../src/gateway/Transcript.ts"

const transcript = () => {
  const made = new Transcript()
  made.add({ role: "system", content: "Be short." }, "system")
  made.add({ role: "assistant", content: [] }, "messages.0")
  made.add({ role: "user", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] }, "messages.1", [
    "messages.1.content.0",
    "messages.1.content.2"
  ])
  return made
}

describe("a transcript", () => {
  it("leaves out messages without content", () => {
    expect(transcript().messages.map(({ role }) => role)).toEqual(["system", "user"])
  })

  it.each([
    ["messages.0", "system"],
    ["prompt.0.content", "system.content"],
    ["prompt.1", "messages.1"],
    ["prompt.1.content.1", "messages.1.content.2"],
    ["messages.1.content.1.text", "messages.1.content.2.text"],
    ["prompt.1.content.1.options.openai.x", "messages.1.content.2"],
    ["prompt.1.content.7", "messages.1"],
    ["prompt.1.options.openai", "messages.1"],
    ["prompt.9", undefined],
    ["prompt", undefined],
    ["temperature", undefined]
  ])("knows where %s stood", (field, place) => {
    expect(transcript().fieldOf(field)).toBe(place)
  })
})
