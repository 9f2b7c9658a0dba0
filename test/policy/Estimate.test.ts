import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Request from "llmdispatcher/Request"
import * as Estimate from "../../src/policy/Estimate.ts"

const tokens = (input: Request.RequestInput) => Effect.runSync(Effect.map(Request.decode(input), Estimate.tokens))

describe("Estimate.tokens", () => {
  it("takes four characters for a token, and 1,000 tokens for an answer without a limit", () => {
    expect(tokens({ prompt: "x".repeat(400) })).toEqual({ input: 100, output: 1_000 })
  })

  it("takes what the request allows the answer", () => {
    expect(tokens({ prompt: "Hello", maxTokens: 5_000 }).output).toBe(5_000)
  })

  it("counts system messages, tool results and tools, and no files", () => {
    const text = "x".repeat(100)
    const plain = tokens({ prompt: "Hi" })
    const rich = tokens({
      messages: [
        { role: "system", content: text },
        {
          role: "user",
          content: [{ type: "text", text: "Hi" }, {
            type: "file",
            mediaType: "image/png",
            data: new Uint8Array(10_000)
          }]
        }
      ],
      tools: [{ name: "look", description: text, parameters: {} }]
    })
    expect(rich.input - plain.input).toBe((100 + 100 + "look".length) / 4)
  })
})
