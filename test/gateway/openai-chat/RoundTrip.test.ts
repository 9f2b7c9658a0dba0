/** A body that goes to a vendor of the same API arrives there with the same meaning. */
import { describe, expect, it } from "@effect/vitest"
import { dialect } from "../../../src/gateway/openai-chat/OpenAiChat.ts"
import { outgoing } from "../openai/Outgoing.ts"

const model = "gpt-4.1"
const messages = [{ role: "user", content: "Hello" }]
const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "Of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    strict: true
  }
}
const now = { type: "function", function: { name: "now" } }
const png = "iVBORw0KGgo="
const user = (...content: ReadonlyArray<unknown>) => ({ messages: [{ role: "user", content }] })

type Fields = Readonly<Record<string, unknown>>

/** Each goes out as it came. */
const same: { readonly [name: string]: Fields } = {
  "a text": {},
  sampling: {
    temperature: 0.2,
    top_p: 0.9,
    frequency_penalty: 0.5,
    presence_penalty: -0.5,
    seed: 7,
    max_completion_tokens: 100,
    stop: ["END", "\n\n"]
  },
  "what a request has no word for": {
    logprobs: true,
    top_logprobs: 3,
    logit_bias: { "50256": -100 },
    prediction: { type: "content", content: "Hello there" },
    service_tier: "flex",
    verbosity: "low",
    prompt_cache_key: "k",
    prompt_cache_retention: "24h",
    safety_identifier: "u-1",
    web_search_options: { search_context_size: "low" },
    modalities: ["text"],
    a_field_of_tomorrow: { deep: [1, null, "x"] }
  },
  "metadata with what is stored": { store: true, metadata: { team: "a" } },
  "a user": { user: "u-2" },
  tools: { tools: [weather], tool_choice: "required", parallel_tool_calls: false },
  "one tool": { tools: [weather], tool_choice: { type: "function", function: { name: "weather" } } },
  "some tools": {
    tools: [weather, { ...weather, function: { ...weather.function, name: "climate" } }],
    tool_choice: {
      type: "allowed_tools",
      allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "weather" } }] }
    }
  },
  "any JSON": { response_format: { type: "json_object" } },
  "JSON of a schema": {
    response_format: {
      type: "json_schema",
      json_schema: { name: "answer", description: "An answer.", schema: { type: "object" }, strict: true }
    }
  },
  images: user(
    { type: "text", text: "What is it?" },
    { type: "image_url", image_url: { url: "https://example.com/a.png", detail: "low" } },
    { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } }
  ),
  audio: user({ type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } }),
  "audio of the other format": user({ type: "input_audio", input_audio: { data: "SUQz", format: "mp3" } }),
  "a document": user({
    type: "file",
    file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" }
  }),
  "marks of parts": user(
    { type: "text", text: "Long.", prompt_cache_breakpoint: { mode: "explicit" } },
    {
      type: "image_url",
      image_url: { url: "https://example.com/a.png" },
      prompt_cache_breakpoint: { mode: "explicit" }
    }
  ),
  names: {
    messages: [
      { role: "system", content: "Be kind.", name: "boss" },
      { role: "user", content: "Hi", name: "ann" },
      { role: "assistant", content: "Hi, Ann.", name: "bot" },
      { role: "user", content: "Bye", name: "bob" }
    ]
  },
  "a conversation with tools": {
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: "I look.",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "weather", arguments: `{"city":"Paris"}` } },
          { id: "call_2", type: "function", function: { name: "weather", arguments: "{}" } }
        ]
      },
      { role: "tool", tool_call_id: "call_1", content: "Rain." },
      { role: "tool", tool_call_id: "call_2", content: `{"sun":true}` },
      { role: "assistant", content: "Rain." },
      { role: "user", content: "Thanks" }
    ],
    tools: [weather]
  },
  "a refusal": {
    messages: [
      { role: "user", content: "No" },
      { role: "assistant", content: null, refusal: "I can't." },
      { role: "user", content: "Why?" }
    ]
  }
}

describe("openai-chat to a vendor of the same API", () => {
  it.each(Object.entries(same))("carries %s", async (_, fields) => {
    const body = { model, messages, ...fields }
    const { body: sent, losses } = await outgoing(dialect, body, "chat")
    expect(sent).toEqual(body)
    expect(losses).toEqual([])
  })

  it.each(["compatible", "groq"] as const)("carries it to %s too", async (to) => {
    const body = {
      model,
      messages: [{ role: "user", content: "Hi", name: "ann" }],
      max_tokens: 9,
      guided_json: { type: "object" },
      top_logprobs: 2
    }
    expect(await outgoing(dialect, body, to)).toEqual({
      body: to === "groq" ? { ...body, max_tokens: undefined, max_completion_tokens: 9 } : body,
      losses: []
    })
  })

  it.each<[string, Fields, Fields]>([
    ["null for absent", { temperature: null, tools: null, stop: null, response_format: null, logit_bias: null }, {}],
    ["one stop text for a list", { stop: "END" }, { stop: ["END"] }],
    ["max_tokens for its newer word", { max_tokens: 5 }, { max_completion_tokens: 5 }],
    ["the default n", { n: 1 }, {}],
    ["the default format", { response_format: { type: "text" } }, {}],
    ["the default strictness of a format", {
      response_format: { type: "json_schema", json_schema: { name: "a", schema: {} } }
    }, {
      response_format: { type: "json_schema", json_schema: { name: "a", schema: {}, strict: false } }
    }],
    ["no parameters for an object without properties", { tools: [now] }, {
      tools: [{ type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } }]
    }],
    ["stream", { stream: true, stream_options: { include_usage: false } }, {
      stream: true,
      stream_options: { include_usage: true }
    }],
    ["developer for system", { messages: [{ role: "developer", content: "Be kind." }, ...messages] }, {
      messages: [{ role: "system", content: "Be kind." }, ...messages]
    }],
    ["a list of one text for the text", user({ type: "text", text: "Hello" }), {}],
    ["several system texts for messages", {
      messages: [
        { role: "system", content: [{ type: "text", text: "A" }, { type: "text", text: "B" }] },
        ...messages
      ]
    }, { messages: [{ role: "system", content: "A" }, { role: "system", content: "B" }, ...messages] }],
    ["an answer's message as it came", {
      messages: [
        ...messages,
        { role: "assistant", content: "Hi", refusal: null, annotations: [], audio: null, function_call: null },
        ...messages
      ]
    }, { messages: [...messages, { role: "assistant", content: "Hi" }, ...messages] }],
    ["an empty system message for none", { messages: [{ role: "system", content: "" }, ...messages] }, {}],
    ["functions for tools", {
      functions: [{ name: "now", parameters: { type: "object" } }],
      function_call: { name: "now" },
      messages: [
        ...messages,
        { role: "assistant", content: null, function_call: { name: "now", arguments: "{}" } },
        { role: "function", name: "now", content: "Noon." }
      ]
    }, {
      tools: [{ type: "function", function: { name: "now", parameters: { type: "object" } } }],
      tool_choice: { type: "function", function: { name: "now" } },
      parallel_tool_calls: false,
      messages: [
        ...messages,
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_0", type: "function", function: { name: "now", arguments: "{}" } }]
        },
        { role: "tool", tool_call_id: "call_0", content: "Noon." }
      ]
    }]
  ])("says the same with %s", async (_, fields, expected) => {
    const { body, losses } = await outgoing(dialect, { model, messages, ...fields }, "chat")
    expect({ body, losses }).toEqual({ body: { model, messages, ...expected }, losses: [] })
  })

  it("asks a reasoning model as hard as the caller does", async () => {
    const body = { model: "gpt-5-mini", messages, reasoning_effort: "minimal" }
    expect((await outgoing(dialect, body, "chat")).body).toEqual(body)
    const most = { model: "gpt-5-mini", messages, reasoning_effort: "max" }
    expect((await outgoing(dialect, most, "chat")).body).toEqual(most)
  })

  it("sends raw fields of this API to no server of the other", async () => {
    const { body } = await outgoing(dialect, { model, messages, logit_bias: { "1": 1 }, verbosity: "low" }, "responses")
    expect(Object.keys(body).toSorted()).toEqual(["input", "model", "store"])
  })
})
