/**
 * Puts a summary in the place of a conversation's oldest part.
 *
 * @since 0.1.0
 */
import { Cache, Duration, Effect, Equal, Exit, Hash } from "effect"
import type { Prompt } from "effect/ai"
import { Digest } from "effect/crypto"
import type { Preparation } from "../Policy.ts"
import { type DispatchError, retryable } from "../VendorError.ts"
import * as Cuts from "./Cuts.ts"
import { measure, messageTokens } from "./Tokens.ts"
import * as Transcript from "./Transcript.ts"
import * as Trim from "./Trim.ts"
import * as Window from "./Window.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Window.Options {
  /**
   * Makes a summary, in at most `maxTokens` tokens, of the messages that ask for it; usually by sending them through a
   * cheap route. The messages have at most the window's tokens and a little more.
   */
  readonly summary: (
    messages: ReadonlyArray<Prompt.MessageEncoded>,
    maxTokens: number
  ) => Effect.Effect<string, DispatchError>
  /** The longest summary, in tokens. Default 1,000, at most a quarter of what the window leaves for input. */
  readonly summaryTokens?: number | undefined
  /**
   * How much of what the window leaves for input is filled after a summary, 0 to 1: the less, the more turns go by until
   * the next one. Default 0.5.
   */
  readonly keep?: number | undefined
  /** The longest wait for one summary; after it the conversation is trimmed. Default 20 s. */
  readonly timeout?: Duration.Input | undefined
  /** The most summaries that are remembered. Default 1,000. */
  readonly capacity?: number | undefined
  /** How long a summary is remembered. Default 1 hour. */
  readonly timeToLive?: Duration.Input | undefined
}

/** How long a summary that failed is not tried again: until then every turn would wait for it. */
const pause = "30 seconds"

/** What a summary is made of, equal by its digest alone. */
class Beginning implements Equal.Equal {
  readonly digest: string
  /** Let go when it begins, or the cache would hold whole conversations. */
  work: Effect.Effect<string, DispatchError> | undefined
  constructor(digest: string, work: Effect.Effect<string, DispatchError>) {
    this.digest = digest
    this.work = work
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Beginning && that.digest === this.digest
  }
  [Hash.symbol](): number {
    return Hash.string(this.digest)
  }
}

/**
 * Where the conversation was cut as it grew, found by going through it from its first message: so each turn finds the
 * same cuts as the one before, and its summaries are known already.
 */
const cutsOf = (
  conversation: Cuts.Conversation,
  available: number,
  kept: number,
  summaryTokens: number
): ReadonlyArray<number> => {
  const cuts: Array<number> = []
  let start = 0
  // The first turn is no cut: nothing comes before it.
  let next = conversation.starts.findIndex((from) => Cuts.between(conversation, 0, from) > 0)
  if (next < 0) return cuts
  for (const at of conversation.messages.keys()) {
    const tokens = (from: number) =>
      conversation.always + Cuts.between(conversation, from, at + 1) + (from > 0 ? summaryTokens : 0)
    if (tokens(start) <= available) continue
    const before = start
    for (let from; (from = conversation.starts[next]) !== undefined && from <= at; next++) {
      if (start > before && tokens(start) <= kept) break
      start = from
    }
    if (start > before) cuts.push(start)
  }
  return cuts
}

/**
 * Replaces the oldest turns of a conversation that is longer than the window by a summary, as a user message before the
 * turns that stay; what stays and what is never torn is as `Trim.trim` has it.
 *
 * A summary is made once for a beginning of a conversation, and stands until the conversation outgrows the window again;
 * the next one is made of it and of the turns since. Where a summary fails, is empty, too long or takes too long, the
 * conversation is trimmed instead, and the summary is not tried again for 30 s. What the summaries cost is told by the
 * route that made them, not by this request's answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Preparation> {
  const digest = yield* Effect.provide(Digest.Digest, Digest.layerWebCrypto)
  const timeToLive = options.timeToLive ?? "1 hour"
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "20 seconds")
  const cache = yield* Cache.makeWith(
    (beginning: Beginning) =>
      Effect.suspend(() => {
        const { work } = beginning
        beginning.work = undefined
        return work ?? Effect.interrupt
      }),
    { capacity: options.capacity ?? 1_000, timeToLive: (exit) => Exit.isSuccess(exit) ? timeToLive : pause }
  )
  const encoder = new TextEncoder()

  const one = (transcript: string, previous: string | undefined, maxTokens: number) =>
    options.summary(Transcript.request(transcript, previous, maxTokens), maxTokens).pipe(
      // In here, so that a failure by time is remembered like any other.
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(retryable({ _tag: "TimedOut", phase: "total", after: Duration.toMillis(timeout) }))
      }),
      Effect.filterOrFail(
        (summary) => summary.trim() !== "",
        () => retryable({ _tag: "MalformedResponse", description: "the summary is empty" })
      )
    )

  const summaryOf = (
    transcripts: ReadonlyArray<string>,
    maxTokens: number
  ): Effect.Effect<string, DispatchError> =>
    Effect.gen(function*() {
      let beginning: Beginning | undefined
      for (const transcript of transcripts) {
        const previous = beginning
        const key = yield* digest.digestHex(
          Digest.sha256,
          encoder.encode(`${previous?.digest ?? ""}\n${maxTokens}\n${transcript}`)
        )
        const before: Effect.Effect<string | undefined, DispatchError> = previous === undefined
          ? Effect.undefined
          : Cache.get(cache, previous)
        beginning = new Beginning(key, Effect.flatMap(before, (previous) => one(transcript, previous, maxTokens)))
      }
      return beginning === undefined ? "" : yield* Cache.get(cache, beginning)
    })

  return (request) => {
    const room = Window.roomOf(options, request)
    if (room === undefined) return Effect.succeed(request)
    const { available } = room
    const measured = measure(request, options)
    if (measured.total <= available) return Effect.succeed(request)
    const trimmed = Effect.suspend(() => Trim.trimmed(request, measured, room))
    const maxTokens = Math.min(options.summaryTokens ?? 1_000, Math.floor(available / 4))
    const conversation = Cuts.make(request.prompt.content, measured)
    const cuts = cutsOf(conversation, available, available * (options.keep ?? 0.5), maxTokens)
    const start = cuts.at(-1)
    if (start === undefined) return trimmed
    const transcripts = cuts.map((cut, index) =>
      Transcript.make(conversation.messages.slice(cuts[index - 1] ?? 0, cut))
    )
    return summaryOf(transcripts, maxTokens).pipe(
      Effect.flatMap((summary) => {
        const message = Transcript.inPlace(summary)
        const left = available - messageTokens(message, request, options)
        const kept = Cuts.longest(conversation, left, Cuts.between(conversation, 0, start))
        return Cuts.tokensOf(conversation, kept) <= left
          ? Effect.succeed(Cuts.apply(request, conversation, kept, [message]))
          : trimmed
      }),
      Effect.catch(() => trimmed)
    )
  }
})
