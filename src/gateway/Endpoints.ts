/**
 * Which paths the gateway answers, and in which API's way.
 *
 * @since 0.1.0
 */
import * as Anthropic from "./anthropic/Anthropic.ts"
import type { Headers } from "./Call.ts"
import type { Dialect } from "./Dialect.ts"
import type { Failure } from "./Failure.ts"
import * as Google from "./google/Google.ts"
import * as OllamaModels from "./ollama/Models.ts"
import * as Ollama from "./ollama/Ollama.ts"
import * as OpenAiChat from "./openai-chat/OpenAiChat.ts"
import * as OpenAiResponses from "./openai-responses/OpenAiResponses.ts"

/**
 * The APIs whose lists, vectors and counts have a form of their own.
 *
 * @since 0.1.0
 * @category models
 */
export type Family = "openai" | "anthropic" | "google" | "ollama"

/**
 * What is asked for under a path; `model` is what the path itself names.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint =
  | { readonly _tag: "Answer"; readonly dialect: Dialect; readonly model?: string; readonly method?: string }
  | { readonly _tag: "Models" | "Show"; readonly family: Family; readonly model?: string | undefined }
  | { readonly _tag: "Embeddings"; readonly family: Family; readonly model?: string; readonly form?: string }
  | { readonly _tag: "Count"; readonly family: "anthropic" | "google"; readonly model?: string | undefined }
  | { readonly _tag: "Constant"; readonly family: Family; readonly body: unknown }
  | NotServed

/**
 * A path or a method that its API does not have here; `allow` names the methods that the path has.
 *
 * @since 0.1.0
 * @category models
 */
export interface NotServed {
  readonly _tag: "NotServed"
  readonly family: Family
  readonly failure: Failure
  readonly allow?: string
}

const fixed: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["POST /v1/chat/completions", { _tag: "Answer", dialect: OpenAiChat.dialect }],
  ["POST /chat/completions", { _tag: "Answer", dialect: OpenAiChat.dialect }],
  ["POST /openai/v1/chat/completions", { _tag: "Answer", dialect: OpenAiChat.dialect }],
  ["POST /v1/responses", { _tag: "Answer", dialect: OpenAiResponses.dialect }],
  ["POST /responses", { _tag: "Answer", dialect: OpenAiResponses.dialect }],
  ["POST /openai/v1/responses", { _tag: "Answer", dialect: OpenAiResponses.dialect }],
  ["POST /openai/responses", { _tag: "Answer", dialect: OpenAiResponses.dialect }],
  ["POST /v1/embeddings", { _tag: "Embeddings", family: "openai" }],
  ["POST /openai/v1/embeddings", { _tag: "Embeddings", family: "openai" }],
  ["POST /embeddings", { _tag: "Embeddings", family: "openai" }],
  ["POST /v1/messages", { _tag: "Answer", dialect: Anthropic.dialect }],
  ["POST /v1/messages/count_tokens", { _tag: "Count", family: "anthropic" }],
  ["POST /api/chat", { _tag: "Answer", dialect: Ollama.chat }],
  ["POST /api/generate", { _tag: "Answer", dialect: Ollama.generate }],
  ["POST /api/embed", { _tag: "Embeddings", family: "ollama", form: "embed" }],
  ["POST /api/embeddings", { _tag: "Embeddings", family: "ollama", form: "embeddings" }],
  ["GET /api/version", { _tag: "Constant", family: "ollama", body: OllamaModels.version }],
  ["GET /api/ps", { _tag: "Constant", family: "ollama", body: OllamaModels.running }],
  ["GET /api/tags", { _tag: "Models", family: "ollama" }],
  ["POST /api/show", { _tag: "Show", family: "ollama" }],
  ["GET /openai/v1/models", { _tag: "Models", family: "openai" }],
  ["GET /openai/models", { _tag: "Models", family: "openai" }],
  ["GET /models", { _tag: "Models", family: "openai" }],
  ["GET /v1beta/models", { _tag: "Models", family: "google" }]
])

/**
 * A model's name may have slashes, and a tag behind a colon; the method stands behind the last one. Some clients write a
 * name with a slash as the whole path.
 */
const googlePath = /^\/v1(?:beta)?\/(?:models\/)?((?!models\/:).+):([A-Za-z]+)$/
const modelPath = /^\/(v1|v1beta|openai(?:\/v1)?)\/models\/(.+)$/
/** Older clients write a name with a slash as it is here too. */
const deploymentPath = /^\/openai\/deployments\/(.+)\/(chat\/completions|embeddings)$/

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * Who asks under `/v1`, where that does not tell: the SDKs of each API do by their headers.
 *
 * @since 0.1.0
 * @category accessors
 */
export const familyOf = (headers: Headers): Family =>
  headers["anthropic-version"] !== undefined
    ? "anthropic"
    : headers["x-goog-api-key"] !== undefined || headers["x-goog-api-client"] !== undefined
    ? "google"
    : "openai"

const googleMethod = (method: string, model: string): Endpoint | undefined => {
  switch (method) {
    case "generateContent":
    case "streamGenerateContent":
      return { _tag: "Answer", dialect: Google.dialect, model, method }
    case "countTokens":
      return { _tag: "Count", family: "google", model }
    case "embedContent":
    case "batchEmbedContents":
      return { _tag: "Embeddings", family: "google", model, form: method }
    default:
      return undefined
  }
}

/**
 * `undefined` where the gateway has no such path.
 *
 * @since 0.1.0
 * @category constructors
 */
export const match = (method: string, path: string, headers: Headers): Endpoint | undefined => {
  const known = fixed.get(`${method} ${path}`)
  if (known !== undefined) return known
  if (method === "GET" && path === "/v1/models") return { _tag: "Models", family: familyOf(headers) }
  if (method === "POST") {
    const google = googlePath.exec(path)
    if (google !== null) {
      const model = decoded(google[1]!)
      return model === undefined ? undefined : googleMethod(google[2]!, model)
    }
    const deployment = deploymentPath.exec(path)
    if (deployment !== null) {
      const model = decoded(deployment[1]!)
      if (model === undefined) return undefined
      return deployment[2] === "embeddings"
        ? { _tag: "Embeddings", family: "openai", model }
        : { _tag: "Answer", dialect: OpenAiChat.dialect, model }
    }
  }
  if (method === "HEAD") {
    const list = match("GET", path, headers)
    return list?._tag === "Models" && list.model === undefined || list?._tag === "Constant" ? list : undefined
  }
  if (method === "GET") {
    const model = modelPath.exec(path)
    const name = model === null ? undefined : decoded(model[2]!)
    if (model !== null && name !== undefined) {
      return {
        _tag: "Models",
        family: model[1] === "v1beta" ? "google" : model[1] === "v1" ? familyOf(headers) : "openai",
        model: name
      }
    }
  }
  return undefined
}
