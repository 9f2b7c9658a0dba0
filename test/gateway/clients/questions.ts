/** What is asked in every cell, and what a mocked vendor answers. */
import type { Document, Image, Tool } from "./Client.ts"

export const system = "Answer in one sentence."

export const hello = "Hello from the cell"

export const answer = "Grüezi! 👋 A longer answer, told in several pieces."

export const weather: Tool = {
  name: "weather",
  description: "The weather at a place.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false
  }
}

export const weatherQuestion = "What is the weather in Bern?"
export const weatherCall = { name: "weather", params: { city: "Bern" } }
export const weatherAnswer = "It is 21 degrees in Bern."

export const earlier = [
  { role: "user", text: "Which cities do you know?" },
  { role: "assistant", text: "Bern and Zürich." }
] as const
export const citiesQuestion = "What is the weather in both of them?"
export const citiesCalls = [weatherCall, { name: "weather", params: { city: "Zürich" } }]
export const citiesAnswer = "It is sunny in both."
/** Another for each call. */
export const resultOf = (params: unknown): string => `sunny for ${JSON.stringify(params)}`

export const thought = "The city is Bern, so I ask for its weather."
export const signature = "c2lnbmF0dXJlIG9mIHRoZSByZWFzb25pbmc="

export const placeSchema = {
  type: "object",
  properties: { city: { type: "string" }, inhabitants: { type: "integer" } },
  required: ["city", "inhabitants"],
  additionalProperties: false
}

export const placeQuestion = "Which city is the seat of Switzerland's government?"
export const place = { city: "Bern", inhabitants: 134_591 }

export const imageQuestion = "What is on this picture?"
export const imageAnswer = "A red dot."

/** One red pixel. */
export const image: Image = {
  mediaType: "image/png",
  base64: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
}

export const documentQuestion = "What does this document say?"
export const documentAnswer = "Nothing at all."

/** What a reader of PDF takes for one. */
export const document: Document = {
  name: "nothing.pdf",
  mediaType: "application/pdf",
  base64: Buffer.from("%PDF-1.4\n%%EOF\n").toString("base64")
}

export const usage = { input: 11, output: 7 }

export const story = Array.from({ length: 400 }, (_, index) => `word ${index}`).join(" ")

/** Longer than the dispatcher waits for a last candidate. */
export const retryAfter = 30
