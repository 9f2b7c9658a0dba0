import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import Sdk from "openai"
import type { Failure } from "../../../src/gateway/Failure.ts"
import * as Embeddings from "../../../src/gateway/openai/Embeddings.ts"
import * as Models from "../../../src/gateway/openai/Models.ts"
import { isThere, judge } from "./Contract.ts"

const embeddings = {
  vectors: [[0.5, -1.25, 3], [1e-3, 0, 7]],
  usage: { inputTokens: { total: 6 }, outputTokens: {} }
}

const asked = (body: object): Embeddings.Asked => Result.getOrThrow(Embeddings.decode(body))
const failed = (body: unknown): Failure => {
  const decoded = Embeddings.decode(body)
  if (Result.isSuccess(decoded)) throw new Error("was taken")
  return decoded.failure
}

const client = (answer: (body: any) => unknown) =>
  new Sdk({
    apiKey: "key",
    maxRetries: 0,
    fetch: async (_, init) => {
      const body = init?.body === undefined ? undefined : JSON.parse(String(init.body))
      return new Response(JSON.stringify(answer(body)), { headers: { "content-type": "application/json" } })
    }
  })

describe("embeddings", () => {
  it("are of one text or of several", () => {
    expect(asked({ model: "m", input: "a" })).toMatchObject({ model: "m", inputs: ["a"], lost: [] })
    expect(asked({ model: "m", input: ["a", "b"], user: "u" })).toMatchObject({ inputs: ["a", "b"], lost: ["user"] })
  })

  it("are told as numbers or as bytes", () => {
    const body = { model: "m", input: ["a", "b"] }
    expect(asked(body).whole(embeddings)).toEqual({
      object: "list",
      data: [
        { object: "embedding", index: 0, embedding: [0.5, -1.25, 3] },
        { object: "embedding", index: 1, embedding: [1e-3, 0, 7] }
      ],
      model: "m",
      usage: { prompt_tokens: 6, total_tokens: 6 }
    })
    const told: any = asked({ ...body, encoding_format: "base64" }).whole(embeddings)
    expect(told.data[0].embedding).toBe("AAAAPwAAoL8AAEBA")
  })

  it.skipIf(!isThere)("are what the specification wants", () => {
    expect(judge("CreateEmbeddingResponse", asked({ model: "m", input: "a" }).whole(embeddings))).toEqual([])
    const unknown = { ...embeddings, usage: { inputTokens: {}, outputTokens: {} } }
    expect(judge("CreateEmbeddingResponse", asked({ model: "m", input: "a" }).whole(unknown))).toEqual([])
  })

  it("are read by OpenAI's SDK, which asks for bytes by itself", async () => {
    const formats: Array<unknown> = []
    const sdk = client((body) => {
      formats.push(body.encoding_format)
      return asked(body).whole(embeddings)
    })
    const plain = await sdk.embeddings.create({ model: "m", input: ["a", "b"] })
    const float = await sdk.embeddings.create({ model: "m", input: ["a", "b"], encoding_format: "float" })
    expect(formats).toEqual(["base64", "float"])
    expect(plain.data.map(({ embedding }) => embedding)).toEqual([[0.5, -1.25, 3], [Math.fround(1e-3), 0, 7]])
    expect(float.data.map(({ embedding }) => embedding)).toEqual(embeddings.vectors)
  })

  it.each<[string, unknown, string, string]>([
    ["no object", [], "invalid-request", ""],
    ["no model", { input: "a" }, "invalid-request", "model"],
    ["no input", { model: "m" }, "invalid-request", "input"],
    ["an empty text", { model: "m", input: "" }, "invalid-request", "input"],
    ["an empty list", { model: "m", input: [] }, "invalid-request", "input"],
    ["too many texts", { model: "m", input: Array.from({ length: 2049 }, () => "a") }, "invalid-request", "input"],
    ["an empty text among others", { model: "m", input: ["a", ""] }, "invalid-request", "input.1"],
    ["tokens", { model: "m", input: [1, 2] }, "unsupported", "input"],
    ["lists of tokens", { model: "m", input: [[1, 2], [3]] }, "unsupported", "input"],
    ["a length", { model: "m", input: "a", dimensions: 256 }, "unsupported", "dimensions"],
    ["an unknown form", { model: "m", input: "a", encoding_format: "hex" }, "invalid-request", "encoding_format"],
    ["an address", { model: "m", input: "a", api_base: "http://evil" }, "invalid-request", "api_base"],
    ["an unknown field", { model: "m", input: "a", input_type: "query" }, "unsupported", "input_type"]
  ])("are refused for %s", (_, body, kind, field) => {
    expect(failed(body)).toMatchObject({ kind, field, status: 400 })
  })
})

describe("models", () => {
  const models = [{ id: "gpt-5-mini", vendor: "openai" }, { id: "fast" }, { id: "best", vendor: "" }]

  it("have the form of the API", () => {
    expect(Models.list(models)).toEqual({
      object: "list",
      data: [
        { id: "gpt-5-mini", object: "model", created: 0, owned_by: "openai" },
        { id: "fast", object: "model", created: 0, owned_by: "llmdispatcher" },
        { id: "best", object: "model", created: 0, owned_by: "llmdispatcher" }
      ]
    })
  })

  it.skipIf(!isThere)("are what the specification wants", () => {
    expect(judge("ListModelsResponse", Models.list(models))).toEqual([])
    expect(judge("Model", Models.model(models[0]!))).toEqual([])
  })

  it("are read by OpenAI's SDK", async () => {
    const ids: Array<string> = []
    for await (const { id } of client(() => Models.list(models)).models.list()) ids.push(id)
    expect(ids).toEqual(["gpt-5-mini", "fast", "best"])
    expect((await client(() => Models.model(models[1]!)).models.retrieve("fast")).owned_by).toBe("llmdispatcher")
  })
})
