/**
 * `llmdispatcher send`: one prompt in, the answer on stdout, how it came about on stderr.
 *
 * @since 0.1.0
 */
import { Effect, type FileSystem, Option, type Path, Stdio, Stream } from "effect"
import type { Dispatcher } from "../Dispatcher.ts"
import { CurrentListener } from "../policy/Attempt.ts"
import * as Request from "../Request.ts"
import { fold, Response, type StreamPart, type Summary, summaryOf, unfold } from "../Response.ts"
import type { DispatchError } from "../VendorError.ts"
import { type ExitCode, usage } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { dim, type OutputClosed, printable, say, stderr, stdout } from "./Output.ts"
import * as Report from "./Report.ts"
import * as Vendors from "./Vendors.ts"

/** The dispatcher takes no larger prompt, so no more is read. */
const largestPrompt = 20_000_000

const readStdin = Effect.fnUntraced(function*() {
  const { stdin } = yield* Stdio.Stdio
  let text = ""
  yield* stdin.pipe(
    Stream.decodeText,
    Stream.takeWhile(() => text.length <= largestPrompt),
    Stream.runForEach((piece) => Effect.sync(() => text += piece)),
    Effect.mapError((error) => usage(`the prompt could not be read from stdin: ${error.message}`))
  )
  return text.replace(/\r?\n$/, "")
})

const readPrompt = Effect.fnUntraced(function*(given: Option.Option<string>) {
  if (Option.isNone(given)) {
    return yield* usage("there is no prompt; give one, or - to read it from stdin")
  }
  const prompt = given.value === "-" ? yield* readStdin() : given.value
  if (prompt.trim() !== "") return prompt
  return yield* usage(given.value === "-" ? "the prompt on stdin is empty" : "the prompt is empty")
})

const toRequest = (flags: Flags.Send, prompt: string): Request.RequestInput => ({
  messages: [
    ...Option.match(flags.system, {
      onNone: () => [],
      onSome: (content) => [{ role: "system" as const, content }]
    }),
    { role: "user", content: prompt }
  ],
  ...Option.match(flags.model, { onNone: () => undefined, onSome: (model) => ({ model }) }),
  ...(flags.vendors.length > 0 ? { vendors: flags.vendors } : undefined),
  ...Option.match(flags.maxTokens, { onNone: () => undefined, onSome: (maxTokens) => ({ maxTokens }) }),
  ...Option.match(flags.temperature, { onNone: () => undefined, onSome: (temperature) => ({ temperature }) }),
  ...Option.match(flags.timeout, { onNone: () => undefined, onSome: (deadline) => ({ deadline }) })
})

const flagOf: Readonly<Record<string, string>> = {
  model: "--model",
  vendors: "--vendor",
  maxTokens: "--max-tokens",
  temperature: "--temperature",
  deadline: "--timeout"
}

/** Where the user wrote what the request calls by its own field names. */
const placeOf = (field: string, flags: Flags.Send): string =>
  field.startsWith("prompt")
    ? Option.isSome(flags.system) && field.startsWith("prompt.0") ? "--system" : "the prompt"
    : flagOf[field.replace(/\.\d+$/, "")] ?? field

/** Checked before anything is loaded or said, and told in the user's own words. */
const readRequest = Effect.fnUntraced(function*(flags: Flags.Send) {
  const prompt = yield* readPrompt(flags.prompt)
  return yield* Effect.mapError(
    Request.decode(toRequest(flags, prompt)),
    ({ reason }) =>
      usage((reason.issues ?? []).map(({ field, message }) => `${placeOf(field, flags)} ${message}`.trim()).join("; "))
  )
})

/** Shows a part as it comes; only the answer may reach stdout. */
const show = (flags: Flags.Send) => (part: StreamPart): Effect.Effect<void, OutputClosed> => {
  switch (part.type) {
    case "reasoning-delta":
      return flags.reasoning ? Effect.ignore(stderr.write(dim(printable(part.delta)))) : Effect.void
    case "reasoning-end":
      return Effect.ignore(stderr.endLine)
    case "text-delta":
      return flags.json ? Effect.void : stdout.write(stdout.isTerminal ? printable(part.delta) : part.delta)
    case "tool-call":
      return flags.json ? Effect.void : Effect.andThen(stdout.endLine, stdout.write(`${JSON.stringify(part)}\n`))
    case "file":
      return say(dim(`the answer holds a file (${printable(part.mediaType)}), which is not shown`))
    default:
      return Effect.void
  }
}

/** Asks, shows the parts, and gives the whole answer; both ways show the same. */
const ask = (
  dispatcher: Dispatcher["Service"],
  request: Request.Request,
  flags: Flags.Send
): Effect.Effect<Response, DispatchError | OutputClosed> => {
  if (flags.noStream) {
    return Effect.tap(
      dispatcher.send(request),
      (response) => Effect.forEach(unfold(response.parts), show(flags), { discard: true })
    )
  }
  return Effect.suspend(() => {
    const parts: Array<StreamPart> = []
    let summary: Summary | undefined
    return dispatcher.stream(request).pipe(
      Stream.runForEach((part) => {
        parts.push(part)
        summary = summaryOf(part) ?? summary
        return show(flags)(part)
      }),
      Effect.map(() => new Response({ ...summary!, parts: fold(parts) }, { disableChecks: true }))
    )
  })
}

const json = (response: Response): string => {
  const { attempts, cost, finishReason, id, losses, model, target, text, timings, toolCalls, usage, vendor } = response
  return JSON.stringify({
    id,
    text,
    toolCalls,
    vendor,
    model,
    target,
    finishReason,
    usage,
    cost: cost ?? null,
    attempts,
    losses,
    timings
  })
}

const program = Effect.fnUntraced(function*(flags: Flags.Send) {
  const request = yield* readRequest(flags)
  const model = Option.getOrUndefined(flags.model)
  const { dispatcher, telemetry, vendors } = yield* Vendors.open({
    vendors: flags.vendors,
    model,
    config: flags.config
  })
  const response = yield* ask(dispatcher, request, flags).pipe(
    Effect.provideContext(telemetry),
    Effect.provideService(CurrentListener, Report.attempts()),
    Effect.ensuring(Effect.ignore(stdout.endLine)),
    Effect.catchTag(
      ["RetryableError", "FatalError"],
      (error) => Effect.flip(Report.failureOf(error, vendors, model))
    )
  )
  if (flags.json) yield* stdout.write(`${json(response)}\n`)
  yield* Report.closing(response)
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category commands
 */
export const send = (
  flags: Flags.Send
): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path | Stdio.Stdio> =>
  Report.failures(flags.debug)(program(flags))
