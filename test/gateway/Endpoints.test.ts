import { describe, expect, it } from "@effect/vitest"
import * as Endpoints from "../../src/gateway/Endpoints.ts"

const match = (method: string, path: string, headers = {}) => {
  const found = Endpoints.match(method, path, headers)
  if (found === undefined) return undefined
  const { _tag, ...rest } = found
  return "dialect" in rest ? { _tag, ...rest, dialect: rest.dialect.name } : { _tag, ...rest }
}

describe("paths", () => {
  it("of every API lead to its dialect", () => {
    const paths = ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat", "/api/generate"]
    expect(paths.map((path) => match("POST", path))).toEqual(
      ["openai-chat", "openai-responses", "anthropic", "ollama", "ollama"].map((dialect) => ({
        _tag: "Answer",
        dialect
      }))
    )
  })

  it("may name a model with slashes, colons and coded letters", () => {
    expect(match("POST", "/v1beta/models/ollama/llama3:8b:streamGenerateContent")).toEqual({
      _tag: "Answer",
      dialect: "google",
      model: "ollama/llama3:8b",
      method: "streamGenerateContent"
    })
    // The AI SDK's Google provider takes a name with a slash for the whole path.
    expect(match("POST", "/v1beta/google/gemini-2.5-flash:generateContent")).toEqual({
      _tag: "Answer",
      dialect: "google",
      model: "google/gemini-2.5-flash",
      method: "generateContent"
    })
    expect(match("POST", "/v1/models/a%2Fb%3Ac:countTokens")).toEqual({
      _tag: "Count",
      family: "google",
      model: "a/b:c"
    })
    expect(match("POST", "/openai/deployments/a%2Fb/embeddings")).toEqual({
      _tag: "Embeddings",
      family: "openai",
      model: "a/b"
    })
    // Older clients of Azure's write the name into the path as it is.
    expect(match("POST", "/openai/deployments/a/b/embeddings")).toEqual({
      _tag: "Embeddings",
      family: "openai",
      model: "a/b"
    })
    expect(match("GET", "/openai/v1/models/a/b")).toEqual({ _tag: "Models", family: "openai", model: "a/b" })
    expect(match("GET", "/v1/models/a/b")).toEqual({ _tag: "Models", family: "openai", model: "a/b" })
  })

  it("that are written another way are nobody's", () => {
    const paths = [
      "/v1/chat/completions/",
      "//v1/chat/completions",
      "/V1/chat/completions",
      "/v1/./chat/completions",
      "/v1/chat%2Fcompletions",
      "/v1/chat/completions\u0000",
      "http://localhost/v1/chat/completions",
      "*",
      "",
      "/v1/messages/../chat/completions",
      "/v1beta/models/x:deleteEverything",
      "/v1beta/models/x:__proto__",
      "/v1beta/models/:generateContent",
      "/v1beta/models/%:generateContent",
      "/v1beta/models/%ff:generateContent",
      "/openai/deployments/%c3%28/embeddings",
      "/openai/deployments//embeddings",
      "/__proto__",
      "/constructor",
      "/admin",
      "/v1/files",
      "/v1/assistants"
    ]
    for (const path of paths) expect([path, match("POST", path)]).toEqual([path, undefined])
    expect(match("GET", "/v1/models/%ff")).toBeUndefined()
  })

  it("answer to their own method alone", () => {
    for (const method of ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "post", ""]) {
      for (
        const path of [
          "/v1/chat/completions",
          "/v1/messages",
          "/api/chat",
          "/v1/embeddings",
          "/v1beta/models/x:generateContent"
        ]
      ) {
        const found = match(method, path)
        // Read as a model's name it is one that nobody has.
        expect([method, path, found?._tag]).toEqual([
          method,
          path,
          method === "GET" && path.includes("x:") ? "Models" : undefined
        ])
      }
    }
  })

  it("lists of models have the form that the caller's SDK knows", () => {
    const family = (headers: object) => (match("GET", "/v1/models", headers) as { family?: string }).family
    expect([family({}), family({ "anthropic-version": "2023-06-01" }), family({ "x-goog-api-key": "x" })]).toEqual([
      "openai",
      "anthropic",
      "google"
    ])
  })

  it("made to be looked at for long are not", () => {
    const begun = performance.now()
    for (const part of [":", "a:", ":a", "/", "%", "a/"]) {
      match("POST", `/v1beta/models/${part.repeat(16_000)}!`)
      match("POST", `/openai/deployments/${part.repeat(16_000)}!`)
      match("GET", `/v1/models/${part.repeat(16_000)}!`)
    }
    expect(performance.now() - begun).toBeLessThan(1_000)
  })
})
