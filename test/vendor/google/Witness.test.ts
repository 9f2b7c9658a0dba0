/** Google's own client as a witness: what it sends for a conversation is what we send, and both read answers alike. */
import { FunctionCallingConfigMode, type GenerateContentParameters, GoogleGenAI } from "@google/genai"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import * as Google from "../../../src/vendor/google/Google.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

const apiKey = "AIzaCanary-0123456789abcdef"

const answer = {
  candidates: [{
    content: {
      parts: [
        { text: "hm", thought: true },
        { text: "Let me look." },
        { functionCall: { name: "weather", args: { city: "Bern" } }, thoughtSignature: "U2ln" }
      ],
      role: "model"
    },
    finishReason: "STOP",
    index: 0
  }],
  usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 5, totalTokenCount: 18 },
  modelVersion: "gemini-2.5-flash",
  responseId: "r1"
}

const theirs = (url: string) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url, apiVersion: "v1beta" } })

const ours = (url: string) =>
  Effect.provide(Google.make({ apiKey: Redacted.make(apiKey), baseUrl: `${url}/v1beta` }), FetchHttpClient.layer)

/** The client gives the system's words a role, which means nothing; what is left out is the same as empty. */
const normalise = (body: any): unknown => {
  if (Object.keys(body.generationConfig ?? {}).length === 0) delete body.generationConfig
  delete body.systemInstruction?.role
  for (const { functionDeclarations = [] } of body.tools ?? []) {
    for (const declaration of functionDeclarations) declaration.description ??= ""
  }
  return body
}

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
const png = "iVBORw0KGgo="

const cases: ReadonlyArray<readonly [string, Record<string, unknown>, Omit<GenerateContentParameters, "model">]> = [
  ["a text", { prompt: "Hello" }, { contents: "Hello" }],
  [
    "a system message, several turns and sampling",
    {
      prompt: [
        { role: "system", content: "Be short." },
        { role: "user", content: "a" },
        { role: "assistant", content: "b" },
        { role: "user", content: "c" }
      ],
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      seed: 7,
      stop: ["END"]
    },
    {
      contents: [
        { role: "user", parts: [{ text: "a" }] },
        { role: "model", parts: [{ text: "b" }] },
        { role: "user", parts: [{ text: "c" }] }
      ],
      config: {
        systemInstruction: "Be short.",
        maxOutputTokens: 9,
        temperature: 0.5,
        topP: 0.9,
        topK: 4,
        seed: 7,
        stopSequences: ["END"]
      }
    }
  ],
  [
    "files",
    {
      prompt: [{
        role: "user",
        content: [
          { type: "text", text: "?" },
          { type: "file", mediaType: "image/png", data: png },
          { type: "file", mediaType: "application/pdf", data: new URL("https://example.com/a.pdf") }
        ]
      }]
    },
    {
      contents: [
        { text: "?" },
        { inlineData: { mimeType: "image/png", data: png } },
        { fileData: { mimeType: "application/pdf", fileUri: "https://example.com/a.pdf" } }
      ]
    }
  ],
  [
    "tools, their calls and results",
    {
      prompt: [
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: [{
            type: "tool-call",
            id: "fc-1",
            name: "weather",
            params: { city: "Bern" },
            options: { google: { functionCallId: "fc-1", thoughtSignature: "U2ln" } }
          }]
        },
        {
          role: "tool",
          content: [{ type: "tool-result", id: "fc-1", name: "weather", isFailure: true, result: "no" }]
        }
      ],
      tools: [
        { name: "weather", description: "The weather.", parameters: schema },
        { name: "now", parameters: { type: "object", properties: {} } }
      ],
      toolChoice: { tool: "weather" }
    },
    {
      contents: [
        { role: "user", parts: [{ text: "Weather?" }] },
        {
          role: "model",
          parts: [{ functionCall: { id: "fc-1", name: "weather", args: { city: "Bern" } }, thoughtSignature: "U2ln" }]
        },
        { role: "user", parts: [{ functionResponse: { id: "fc-1", name: "weather", response: { error: "no" } } }] }
      ],
      config: {
        tools: [{
          functionDeclarations: [
            { name: "weather", description: "The weather.", parametersJsonSchema: schema },
            { name: "now" }
          ]
        }],
        toolConfig: {
          functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["weather"] }
        }
      }
    }
  ],
  [
    "thinking, an answer after a schema, and what only raw options say",
    {
      prompt: "Hello",
      reasoningEffort: "low",
      responseFormat: { type: "json-schema", name: "x", schema },
      options: { google: { cachedContent: "cachedContents/a", tools: [{ googleSearch: {} }] } }
    },
    {
      contents: "Hello",
      config: {
        thinkingConfig: { thinkingBudget: 1_024, includeThoughts: true },
        responseMimeType: "application/json",
        responseJsonSchema: schema,
        cachedContent: "cachedContents/a",
        tools: [{ googleSearch: {} }]
      }
    }
  ]
]

describe("the witness", () => {
  it.effect.each(cases)("sends %s as we do", ([, input, parameters]) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer))
      const model = "gemini-2.5-flash"
      yield* Effect.promise(() => theirs(server.url).models.generateContent({ model, ...parameters }))
      const request = yield* Request.decode(input)
      const { losses } = yield* (yield* ours(server.url)).send({ model, request })
      expect(losses).toEqual([])
      const [witness, own] = server.requests
      expect(own!.path).toBe(witness!.path)
      expect(own!.headers["x-goog-api-key"]).toBe(witness!.headers["x-goog-api-key"])
      expect(normalise(JSON.parse(own!.body))).toEqual(normalise(JSON.parse(witness!.body)))
    }))

  it.effect("reads a whole answer as we do", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer))
      const model = "gemini-2.5-flash"
      const witness = yield* Effect.promise(() => theirs(server.url).models.generateContent({ model, contents: "?" }))
      const { parts } = yield* (yield* ours(server.url)).send({
        model,
        request: yield* Request.decode({ prompt: "?" })
      })
      const said = witness.candidates![0]!.content!.parts!
      expect(parts.filter(({ type }) => type === "text" || type === "reasoning"))
        .toMatchObject(said.slice(0, 2).map(({ text, thought }) => ({ type: thought ? "reasoning" : "text", text })))
      expect(parts.filter((part) => part.type === "tool-call").map(({ name, params }) => ({ name, args: params })))
        .toEqual(witness.functionCalls)
    }))

  it.effect("reads a streamed answer as we do", () =>
    Effect.gen(function*() {
      const events = ["Once ", "upon ", "a time 👋"].map((text, index) => ({
        candidates: [{ content: { parts: [{ text }] }, ...(index === 2 ? { finishReason: "MAX_TOKENS" } : undefined) }]
      }))
      const server = yield* FaultServer.make(
        FaultServer.stream(...events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`))
      )
      const model = "gemini-2.5-flash"
      const witness = yield* Effect.promise(async () => {
        let text = ""
        const stream = await theirs(server.url).models.generateContentStream({ model, contents: "?" })
        for await (const chunk of stream) text += chunk.text ?? ""
        return text
      })
      const vendor = yield* ours(server.url)
      const request = yield* Request.decode({ prompt: "?" })
      const collected = yield* Effect.scoped(Effect.flatMap(vendor.stream({ model, request }), ({ parts }) =>
        Effect.map(Stream.runCollect(parts), Response.fold)))
      expect(collected[0]).toEqual({ type: "text", text: witness })
      expect(collected.at(-1)).toMatchObject({ reason: "length" })
      expect(server.requests[1]!.path).toBe(server.requests[0]!.path)
    }))
})
