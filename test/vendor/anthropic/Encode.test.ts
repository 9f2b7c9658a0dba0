import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import { capabilitiesOf } from "../../../src/vendor/anthropic/Capabilities.ts"
import { body, encode, encoded, failure, losses, requestOf, weather } from "./support.ts"

const person = { type: "object", properties: { age: { type: "integer", minimum: 0 } }, required: ["age"] }
const asked = { responseFormat: { type: "json-schema", name: "person", schema: person } }

describe("a plain request", () => {
  it("is the model, its limit and the messages", () => {
    expect(encoded({ prompt: "Hello", user: "u1", stop: ["END"] })).toEqual({
      body: {
        model: "claude-haiku-4-5",
        max_tokens: 64_000,
        messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
        stop_sequences: ["END"],
        metadata: { user_id: "u1" }
      },
      losses: []
    })
  })

  it("asks for a stream", () => {
    expect(Result.getOrThrow(encode({}, "claude-haiku-4-5", { stream: true })).body.stream).toBe(true)
  })

  it.each([
    ["claude-opus-5-5", undefined, 128_000, []],
    ["claude-3-5-haiku-20241022", undefined, 8_192, []],
    ["some-model", undefined, 8_192, []],
    ["some-model", 100_000, 100_000, []],
    ["claude-opus-4-20250514", 40_000, 32_000, ["maxTokens"]],
    ["claude-haiku-4-5", 5, 5, []]
  ])("to %s with a limit of %s has max_tokens %i", (model, maxTokens, expected, lost) => {
    const input = maxTokens === undefined ? {} : { maxTokens }
    expect(body(input, model).max_tokens).toBe(expected)
    expect(losses(input, model)).toEqual(lost)
  })

  it("loses what the API has no word for", () => {
    const input = {
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      metadata: { run: "7" },
      stop: [" ", "a"],
      parallelToolCalls: true,
      toolChoice: "required"
    }
    expect(losses(input).toSorted()).toEqual([
      "frequencyPenalty",
      "metadata.run",
      "parallelToolCalls",
      "presencePenalty",
      "seed",
      "stop.0",
      "toolChoice"
    ])
    expect(body(input).stop_sequences).toEqual(["a"])
  })
})

describe("thinking", () => {
  it.each([
    ["claude-opus-5-5", "low", { type: "adaptive", display: "summarized" }, "low", []],
    ["claude-opus-5-5", "none", undefined, "low", ["reasoningEffort"]],
    ["claude-opus-5", "none", { type: "disabled" }, undefined, []],
    ["claude-haiku-5-5", "xhigh", { type: "adaptive", display: "summarized" }, "xhigh", []],
    ["claude-haiku-5-5", "minimal", { type: "adaptive", display: "summarized" }, "low", ["reasoningEffort"]],
    ["claude-sonnet-4-6", "xhigh", { type: "adaptive", display: "summarized" }, "high", ["reasoningEffort"]],
    ["claude-opus-4-5-20251101", "high", { type: "enabled", budget_tokens: 20_480 }, "high", []],
    ["claude-haiku-4-5", "minimal", { type: "enabled", budget_tokens: 1_024 }, undefined, []],
    ["claude-haiku-4-5", "xhigh", { type: "enabled", budget_tokens: 32_000 }, undefined, []],
    ["claude-haiku-4-5", "none", undefined, undefined, []],
    ["claude-3-5-haiku-20241022", "low", undefined, undefined, ["reasoningEffort"]],
    ["claude-opus-7", "medium", { type: "adaptive", display: "summarized" }, "medium", []],
    ["some-model", "low", { type: "enabled", budget_tokens: 4_096 }, undefined, []]
  ])("of %s with effort %s", (model, reasoningEffort, thinking, effort, lost) => {
    const sent = body({ reasoningEffort }, model)
    expect(sent.thinking).toEqual(thinking)
    expect(sent.output_config?.effort).toBe(effort)
    expect(losses({ reasoningEffort }, model)).toEqual(lost)
  })

  it("takes at most half of what the answer may have", () => {
    expect(body({ reasoningEffort: "high", maxTokens: 6_000 }).thinking.budget_tokens).toBe(3_000)
    expect(body({ reasoningEffort: "high", maxTokens: 1_500 }).thinking.budget_tokens).toBe(1_024)
    expect(losses({ reasoningEffort: "high", maxTokens: 1_024 })).toEqual(["reasoningEffort"])
  })

  it("gives way on a budget to a forced tool, to a text to be continued, and inside a loop of tools", () => {
    const forced = { reasoningEffort: "low", tools: [weather], toolChoice: "required" }
    expect(body(forced).thinking).toBeUndefined()
    expect(losses(forced)).toEqual(["reasoningEffort"])
    expect(body(forced, "claude-opus-5").thinking).toMatchObject({ type: "adaptive" })
    const user = { role: "user", content: "Hi" }
    const begun = { reasoningEffort: "low", prompt: [user, { role: "assistant", content: "La" }] }
    expect(losses(begun)).toEqual(["reasoningEffort"])
    const called = { type: "tool-call", id: "c1", name: "weather", params: {} }
    const thought = { type: "reasoning", text: "hm", options: { anthropic: { signature: "s" } } }
    const loop = (...content: ReadonlyArray<unknown>) => ({
      reasoningEffort: "low",
      prompt: [
        user,
        { role: "assistant", content },
        {
          role: "tool",
          content: [{ type: "tool-result", id: "c1", name: "weather", isFailure: false, result: "sunny" }]
        }
      ]
    })
    expect(losses(loop(called))).toEqual(["reasoningEffort"])
    expect(losses(loop(thought, called))).toEqual([])
  })
})

describe("sampling", () => {
  const all = { temperature: 0.5, topP: 0.9, topK: 10 }

  it.each([
    ["some-model", { temperature: 0.5, top_p: 0.9, top_k: 10 }, []],
    ["claude-sonnet-4-20250514", { temperature: 0.5, top_p: 0.9, top_k: 10 }, []],
    ["claude-haiku-4-5", { temperature: 0.5, top_k: 10 }, ["topP"]],
    ["claude-opus-4-7", {}, ["temperature", "topP", "topK"]],
    ["claude-opus-9", {}, ["temperature", "topP", "topK"]]
  ])("of %s", (model, expected, lost) => {
    const { temperature, top_k, top_p } = body(all, model)
    expect({ temperature, top_k, top_p }).toEqual({
      temperature: undefined,
      top_k: undefined,
      top_p: undefined,
      ...expected
    })
    expect(losses(all, model)).toEqual(lost)
  })

  it("is left to the model while it thinks, but for a top-p of 0.95 or more", () => {
    expect(losses({ ...all, reasoningEffort: "low" })).toEqual(["temperature", "topP", "topK"])
    expect(body({ topP: 0.95, reasoningEffort: "low" }).top_p).toBe(0.95)
    expect(losses({ temperature: 1, reasoningEffort: "low" })).toEqual([])
  })

  it("has no temperature above 1", () => {
    expect(body({ temperature: 1.5 }).temperature).toBeUndefined()
    expect(losses({ temperature: 1.5 })).toEqual(["temperature"])
  })
})

describe("tools", () => {
  const tools = [weather, { name: "now", parameters: {} }]

  it("have a schema of an object", () => {
    expect(body({ tools }).tools).toEqual([
      { name: "weather", description: "The weather of a city.", input_schema: weather.parameters },
      { name: "now", input_schema: { type: "object" } }
    ])
  })

  it.each([
    [{}, undefined],
    [{ toolChoice: "auto" }, { type: "auto" }],
    [{ toolChoice: "none" }, { type: "none" }],
    [{ toolChoice: "none", parallelToolCalls: false }, { type: "none" }],
    [{ toolChoice: "required" }, { type: "any" }],
    [{ toolChoice: { tool: "now" } }, { type: "tool", name: "now" }],
    [{ parallelToolCalls: false }, { type: "auto", disable_parallel_tool_use: true }],
    [{ toolChoice: "required", parallelToolCalls: false }, { type: "any", disable_parallel_tool_use: true }]
  ])("with %j are chosen from by %j", (input, expected) => {
    expect(body({ tools, ...input }).tool_choice).toEqual(expected)
    expect(losses({ tools, ...input })).toEqual([])
  })

  it("are only those that may be called", () => {
    const some = body({ tools, toolChoice: { oneOf: ["now"], mode: "required" } })
    expect(some.tools.map(({ name }: { name: string }) => name)).toEqual(["now"])
    expect(some.tool_choice).toEqual({ type: "any" })
    const none = body({ tools, toolChoice: { oneOf: ["other"] } })
    expect([none.tools, none.tool_choice]).toEqual([undefined, undefined])
  })

  it("cannot be forced on models that decide themselves", () => {
    const input = { tools, toolChoice: { tool: "now" } }
    expect(body(input, "claude-opus-5-5").tool_choice).toEqual({ type: "auto" })
    expect(body(input, "claude-opus-5-5").tools).toHaveLength(1)
    expect(losses(input, "claude-opus-5-5")).toEqual(["toolChoice"])
  })

  it("are held to their schema where the model can be", () => {
    const strict = { tools: [{ ...weather, strict: true }] }
    expect(body(strict).tools[0].strict).toBe(true)
    expect(body(strict, "claude-opus-4-1").tools[0].strict).toBeUndefined()
    expect(losses(strict, "claude-opus-4-1")).toEqual(["tools.0.strict"])
  })

  it("have names of letters, digits, underscores and dashes", () => {
    expect(failure({ tools: [{ name: "a.b", parameters: {} }] })?._tag).toBe("UnsupportedFeature")
  })

  it("are followed by those that Anthropic runs, the last one marked", () => {
    const search = { type: "web_search_20250305", name: "web_search" }
    const options = { anthropic: { tools: [search], toolsCacheControl: { type: "ephemeral", ttl: "1h" } } }
    expect(body({ tools: [weather], options }).tools[1]).toEqual({
      ...search,
      cache_control: { type: "ephemeral", ttl: "1h" }
    })
    expect(losses({ tools: [weather], options })).toEqual([])
  })
})

describe("a response format", () => {
  it("is a closed schema, and in words what the API does not hold", () => {
    expect(body(asked).output_config.format).toEqual({
      type: "json_schema",
      schema: {
        title: "person",
        type: "object",
        properties: { age: { type: "integer", description: "minimum: 0" } },
        required: ["age"],
        additionalProperties: false
      }
    })
    expect(losses(asked)).toEqual(["responseFormat.schema.properties.age.minimum"])
  })

  it("keeps what is supported, however deep", () => {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        when: { type: "string", format: "date-time" },
        list: { type: "array", items: { $ref: "#/$defs/item" }, minItems: 1 },
        either: { oneOf: [{ type: "string" }, { type: "null" }] },
        word: { type: ["string", "null"], enum: ["a", null], description: "A word." }
      },
      $defs: { item: { type: "object", properties: {}, additionalProperties: false } },
      additionalProperties: false
    }
    const input = { responseFormat: { type: "json-schema", name: "all", schema } }
    expect(body(input).output_config.format.schema).toEqual({
      title: "all",
      type: "object",
      properties: {
        when: schema.properties.when,
        list: schema.properties.list,
        either: { anyOf: [{ type: "string" }, { type: "null" }] },
        word: schema.properties.word
      },
      $defs: schema.$defs,
      additionalProperties: false
    })
    expect(losses(input)).toEqual([])
  })

  it("is asked for in words where there is none, and told", () => {
    expect(body({ responseFormat: { type: "json" } }).system[0].text).toContain("JSON object")
    expect(losses({ responseFormat: { type: "json" } })).toEqual(["responseFormat"])
    expect(body(asked, "claude-opus-4-1").system[0].text).toContain("\"minimum\":0")
    expect(losses(asked, "claude-opus-4-1")).toEqual(["responseFormat"])
  })
})

describe("raw options", () => {
  it("say what no common word covers and replace nothing", () => {
    const input = {
      user: "u1",
      temperature: 0.5,
      options: { anthropic: { service_tier: "standard_only", temperature: 1, messages: [], metadata: { x: 1 } } }
    }
    expect(body(input)).toMatchObject({
      service_tier: "standard_only",
      temperature: 0.5,
      metadata: { user_id: "u1", x: 1 }
    })
    expect(losses(input)).toEqual(["options.anthropic.temperature", "options.anthropic.messages"])
  })

  it("are laid under thinking and output_config field by field", () => {
    const anthropic = { thinking: { display: "omitted", type: "enabled" }, output_config: { effort: "max" } }
    const sent = body({ ...asked, reasoningEffort: "low", options: { anthropic } }, "claude-opus-5")
    expect(sent.thinking).toEqual({ type: "adaptive", display: "omitted" })
    expect(sent.output_config.effort).toBe("low")
    expect(body({ ...asked, options: { anthropic } }, "claude-opus-5").output_config).toMatchObject({
      effort: "max",
      format: { type: "json_schema" }
    })
  })

  it("say how much to think more exactly than an effort", () => {
    const thinking = { type: "enabled", budget_tokens: 1_500 }
    const sent = body({ reasoningEffort: "high", options: { anthropic: { thinking } } })
    expect(sent.thinking).toEqual(thinking)
    expect(losses({ reasoningEffort: "high", options: { anthropic: { thinking } } })).toEqual([])
  })

  it("say what else is to be told of a tool", () => {
    const toolFields = [{ name: "weather", defer_loading: true, description: "not this one" }, { name: "gone" }]
    expect(body({ tools: [weather], options: { anthropic: { toolFields } } }).tools).toEqual([
      { name: "weather", description: weather.description, input_schema: weather.parameters, defer_loading: true }
    ])
  })

  it("are read under the name of the instance too", () => {
    const options = { eu: { service_tier: "auto" } }
    expect(Result.getOrThrow(encode({ options }, "m", { names: ["anthropic", "eu"] })).body).toMatchObject(options.eu)
    expect(requestOf({ options }).options).toEqual(options)
  })
})

describe("capabilities", () => {
  it.each([
    ["claude-opus-4-5-20251101", 200_000, 64_000, true],
    ["claude-opus-4-20250514", 200_000, 32_000, true],
    ["claude-opus-4-0", 200_000, 32_000, true],
    ["anthropic.claude-sonnet-4-6", 1_000_000, 128_000, false],
    ["anthropic/claude-opus-4.8", 1_000_000, 128_000, false],
    ["claude-mythos-preview", 1_000_000, 128_000, false],
    ["claude-fable-5", 1_000_000, 128_000, false],
    ["claude-fable-5-1", 1_000_000, 128_000, false],
    ["claude-opus-5-20260401", 1_000_000, 128_000, false],
    ["claude-opus-5-7", undefined, undefined, false],
    ["claude-3-haiku-20240307", 200_000, 4_096, true],
    ["deepseek-chat", undefined, undefined, undefined]
  ])("of %s", (model, contextWindow, maxOutputTokens, prefill) => {
    const found = capabilitiesOf(model)
    expect([found.contextWindow, found.maxOutputTokens, found.prefill]).toEqual([
      contextWindow,
      maxOutputTokens,
      prefill
    ])
  })
})
