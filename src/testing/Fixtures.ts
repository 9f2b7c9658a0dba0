/**
 * The requests that every vendor must be able to answer, and what is to be said of any good answer to them.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { RequestInput } from "../Request.ts"
import type { FinishReason } from "../Response.ts"
import type { AttemptError } from "../VendorError.ts"

/**
 * What a vendor may be without.
 *
 * @since 0.1.0
 * @category models
 */
export type Feature = "system" | "tools" | "parallelTools" | "jsonSchema" | "json" | "maxTokens" | "stop"

/**
 * What an answer must be; what is left out may be anything.
 *
 * `text` is the whole text, a pattern of it, or a predicate; `toolCalls` are the names in their order, or with some of
 * their params.
 *
 * @since 0.1.0
 * @category models
 */
export interface Expected {
  readonly text?: string | RegExp | ((text: string) => boolean)
  readonly finishReason?: FinishReason
  readonly toolCalls?: ReadonlyArray<string | { readonly name: string; readonly params: Record<string, unknown> }>
}

/**
 * The error a call must fail with; what is left out may be anything. `retryAfter` is in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpectedFailure {
  readonly reason: AttemptError["reason"]["_tag"]
  readonly status?: number
  readonly code?: string
  readonly retryAfter?: number
}

/**
 * One request and what must come of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fixture {
  readonly name: string
  readonly request: RequestInput
  readonly expected: Expected | { readonly failure: ExpectedFailure }
  /** The vendor's own model, where it is not the suite's. */
  readonly model?: string | undefined
  /** Left out for vendors without it. */
  readonly feature?: Feature | undefined
}

const weather = {
  name: "get_weather",
  description: "The weather of a city now.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
    required: ["city", "unit"],
    additionalProperties: false
  }
} as const

const time = {
  name: "get_time",
  description: "The time in a city now.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false
  }
} as const

const person = {
  type: "object",
  properties: {
    name: { type: "string" },
    age: { type: "integer", minimum: 0 },
    pets: { type: "array", items: { type: "string", enum: ["cat", "dog"] }, minItems: 1 }
  },
  required: ["name", "age", "pets"],
  additionalProperties: false
} as const

const json = (is: (value: Record<string, unknown>) => boolean) => (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return Predicate.isObject(value) && is(value as Record<string, unknown>)
  } catch {
    return false
  }
}

const isPerson = json(({ age, name, pets }) =>
  typeof name === "string" && Number.isInteger(age) && Array.isArray(pets) && pets.length > 0 &&
  pets.every((pet) => pet === "cat" || pet === "dog")
)

const said = { text: /\S/, finishReason: "stop" } as const

/**
 * The fixtures of every vendor, by name; a vendor replaces one by another of the same name.
 *
 * @since 0.1.0
 * @category constants
 */
export const fixtures: ReadonlyArray<Fixture> = [
  { name: "plain", request: { prompt: "Say hello in one sentence." }, expected: said },
  {
    name: "multi-turn",
    request: {
      messages: [
        { role: "user", content: "My name is Ada." },
        { role: "assistant", content: "Nice to meet you, Ada." },
        { role: "user", content: "What is my name?" }
      ]
    },
    expected: said
  },
  {
    name: "system",
    feature: "system",
    request: {
      messages: [
        { role: "system", content: "Answer in one short sentence." },
        { role: "user", content: "What is a dispatcher?" }
      ]
    },
    expected: said
  },
  {
    name: "unicode",
    request: { prompt: "Repeat: Grüße, 你好, שלום, 👩‍👩‍👧 𝔘𝔫𝔦" },
    expected: {
      text: (text) => text.isWellFormed() && text.includes("你好") && text.includes("👩‍👩‍👧"),
      finishReason: "stop"
    }
  },
  {
    name: "tool choice none",
    feature: "tools",
    request: { prompt: "What is get_weather for?", tools: [weather], toolChoice: "none" },
    expected: { ...said, toolCalls: [] }
  },
  {
    name: "tool call",
    feature: "tools",
    request: { prompt: "Weather in Paris, in celsius?", tools: [weather, time], toolChoice: { tool: "get_weather" } },
    expected: { toolCalls: [{ name: "get_weather", params: { unit: "celsius" } }], finishReason: "tool-calls" }
  },
  {
    name: "parallel tool calls",
    feature: "parallelTools",
    request: { prompt: "Call get_weather and get_time for Paris.", tools: [weather, time], toolChoice: "auto" },
    expected: { toolCalls: ["get_weather", "get_time"], finishReason: "tool-calls" }
  },
  {
    name: "tool result",
    feature: "tools",
    request: {
      tools: [weather],
      messages: [
        { role: "user", content: "Weather in Paris?" },
        {
          role: "assistant",
          content: [{
            type: "tool-call",
            id: "call_1",
            name: "get_weather",
            params: { city: "Paris", unit: "celsius" }
          }]
        },
        {
          role: "tool",
          content: [
            { type: "tool-result", id: "call_1", name: "get_weather", isFailure: false, result: { temperature: 21 } }
          ]
        }
      ]
    },
    expected: { text: /21/, toolCalls: [], finishReason: "stop" }
  },
  {
    name: "json schema",
    feature: "jsonSchema",
    request: {
      prompt: "Make up a person with pets.",
      responseFormat: { type: "json-schema", name: "person", schema: person, strict: true }
    },
    expected: { text: isPerson, finishReason: "stop" }
  },
  {
    name: "json",
    feature: "json",
    request: { prompt: "Make up a person, as a JSON object.", responseFormat: { type: "json" } },
    expected: { text: json(() => true), finishReason: "stop" }
  },
  {
    name: "max tokens",
    feature: "maxTokens",
    request: { prompt: "Tell a long story.", maxTokens: 5 },
    expected: { finishReason: "length" }
  },
  {
    name: "stop",
    feature: "stop",
    request: { prompt: "Count from one to ten in words, in English.", stop: ["the", "seven"] },
    expected: { text: (text) => !text.includes("the") && !text.includes("seven"), finishReason: "stop" }
  }
]
