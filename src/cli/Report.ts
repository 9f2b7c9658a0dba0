/**
 * What is said on stderr: a line for each attempt, a closing line, or what went wrong.
 *
 * @since 0.1.0
 */
import { Cause, Duration, Effect } from "effect"
import type { Attempt, Loss, Response, Usage } from "../Response.ts"
import type { Vendor } from "../Vendor.ts"
import { describe, type VendorError } from "../VendorError.ts"
import { defect, ExitCode, Failure, ofVendorError } from "./ExitCode.ts"
import { dim, OutputClosed, printable, red, say } from "./Output.ts"
import { suggestion } from "./Suggest.ts"

const time = (millis: number): string => Duration.format(Duration.millis(Math.round(millis)))

/** What the vendor told, without the name in front: the line begins with it already. */
const why = ({ message, reason, status, target }: Attempt): string => {
  const words = message === undefined ? reason ?? "failed" : message.replace(`${target}: `, "")
  return status === undefined ? words : `${words} (status ${status})`
}

const outcome = (attempt: Attempt): string => {
  switch (attempt.outcome) {
    case "answered":
      return attempt.timeToFirstPart === undefined
        ? `answered in ${time(attempt.duration)}`
        : `answers, first token after ${time(attempt.timeToFirstPart)}`
    case "failed":
      return `failed after ${time(attempt.duration)}: ${why(attempt)}`
    case "skipped":
      return `skipped: ${why(attempt)}`
    case "interrupted":
      return `interrupted after ${time(attempt.duration)}`
  }
}

/**
 * Makes the listener that writes a line for each attempt of one dispatch, with the wait before it where it is a retry.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attempts = (): (attempt: Attempt) => Effect.Effect<void> => {
  let before: Attempt | undefined
  return (attempt) =>
    Effect.suspend(() => {
      const waited = before?.target === attempt.target
        ? attempt.startedAfter - before.startedAfter - before.duration
        : 0
      before = attempt
      const wait = waited > 0 ? ` (waited ${time(waited)})` : ""
      return say(dim(printable(`attempt ${attempt.number}: ${attempt.target}${wait} ${outcome(attempt)}`)))
    })
}

const tokens = ({ inputTokens, outputTokens }: Usage): string =>
  inputTokens.total === undefined && outputTokens.total === undefined
    ? "tokens unknown"
    : `tokens ${inputTokens.total ?? "unknown"} in, ${outputTokens.total ?? "unknown"} out`

const ends: Partial<Record<Response["finishReason"], string>> = {
  length: "cut at the most tokens allowed",
  "content-filter": "cut by the vendor's content filter",
  pause: "paused by the vendor",
  error: "ended by an error of the vendor"
}

const loss = ({ field, message }: Loss): string => `not carried: ${field}: ${message}`

/**
 * Writes who answered, at what price, and what was lost on the way.
 *
 * @since 0.1.0
 * @category combinators
 */
export const closing = (response: Response): Effect.Effect<void> => {
  const { cost, finishReason, model, timings, usage, vendor } = response
  const end = ends[finishReason]
  const line = [
    tokens(usage),
    ...(cost === undefined ? [] : [`$${cost.toPrecision(3)}`]),
    time(timings.total),
    ...(end === undefined ? [] : [end])
  ].join(", ")
  return Effect.andThen(
    Effect.forEach(response.losses, (lost) => say(dim(printable(loss(lost)))), { discard: true }),
    say(dim(printable(`answered by ${vendor}, model ${model}: ${line}`)))
  )
}

/** The models that vendors tell of at once: help that has to be waited for is none. */
const modelsOf = (vendors: ReadonlyArray<Vendor>) =>
  Effect.forEach(vendors, (vendor) =>
    vendor.models.pipe(
      Effect.map((models) => models.map((model) => `${vendor.name}/${model.id}`)),
      Effect.timeout("1 second"),
      Effect.orElseSucceed((): Array<string> => [])
    ), { concurrency: "unbounded" })

/**
 * Makes the failure of a command of a dispatch that failed; one for a model that nobody knows tells what is near to it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const failureOf = Effect.fnUntraced(function*(
  error: VendorError,
  vendors: ReadonlyArray<Vendor>,
  model: string | undefined
) {
  const failure = { code: ofVendorError(error), message: describe(error), cause: error }
  const { reason } = error
  if (reason._tag !== "NoCandidate" && reason._tag !== "ModelNotFound") return new Failure(failure)
  const known = [...(reason._tag === "NoCandidate" ? reason.known : []), ...(yield* modelsOf(vendors)).flat()]
  const help = model === undefined ? "" : suggestion(model, known)
  return new Failure({ ...failure, message: `${failure.message}${help}\nSee llmdispatcher models` })
})

/** The vendor's error itself, where that is what a failure was made of. */
const stackOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return Cause.pretty(error instanceof Failure && error.cause !== undefined ? Cause.fail(error.cause) : cause)
}

/**
 * Ends a command's failures with a clear message and the exit code of each; with `debug` also their whole cause.
 *
 * @since 0.1.0
 * @category combinators
 */
export const failures =
  (debug: boolean) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<void, ExitCode, R> =>
    effect.pipe(
      Effect.onInterrupt(() => say(dim(process.exitCode === 0 ? "stopped" : "interrupted"))),
      Effect.asVoid,
      Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const error = Cause.squash(cause)
        // The reader has what it wanted.
        if (error instanceof OutputClosed) return Effect.void
        const { code, message } = error instanceof Failure
          ? error
          : { code: defect, message: `a fault of llmdispatcher itself, --debug tells where: ${String(error)}` }
        return say(red(printable(`llmdispatcher: ${message}`))).pipe(
          Effect.andThen(debug ? say(printable(stackOf(cause))) : Effect.void),
          Effect.andThen(Effect.fail(new ExitCode({ code })))
        )
      })
    )
