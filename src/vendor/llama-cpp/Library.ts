/**
 * What is used of the package `node-llama-cpp` (3.22), which is loaded only when a model is: an optional peer.
 *
 * The interfaces are structural, so that neither the package nor its types need be there.
 *
 * @since 0.1.0
 */
import { Effect, Predicate, Schema } from "effect"

/**
 * @since 0.1.0
 * @category models
 */
export interface Library {
  readonly getLlama: (options: {
    readonly gpu: false | "auto" | "metal" | "cuda" | "vulkan"
    readonly build: "never"
    readonly maxThreads: number
    readonly logLevel: "disabled"
    readonly progressLogs: false
    readonly skipDownload: true
  }) => Promise<Llama>
  readonly resolveChatWrapper: (model: Model) => ChatWrapper | null
  readonly LlamaChat: new(options: { readonly contextSequence: Sequence; readonly chatWrapper: ChatWrapper }) => {
    readonly generateResponse: (history: ReadonlyArray<Turn>, options: GenerateChat) => Promise<Generated>
    readonly dispose: (options?: { readonly disposeSequence?: boolean }) => void
  }
  readonly LlamaCompletion: new(options: { readonly contextSequence: Sequence }) => {
    readonly generateCompletionWithMeta: (text: string, options: Generate & TextChunks) => Promise<Generated>
    readonly dispose: (options?: { readonly disposeSequence?: boolean }) => void
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Llama {
  readonly loadModel: (options: { readonly modelPath: string }) => Promise<Model>
  readonly getGrammarFor: (type: "json") => Promise<unknown>
  readonly createGrammarForJsonSchema: (schema: unknown) => Promise<unknown>
  readonly dispose: () => Promise<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Model {
  readonly trainContextSize: number
  readonly embeddingVectorSize: number
  readonly tokenizer: unknown
  readonly tokens: { readonly shouldPrependBosToken: boolean }
  readonly fileInfo: {
    readonly metadata?: { readonly tokenizer?: { readonly chat_template?: unknown } }
  }
  readonly tokenize: (text: string) => ReadonlyArray<number>
  readonly detokenize: (
    tokens: ReadonlyArray<number>,
    specialTokens: false,
    lastTokens: ReadonlyArray<number>
  ) => string
  readonly createContext: (options: {
    readonly contextSize: number
    readonly sequences: number
    readonly threads: number
  }) => Promise<Context>
  readonly createEmbeddingContext: (options: {
    readonly contextSize: number
    readonly threads: number
  }) => Promise<EmbeddingContext>
  readonly dispose: () => Promise<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Context {
  readonly contextSize: number
  readonly getSequence: () => Sequence
  readonly dispose: () => Promise<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface EmbeddingContext {
  readonly getEmbeddingFor: (text: string) => Promise<{ readonly vector: ReadonlyArray<number> }>
  readonly dispose: () => Promise<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Sequence {
  readonly tokenMeter: { readonly usedOutputTokens: number }
  readonly dispose: () => Promise<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ChatWrapper {
  readonly generateContextState: (options: { readonly chatHistory: ReadonlyArray<Turn> }) => {
    readonly contextText: { readonly tokenize: (tokenizer: unknown) => ReadonlyArray<unknown> }
  }
}

/**
 * A call to a tool that was answered, as a turn of the model holds it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Called {
  readonly type: "functionCall"
  readonly name: string
  readonly params: unknown
  readonly result: unknown
}

/**
 * @since 0.1.0
 * @category models
 */
export type Turn =
  | { readonly type: "system" | "user"; readonly text: string }
  | { readonly type: "model"; readonly response: ReadonlyArray<string | Called> }

/**
 * @since 0.1.0
 * @category models
 */
export interface Generate {
  readonly signal: AbortSignal
  readonly stopOnAbortSignal: true
  readonly maxTokens: number
  readonly temperature?: number
  readonly minP?: number
  readonly topP?: number
  readonly topK?: number
  readonly seed?: number
  readonly repeatPenalty?: { readonly frequencyPenalty?: number; readonly presencePenalty?: number }
  readonly grammar?: unknown
}

/**
 * @since 0.1.0
 * @category models
 */
export interface TextChunks {
  readonly onTextChunk: (text: string) => void
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GenerateChat extends Generate {
  /** `segmentType` is `thought` or `comment`, and absent for the answer itself. */
  readonly onResponseChunk: (chunk: {
    readonly text: string
    readonly tokens: ReadonlyArray<number>
    readonly segmentType?: string | undefined
  }) => void
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Generated {
  readonly response: string
  readonly metadata: { readonly stopReason: string }
}

/**
 * Why a model could not be made ready: the package is not there, the file is not, or not a model that it can read, or
 * there is no memory for it.
 *
 * @since 0.1.0
 * @category errors
 */
export class LlamaCppError extends Schema.TaggedError<LlamaCppError>("llmdispatcher/LlamaCppError")("LlamaCppError", {
  reason: Schema.Literals(["MissingPackage", "MissingFile", "BrokenFile", "OutOfMemory", "NotUsable"]),
  description: Schema.String
}) {
  override get message(): string {
    return this.description
  }
}

/**
 * The library's own words.
 *
 * @since 0.1.0
 * @category accessors
 */
export const wordsOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const missing = new LlamaCppError({
  reason: "MissingPackage",
  description: "the package node-llama-cpp could not be loaded: install it beside llmdispatcher (npm i node-llama-cpp)"
})

// A name that is not a literal, or compilers and bundlers would ask for the package of those who do not use it.
const packageName: string = "node-llama-cpp"

const isLibrary = (module: unknown): module is Library =>
  Predicate.isObject(module) && typeof (module as { readonly getLlama?: unknown }).getLlama === "function"

/**
 * Loads the package, or takes the one that is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = (
  library: Effect.Effect<unknown, unknown> = Effect.tryPromise(() => import(packageName))
): Effect.Effect<Library, LlamaCppError> =>
  library.pipe(
    Effect.mapError(() => missing),
    Effect.flatMap((module) => isLibrary(module) ? Effect.succeed(module) : Effect.fail(missing))
  )
