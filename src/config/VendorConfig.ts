/**
 * The vendors as a file may write them: each under the name of its instance, its `kind` left out where that is the name.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { ApiKey, BaseUrl } from "../wire/Settings.ts"
import { Count } from "./PolicyConfig.ts"
import { Span } from "./Time.ts"

const text = (description: string) => Schema.optionalKey(Schema.NonEmptyString.annotate({ description }))
const count = (description: string) => Schema.optionalKey(Count.annotate({ description }))
const secret = (description: string) => Schema.optionalKey(ApiKey.annotate({ description }))
const url = (description: string) => Schema.optionalKey(BaseUrl.annotate({ description }))

const api = Schema.optionalKey(
  Schema.Literals(["chat", "responses"]).annotate({ description: "By which API models are asked. Default chat." })
)

const Keys = Schema.Union([
  Schema.NonEmptyArray(ApiKey),
  Schema.Struct({
    file: Schema.NonEmptyString.annotate({ description: "One key a line; read again when it changes." })
  }),
  Schema.Struct({
    env: Schema.NonEmptyString.annotate({ description: "Keys with commas between them, or in NAME_1, NAME_2." })
  })
]).annotate({ description: "Several keys, between which calls are balanced and fail over." })

const common = {
  defaultModel: text("The model for requests that name none."),
  headers: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Redacted(Schema.String)).annotate({
      description: "Sent with every request, under the headers of this vendor."
    })
  ),
  maxBodySize: count("Bytes of a whole answer. Default 33554432."),
  maxEventSize: count("Characters of one event of a stream.")
}

const keyed = {
  ...common,
  apiKey: secret("The vendor's key, best as ${NAME} or ${file:path}."),
  apiKeys: Schema.optionalKey(Keys),
  keyStrategy: Schema.optionalKey(
    Schema.Literals(["least-busy", "round-robin"]).annotate({
      description: "How one of several keys is chosen. Default least-busy."
    })
  ),
  baseUrl: url("Where the vendor is asked, by default its own address.")
}

/**
 * What each kind of vendor may be told.
 *
 * @since 0.1.0
 * @category schemas
 */
export const fields = {
  openai: {
    ...keyed,
    organization: text("The organisation that is billed."),
    project: text("The project that is billed."),
    api
  },
  anthropic: {
    ...keyed,
    authToken: secret("Sent as a bearer token, as gateways and workload identities want it."),
    version: text("The API's version. Default 2023-06-01."),
    betas: Schema.optionalKey(Schema.Array(Schema.NonEmptyString).annotate({ description: "Features to be tried." }))
  },
  google: keyed,
  "azure-openai": {
    ...common,
    apiKey: keyed.apiKey,
    apiKeys: keyed.apiKeys,
    keyStrategy: keyed.keyStrategy,
    endpoint: url("The resource's own address, as in https://name.openai.azure.com."),
    apiVersion: text("As in 2024-10-21; left out, the API without versions is asked."),
    api
  },
  bedrock: {
    defaultModel: common.defaultModel,
    region: text("As in us-east-1."),
    apiKey: secret("An API key of Bedrock."),
    accessKeyId: secret("Of IAM; by default the environment's."),
    secretAccessKey: secret("Of IAM."),
    sessionToken: secret("Of temporary credentials."),
    baseUrl: url("By default the region's own address."),
    modelsUrl: url("Where models are listed."),
    maxBodySize: common.maxBodySize,
    maxFrameSize: count("Bytes of one frame of a stream. Default 1048576.")
  },
  groq: keyed,
  mistral: keyed,
  deepseek: keyed,
  xai: keyed,
  together: keyed,
  fireworks: keyed,
  openrouter: keyed,
  cerebras: keyed,
  perplexity: keyed,
  cohere: keyed,
  vllm: keyed,
  "lm-studio": keyed,
  ollama: {
    defaultModel: common.defaultModel,
    headers: common.headers,
    maxBodySize: common.maxBodySize,
    apiKey: keyed.apiKey,
    baseUrl: keyed.baseUrl,
    maxLineSize: count("Characters of one line of a stream. Default 1048576.")
  },
  "openai-compatible": {
    ...keyed,
    keyHeader: text("The header that carries the key. Default authorization, with Bearer before the key."),
    provider: text("What the provider is called in traces. Default the name of the instance.")
  },
  "llama-cpp": {
    modelPath: text("The GGUF file."),
    defaultModel: text("What the model is called. Default the file's name without its ending."),
    contextSize: count("Tokens of one conversation with its answer."),
    threads: count("Default 1."),
    maxConcurrent: count("Answers at once. Default 2."),
    gpu: Schema.optionalKey(Schema.Literals([false, "auto", "metal", "cuda", "vulkan"]))
  },
  sandbox: {
    behaviour: Schema.optionalKey(Schema.NonEmptyString),
    firstWord: Schema.optionalKey(Span.annotate({ description: "Until the first word. Default 150ms." })),
    perWord: Schema.optionalKey(Span.annotate({ description: "From word to word. Default 25ms." }))
  },
  plugin: {
    module: Schema.NonEmptyString.annotate({ description: "A package's name, or a file that begins with ./ or /." }),
    config: Schema.optionalKey(Schema.Unknown.annotate({ description: "What the plugin itself asks for." }))
  }
}

/**
 * The kinds of vendors there are.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = keyof typeof fields

const isKind = (name: string): name is Kind => Object.hasOwn(fields, name)

const named = <K extends Kind>(kind: K) => Schema.Struct({ kind: Schema.Literal(kind), ...fields[kind] })
const own = <K extends Kind>(kind: K) =>
  Schema.optionalKey(Schema.Struct({ kind: Schema.optionalKey(Schema.Literal(kind)), ...fields[kind] }))

const InstanceName = Schema.String.check(
  Schema.makeFilter((name: string) =>
    isKind(name) ? "is the name of a kind" : /^[\w.-]{1,64}$/.test(name) ? undefined : "must be a name"
  )
)

/**
 * Vendors by the name of their instance. One that is named for its kind takes what is left out from the environment.
 *
 * @since 0.1.0
 * @category models
 */
export type VendorsConfig = Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly kind?: Kind }>>

const Instances = Schema.StructWithRest(
  Schema.Struct({
    openai: own("openai"),
    anthropic: own("anthropic"),
    google: own("google"),
    "azure-openai": own("azure-openai"),
    bedrock: own("bedrock"),
    groq: own("groq"),
    mistral: own("mistral"),
    deepseek: own("deepseek"),
    xai: own("xai"),
    together: own("together"),
    fireworks: own("fireworks"),
    openrouter: own("openrouter"),
    cerebras: own("cerebras"),
    perplexity: own("perplexity"),
    cohere: own("cohere"),
    vllm: own("vllm"),
    "lm-studio": own("lm-studio"),
    ollama: own("ollama"),
    "openai-compatible": own("openai-compatible"),
    "llama-cpp": own("llama-cpp"),
    sandbox: own("sandbox"),
    plugin: Schema.optionalKey(named("plugin"))
  }),
  [Schema.Record(
    InstanceName,
    Schema.Union([
      named("openai"),
      named("anthropic"),
      named("google"),
      named("azure-openai"),
      named("bedrock"),
      named("groq"),
      named("mistral"),
      named("deepseek"),
      named("xai"),
      named("together"),
      named("fireworks"),
      named("openrouter"),
      named("cerebras"),
      named("perplexity"),
      named("cohere"),
      named("vllm"),
      named("lm-studio"),
      named("ollama"),
      named("openai-compatible"),
      named("llama-cpp"),
      named("sandbox"),
      named("plugin")
    ])
  )]
).annotate({ identifier: "Vendors" })

/**
 * The Schema of {@link VendorsConfig}, whose settings are those of each kind.
 *
 * @since 0.1.0
 * @category schemas
 */
export const VendorsConfig: Schema.Codec<VendorsConfig, unknown> = Instances as unknown as Schema.Codec<
  VendorsConfig,
  unknown
>
