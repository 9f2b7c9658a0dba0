/**
 * A model in a GGUF file, run in this process by llama.cpp through the package `node-llama-cpp`.
 *
 * ```ts
 * import * as LlamaCpp from "llmdispatcher/vendor/LlamaCpp"
 *
 * const Local = LlamaCpp.layer({ modelPath: "./models/qwen3-4b.gguf" })
 * ```
 *
 * The package is an optional peer: install it beside this one.
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, Schema, type Scope, Semaphore, Stream } from "effect"
import * as Vendor from "../../Vendor.ts"
import { type AttemptError, retryable, withContext } from "../../VendorError.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Settings from "../../wire/Settings.ts"
import * as Encode from "./Encode.ts"
import * as Generate from "./Generate.ts"
import { load, LlamaCppError, type Model, wordsOf } from "./Library.ts"

export { LlamaCppError } from "./Library.ts"

/**
 * The service of the vendor `llama-cpp`.
 *
 * @since 0.1.0
 * @category services
 */
export class LlamaCpp extends Vendor.Service<LlamaCpp>()("llama-cpp") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly modelPath: string
  /** Tokens of one conversation with its answer, by default those that the model was trained on, at most 8,192. */
  readonly contextSize?: number | undefined
  /** By default 1: more than there are free cores make it slower. */
  readonly threads?: number | undefined
  /** By default `false`. */
  readonly gpu?: false | "auto" | "metal" | "cuda" | "vulkan" | undefined
  /** Answers at once, by default 2; each costs the memory of a whole context, further ones wait. */
  readonly maxConcurrent?: number | undefined
  /** What the model is called, by default the file's name without its ending. */
  readonly defaultModel?: string | undefined
  /** The name of the instance, by default `llama-cpp`. */
  readonly name?: string | undefined
  /** The package, by default `import("node-llama-cpp")`. */
  readonly library?: Effect.Effect<unknown, unknown> | undefined
}

/** What a context takes when nobody says: trained windows of 100,000 tokens and more would fill the memory. */
const largestDefault = 8_192

const fileName = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.gguf$/i, "")

const isMemory = (cause: unknown): boolean =>
  (cause as { readonly name?: unknown }).name === "InsufficientMemoryError" ||
  /insufficient memory|not enough (?:v?ram|memory)/i.test(wordsOf(cause))

const loadFailure = (path: string) => (cause: unknown): LlamaCppError => {
  const { code } = cause as { readonly code?: unknown }
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") {
    return new LlamaCppError({ reason: "MissingFile", description: `${path}: there is no such file` })
  }
  return isMemory(cause)
    ? new LlamaCppError({ reason: "OutOfMemory", description: `${path}: there is not enough memory for it` })
    : new LlamaCppError({
      reason: "BrokenFile",
      description: `${path}: not a model that can be read: ${wordsOf(cause)}`
    })
}

const contextFailure = (contextSize: number) => (cause: unknown): LlamaCppError =>
  new LlamaCppError({
    reason: isMemory(cause) ? "OutOfMemory" : "NotUsable",
    description: `a context of ${contextSize} tokens could not be made: ${wordsOf(cause)}`
  })

const notUsable = (cause: unknown): LlamaCppError =>
  new LlamaCppError({ reason: "NotUsable", description: `node-llama-cpp cannot run here: ${wordsOf(cause)}` })

const acquire = <A extends { readonly dispose: () => Promise<void> }, E>(
  acquire: () => Promise<A>,
  onFailure: (cause: unknown) => E
): Effect.Effect<A, E, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: acquire, catch: onFailure }),
    (resource) => Effect.ignore(Effect.tryPromise(() => resource.dispose()))
  )

/**
 * Loads the model; it leaves the memory when the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, LlamaCppError, Scope.Scope> =>
  Effect.gen(function*() {
    const { gpu = false, maxConcurrent = 2, modelPath, name = "llama-cpp", threads = 1 } = options
    const library = yield* load(options.library)
    const llama = yield* acquire(
      () =>
        library.getLlama({
          gpu,
          build: "never",
          maxThreads: threads,
          logLevel: "disabled",
          progressLogs: false,
          skipDownload: true
        }),
      notUsable
    )
    const model = yield* acquire(() => llama.loadModel({ modelPath }), loadFailure(modelPath))
    const contextSize = options.contextSize ?? Math.min(model.trainContextSize, largestDefault)
    const context = yield* acquire(
      () => model.createContext({ contextSize, sequences: maxConcurrent, threads }),
      contextFailure(contextSize)
    )
    const modelName = options.defaultModel ?? fileName(modelPath)
    const hasTemplate = typeof model.fileInfo.metadata?.tokenizer?.chat_template === "string"
    const loaded: Generate.Loaded = {
      library,
      llama,
      model,
      context,
      wrapper: hasTemplate ? library.resolveChatWrapper(model) ?? undefined : undefined,
      permits: Semaphore.makeUnsafe(maxConcurrent),
      modelName
    }
    const named = (error: AttemptError) => withContext(error, { vendor: name })
    return Vendor.make({
      name,
      provider: "llama-cpp",
      defaultModel: modelName,
      serves: (model) => model === modelName,
      capabilities: () => ({
        streaming: true,
        tools: false,
        parallelTools: false,
        images: false,
        audio: false,
        documents: false,
        jsonSchema: true,
        prefill: true,
        systemRole: hasTemplate,
        contextWindow: context.contextSize
      }),
      stream: ({ request }) =>
        Effect.gen(function*() {
          const encoded = yield* Effect.fromResult(Encode.encode(request, name))
          const losses = yield* Effect.fromResult(Losses.settle(request, encoded.losses))
          const parts = yield* Generate.generate(loaded, encoded, request.maxTokens)
          return { parts: Stream.mapError(Stream.fromQueue(parts), named), losses }
        }).pipe(Effect.mapError(named)),
      embed: ({ inputs }) => Effect.mapError(embed(model, inputs, contextSize, threads), named),
      models: Effect.succeed([{ id: modelName }])
    })
  })

const embed = (
  model: Model,
  inputs: ReadonlyArray<string>,
  contextSize: number,
  threads: number
): Effect.Effect<Vendor.Embeddings, AttemptError> =>
  Effect.scoped(Effect.gen(function*() {
    const failed = (cause: unknown) =>
      retryable({ _tag: "ServerFault", description: `the model failed: ${wordsOf(cause)}` })
    const context = yield* acquire(() => model.createEmbeddingContext({ contextSize, threads }), failed)
    const vectors = yield* Effect.forEach(inputs, (input) =>
      Effect.map(
        Effect.tryPromise({ try: () => context.getEmbeddingFor(input), catch: failed }),
        ({ vector }) => vector
      ))
    const total = inputs.reduce((sum, input) => sum + model.tokenize(input).length, 0)
    return { vectors, usage: { inputTokens: { total }, outputTokens: {} } }
  }))

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<LlamaCpp, LlamaCppError> => LlamaCpp.layerOf(make(options))

const PositiveInt = Schema.NumberFromString.check(
  Schema.makeFilter((n) => Number.isSafeInteger(n) && n > 0 ? undefined : "must be a whole number above 0")
)

const count = (variable: string) =>
  Config.option(Config.schema(PositiveInt, variable)).pipe(
    Config.map((found) => found._tag === "Some" ? found.value : undefined)
  )

/**
 * Reads `LLAMA_CPP_MODEL_PATH` (required), `LLAMA_CPP_CONTEXT_SIZE` and `LLAMA_CPP_THREADS`; an empty or broken value is
 * a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<LlamaCpp, Config.ConfigError | LlamaCppError> =>
  LlamaCpp.layerOf(Effect.flatMap(
    Config.all({
      modelPath: Settings.orElse(options.modelPath, Config.NonEmptyString("LLAMA_CPP_MODEL_PATH")),
      contextSize: count("LLAMA_CPP_CONTEXT_SIZE"),
      threads: count("LLAMA_CPP_THREADS")
    }),
    (config) => make({ ...config, ...options, modelPath: config.modelPath })
  ))
