/** Bodies of `POST /v1/messages`, each in the API's whole form: no short forms, no defaults written out. */

/** The red dot of the PNG specification's examples, 1 × 1. */
export const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const text = (text: string, rest: object = {}) => ({ type: "text", text, ...rest })
const user = (...content: ReadonlyArray<unknown>) => ({ role: "user", content })
const assistant = (...content: ReadonlyArray<unknown>) => ({ role: "assistant", content })
const cached = { cache_control: { type: "ephemeral" } }
const hour = { cache_control: { type: "ephemeral", ttl: "1h" } }
const hello = [user(text("Hello"))]
const base = { model: "claude-haiku-4-5", max_tokens: 4_096, messages: hello }

const weather = {
  name: "weather",
  description: "The weather of a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}
const now = { name: "now", input_schema: { type: "object", properties: {} } }
const search = { type: "web_search_20250305", name: "web_search", max_uses: 2 }

const cited = {
  type: "char_location",
  cited_text: "x",
  document_index: 0,
  document_title: "T",
  start_char_index: 0,
  end_char_index: 1
}

const person = {
  type: "object",
  title: "person",
  properties: { name: { type: "string" } },
  required: ["name"],
  additionalProperties: false
}

export const bodies: { readonly [name: string]: Record<string, unknown> } = {
  "a question": base,
  sampling: { ...base, temperature: 0.5, top_k: 40, stop_sequences: ["END", "\n\nHuman:"] },
  "top-p": { ...base, top_p: 0.9 },
  "a top-k of 0": { ...base, top_k: 0 },
  system: { ...base, system: [text("Be short."), text("Long manual.", hour)] },
  "many turns": {
    ...base,
    messages: [user(text("I am Ada.")), assistant(text("Hello Ada.")), user(text("Who am I?"), text("Say."))]
  },
  "a text to go on with": { ...base, messages: [...hello, assistant(text("It is"))] },
  images: {
    ...base,
    messages: [user(
      text("What is it?", cached),
      { type: "image", source: { type: "base64", media_type: "image/png", data: dot } },
      { type: "image", source: { type: "url", url: "https://x.test/a.png" }, ...cached }
    )]
  },
  documents: {
    ...base,
    messages: [user(
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERi0xLjQ=" },
        title: "A",
        context: "From the archive",
        citations: { enabled: true },
        ...cached
      },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "Grüße" } },
      { type: "document", source: { type: "url", url: "https://x.test/a.pdf" } },
      text("Sum up.")
    )]
  },
  "what a prompt has no part for": {
    ...base,
    messages: [user(
      { type: "search_result", source: "s", title: "t", content: [text("found")], citations: { enabled: true } },
      { type: "document", source: { type: "content", content: [text("inside")] } },
      { type: "document", source: { type: "file", file_id: "file_1" } },
      { type: "image", source: { type: "file", file_id: "file_2" } },
      { type: "container_upload", file_id: "file_3" },
      text("Sum up.")
    )]
  },
  tools: {
    ...base,
    tools: [weather, { ...now, input_schema: { ...now.input_schema, additionalProperties: false }, strict: true }]
  },
  "tools with all their fields": {
    ...base,
    tools: [
      { ...weather, ...cached, input_examples: [{ city: "Bern" }], defer_loading: true },
      { ...now, eager_input_streaming: true },
      { ...search, ...cached }
    ]
  },
  "a choice of tools": { ...base, tools: [weather], tool_choice: { type: "auto", disable_parallel_tool_use: true } },
  "a call of any tool": { ...base, tools: [weather, now], tool_choice: { type: "any" } },
  "a call of one tool": { ...base, tools: [weather, now], tool_choice: { type: "tool", name: "now" } },
  "no call": { ...base, tools: [weather], tool_choice: { type: "none" } },
  "calls and results": {
    ...base,
    tools: [weather, now],
    messages: [
      user(text("Weather?")),
      assistant(
        { type: "thinking", thinking: "hm", signature: "c2ln" },
        { type: "redacted_thinking", data: "eHl6" },
        text("I look."),
        { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bern" } },
        { type: "tool_use", id: "toolu_2", name: "now", input: {}, ...cached }
      ),
      user(
        {
          type: "tool_result",
          tool_use_id: "toolu_1",
          content: [
            text("Map:"),
            { type: "image", source: { type: "base64", media_type: "image/png", data: dot } },
            { type: "tool_reference", tool_name: "now" }
          ],
          ...cached
        },
        { type: "tool_result", tool_use_id: "toolu_2", content: "no clock", is_error: true },
        text("And?")
      )
    ]
  },
  "a result of nothing": {
    ...base,
    tools: [now],
    messages: [
      ...hello,
      assistant({
        type: "tool_use",
        id: "toolu_1",
        name: "now",
        input: {},
        caller: { type: "code_execution_20250825", tool_id: "srvtoolu_9" }
      }),
      user({ type: "tool_result", tool_use_id: "toolu_1" })
    ]
  },
  "tools that Anthropic ran": {
    ...base,
    tools: [search],
    messages: [
      user(text("X?")),
      assistant(
        { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "x" } },
        {
          type: "web_search_tool_result",
          tool_use_id: "srvtoolu_1",
          content: [{ type: "web_search_result", url: "https://x.test", title: "X", encrypted_content: "e" }]
        },
        text("X.", { citations: [cited] }),
        { type: "mcp_tool_use", id: "mcptoolu_1", name: "n", server_name: "s", input: {} },
        { type: "mcp_tool_result", tool_use_id: "mcptoolu_1", is_error: false, content: [text("found")] }
      ),
      user(text("More."))
    ]
  },
  "a paused turn": {
    ...base,
    tools: [search],
    messages: [
      user(text("X?")),
      assistant({ type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "x" } })
    ]
  },
  "a budget of thinking": { ...base, thinking: { type: "enabled", budget_tokens: 1_500 }, temperature: 1 },
  "thinking turned off": { ...base, model: "claude-opus-5", thinking: { type: "disabled" } },
  "thinking with an effort": {
    ...base,
    model: "claude-opus-5",
    thinking: { type: "adaptive", display: "omitted" },
    output_config: { effort: "high" }
  },
  "the highest effort": {
    ...base,
    model: "claude-opus-5",
    thinking: { type: "adaptive" },
    output_config: { effort: "max" }
  },
  "an effort alone": { ...base, model: "claude-opus-5", output_config: { effort: "low" } },
  "a format": { ...base, output_config: { format: { type: "json_schema", schema: person } } },
  "a format with an effort": {
    ...base,
    model: "claude-opus-5",
    output_config: { effort: "max", format: { type: "json_schema", schema: person } }
  },
  "a user": { ...base, metadata: { user_id: "user_1" } },
  "a user with a long name": { ...base, metadata: { user_id: "u".repeat(300) } },
  "what the request has no word for": {
    ...base,
    service_tier: "standard_only",
    container: "container_1",
    inference_geo: "eu",
    cache_control: { type: "ephemeral" },
    context_management: { edits: [] },
    mcp_servers: [{ type: "url", url: "https://mcp.test", name: "s" }],
    something_new: { a: [1, null] }
  },
  "a stream": { ...base, stream: true }
}
