/**
 * How each kind of vendor is made of what a file and the environment say; a vendor's module is loaded when the first of
 * its kind is wanted.
 *
 * @since 0.1.0
 */
import {
  Config,
  ConfigProvider,
  Context,
  Effect,
  Layer,
  Option,
  Redacted,
  Schema,
  SchemaIssue,
  type Scope
} from "effect"
import type { HttpClient } from "effect/http"
import type { AnyService, Vendor } from "../Vendor.ts"
import { ConfigError } from "./ConfigError.ts"
import type { Kind } from "./VendorConfig.ts"

/** What a vendor's module has: its service, and the Layer that reads the environment for what it is not given. */
interface Module {
  readonly layerConfig: (options?: any) => Layer.Layer<any, unknown, any>
  readonly [name: string]: unknown
}

/**
 * A kind of vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface VendorKind {
  /** The environment's variables of which any one asks for this vendor. */
  readonly gives: ReadonlyArray<string>
  /** By a setting's name, the variables that go before what a file says of it. */
  readonly variables: Readonly<Record<string, ReadonlyArray<string>>>
  readonly service: string
  readonly load: () => Promise<Module>
  /** A file's settings as the module has them. */
  readonly options?: ((settings: Settings) => Settings) | undefined
}

type Settings = Readonly<Record<string, unknown>>

const keyed = (prefix: string, service: string, load: () => Promise<Module>): VendorKind => ({
  gives: [`${prefix}_API_KEY`, `${prefix}_BASE_URL`],
  variables: {
    apiKey: [`${prefix}_API_KEY`],
    baseUrl: [`${prefix}_BASE_URL`],
    defaultModel: [`${prefix}_MODEL`]
  },
  service,
  load
})

/**
 * Every kind but plugins, in the order in which those of the environment are asked.
 *
 * @since 0.1.0
 * @category constants
 */
export const kinds: { readonly [K in Exclude<Kind, "plugin">]: VendorKind } = {
  openai: {
    gives: ["OPENAI_API_KEY", "OPENAI_BASE_URL"],
    variables: {
      apiKey: ["OPENAI_API_KEY"],
      baseUrl: ["OPENAI_BASE_URL"],
      organization: ["OPENAI_ORG_ID"],
      project: ["OPENAI_PROJECT_ID"],
      api: ["OPENAI_API"]
    },
    service: "OpenAi",
    load: () => import("../vendor/openai/OpenAi.ts")
  },
  anthropic: keyed("ANTHROPIC", "Anthropic", () => import("../vendor/anthropic/Anthropic.ts")),
  google: {
    gives: ["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_BASE_URL"],
    variables: {
      apiKey: ["GOOGLE_API_KEY", "GEMINI_API_KEY"],
      baseUrl: ["GOOGLE_BASE_URL"],
      defaultModel: ["GOOGLE_MODEL"]
    },
    service: "Google",
    load: () => import("../vendor/google/Google.ts")
  },
  "azure-openai": {
    gives: ["AZURE_OPENAI_ENDPOINT"],
    variables: {
      apiKey: ["AZURE_OPENAI_API_KEY"],
      endpoint: ["AZURE_OPENAI_ENDPOINT"],
      apiVersion: ["AZURE_OPENAI_API_VERSION"],
      defaultModel: ["AZURE_OPENAI_DEPLOYMENT"],
      api: ["AZURE_OPENAI_API"]
    },
    service: "AzureOpenAi",
    load: () => import("../vendor/azure-openai/AzureOpenAi.ts")
  },
  bedrock: {
    // Credentials of AWS are there for many other reasons, so they alone do not ask for it.
    gives: ["BEDROCK_MODEL", "AWS_BEARER_TOKEN_BEDROCK", "BEDROCK_BASE_URL"],
    variables: {
      credentials: ["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID"],
      region: ["AWS_REGION", "AWS_DEFAULT_REGION"],
      baseUrl: ["BEDROCK_BASE_URL"],
      defaultModel: ["BEDROCK_MODEL"]
    },
    service: "Bedrock",
    options: ({ accessKeyId, apiKey, secretAccessKey, sessionToken, ...settings }) => ({
      ...settings,
      ...(apiKey !== undefined
        ? { credentials: apiKey }
        : Redacted.isRedacted(accessKeyId) && secretAccessKey !== undefined
        ? { credentials: { accessKeyId: Redacted.value(accessKeyId), secretAccessKey, sessionToken } }
        : undefined)
    }),
    load: () => import("../vendor/bedrock/Bedrock.ts")
  },
  groq: keyed("GROQ", "Groq", () => import("../vendor/presets/Groq.ts")),
  mistral: keyed("MISTRAL", "Mistral", () => import("../vendor/presets/Mistral.ts")),
  deepseek: keyed("DEEPSEEK", "DeepSeek", () => import("../vendor/presets/DeepSeek.ts")),
  xai: keyed("XAI", "XAi", () => import("../vendor/presets/XAi.ts")),
  together: keyed("TOGETHER", "Together", () => import("../vendor/presets/Together.ts")),
  fireworks: keyed("FIREWORKS", "Fireworks", () => import("../vendor/presets/Fireworks.ts")),
  openrouter: keyed("OPENROUTER", "OpenRouter", () => import("../vendor/presets/OpenRouter.ts")),
  cerebras: keyed("CEREBRAS", "Cerebras", () => import("../vendor/presets/Cerebras.ts")),
  perplexity: keyed("PERPLEXITY", "Perplexity", () => import("../vendor/presets/Perplexity.ts")),
  cohere: keyed("COHERE", "Cohere", () => import("../vendor/presets/Cohere.ts")),
  vllm: { ...keyed("VLLM", "Vllm", () => import("../vendor/presets/Vllm.ts")), gives: ["VLLM_BASE_URL"] },
  "lm-studio": {
    ...keyed("LM_STUDIO", "LmStudio", () => import("../vendor/presets/LmStudio.ts")),
    gives: ["LM_STUDIO_BASE_URL"]
  },
  ollama: {
    gives: ["OLLAMA_BASE_URL", "OLLAMA_HOST", "OLLAMA_MODEL"],
    variables: {
      apiKey: ["OLLAMA_API_KEY"],
      baseUrl: ["OLLAMA_BASE_URL", "OLLAMA_HOST"],
      defaultModel: ["OLLAMA_MODEL"]
    },
    service: "Ollama",
    load: () => import("../vendor/ollama/Ollama.ts")
  },
  "openai-compatible": {
    ...keyed("OPENAI_COMPATIBLE", "OpenAiCompatible", () => import("../vendor/openai-compatible/OpenAiCompatible.ts")),
    gives: ["OPENAI_COMPATIBLE_BASE_URL"]
  },
  "llama-cpp": {
    gives: ["LLAMA_CPP_MODEL_PATH"],
    variables: {
      modelPath: ["LLAMA_CPP_MODEL_PATH"],
      contextSize: ["LLAMA_CPP_CONTEXT_SIZE"],
      threads: ["LLAMA_CPP_THREADS"]
    },
    service: "LlamaCpp",
    load: () => import("../vendor/llama-cpp/LlamaCpp.ts")
  },
  sandbox: {
    gives: [],
    variables: {},
    service: "Sandbox",
    load: () =>
      import("../vendor/sandbox/Sandbox.ts").then(({ layer, layerConfig, Sandbox }) => ({
        Sandbox,
        // The name is given to it afterwards.
        layerConfig: (options) => Object.keys(options).length === 1 ? layerConfig() : layer(options)
      }))
  }
}

/**
 * Whether the environment has the variable; one that cannot be read counts, and its vendor tells why.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isSet = (variable: string): Effect.Effect<boolean> =>
  Config.option(Config.String(variable)).pipe(
    Effect.map(Option.isSome),
    Effect.orElseSucceed(() => true)
  )

/**
 * The variables of this kind that are set, by the name of the setting they go before.
 *
 * @since 0.1.0
 * @category accessors
 */
export const given = Effect.fnUntraced(function*(kind: VendorKind) {
  const found = new Map<string, string>()
  for (const [setting, variables] of Object.entries(kind.variables)) {
    for (const variable of variables) {
      if (!(yield* isSet(variable))) continue
      found.set(setting, variable)
      break
    }
  }
  return found
})

const formatIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/** What of a setting is wrong, by the variable's name. */
const faultOf = (error: Config.ConfigError): { readonly variable: string; readonly message: string } => {
  const { cause } = error
  const [issue] = Schema.isSchemaError(cause) ? formatIssues(cause.issue).issues : []
  return issue === undefined
    ? { variable: "", message: error.message }
    : {
      variable: (issue.path ?? []).join("_"),
      // "Expected string, got undefined" says nothing to who has left it out.
      message: /got undefined|Expected string$/.test(issue.message) ? "must be set and not empty" : issue.message
    }
}

const settingOf = (kind: VendorKind, variable: string): string | undefined =>
  Object.entries(kind.variables).find(([, variables]) => variables.includes(variable))?.[0]

const nothing = ConfigProvider.fromUnknown({})

/**
 * Makes a vendor under the name of its instance. One named for its kind takes from the environment what is left out, and
 * what the environment says goes before the file.
 *
 * Fails with `ConfigError`, which names the setting and its variable, and with the vendor's own failure to begin.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  name: string,
  kindName: Exclude<Kind, "plugin">,
  options: Settings,
  isKeyFixed = false
): Effect.fn.Return<Vendor, ConfigError, HttpClient.HttpClient | Scope.Scope> {
  const kind = kinds[kindName]
  const module = yield* Effect.promise(kind.load)
  const isOwn = name === kindName
  const settings: Record<string, unknown> = { ...kind.options?.(options) ?? options }
  const variables = isOwn ? yield* given(kind) : new Map<string, string>()
  // One of several keys was chosen on purpose.
  if (isKeyFixed) variables.delete("apiKey")
  for (const setting of variables.keys()) delete settings[setting]
  const service = module[kind.service] as AnyService
  const context = yield* Layer.build(module.layerConfig({ ...settings, name }))
    .pipe(
      isOwn ? (effect) => effect : Effect.provideService(ConfigProvider.ConfigProvider, nothing),
      Effect.mapError((error) => {
        const fault = error instanceof Config.ConfigError
          ? faultOf(error)
          : { variable: "", message: error instanceof Error ? error.message : String(error) }
        // What the environment says is corrected there.
        if (isOwn && Array.from(variables.values()).includes(fault.variable)) {
          return new ConfigError({ path: fault.variable, description: fault.message })
        }
        const setting = settingOf(kind, fault.variable)
        return new ConfigError({
          path: `vendors.${name}${setting === undefined ? "" : `.${setting}`}`,
          description: isOwn && fault.variable !== "" ? `${fault.message}, here or as ${fault.variable}` : fault.message
        })
      })
    )
  return { ...(Context.getUnsafe(context, service)), name }
})
