/**
 * A stream that broke goes on at another candidate, so that the caller receives one whole answer.
 *
 * Where the target can continue a text that the request begins (prefill), it is given what was sent. Elsewhere the
 * question is asked again, and of the new answer only what continues the old is passed on; an answer that says
 * something else than what was sent does not continue it, and is none.
 *
 * @since 0.1.0
 */
import { Array as Arr, Cause, Effect, type Pull, Result } from "effect"
import { Prompt } from "effect/ai"
import type { Call, Journal } from "../Policy.ts"
import * as Request from "../Request.ts"
import type { StreamPart } from "../Response.ts"
import {
  type AttemptError,
  type DispatchError,
  dispositions,
  type Reason,
  retryable,
  type VendorError,
  withAttempts
} from "../VendorError.ts"

/**
 * What of an answer has been passed on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sent {
  text: string
  /** The block of text or reasoning that is open. */
  open: { readonly kind: "text" | "reasoning"; readonly id: string } | undefined
  texts: number
  reasoned: boolean
  /** Tools, files: what cannot be continued by a text. */
  fixed: boolean
  readonly sources: Set<string>
}

const nothing = (): Sent => ({
  text: "",
  open: undefined,
  texts: 0,
  reasoned: false,
  fixed: false,
  sources: new Set()
})

/**
 * Notes parts that are passed on.
 */
const note = (sent: Sent, parts: ReadonlyArray<StreamPart>): void => {
  for (const part of parts) {
    switch (part.type) {
      case "text-start":
        sent.texts += 1
        sent.open = { kind: "text", id: part.id }
        break
      case "text-delta":
        sent.text += part.delta
        break
      case "reasoning-start":
        sent.reasoned = true
        sent.open = { kind: "reasoning", id: part.id }
        break
      case "text-end":
      case "reasoning-end":
        sent.open = undefined
        break
      case "source":
        sent.sources.add(JSON.stringify(part))
        break
      case "reasoning-delta":
      case "response-metadata":
      case "finish":
        break
      default:
        sent.fixed = true
    }
  }
}

/** The answer broke off; what else a stream fails with (the deadline, a refusal) would fail again. */
const broken: ReadonlySet<VendorError["reason"]["_tag"]> = new Set([
  "StreamInterrupted",
  "TimedOut",
  "NetworkFault",
  "ServerFault",
  "Overloaded",
  "RateLimited",
  "MalformedResponse"
])

/**
 * Whether what was sent can be continued: one text at most, and no tool call begun.
 */
const isSound = (sent: Sent, error: VendorError): boolean =>
  broken.has(error.reason._tag) && !sent.fixed && sent.texts <= 1

/**
 * Whether the call's target is given the text to continue; else it is asked again.
 */
const isPrefilled = ({ candidate: { target, vendor }, request, resumed }: Call): boolean =>
  resumed?.prefill === true && resumed.text.trim() !== "" &&
  vendor.capabilities(target.model).prefill === true &&
  (request.responseFormat === undefined || request.responseFormat.type === "text") &&
  // Vendors that continue a text do not think before they do.
  (request.reasoningEffort === undefined || request.reasoningEffort === "none")

/**
 * The request as the call's target gets it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const requestOf = (call: Call): Request.Request => {
  if (!isPrefilled(call)) return call.request
  // No vendor takes a beginning that ends in white space.
  const beginning = Prompt.assistantMessage({ content: [Prompt.textPart({ text: call.resumed!.text.trimEnd() })] })
  return new Request.Request({
    ...call.request,
    prompt: Prompt.fromMessages([...call.request.prompt.content, beginning])
  }, { disableChecks: true })
}

/**
 * The targets that would not do better if they were asked again in this dispatch; with `isPrefilled` false, one that
 * only refused to continue a text would.
 *
 * @since 0.1.0
 * @category accessors
 */
export const hopeless = ({ attempts }: Journal, isPrefilled: boolean): ReadonlySet<string> =>
  new Set(
    attempts
      .filter(({ outcome, reason, retryAfter }) =>
        outcome === "failed" && reason !== undefined && (isPrefilled || reason !== "InvalidRequest") &&
        (retryAfter !== undefined || dispositions[reason as Reason["_tag"]].action !== "retry")
      )
      .map(({ target }) => target)
  )

const diverged = (): AttemptError =>
  retryable({
    _tag: "StreamInterrupted",
    description: "another answer was asked for, and it does not continue what had been sent"
  })

type Mapped = Result.Result<ReadonlyArray<StreamPart>, AttemptError>

/**
 * The parts of a new answer as they continue the old: its text from where that broke off, in the block that is open.
 */
class Continuation {
  /** Of what was sent, what the new answer has yet to say again. */
  private ahead: string
  private readonly isPrefilled: boolean
  /** As it was when the old answer broke off. */
  private readonly sent: Readonly<Sent>
  private open: Sent["open"]
  /** The new answer's block of text, by its own id. */
  private text: string | undefined = undefined

  constructor(sent: Sent, isPrefilled: boolean) {
    this.sent = { ...sent }
    this.open = sent.open
    this.isPrefilled = isPrefilled
    this.ahead = isPrefilled ? sent.text.slice(sent.text.trimEnd().length) : sent.text
  }

  take(parts: ReadonlyArray<StreamPart>): Mapped {
    const out: Array<StreamPart> = []
    for (const part of parts) {
      const failure = this.read(part, out)
      if (failure !== undefined) return Result.fail(failure)
    }
    return Result.succeed(out)
  }

  private read(part: StreamPart, out: Array<StreamPart>): AttemptError | undefined {
    switch (part.type) {
      case "response-metadata":
        return undefined
      case "reasoning-start":
      case "reasoning-delta":
      case "reasoning-end":
        // Thoughts were told once, or the text has begun already.
        if (!this.sent.reasoned && this.sent.texts === 0) out.push(this.renamed(part))
        return undefined
      case "text-start":
        if (this.sent.texts > 0 && this.text === undefined) {
          this.text = part.id
          // The old block had ended: what comes now is said in a new one.
          if (this.open?.kind !== "text") out.push(this.renamed(part))
          return undefined
        }
        this.endReasoning(out)
        out.push(this.renamed(part))
        return undefined
      case "text-delta":
        return this.readText(part, out)
      case "text-end":
        if (part.id === this.text && this.ahead !== "" && !this.isPrefilled) return diverged()
        out.push(this.renamed(part))
        return undefined
      case "source":
        if (!this.sent.sources.has(JSON.stringify(part))) out.push(part)
        return undefined
      case "finish":
        if (this.ahead !== "" && !this.isPrefilled) return diverged()
        this.endAll(out)
        out.push(part)
        return undefined
      default:
        if (this.ahead !== "" && !this.isPrefilled) return diverged()
        out.push(part)
        return undefined
    }
  }

  private readText(part: Extract<StreamPart, { readonly type: "text-delta" }>, out: Array<StreamPart>) {
    let { delta } = part
    if (this.ahead !== "") {
      const same = commonLength(this.ahead, delta)
      const isAllSaid = same === this.ahead.length || same === delta.length
      if (!isAllSaid && !this.isPrefilled) return diverged()
      this.ahead = isAllSaid ? this.ahead.slice(same) : ""
      delta = delta.slice(same)
    }
    if (delta !== "") out.push(this.renamed({ ...part, delta }))
    return undefined
  }

  /** In the block that is open, or in one of its own whose id the old answer cannot have used. */
  private renamed<P extends StreamPart & { readonly id: string }>(part: P): P {
    const { open } = this
    const goesOn = part.id === this.text && open?.kind === "text"
    return { ...part, id: goesOn ? open.id : `resumed-${part.id}` }
  }

  private endReasoning(out: Array<StreamPart>): void {
    if (this.open?.kind !== "reasoning") return
    out.push({ type: "reasoning-end", id: this.open.id })
    this.open = undefined
  }

  /** A block that the old answer opened and the new one never took up. */
  private endAll(out: Array<StreamPart>): void {
    this.endReasoning(out)
    if (this.text !== undefined) return
    if (this.open?.kind === "text") out.push({ type: "text-end", id: this.open.id })
  }
}

const commonLength = (a: string, b: string): number => {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1
  return length
}

type Parts = Arr.NonEmptyReadonlyArray<StreamPart>

/**
 * A stream that has begun and can break, with what goes on after it.
 *
 * `live` are its parts; `leave` closes its candidate with the error that broke it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Begun {
  readonly call: Call
  readonly live: Pull.Pull<Parts, DispatchError>
  readonly leave: (error: DispatchError) => Effect.Effect<void>
  /** Closes its candidate as given up: it did nothing wrong. */
  readonly giveUp: Effect.Effect<void>
}

/**
 * The parts of the answer, gone on with by `again` wherever it breaks and that is sound; fails with the error that broke
 * it where nobody could go on. `end` ends the dispatch when it fails.
 *
 * @since 0.1.0
 * @category combinators
 */
export const resuming = (
  first: Begun,
  again: (text: string, call: Call) => Effect.Effect<Begun, DispatchError>,
  end: (error: DispatchError) => Effect.Effect<void>
): Pull.Pull<Parts, DispatchError> => {
  const sent = nothing()
  let current = first
  let continuation: Continuation | undefined

  const goOn = (error: DispatchError): Pull.Pull<Parts, DispatchError> =>
    Effect.andThen(
      current.leave(error),
      Effect.matchEffect(again(sent.text, current.call), {
        // Who waits for the answer is told what happened to it, not that a second one failed too.
        onFailure: () => fail(error),
        onSuccess: (begun) => {
          current = begun
          continuation = new Continuation(sent, isPrefilled(begun.call))
          return pull
        }
      })
    )

  const fail = (error: DispatchError) =>
    Effect.andThen(
      end(error),
      Effect.suspend(() => Effect.fail(withAttempts(error, current.call.journal.attempts)))
    )

  const take = (parts: Parts): Pull.Pull<Parts, DispatchError> => {
    const mapped = continuation === undefined
      ? Result.succeed<ReadonlyArray<StreamPart>>(parts)
      : continuation.take(parts)
    if (Result.isFailure(mapped)) return Effect.andThen(current.giveUp, broke(mapped.failure))
    note(sent, mapped.success)
    return Arr.isReadonlyArrayNonEmpty(mapped.success) ? Effect.succeed(mapped.success) : pull
  }

  const broke = (error: DispatchError): Pull.Pull<Parts, DispatchError> =>
    isSound(sent, error) ? goOn(error) : Effect.andThen(current.leave(error), fail(error))

  const pull: Pull.Pull<Parts, DispatchError> = Effect.suspend(() =>
    Effect.matchEffect(current.live, {
      onFailure: (error) => Cause.isDone(error) ? Cause.done() : broke(error),
      onSuccess: take
    })
  )
  return pull
}
