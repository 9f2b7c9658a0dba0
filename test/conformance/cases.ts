/** The conversations that every vendor is put through: what is asked, and what the vendor's API answers. */
import type { RequestInput } from "llmdispatcher/Request"
import type { Content, Usage } from "./Content.ts"
import type { Feature } from "./Subject.ts"

export interface Case {
  readonly name: string
  readonly feature?: Feature
  readonly request: RequestInput
  readonly content: Content
  /** Texts that must stand in the body that goes out, as JSON has them. */
  readonly sent?: ReadonlyArray<string>
}

const usage: Usage = { uncached: 25, cacheRead: 0, text: 12, reasoning: 0 }

const weather = {
  name: "get_weather",
  description: "The weather of a city now.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
    required: ["city", "unit"],
    additionalProperties: false
  }
}

const time = {
  name: "get_time",
  description: "The time in a city now.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}

const now = { name: "now", description: "The time here.", parameters: { type: "object", properties: {} } }

const writeFile = {
  name: "write_file",
  parameters: {
    type: "object",
    properties: { path: { type: "string" }, content: { type: "string" } },
    required: ["path", "content"]
  }
}

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false
}

/** Quotes, escapes, line ends and characters of four bytes: all that a cut may hurt. */
const large = Array.from({ length: 120 }, (_, line) => `${line}: "quoted" \\ tab\t Grüße 你好 👩‍👩‍👧\n`).join("")

const paris = { id: "call_1", name: "get_weather", params: { city: "Paris", unit: "celsius" } }

/** The red dot of the PNG specification's examples, 1 × 1. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const result = (modelOutput?: ReadonlyArray<any>): RequestInput => ({
  tools: [weather],
  messages: [
    { role: "user", content: "Weather in Paris?" },
    { role: "assistant", content: [{ type: "tool-call", providerExecuted: false, ...paris }] },
    {
      role: "tool",
      content: [{
        type: "tool-result",
        id: paris.id,
        name: paris.name,
        isFailure: false,
        result: { degrees: 21.5 },
        ...(modelOutput === undefined ? undefined : { modelOutput })
      }]
    }
  ]
})

export const cases: ReadonlyArray<Case> = [
  {
    name: "plain",
    request: { prompt: "Say hello.", maxTokens: 100 },
    content: { text: "Hello! How can I help?", finish: "stop", usage },
    sent: ["Say hello."]
  },
  {
    name: "multi-turn",
    request: {
      messages: [
        { role: "user", content: "My name is Ada." },
        { role: "assistant", content: "Nice to meet you, Ada." },
        { role: "user", content: "What is my name?" }
      ]
    },
    content: { text: "Your name is Ada.", finish: "stop", usage },
    sent: ["My name is Ada.", "Nice to meet you, Ada.", "What is my name?"]
  },
  {
    name: "system",
    feature: "system",
    request: {
      messages: [
        { role: "system", content: "Answer in one word." },
        { role: "user", content: "What are you?" }
      ]
    },
    content: { text: "Dispatched.", finish: "stop", usage },
    sent: ["Answer in one word."]
  },
  {
    name: "unicode",
    feature: "unicode",
    request: { prompt: "Repeat: Grüße, 你好, שלום, 👩‍👩‍👧 𝔘𝔫𝔦" },
    content: { text: "Grüße, 你好, שלום, 👩‍👩‍👧 𝔘𝔫𝔦 \u2028 end", finish: "stop", usage },
    sent: ["你好", "👩‍👩‍👧"]
  },
  {
    name: "tools, none called",
    feature: "tools",
    request: { prompt: "What is get_weather for?", tools: [weather] },
    content: { text: "It tells the weather.", finish: "stop", usage },
    sent: ["get_weather", "The weather of a city now."]
  },
  {
    name: "tool call",
    feature: "tools",
    request: { prompt: "Weather in Zürich?", tools: [weather, time] },
    content: {
      toolCalls: [{ id: "call_a1", name: "get_weather", params: { city: "Zürich", unit: "celsius" } }],
      finish: "tool-calls",
      usage
    }
  },
  {
    name: "tool choice",
    feature: "tool choice",
    request: { prompt: "Weather in Zürich?", tools: [weather, time], toolChoice: { tool: "get_weather" } },
    content: {
      toolCalls: [{ id: "call_a1", name: "get_weather", params: { city: "Zürich", unit: "celsius" } }],
      finish: "tool-calls",
      usage
    }
  },
  {
    name: "tool call after text",
    feature: "tools",
    request: { prompt: "Weather in Zürich?", tools: [weather] },
    content: {
      text: "I'll look.",
      toolCalls: [{ id: "call_a1", name: "get_weather", params: { city: "Zürich", unit: "celsius" } }],
      finish: "tool-calls",
      usage
    }
  },
  {
    name: "parallel tool calls",
    feature: "parallel tools",
    request: { prompt: "Weather and time in Paris, weather in Oslo?", tools: [weather, time] },
    content: {
      toolCalls: [
        { id: "call_a1", name: "get_weather", params: { city: "Paris", unit: "celsius" } },
        { id: "call_a2", name: "get_time", params: { city: "Paris" } },
        { id: "call_a3", name: "get_weather", params: { city: "Oslo", unit: "fahrenheit" } }
      ],
      finish: "tool-calls",
      usage
    }
  },
  {
    name: "tool call without arguments",
    feature: "tools",
    request: { prompt: "What time is it?", tools: [now] },
    content: { toolCalls: [{ id: "call_a1", name: "now", params: {} }], finish: "tool-calls", usage }
  },
  {
    name: "large streamed arguments",
    feature: "tools",
    request: { prompt: "Write the file.", tools: [writeFile] },
    content: {
      toolCalls: [{ id: "call_a1", name: "write_file", params: { path: "a/b.txt", content: large } }],
      finish: "tool-calls",
      usage
    }
  },
  {
    name: "tool result",
    feature: "tools",
    request: result(),
    content: { text: "It is 21.5 degrees in Paris.", finish: "stop", usage },
    sent: ["21.5", "get_weather"]
  },
  {
    name: "tool result with image",
    feature: "tool result with image",
    request: result([
      { type: "text", text: "The map:" },
      { type: "file", mediaType: "image/png", data: dot }
    ]),
    content: { text: "A red dot.", finish: "stop", usage },
    sent: ["The map:", dot]
  },
  {
    name: "structured output",
    feature: "structured output",
    request: {
      prompt: "Make up a person.",
      responseFormat: { type: "json-schema", name: "person", schema: person, strict: true }
    },
    content: { text: "{\"name\":\"Ada\",\"age\":36}", finish: "stop", usage },
    sent: ["age"]
  },
  {
    name: "reasoning",
    feature: "reasoning",
    request: { prompt: "6 × 7?", reasoningEffort: "low" },
    content: {
      reasoning: { text: "Six sevens are forty-two.", proof: "UHJvb2Y=" },
      text: "42",
      finish: "stop",
      usage
    }
  },
  {
    name: "images",
    feature: "images",
    request: {
      messages: [{
        role: "user",
        content: [
          { type: "text", text: "What is it?" },
          { type: "file", mediaType: "image/png", data: dot }
        ]
      }]
    },
    content: { text: "A red dot.", finish: "stop", usage },
    sent: ["What is it?", dot]
  },
  {
    name: "usage with cached tokens",
    feature: "cached usage",
    request: { prompt: "Hello" },
    content: { text: "Hi.", finish: "stop", usage: { uncached: 10, cacheRead: 1024, text: 3, reasoning: 0 } }
  },
  {
    name: "usage with reasoning tokens",
    feature: "reasoning usage",
    request: { prompt: "Hello" },
    content: { text: "Hi.", finish: "stop", usage: { uncached: 10, cacheRead: 0, text: 3, reasoning: 64 } }
  },
  {
    name: "finish: length",
    request: { prompt: "Tell a story.", maxTokens: 16 },
    content: { text: "Once upon a time", finish: "length", usage }
  },
  {
    name: "finish: content-filter",
    feature: "content filter",
    request: { prompt: "Tell a story." },
    content: { text: "Once", finish: "content-filter", usage }
  }
]
