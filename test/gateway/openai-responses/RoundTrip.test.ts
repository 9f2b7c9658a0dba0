/** A body that goes to a vendor of the same API arrives there with the same meaning. */
import { describe, expect, it } from "@effect/vitest"
import { dialect } from "../../../src/gateway/openai-responses/OpenAiResponses.ts"
import { outgoing } from "../openai/Outgoing.ts"

const model = "gpt-4.1"
const hello = { type: "message", role: "user", content: "Hello" }
const weather = {
  type: "function",
  name: "weather",
  description: "Of a city.",
  parameters: { type: "object", properties: { city: { type: "string" } } },
  strict: true
}
const png = "iVBORw0KGgo="
const user = (...content: ReadonlyArray<unknown>) => ({ input: [{ type: "message", role: "user", content }] })

type Fields = Readonly<Record<string, unknown>>

/** Each goes out as it came, but for `store`, which a vendor of ours always tells. */
const same: { readonly [name: string]: Fields } = {
  "a message": {},
  sampling: { temperature: 0.2, top_p: 0.9, max_output_tokens: 100 },
  "what a request has no word for": {
    truncation: "auto",
    service_tier: "flex",
    prompt_cache_key: "k",
    max_tool_calls: 3,
    top_logprobs: 2,
    include: ["message.output_text.logprobs"],
    a_field_of_tomorrow: { deep: [1, null, "x"] }
  },
  "metadata and a user": { metadata: { team: "a" }, safety_identifier: "u-1" },
  tools: { tools: [weather], tool_choice: "required", parallel_tool_calls: false },
  "one tool": { tools: [weather], tool_choice: { type: "function", name: "weather" } },
  "some tools": {
    tools: [weather, { ...weather, name: "climate" }],
    tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "weather" }] }
  },
  "tools that OpenAI runs itself": {
    tools: [
      weather,
      { type: "web_search", search_context_size: "low" },
      { type: "image_generation", quality: "low" },
      { type: "code_interpreter", container: { type: "auto" } },
      { type: "mcp", server_label: "a", server_url: "https://mcp.example.com", require_approval: "never" }
    ],
    tool_choice: { type: "web_search" }
  },
  "any JSON": { text: { format: { type: "json_object" }, verbosity: "low" } },
  "JSON of a schema": {
    text: {
      format: { type: "json_schema", name: "a", description: "An answer.", schema: { type: "object" }, strict: true }
    }
  },
  images: user(
    { type: "input_text", text: "What is it?" },
    { type: "input_image", image_url: "https://example.com/a.png", detail: "low" },
    { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "original" }
  ),
  documents: user(
    { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" },
    { type: "input_file", filename: "a.csv", file_data: "data:text/csv;base64,YQ==" },
    { type: "input_file", file_url: "https://example.com/a.pdf", detail: "low" }
  ),
  "a conversation with tools": {
    input: [
      { type: "message", role: "system", content: "Be brief." },
      hello,
      { type: "message", role: "assistant", content: "I look.", phase: "commentary" },
      { type: "function_call", call_id: "call_1", name: "weather", arguments: `{"city":"Paris"}` },
      { type: "function_call", call_id: "call_2", name: "weather", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: "Rain." },
      {
        type: "function_call_output",
        call_id: "call_2",
        output: [
          { type: "input_text", text: "A map." },
          { type: "input_image", image_url: "https://example.com/map.png", detail: "auto" }
        ]
      },
      { type: "message", role: "assistant", content: "Rain." },
      { type: "message", role: "user", content: "Thanks" }
    ],
    tools: [weather]
  }
}

const reasoning = {
  type: "reasoning",
  id: "rs_1",
  summary: [{ type: "summary_text", text: "First." }, { type: "summary_text", text: "Second." }],
  content: [{ type: "reasoning_text", text: "Bare." }],
  encrypted_content: "gAAA"
}

describe("openai-responses to a vendor of the same API", () => {
  it.each(Object.entries(same))("carries %s", async (_, fields) => {
    const body = { model, input: [hello], ...fields }
    const { body: sent, losses } = await outgoing(dialect, body, "responses")
    expect({ sent, losses }).toEqual({ sent: { store: false, ...body }, losses: [] })
  })

  it("carries reasoning with its encrypted content", async () => {
    const body = {
      model: "gpt-5-mini",
      input: [hello, reasoning, { type: "message", role: "assistant", content: "42." }, hello],
      reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content"]
    }
    const { body: sent, losses } = await outgoing(dialect, body, "responses")
    expect({ sent, losses }).toEqual({ sent: { store: false, ...body }, losses: [] })
  })

  it("carries an effort that a request has no word for", async () => {
    const body = { model: "gpt-5-mini", input: [hello], reasoning: { effort: "max", summary: "auto" } }
    expect((await outgoing(dialect, body, "responses")).body.reasoning).toEqual(body.reasoning)
  })

  it.each<[string, Fields, Fields]>([
    ["a text for the user's message", { input: "Hello" }, {}],
    ["a message without its type", { input: [{ role: "user", content: "Hello" }] }, {}],
    ["null for absent", { temperature: null, tools: null, text: null, reasoning: null, metadata: null }, {}],
    ["store as it must be", { store: false, background: false }, {}],
    ["instructions for a message of the system", { instructions: "Be kind." }, {
      input: [{ type: "message", role: "system", content: "Be kind." }, hello]
    }],
    ["the older word for a user", { user: "u-1" }, { safety_identifier: "u-1" }],
    ["the default format", { text: { format: { type: "text" } } }, {}],
    ["no parallel calls where there are no tools", { parallel_tool_calls: true }, {}],
    ["a list of one text for the text", user({ type: "input_text", text: "Hello" }), {}],
    ["the items of an answer as they came", {
      input: [
        hello,
        {
          id: "msg_1",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }]
        },
        {
          id: "fc_1",
          type: "function_call",
          status: "completed",
          call_id: "call_1",
          name: "now",
          arguments: "{}"
        },
        { type: "function_call_output", call_id: "call_1", output: "Noon.", id: "fco_1", status: "completed" }
      ]
    }, {
      input: [
        hello,
        { type: "message", role: "assistant", content: "Hi" },
        { type: "function_call", call_id: "call_1", name: "now", arguments: "{}" },
        { type: "function_call_output", call_id: "call_1", output: "Noon." }
      ]
    }]
  ])("says the same with %s", async (_, fields, expected) => {
    const { body, losses } = await outgoing(dialect, { model, input: [hello], ...fields }, "responses")
    expect({ body, losses }).toEqual({ body: { model, store: false, input: [hello], ...expected }, losses: [] })
  })

  it("says the same to Chat Completions, without the raw fields of this API", async () => {
    const { body } = await outgoing(dialect, {
      model,
      instructions: "Be kind.",
      input: "Hello",
      truncation: "auto",
      include: [],
      tools: [{ type: "web_search" }]
    }, "chat")
    expect(body).toEqual({
      model,
      messages: [{ role: "system", content: "Be kind." }, { role: "user", content: "Hello" }]
    })
  })
})
