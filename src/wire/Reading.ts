/**
 * Bytes to the parts of an answer, whatever lies between them: events, lines, frames.
 *
 * Bytes come in chunks that cut anywhere; parts go out in one array per chunk, without an effect for each.
 *
 * @since 0.1.0
 */
import { Cause, Effect, type Pull, Result, Stream } from "effect"
import type { StreamPart } from "../Response.ts"
import type { AttemptError } from "../VendorError.ts"
import type { ExchangeError } from "./Exchange.ts"
import * as Transport from "./Transport.ts"
import * as Watch from "./Watch.ts"

/**
 * How long the bytes may take to end after the last part: a connection left before its end cannot be used again, and a
 * vendor who never ends it must not hold the caller.
 */
const drainTime = 1_000

/**
 * What a decoder makes of one event, line or frame, or of the end.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = Result.Result<ReadonlyArray<StreamPart>, AttemptError>

/**
 * One vendor's reading of what its stream consists of.
 *
 * `State` may be a mutable object: each stream has its own. The stream is over once a `finish` part came out; later
 * items are not looked at. `halt` is asked when the bytes end before that, and fails unless the answer was whole.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoder<State, Item> {
  readonly initial: () => State
  readonly step: (state: State, item: Item) => Step
  readonly halt: (state: State) => Step
}

/** Completes every error with what is known of the answer as a whole. */
type Refine = ((error: AttemptError) => AttemptError) | undefined

/**
 * The state of one stream: bytes in, parts out; once over it only waits for the bytes to end.
 *
 * @since 0.1.0
 * @category models
 */
export abstract class Reader<State, Item> {
  failure: AttemptError | undefined = undefined
  /** No more bytes come. */
  ended = false
  /** No more parts come. */
  over = false
  protected parts: Array<StreamPart> = []
  private readonly decoder: Decoder<State, Item>
  private readonly refine: Refine
  private readonly state: State

  constructor(decoder: Decoder<State, Item>, refine: Refine) {
    this.decoder = decoder
    this.refine = refine
    this.state = decoder.initial()
  }

  /** Reads the items that are whole and keeps the rest. */
  abstract feed(chunk: Uint8Array): void

  /** Reads what is left when the bytes have ended of themselves. */
  protected abstract flush(): void

  take(): Array<StreamPart> {
    const parts = this.parts
    this.parts = []
    return parts
  }

  /** The bytes ended: of themselves, or with an error, which counts only if the answer was not whole. */
  end(error: AttemptError | undefined): void {
    if (this.failure !== undefined) return
    this.ended = true
    if (this.over) return
    if (error === undefined) this.flush()
    if (this.over) return
    const step = this.decoder.halt(this.state)
    this.push(Result.isFailure(step) && error !== undefined ? Result.fail(error) : step)
  }

  protected onItem(item: Item): void {
    this.push(this.decoder.step(this.state, item))
  }

  protected push(step: Step): void {
    if (Result.isFailure(step)) return this.fail(step.failure)
    for (const part of step.success) {
      this.parts.push(part)
      if (part.type === "finish") this.over = true
    }
  }

  protected fail(error: AttemptError): void {
    this.over = true
    this.failure = this.refine?.(error) ?? error
  }
}

/**
 * Reads bytes with a reader made for each stream.
 *
 * Fails with what the reader fails with, and with `StreamInterrupted` when the connection breaks; parts read before the
 * failure come out first.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = <State, Item>(make: () => Reader<State, Item>) =>
(
  bytes: Stream.Stream<Uint8Array, ExchangeError>
): Stream.Stream<StreamPart, AttemptError> =>
  Stream.transformPull(bytes, (pull) => Effect.sync(() => pullParts(pull, make())))

type NonEmpty<A> = readonly [A, ...Array<A>]

const pullParts = <State, Item>(
  pull: Pull.Pull<NonEmpty<Uint8Array>, ExchangeError>,
  reader: Reader<State, Item>
): Pull.Pull<NonEmpty<StreamPart>, AttemptError> => {
  const next: Pull.Pull<NonEmpty<StreamPart>, AttemptError> = Effect.suspend(() => {
    if (reader.failure !== undefined) return Effect.fail(reader.failure)
    if (reader.ended) return Cause.done()
    return reader.over ? drain : read
  })
  const emit = (): Pull.Pull<NonEmpty<StreamPart>, AttemptError> => {
    const parts = reader.take()
    return parts.length > 0 ? Effect.succeed(parts as any) : next
  }
  const read = Effect.matchCauseEffect(pull, {
    onSuccess: (chunks) => {
      for (const chunk of chunks) reader.feed(chunk)
      return emit()
    },
    onFailure: (cause) => {
      const error = Cause.findErrorOption(cause)
      if (error._tag === "None") return Effect.failCause(cause as Cause.Cause<never>)
      reader.end(Cause.isDone(error.value) ? undefined : Transport.errorOfStream(error.value))
      return emit()
    }
  })
  const drain = Watch.within(read, (since) => ({ at: since + drainTime, error: () => Cause.Done() }))
  return next
}
