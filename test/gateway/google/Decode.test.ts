import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { Failure } from "../../../src/gateway/Failure.ts"
import * as Decode from "../../../src/gateway/google/Decode.ts"
import * as Embeddings from "../../../src/gateway/google/Embeddings.ts"
import * as Google from "../../../src/gateway/google/Google.ts"
import * as Models from "../../../src/gateway/google/Models.ts"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/google/Encode.ts"
import { judge } from "../Specifications.ts"
import { bodies, dot } from "./bodies.ts"

const flash = "gemini-2.5-flash"

const decoded = (body: unknown, model = flash): any => Result.getOrThrow(Decode.decode(body, model)).request

const refused = (body: unknown): Failure => {
  const result = Decode.decode(body, flash)
  if (Result.isSuccess(result)) throw new Error("the body was taken")
  return result.failure
}

const sent = (body: unknown, model = flash) =>
  Result.getOrThrow(
    Encode.encode({ model, request: Effect.runSync(Request.decode(decoded(body, model))) }, ["google"])
  )

const contents = [{ role: "user", parts: [{ text: "Hello" }] }]

/** Every name in its other form, but those that are the caller's own. */
const snake = (value: any): any => {
  if (Array.isArray(value)) return value.map(snake)
  if (typeof value !== "object" || value === null) return value
  const opaque = new Set(["args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "somethingNew"])
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      opaque.has(key) ? each : snake(each)
    ])
  )
}

const judged = judge("gemini.core.json")
const corpus = Object.entries(bodies)

describe("a body that goes to Google", () => {
  it.each(corpus)("arrives as it came: %s", (_, [body, model]) => {
    const { body: arrived, losses } = sent(JSON.parse(JSON.stringify(body)), model)
    expect(arrived).toEqual(body)
    expect(losses).toEqual([])
  })

  it.each(corpus.filter(([name]) => !/one word|no word|with all/.test(name)))(
    "arrives as it came in the other names: %s",
    (_, [body, model]) => {
      const camel = (value: any): any =>
        JSON.parse(JSON.stringify(value).replaceAll(/_([a-z])(?=[a-zA-Z]*":)/g, (_, l) => l.toUpperCase()))
      expect(camel(sent(snake(body), model).body)).toEqual(camel(body))
    }
  )

  it.skipIf(judged === undefined).each(corpus)("is one of the API's: %s", (_, [body, model = flash]) => {
    expect(judged!("GenerateContentRequest", { model: `models/${model}`, ...body })).toEqual([])
  })

  it("arrives in the API's newer words where it came in the older ones", () => {
    const body = {
      model: "models/other",
      contents: [{ parts: [{ text: "Hello" }, { text: "" }] }, { role: "model", parts: [{ text: "" }] }],
      systemInstruction: { role: "system", parts: [{ text: "Be short." }] },
      tools: [{
        functionDeclarations: [{
          name: "f",
          parameters: {
            type: "OBJECT",
            properties: {
              kind: { type: "STRING", nullable: true, enum: ["a"] },
              list: { type: "ARRAY", items: { type: "INTEGER" }, min_items: "1", maxItems: 3 },
              either: { anyOf: [{ type: "NUMBER" }, { type: "BOOLEAN" }], nullable: true, description: "d" }
            },
            required: ["kind"]
          }
        }]
      }],
      toolConfig: { functionCallingConfig: { mode: "MODE_UNSPECIFIED" } },
      generationConfig: {
        candidateCount: 1,
        responseMimeType: "application/json",
        responseSchema: { type: "ARRAY", items: { type: "STRING" } }
      },
      safetySettings: null
    }
    expect(sent(body, "gemini-3-pro-preview").body).toEqual({
      systemInstruction: { parts: [{ text: "Be short." }] },
      contents,
      tools: [{
        functionDeclarations: [{
          name: "f",
          description: "",
          parametersJsonSchema: {
            type: "object",
            properties: {
              kind: { type: ["string", "null"], enum: ["a"] },
              list: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 3 },
              either: { anyOf: [{ type: "number" }, { type: "boolean" }, { type: "null" }], description: "d" }
            },
            required: ["kind"]
          }
        }]
      }],
      toolConfig: { functionCallingConfig: { mode: "MODE_UNSPECIFIED" } },
      generationConfig: {
        responseMimeType: "application/json",
        responseJsonSchema: { type: "array", items: { type: "string" } }
      }
    })
  })

  it("finds the calls of responses by function and order where there are no ids", () => {
    const call = (name: string) => ({ functionCall: { name } })
    const response = (name: string, n: number) => ({ functionResponse: { name, response: { n } } })
    const { messages } = decoded({
      contents: [
        ...contents,
        { role: "model", parts: [call("a"), call("b"), call("a")] },
        { role: "function", parts: [response("b", 1), response("a", 2), response("a", 3), response("c", 4)] }
      ]
    })
    const ids = messages[1].content.map(({ id }: any) => id)
    expect(new Set(ids).size).toBe(3)
    expect(messages[2].content.map(({ id }: any) => id)).toEqual([ids[1], ids[0], ids[2], "call_c"])
  })
})

describe("the request", () => {
  it("has all that a common word covers, for whatever vendor it goes to", () => {
    expect(decoded({
      contents,
      systemInstruction: { parts: [{ text: "Be short." }] },
      generationConfig: {
        maxOutputTokens: 10,
        temperature: 0.5,
        topP: 0.9,
        topK: 5,
        seed: 1,
        stopSequences: ["END"],
        presencePenalty: 1,
        frequencyPenalty: -1,
        thinkingConfig: { thinkingLevel: "low", includeThoughts: true },
        responseMimeType: "application/json",
        responseJsonSchema: { title: "person", type: "object" }
      },
      tools: [{ functionDeclarations: [{ name: "now", description: "d" }] }],
      toolConfig: { functionCallingConfig: { mode: "any", allowedFunctionNames: ["now"] } }
    })).toEqual({
      model: flash,
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: [{ type: "text", text: "Hello" }] }
      ],
      maxTokens: 10,
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      seed: 1,
      stop: ["END"],
      presencePenalty: 1,
      frequencyPenalty: -1,
      reasoningEffort: "low",
      responseFormat: { type: "json-schema", name: "person", schema: { title: "person", type: "object" } },
      tools: [{ name: "now", description: "d", parameters: { type: "object", properties: {} } }],
      toolChoice: { tool: "now" }
    })
  })

  it.each<[any, string | undefined]>([
    [{ thinkingBudget: 512 }, "low"],
    [{ thinking_budget: 8_192, include_thoughts: true }, "medium"],
    [{ thinkingBudget: 24_576 }, "high"],
    [{ thinkingLevel: "HIGH" }, "high"],
    [{ thinkingBudget: -1 }, undefined],
    [{ includeThoughts: true }, undefined]
  ])("has an effort for what is this API's own: %o", (thinkingConfig, effort) => {
    expect(decoded({ contents, generationConfig: { thinkingConfig } }).reasoningEffort).toBe(effort)
  })

  it("has the caller's wishes, of which a route or a mode goes before the model", () => {
    const wishes = { vendors: ["a"], deadline: 5_000 }
    expect(decoded({ contents, llmdispatcher: wishes })).toMatchObject({ model: flash, ...wishes })
    expect(decoded({ contents, llmdispatcher: { route: "r" } }).model).toBe("r")
    expect(decoded({ contents, llmdispatcher: { mode: "fast" } })).not.toHaveProperty("model")
  })
})

describe("a body that is not one of the API's", () => {
  const part = (part: object, role = "user") => ({ contents: [{ role, parts: [part] }] })

  it.each<[string, any, string]>([
    ["no contents", {}, "contents"],
    ["empty contents", { contents: [] }, "contents"],
    ["contents that are a text", { contents: "Hello" }, "contents"],
    ["a role that is none", { contents: [{ role: "assistant", parts: [] }] }, "contents.0.role"],
    ["a part that is empty", part({}), "contents.0.parts.0"],
    ["a part that is a text", { contents: [{ parts: ["x"] }] }, "contents.0.parts.0"],
    ["a call that a user makes", part({ functionCall: { name: "x" } }), "contents.0.parts.0"],
    ["a call without a name", part({ functionCall: {} }, "model"), "contents.0.parts.0.functionCall.name"],
    ["a file without a type", part({ inlineData: { data: dot } }), "contents.0.parts.0.inlineData.mimeType"],
    ["an address that is none", part({ fileData: { fileUri: "file:///x" } }), "contents.0.parts.0.fileData.fileUri"],
    [
      "a limit that is a text",
      { contents, generationConfig: { maxOutputTokens: "9" } },
      "generationConfig.maxOutputTokens"
    ],
    ["a name in both its forms", { contents, generation_config: {}, generationConfig: {} }, "generation_config"],
    [
      "two schemas",
      { contents, generationConfig: { responseSchema: {}, responseJsonSchema: {} } },
      "generationConfig.responseJsonSchema"
    ],
    [
      "a function without a name",
      { contents, tools: [{ functionDeclarations: [{}] }] },
      "tools.0.functionDeclarations.0.name"
    ],
    ["a wish that is none", { contents, llmdispatcher: { budget: 1 } }, "llmdispatcher.budget"],
    ["no object", "x", ""]
  ])("is told by its field: %s", (_, body, field) => {
    expect(refused(body)).toMatchObject({ kind: "invalid-request", status: 400, field })
  })

  it("wants several answers, which is not supported", () => {
    expect(refused({ contents, generationConfig: { candidateCount: 2 } })).toMatchObject({
      kind: "unsupported",
      field: "generationConfig.candidateCount"
    })
  })

  it.each(["base_url", "baseUrl", "httpOptions", "http_options", "key", "apiKey", "headers"])(
    "would redirect the call by %s and is refused",
    (name) => {
      expect(refused({ contents, [name]: "https://evil.test" }).kind).toBe("invalid-request")
    }
  )

  it("is nested without an end", () => {
    let responseSchema: object = { type: "STRING" }
    for (let depth = 0; depth < 20_000; depth++) responseSchema = { items: responseSchema }
    const { field, kind, message } = refused({ contents, generationConfig: { responseSchema } })
    expect([kind, field]).toEqual(["invalid-request", "generationConfig.responseSchema"])
    expect(message).toContain("100 levels")
  })

  it("touches no prototype", () => {
    const body = JSON.parse(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},
      "contents":[{"role":"user","parts":[{"text":"x","__proto__":{"polluted":1}}]}],
      "generationConfig":{"__proto__":{"polluted":1},"thinking_config":{"__proto__":{"polluted":1},"thinkingBudget":9},
        "responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"__proto__":{"type":"STRING"}}}}}`)
    const { options, responseFormat } = decoded(body)
    expect(Object.keys(options.google)).toEqual(["constructor", "generationConfig"])
    expect(Object.getPrototypeOf(options.google.generationConfig)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(responseFormat.schema.properties)).toBe(Object.prototype)
    expect(({} as any).polluted).toBeUndefined()
  })
})

describe("a field that the request refuses", () => {
  it.each<[any, string]>([
    [{ contents, generationConfig: { temperature: 3 } }, "generationConfig.temperature"],
    [{ contents, generationConfig: { maxOutputTokens: 0 } }, "generationConfig.maxOutputTokens"],
    [{ contents, generationConfig: { stopSequences: [""] } }, "generationConfig.stopSequences.0"],
    [{ contents: [{ parts: [] }] }, "contents"],
    [{ contents: [{ parts: [{ text: " " }] }] }, "contents.0.parts"],
    [{ contents: [{ parts: [{ text: "x" }, { text: "half \ud800" }] }] }, "contents.0.parts.1.text"],
    [{ contents, llmdispatcher: { priority: 11 } }, "llmdispatcher.priority"]
  ])("is told by its name in the body", (body, field) => {
    const { fieldOf, request } = Result.getOrThrow(Decode.decode(body, flash))
    const error = Effect.runSync(Effect.flip(Request.decode(request)))
    expect(fieldOf((error.reason as any).issues[0].field)).toBe(field)
  })
})

describe("a body of countTokens", () => {
  it("has the contents alone, or all of a request", () => {
    const request = { model: flash, messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }] }
    expect(Result.getOrThrow(Google.decodeCount({ contents }, flash))).toEqual(request)
    expect(Result.getOrThrow(Google.decodeCount({ generateContentRequest: { model: "x", contents } }, flash)))
      .toEqual(request)
  })

  it.skipIf(judged === undefined)("is answered in the API's form", () => {
    expect(judged!("CountTokensResponse", Google.count(3))).toEqual([])
  })
})

describe("a body of embedContent", () => {
  const content = (...texts: ReadonlyArray<string>) => ({ parts: texts.map((text) => ({ text })) })
  const embeddings = { vectors: [[1, 2], [3, 4]], usage: { inputTokens: { total: 5 }, outputTokens: {} } }

  it("becomes one text", () => {
    const asked = Result.getOrThrow(
      Embeddings.decode({ content: content("a", "b"), taskType: "CLUSTERING" }, "m", false)
    )
    expect(asked).toMatchObject({ model: "m", inputs: ["ab"], lost: ["taskType"] })
    expect(asked.whole(embeddings)).toEqual({ embedding: { values: [1, 2] }, usageMetadata: { promptTokenCount: 5 } })
  })

  it("becomes several as a batch", () => {
    const requests = [{ model: "models/m", content: content("a") }, { content: content("b") }]
    const asked = Result.getOrThrow(Embeddings.decode({ requests }, "m", true))
    expect(asked.inputs).toEqual(["a", "b"])
    expect(asked.whole({ ...embeddings, usage: { inputTokens: {}, outputTokens: {} } })).toEqual({
      embeddings: [{ values: [1, 2] }, { values: [3, 4] }]
    })
  })

  it.each<[any, boolean, string]>([
    [{}, false, "content"],
    [{ content: {} }, false, "content.parts"],
    [{ content: content("a"), outputDimensionality: 2 }, false, "outputDimensionality"],
    [{ content: content("a"), output_dimensionality: 2 }, false, "outputDimensionality"],
    [{}, true, "requests"],
    [{ requests: [{ content: { parts: [{}] } }] }, true, "requests.0.content.parts.0.text"],
    [null, false, "content"]
  ])("is refused by its field", (body, isBatch, field) => {
    const result = Embeddings.decode(body, "m", isBatch)
    expect(Result.isFailure(result) ? result.failure.field : "taken").toBe(field)
  })

  it.skipIf(judged === undefined)("is answered in the API's form", () => {
    const asked = Result.getOrThrow(Embeddings.decode({ content: content("a") }, "m", false))
    expect(judged!("EmbedContentResponse", asked.whole(embeddings))).toEqual([])
  })
})

describe("the list of models", () => {
  const known = { id: "openai/gpt-5-mini", description: "Small.", contextWindow: 1_000, maxOutputTokens: 10 }
  const unknown = { id: "m", description: null, contextWindow: null, maxOutputTokens: null }

  it("tells what is known", () => {
    expect(Models.list([known, unknown]).models).toMatchObject([
      { name: "models/openai/gpt-5-mini", inputTokenLimit: 1_000, outputTokenLimit: 10, description: "Small." },
      { name: "models/m" }
    ])
    expect(Models.model(unknown)).not.toHaveProperty("inputTokenLimit")
  })

  it.skipIf(judged === undefined)("has the API's form", () => {
    expect(judged!("ListModelsResponse", Models.list([known, unknown]))).toEqual([])
  })
})
