/**
 * Which vendors the environment gives: those whose key or address it holds, or else the embedded sandbox.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type * as Scope from "effect/Scope"
import type { HttpClient } from "effect/http"
import type { AnyService, Vendor } from "../Vendor.ts"
import { type Failure, usage } from "./ExitCode.ts"
import { say } from "./Output.ts"
import { suggestion } from "./Suggest.ts"

type Made = Effect.Effect<ReadonlyArray<Vendor>, unknown, Scope.Scope>

/** The services of a Layer. */
const build = <Id, E>(services: ReadonlyArray<AnyService>, layer: Layer.Layer<Id, E>): Made =>
  Effect.map(
    Layer.build(layer),
    (context) => services.map((service) => Context.getUnsafe(context, service))
  )

/** The same for those who need the HTTP client, which is loaded only for them: it is large. */
const buildOverHttp = <Id, E>(
  services: ReadonlyArray<AnyService>,
  layer: Layer.Layer<Id, E, HttpClient.HttpClient>
): Made =>
  Effect.flatMap(
    Effect.promise(() => import("../wire/NodeHttp.ts")),
    (http) => build(services, Layer.provide(layer, http.layer()))
  )

/** A preset over OpenAI's protocol: its service, and the Layer that reads its variables. */
interface PresetModule {
  readonly layerConfig: () => Layer.Layer<any, unknown, HttpClient.HttpClient>
  readonly [name: string]: unknown
}

/** A vendor of the environment: the variables of which any one gives it, and how it is made. */
interface Source {
  readonly variables: ReadonlyArray<string>
  readonly made: Made
}

/** A vendor of whose module only the service's name and `layerConfig` matter. */
const over = (variables: ReadonlyArray<string>, service: string, load: () => Promise<PresetModule>): Source => ({
  variables,
  made: Effect.flatMap(
    Effect.promise(load),
    (module) => buildOverHttp([module[service] as AnyService], module.layerConfig())
  )
})

const keyed = (prefix: string): ReadonlyArray<string> => [`${prefix}_API_KEY`, `${prefix}_BASE_URL`]

/** In the order in which they are asked; a new vendor is a line here. */
const sources: ReadonlyArray<Source> = [
  over(keyed("OPENAI"), "OpenAi", () => import("../vendor/openai/OpenAi.ts")),
  over(keyed("ANTHROPIC"), "Anthropic", () => import("../vendor/anthropic/Anthropic.ts")),
  over(["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_BASE_URL"], "Google", () => import("../vendor/google/Google.ts")),
  over(["AZURE_OPENAI_ENDPOINT"], "AzureOpenAi", () => import("../vendor/azure-openai/AzureOpenAi.ts")),
  // Credentials of AWS are there for many other reasons, so they alone do not ask for it.
  over(
    ["BEDROCK_MODEL", "AWS_BEARER_TOKEN_BEDROCK", "BEDROCK_BASE_URL"],
    "Bedrock",
    () => import("../vendor/bedrock/Bedrock.ts")
  ),
  over(keyed("GROQ"), "Groq", () => import("../vendor/presets/Groq.ts")),
  over(keyed("MISTRAL"), "Mistral", () => import("../vendor/presets/Mistral.ts")),
  over(keyed("DEEPSEEK"), "DeepSeek", () => import("../vendor/presets/DeepSeek.ts")),
  over(keyed("XAI"), "XAi", () => import("../vendor/presets/XAi.ts")),
  over(keyed("TOGETHER"), "Together", () => import("../vendor/presets/Together.ts")),
  over(keyed("FIREWORKS"), "Fireworks", () => import("../vendor/presets/Fireworks.ts")),
  over(keyed("OPENROUTER"), "OpenRouter", () => import("../vendor/presets/OpenRouter.ts")),
  over(keyed("CEREBRAS"), "Cerebras", () => import("../vendor/presets/Cerebras.ts")),
  over(keyed("PERPLEXITY"), "Perplexity", () => import("../vendor/presets/Perplexity.ts")),
  over(keyed("COHERE"), "Cohere", () => import("../vendor/presets/Cohere.ts")),
  over(["VLLM_BASE_URL"], "Vllm", () => import("../vendor/presets/Vllm.ts")),
  over(["LM_STUDIO_BASE_URL"], "LmStudio", () => import("../vendor/presets/LmStudio.ts")),
  over(["OLLAMA_BASE_URL", "OLLAMA_HOST", "OLLAMA_MODEL"], "Ollama", () => import("../vendor/ollama/Ollama.ts")),
  over(
    ["OPENAI_COMPATIBLE_BASE_URL"],
    "OpenAiCompatible",
    () => import("../vendor/openai-compatible/OpenAiCompatible.ts")
  ),
  {
    variables: ["LLAMA_CPP_MODEL_PATH"],
    made: Effect.flatMap(
      Effect.promise(() => import("../vendor/llama-cpp/LlamaCpp.ts")),
      ({ layerConfig, LlamaCpp }) => build([LlamaCpp], layerConfig())
    )
  }
]

/**
 * The variables of the environment that give vendors.
 *
 * @since 0.1.0
 * @category constants
 */
export const variables: ReadonlyArray<string> = sources.flatMap(({ variables }) => variables)

/** The flaky one first, so that who has no key yet sees a fallback. */
const sandboxes: Made = Effect.flatMap(
  Effect.promise(() => import("../vendor/sandbox/Sandbox.ts")),
  ({ Flaky, layerConfig, layerFlaky, Sandbox }) => build([Flaky, Sandbox], Layer.merge(layerFlaky(), layerConfig()))
)

const sandboxNames = ["flaky", "sandbox"]

/** A setting is named by its variable; the schema's own words around it say nothing to who set it. */
const configMessage = (error: Config.ConfigError): string => {
  const cause = error.cause
  if (!Schema.isSchemaError(cause)) return error.message
  return format(cause.issue).issues.map(({ message, path }) => `${(path ?? []).join("_")}: ${message}`).join("; ")
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const made = (vendors: Made): Effect.Effect<ReadonlyArray<Vendor>, Failure, Scope.Scope> =>
  Effect.catch(vendors, (error) =>
    error instanceof Config.ConfigError
      ? Effect.fail(usage(configMessage(error)))
      : Effect.die(error))

/** A vendor that is not there is said even where the others could answer. */
const unknownVendor = (names: ReadonlyArray<string>, asked: ReadonlyArray<string>): Failure | undefined => {
  const unknown = asked.find((name) => !names.includes(name))
  return unknown === undefined
    ? undefined
    : usage(`there is no vendor ${unknown}; there is ${names.join(", ")}${suggestion(unknown, names)}`)
}

/**
 * The vendors to dispatch to, in their order, given the names that the user wrote.
 *
 * The sandbox stands beside real vendors only when it is named: it must never answer in a real vendor's place.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnvironment = Effect.fnUntraced(function*(named: {
  readonly vendors: ReadonlyArray<string>
  readonly model?: string | undefined
}) {
  const isSet = (variable: string) => process.env[variable] !== undefined
  const given = variables.filter(isSet)
  const empty = given.filter((variable) => process.env[variable]!.trim() === "")
  if (empty.length > 0) return yield* usage(`${empty.join(" and ")} must not be empty; set or unset it`)
  const isSandboxNamed = sandboxNames.some((name) =>
    named.vendors.includes(name) || named.model?.startsWith(`${name}/`) === true
  )
  const real = yield* Effect.forEach(
    sources.filter(({ variables }) => variables.some(isSet)),
    (source) => made(source.made)
  )
  const vendors = [...real.flat(), ...(given.length === 0 || isSandboxNamed ? yield* made(sandboxes) : [])]
  const unknown = unknownVendor(vendors.map((vendor) => vendor.name), named.vendors)
  if (unknown !== undefined) return yield* unknown
  if (given.length === 0 && !isSandboxNamed) {
    yield* say(
      `No key found, so the sandbox inside llmdispatcher answers. For a real model set ${variables[0]}, or another \
variable of llmdispatcher --help.`
    )
  }
  return vendors
})
