/**
 * One answer of a loaded model, token by token.
 *
 * @since 0.1.0
 */
import { Cause, Effect, Queue, type Scope, type Semaphore } from "effect"
import type * as Response from "../../Response.ts"
import { type AttemptError, fatal, retryable } from "../../VendorError.ts"
import * as Blocks from "../../wire/Blocks.ts"
import { type Encoded, plain } from "./Encode.ts"
import type { ChatWrapper, Context, Generate, Generated, Library, Llama, Model, Sequence } from "./Library.ts"
import { wordsOf } from "./Library.ts"
import * as Stops from "./Stops.ts"

/**
 * A model in memory, and what lets at most as many answers run at once as its context has sequences.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded {
  readonly library: Library
  readonly llama: Llama
  readonly model: Model
  readonly context: Context
  /** Absent for a model whose file has no chat template: it is given plain text. */
  readonly wrapper: ChatWrapper | undefined
  readonly permits: Semaphore.Semaphore
  readonly modelName: string
}

type Parts = Queue.Dequeue<Response.StreamPart, AttemptError | Cause.Done>

const failed = (cause: unknown): AttemptError =>
  retryable({ _tag: "ServerFault", description: `the model failed: ${wordsOf(cause)}` })

/** Chat templates refuse what their model was not trained on, as two turns of the same speaker. */
const refused = (cause: unknown): AttemptError =>
  fatal({ _tag: "UnsupportedFeature", description: `the model's chat template refused: ${wordsOf(cause)}` })

/**
 * Begins an answer; closing the Scope stops it within a token and frees its place.
 *
 * @since 0.1.0
 * @category constructors
 */
export const generate = (
  loaded: Loaded,
  encoded: Encoded,
  maxTokens: number | undefined
): Effect.Effect<Parts, AttemptError, Scope.Scope> =>
  Effect.gen(function*() {
    const promptTokens = yield* Effect.try({ try: () => countPrompt(loaded, encoded), catch: refused })
    const { contextSize } = loaded.context
    const left = contextSize - promptTokens
    if (left < 1) {
      const description = `the conversation has ${promptTokens} tokens, the context holds ${contextSize}`
      return yield* Effect.fail(fatal({ _tag: "ContextLengthExceeded", description }))
    }
    const grammar = yield* grammarOf(loaded.llama, encoded.format)
    const sequence = yield* takeSequence(loaded)
    const queue = yield* Queue.unbounded<Response.StreamPart, AttemptError | Cause.Done>()
    yield* run(loaded, sequence, encoded, {
      promptTokens,
      queue,
      options: {
        ...encoded.sampling,
        ...(grammar === undefined ? undefined : { grammar }),
        // The library would drop the beginning of the conversation to go on; an answer ends where the context does.
        maxTokens: Math.min(maxTokens ?? left, left)
      }
    })
    return queue
  })

const countPrompt = ({ model, wrapper }: Loaded, { turns }: Encoded): number =>
  wrapper === undefined
    ? model.tokenize(plain(turns)).length + (model.tokens.shouldPrependBosToken ? 1 : 0)
    : wrapper.generateContextState({ chatHistory: turns }).contextText.tokenize(model.tokenizer).length

const grammarOf = (llama: Llama, format: Encoded["format"]): Effect.Effect<unknown, AttemptError> =>
  format === undefined ? Effect.undefined : Effect.tryPromise({
    try: () => format.type === "json" ? llama.getGrammarFor("json") : llama.createGrammarForJsonSchema(format.schema),
    catch: (cause) =>
      fatal({ _tag: "UnsupportedFeature", description: `responseFormat.schema: no grammar of it: ${wordsOf(cause)}` })
  })

/** Waits for a place among the sequences; interrupting the wait costs nothing. */
const takeSequence = ({ context, permits }: Loaded): Effect.Effect<Sequence, AttemptError, Scope.Scope> =>
  Effect.andThen(
    Effect.acquireRelease(permits.take(1), () => permits.release(1), { interruptible: true }),
    Effect.acquireRelease(
      Effect.try({ try: () => context.getSequence(), catch: failed }),
      (sequence) => Effect.promise(() => sequence.dispose())
    )
  )

interface Run {
  readonly promptTokens: number
  readonly queue: Queue.Queue<Response.StreamPart, AttemptError | Cause.Done>
  readonly options: Omit<Generate, "signal" | "stopOnAbortSignal">
}

/** Starts the generation; the finalizer stops it and waits until it has let go of its sequence. */
const run = (
  loaded: Loaded,
  sequence: Sequence,
  encoded: Encoded,
  { options, promptTokens, queue }: Run
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => {
      const controller = new AbortController()
      const blocks = Blocks.make()
      const tell = (...parts: ReadonlyArray<Response.StreamPart>) => Queue.offerAllUnsafe(queue, parts)
      const stops = Stops.make(encoded.stop)
      const say = (text: string, kind: Blocks.Kind, out: Array<Response.StreamPart> = []) => {
        Blocks.append(blocks, kind, text, out)
        tell(...out)
      }
      const onText = (text: string, segment?: string) => {
        if (segment === undefined) say(Stops.push(stops, text), "text")
        else {
          say(Stops.flush(stops), "text")
          say(text, "reasoning")
        }
        if (stops.found) controller.abort()
      }
      const settings = { ...options, signal: controller.signal, stopOnAbortSignal: true } as const
      tell({ type: "response-metadata", modelId: loaded.modelName })
      const done = talk(loaded, sequence, encoded, settings, onText).then(
        ({ metadata }) => {
          say(Stops.flush(stops), "text")
          const out: Array<Response.StreamPart> = []
          Blocks.close(blocks, out)
          const outputTokens = { total: sequence.tokenMeter.usedOutputTokens }
          const usage = { inputTokens: { total: promptTokens }, outputTokens }
          tell(...out, { type: "finish", reason: stops.found ? "stop" : finishOf(metadata.stopReason), usage })
          Queue.endUnsafe(queue)
        },
        (cause) => void Queue.failCauseUnsafe(queue, Cause.fail(failed(cause)))
      )
      return { controller, done }
    }),
    ({ controller, done }) =>
      Effect.promise(() => {
        controller.abort()
        return done
      })
  ))

const finishOf = (stopReason: string): Response.FinishReason => {
  switch (stopReason) {
    case "eogToken":
    case "stopGenerationTrigger":
      return "stop"
    case "maxTokens":
      return "length"
    default:
      return "other"
  }
}

/** By the model's own chat template, or as plain text where its file has none. */
const talk = async (
  { library, model, wrapper }: Loaded,
  contextSequence: Sequence,
  { turns }: Encoded,
  options: Generate,
  onText: (text: string, segment?: string) => void
): Promise<Generated> => {
  if (wrapper === undefined) {
    const completion = new library.LlamaCompletion({ contextSequence })
    return completion.generateCompletionWithMeta(plain(turns), { ...options, onTextChunk: (text) => onText(text) })
  }
  const chat = new library.LlamaChat({ contextSequence, chatWrapper: wrapper })
  const last = turns.at(-1)
  const begun = last?.type === "model" ? last.response.at(-1) : undefined
  let before = typeof begun === "string" ? model.tokenize(begun) : []
  return chat.generateResponse(turns, {
    ...options,
    onResponseChunk: ({ segmentType, text, tokens }) => {
      // The first token is written without its space, as if nothing stood before what it continues.
      const whole = before.length > 0 && segmentType == null ? model.detokenize(tokens, false, before) : text
      if (tokens.length > 0) before = []
      onText(whole, segmentType ?? undefined)
    }
  })
}
