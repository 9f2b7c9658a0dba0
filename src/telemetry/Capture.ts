/**
 * What was asked and answered, on the attempts' spans: only where it is wanted, and only after redaction.
 *
 * `gen_ai.input.messages` and `gen_ai.output.messages` are JSON texts as OpenTelemetry's GenAI conventions lay them out
 * (semantic-conventions-genai v0.1.0). Files are told by their media type; their bytes and names never are.
 *
 * @since 0.1.0
 */
import { type Array as Arr, Effect, type Pull, Result, Scope, Tracer } from "effect"
import type { Prompt } from "effect/ai"
import type { Call, Handler } from "../Policy.ts"
import type { FinishReason, Part, StreamPart } from "../Response.ts"
import type { Answer } from "../Vendor.ts"
import type { AttemptError } from "../VendorError.ts"
import type { Committed } from "../wire/Commit.ts"

/**
 * Nothing is captured unless it is asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What was asked: every message of the conversation. Default `false`. */
  readonly prompts?: boolean | undefined
  /** What was answered. Default `false`. */
  readonly answers?: boolean | undefined
  /**
   * Takes out of a text what nobody may see. It gets each text as a whole, tools' arguments and results as JSON; where
   * it throws, the text is left out.
   */
  readonly redact?: ((text: string) => string) | undefined
  /** The most characters of one text, cut after redaction. Default 16,384. */
  readonly maxLength?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Capture {
  /** Around a vendor's whole answer, inside the attempt's span. */
  readonly send: <R extends { readonly value: Answer }>(next: Handler<R, AttemptError>) => Handler<R, AttemptError>
  /** Around a vendor's stream, inside the attempt's span. */
  readonly stream: <R extends { readonly value: Committed }>(next: Handler<R, AttemptError>) => Handler<R, AttemptError>
}

type Clean = (text: string) => string

type Told = { readonly type: string } & Readonly<Record<string, unknown>>

const cleaner = ({ maxLength = 16_384, redact }: Options): Clean => {
  const cut: Clean = (text) => text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  if (redact === undefined) return cut
  return (text) => Result.match(Result.try(() => redact(text)), { onSuccess: cut, onFailure: () => "[not redacted]" })
}

const json = (value: unknown): string =>
  typeof value === "string" ? value : Result.getOrElse(Result.try(() => JSON.stringify(value) ?? ""), () => "")

const text = (content: string, clean: Clean): Told => ({ type: "text", content: clean(content) })

const tell = (part: Prompt.Part | Part, clean: Clean): ReadonlyArray<Told> => {
  switch (part.type) {
    case "text":
      return [text(part.text, clean)]
    case "reasoning":
      return [{ type: "reasoning", content: clean(part.text) }]
    case "tool-call":
      return [{ type: "tool_call", id: part.id, name: part.name, arguments: clean(json(part.params)) }]
    case "tool-result":
      return [{ type: "tool_call_response", id: part.id, response: clean(json(part.result)) }]
    case "file":
      return [{ type: "file", mime_type: part.mediaType }]
    default:
      return []
  }
}

const asked = ({ request: { prompt } }: Call, clean: Clean): string =>
  JSON.stringify(prompt.content.map(({ content, role }) => ({
    role,
    parts: typeof content === "string" ? [text(content, clean)] : content.flatMap((part) => tell(part, clean))
  })))

const answered = (
  parts: ReadonlyArray<Part>,
  finishReason: FinishReason | undefined,
  clean: Clean
): string =>
  JSON.stringify([{
    role: "assistant",
    parts: parts.flatMap((part) => tell(part, clean)),
    ...(finishReason === undefined ? undefined : { finish_reason: finishReason })
  }])

/** Puts a stream's parts together again; what is neither text nor whole is passed over. */
const gatherer = () => {
  const gathered: Array<Part> = []
  let open: { type: "text" | "reasoning"; text: string } | undefined
  return {
    gathered,
    gather: (parts: ReadonlyArray<StreamPart>) => {
      for (const part of parts) {
        if (part.type === "text-start" || part.type === "reasoning-start") {
          open = { type: part.type === "text-start" ? "text" : "reasoning", text: "" }
          gathered.push(open)
        } else if (part.type === "text-delta" || part.type === "reasoning-delta") {
          if (open !== undefined) open.text += part.delta
        } else if (part.type === "tool-call" || part.type === "tool-result" || part.type === "file") {
          gathered.push(part)
        }
      }
    }
  }
}

/** The span of this attempt, where there is one that somebody will see. */
const currentSpan = Effect.withFiber<Tracer.Span | undefined>(({ context }) => {
  const span = context.mapUnsafe.get(Tracer.ParentSpan.key) as Tracer.AnySpan | undefined
  return Effect.succeed(span?._tag === "Span" && span.sampled ? span : undefined)
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Capture => {
  const clean = cleaner(options)

  /** Tells what is asked, and gives `tellAnswer` the span for what comes back. */
  const around =
    <R>(tellAnswer: (span: Tracer.Span, call: Call, reached: R) => Effect.Effect<R>) =>
    (next: Handler<R, AttemptError>): Handler<R, AttemptError> =>
    (call) =>
      Effect.flatMap(currentSpan, (span) => {
        if (span === undefined) return next(call)
        if (options.prompts === true) span.attribute("gen_ai.input.messages", asked(call, clean))
        return options.answers === true
          ? Effect.flatMap(next(call), (reached) => tellAnswer(span, call, reached))
          : next(call)
      })

  return {
    send: <R extends { readonly value: Answer }>(next: Handler<R, AttemptError>) =>
      around<R>((span, _call, reached) =>
        Effect.sync(() => {
          const { parts } = reached.value
          const finish = parts.find((part) => part.type === "finish")
          span.attribute("gen_ai.output.messages", answered(parts, finish?.reason, clean))
          return reached
        })
      )(next),
    stream: <R extends { readonly value: Committed }>(next: Handler<R, AttemptError>) =>
      around<R>((span, call, reached) => {
        const { gather, gathered } = gatherer()
        const { head, rest } = reached.value
        gather(head)
        const listened: Pull.Pull<Arr.NonEmptyReadonlyArray<StreamPart>, AttemptError> = Effect.map(rest, (parts) => {
          gather(parts)
          return parts
        })
        // Comes before the span's own finalizer, which was left earlier; a broken answer is told as far as it came.
        const told = Scope.addFinalizer(
          call.scope,
          Effect.sync(() =>
            span.attribute("gen_ai.output.messages", answered(gathered, call.observed.finishReason, clean))
          )
        )
        return Effect.as(told, { ...reached, value: { ...reached.value, rest: listened } })
      })(next)
  }
}
