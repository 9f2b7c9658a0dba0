import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import * as Anthropic from "../../../src/gateway/anthropic/Anthropic.ts"
import * as Decode from "../../../src/gateway/anthropic/Decode.ts"
import type { Failure } from "../../../src/gateway/Failure.ts"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/anthropic/Encode.ts"
import { judge } from "../Specifications.ts"
import { bodies, dot } from "./bodies.ts"

const decoded = (body: unknown): Decode.Decoded => Result.getOrThrow(Decode.decode(body))

const refused = (body: unknown): Failure => {
  const result = Decode.decode(body)
  if (Result.isSuccess(result)) throw new Error("the body was taken")
  return result.failure
}

const sent = (body: any) => {
  const { isStream, request } = decoded(body)
  return Result.getOrThrow(Encode.encode(
    { model: body.model, request: Effect.runSync(Request.decode(request)) },
    { stream: isStream, names: ["anthropic"] }
  ))
}

const hello = { model: "m", max_tokens: 10, messages: [{ role: "user", content: "Hello" }] }

const judged = judge("anthropic.core.json")

describe("a body that goes to Anthropic", () => {
  it.each(Object.entries(bodies))("arrives as it came: %s", (_, body) => {
    const { body: arrived, losses } = sent(body)
    expect(arrived).toEqual(body)
    expect(losses).toEqual([])
  })

  it.each(Object.entries(bodies))("goes through JSON unharmed: %s", (_, body) => {
    expect(sent(JSON.parse(JSON.stringify(body))).body).toEqual(body)
  })

  const plain = Object.entries(bodies).filter(([name]) =>
    !["what a prompt has no part for", "what the request has no word for", "tools that Anthropic ran"].includes(name)
  )

  it.skipIf(judged === undefined).each(plain)("is one of the API's: %s", (_, body) => {
    expect(judged!("CreateMessageParams", body)).toEqual([])
  })

  it("arrives in the whole form where it came in the short one", () => {
    const body = {
      ...hello,
      system: "Be short.",
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi" },
        { role: "user", content: [{ type: "text", text: "So?", cache_control: null }] },
        { role: "assistant", content: [{ type: "text", text: "So.", citations: [] }] },
        { role: "user", content: "Yes." },
        { role: "assistant", content: "" }
      ],
      tools: [{ type: "custom", name: "now", input_schema: { type: "object" }, strict: false }],
      tool_choice: { type: "auto", disable_parallel_tool_use: false },
      temperature: null,
      metadata: { user_id: null },
      stream: false
    }
    expect(sent(body).body).toEqual({
      model: "m",
      max_tokens: 10,
      system: [{ type: "text", text: "Be short." }],
      messages: [
        { role: "user", content: [{ type: "text", text: "Hello" }] },
        { role: "assistant", content: [{ type: "text", text: "Hi" }] },
        { role: "user", content: [{ type: "text", text: "So?" }] },
        { role: "assistant", content: [{ type: "text", text: "So." }] },
        { role: "user", content: [{ type: "text", text: "Yes." }] }
      ],
      tools: [{ name: "now", input_schema: { type: "object" } }],
      tool_choice: { type: "auto" }
    })
  })

  it("keeps every text and every result, whatever they are", () => {
    const word = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) =>
      // oxlint-disable-next-line no-control-regex
      text.trim() !== "" && !/[\u0000-\u001f\u007f]/.test(text)
    )
    const turn = fc.tuple(word, word, fc.dictionary(fc.string(), fc.jsonValue()), word)
    fc.assert(fc.property(fc.array(turn, { minLength: 1, maxLength: 4 }), (turns) => {
      const messages = turns.flatMap(([asked, name, input, result], index) => [
        { role: "user", content: [{ type: "text", text: asked }] },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: `t_${index}`, name, input: JSON.parse(JSON.stringify(input)) }]
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: `t_${index}`, content: result }] },
        { role: "assistant", content: [{ type: "text", text: asked }] }
      ])
      const body = { model: "m", max_tokens: 10, messages: [...messages, ...messages.slice(0, 1)] }
      expect(sent(body).body).toEqual(body)
    }))
  })
})

describe("the request", () => {
  it("has all that a common word covers, for whatever vendor it goes to", () => {
    const { request } = decoded({
      ...hello,
      system: "Be short.",
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      stop_sequences: ["END"],
      thinking: { type: "adaptive" },
      output_config: { effort: "low", format: { type: "json_schema", schema: { type: "object" } } },
      tools: [{ name: "now", description: "d", input_schema: { type: "object" } }],
      tool_choice: { type: "tool", name: "now", disable_parallel_tool_use: true },
      metadata: { user_id: "u" }
    })
    expect(request).toEqual({
      model: "m",
      maxTokens: 10,
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: [{ type: "text", text: "Hello" }] }
      ],
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      stop: ["END"],
      reasoningEffort: "low",
      responseFormat: { type: "json-schema", name: "answer", schema: { type: "object" } },
      tools: [{ name: "now", description: "d", parameters: { type: "object" } }],
      toolChoice: { tool: "now" },
      parallelToolCalls: false,
      user: "u"
    })
  })

  it.each([[1_024, "minimal"], [5_000, "low"], [16_000, "medium"], [31_999, "high"], [32_000, "xhigh"]])(
    "has an effort for a budget of %i tokens",
    (budget_tokens, effort) => {
      expect(decoded({ ...hello, thinking: { type: "enabled", budget_tokens } }).request).toMatchObject({
        reasoningEffort: effort,
        options: { anthropic: { thinking: { type: "enabled", budget_tokens } } }
      })
    }
  )

  it("has the reasoning of another vendor as that vendor told it", () => {
    const metadata = { openai: { itemId: "rs_1", encryptedContent: "abc" } }
    const [block] = (Anthropic.dialect.decode({ body: hello, path: {}, query: {} }) as any).success
      .whole({ parts: [{ type: "reasoning", text: "Hm.", metadata }], usage: { inputTokens: {}, outputTokens: {} } }, {
        id: "1",
        now: 0
      }).content
    const messages = [...hello.messages, { role: "assistant", content: [block] }]
    expect((decoded({ ...hello, messages }).request as any).messages[1].content).toEqual([
      { type: "reasoning", text: "Hm.", options: metadata }
    ])
  })

  it("has a call of another vendor's model with the signature that it wants back", () => {
    const metadata = { google: { functionCallId: "f7", thoughtSignature: "c2ln" } }
    const asked: any = Result.getOrThrow(Anthropic.dialect.decode({ body: hello, path: {}, query: {} }))
    const parts = [{ type: "tool-call", id: "a:1", name: "now", params: {}, metadata }]
    const { content } = asked.whole({ parts, usage: { inputTokens: {}, outputTokens: {} } }, { id: "1", now: 0 })
    expect(content.map(({ type }: any) => type)).toEqual(["tool_use", "redacted_thinking"])
    const messages = [...hello.messages, { role: "assistant", content }]
    expect((decoded({ ...hello, messages }).request as any).messages[1].content).toEqual([
      { type: "tool-call", id: "a_1", name: "now", params: {}, options: metadata }
    ])
    const alone = [{ role: "assistant", content: [{ type: "text", text: "x" }, content[1]] }]
    expect((decoded({ ...hello, messages: alone }).request as any).messages[0].content).toEqual([
      { type: "text", text: "x" }
    ])
  })

  it("has nothing of reasoning that nobody signed but its text", () => {
    const messages = [{ role: "assistant", content: [{ type: "thinking", thinking: "Hm.", signature: "" }] }]
    expect((decoded({ ...hello, messages }).request as any).messages[0].content).toEqual([
      { type: "reasoning", text: "Hm." }
    ])
  })

  it("has what a block says in words, for who does not know the block", () => {
    const block = { type: "search_result", source: "s.test", title: "T", content: [{ type: "text", text: "found" }] }
    const messages = [{ role: "user", content: [block] }]
    expect((decoded({ ...hello, messages }).request as any).messages[0].content).toEqual([
      { type: "text", text: "T\ns.test\nfound", options: { anthropic: { block } } }
    ])
  })

  it("has the caller's wishes, of which a route or a mode goes before the model", () => {
    const wishes = {
      vendors: ["a"],
      priority: 9,
      deadline: 5_000,
      cache: "off",
      losses: "reject",
      metadata: { k: "v" }
    }
    expect(decoded({ ...hello, llmdispatcher: wishes }).request).toMatchObject({ model: "m", ...wishes })
    expect(decoded({ ...hello, llmdispatcher: { route: "r" } }).request.model).toBe("r")
    expect(decoded({ ...hello, llmdispatcher: { mode: "fast" } }).request).not.toHaveProperty("model")
  })
})

describe("a body that is not one of the API's", () => {
  it.each<[string, object, string]>([
    ["no model", { ...hello, model: undefined }, "model"],
    ["no limit", { ...hello, max_tokens: undefined }, "max_tokens"],
    ["a limit that is a text", { ...hello, max_tokens: "10" }, "max_tokens"],
    ["no messages", { ...hello, messages: undefined }, "messages"],
    ["empty messages", { ...hello, messages: [] }, "messages"],
    ["a role that is none", { ...hello, messages: [{ role: "system", content: "x" }] }, "messages.0.role"],
    ["no content", { ...hello, messages: [{ role: "user" }] }, "messages.0.content"],
    ["an empty content", { ...hello, messages: [{ role: "user", content: [] }] }, "messages.0.content"],
    [
      "a block without a type",
      { ...hello, messages: [{ role: "user", content: [{ text: "x" }] }] },
      "messages.0.content.0.type"
    ],
    [
      "an address that is none",
      {
        ...hello,
        messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: "file:///x" } }] }]
      },
      "messages.0.content.0.source.url"
    ],
    [
      "a call without an input",
      { ...hello, messages: [{ role: "assistant", content: [{ type: "tool_use", id: "a", name: "b" }] }] },
      "messages.0.content.0.input"
    ],
    [
      "an image in a result without its type",
      {
        ...hello,
        messages: [{
          role: "user",
          content: [{
            type: "tool_result",
            tool_use_id: "a",
            content: [{ type: "text", text: "x" }, { type: "image", source: { type: "base64", data: dot } }]
          }]
        }]
      },
      "messages.0.content.0.content.1.source.media_type"
    ],
    ["a tool without a schema", { ...hello, tools: [{ name: "x" }] }, "tools.0.input_schema"],
    ["a choice that is none", { ...hello, tool_choice: { type: "maybe" } }, "tool_choice.type"],
    ["a wish that is none", { ...hello, llmdispatcher: { budget: 1 } }, "llmdispatcher.budget"],
    ["no object", [] as any, ""]
  ])("is told by its field: %s", (_, body, field) => {
    expect(refused(body)).toMatchObject({ kind: "invalid-request", status: 400, field })
  })

  it("is unsupported where only a newer API knows the block", () => {
    const messages = [{ role: "user", content: [{ type: "hologram" }] }]
    expect(refused({ ...hello, messages })).toMatchObject({ kind: "unsupported", field: "messages.0.content.0.type" })
  })

  it.each(["api_base", "base_url", "baseURL", "apiKey", "extra_headers", "Extra-Body", "headers"])(
    "would redirect the call by %s and is refused",
    (name) => {
      expect(refused({ ...hello, [name]: "https://evil.test" })).toMatchObject({ kind: "invalid-request", field: name })
    }
  )

  it("touches no prototype", () => {
    const body = JSON.parse(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},
      "model":"m","max_tokens":1,"messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}],
      "tools":[{"name":"__proto__","input_schema":{"type":"object"},"defer_loading":true,"__proto__":{"polluted":1}}],
      "thinking":{"__proto__":{"polluted":1},"type":"adaptive"},
      "llmdispatcher":{"__proto__":{"polluted":1}}}`)
    const result = Decode.decode(body)
    expect(Result.isFailure(result) ? result.failure.field : "taken").toBe("llmdispatcher.__proto__")
    delete body.llmdispatcher
    const { request } = decoded(body)
    expect(Object.keys(request.options!["anthropic"]!)).toEqual(["constructor", "thinking", "toolFields"])
    expect(Object.getPrototypeOf(request.options!["anthropic"])).toBe(Object.prototype)
    expect(({} as any).polluted).toBeUndefined()
  })
})

describe("a field that the request refuses", () => {
  const fieldOf = (body: object): string => {
    const { fieldOf, request } = decoded(body)
    const error = Effect.runSync(Effect.flip(Request.decode(request)))
    return fieldOf((error.reason as any).issues[0].field)
  }

  it.each<[object, string]>([
    [{ ...hello, temperature: 3 }, "temperature"],
    [{ ...hello, max_tokens: 0 }, "max_tokens"],
    [{ ...hello, top_p: 2 }, "top_p"],
    [{ ...hello, system: [{ type: "text", text: " " }] }, "system.0.text"],
    [{ ...hello, tools: [{ name: "a b", input_schema: {} }] }, "tools.0.name"],
    [{ ...hello, llmdispatcher: { priority: 11 } }, "llmdispatcher.priority"],
    [{ ...hello, llmdispatcher: { route: " " } }, "llmdispatcher.route"],
    [{ ...hello, model: " " }, "model"],
    [
      {
        ...hello,
        messages: [
          { role: "user", content: "x" },
          { role: "assistant", content: [{ type: "tool_use", id: "a", name: "b", input: {} }] },
          {
            role: "user",
            content: [{ type: "tool_result", tool_use_id: "a" }, { type: "text", text: "half \ud800" }]
          }
        ]
      },
      "messages.2.content.1.text"
    ]
  ])("is told by its name in the body", (body, field) => {
    expect(fieldOf(body)).toBe(field)
  })
})

describe("a body of count_tokens", () => {
  it("has no limit of tokens", () => {
    const { max_tokens: _, ...body } = hello
    expect(Result.getOrThrow(Anthropic.decodeCount(body)).maxTokens).toBeUndefined()
    expect(Anthropic.count(14)).toEqual({ input_tokens: 14 })
  })

  it.skipIf(judged === undefined)("is answered in the API's form", () => {
    expect(judged!("CountMessageTokensResponse", Anthropic.count(14))).toEqual([])
  })
})
