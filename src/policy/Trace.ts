/**
 * The spans of a dispatch: one INTERNAL around it, one CLIENT for each attempt, named and annotated as OpenTelemetry's
 * GenAI conventions say (semantic-conventions-genai v0.1.0); what is ours stands under `llmdispatcher.*`.
 *
 * No prompt and no answer is ever in them.
 *
 * @since 0.1.0
 */
import { Effect, type Fiber, Scope, type Tracer } from "effect"
import type { Call, Dispatch, Handler, Observed } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { errorType } from "../telemetry/ErrorType.ts"
import type { AttemptError } from "../VendorError.ts"
import { PropagateTrace } from "../wire/Http.ts"
import * as Account from "./Account.ts"

const annotate = (span: Tracer.Span, attributes: Record<string, unknown>): void => {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) span.attribute(name, value)
}

const requestAttributes = (request: Request): Record<string, unknown> => ({
  "gen_ai.request.max_tokens": request.maxTokens,
  "gen_ai.request.temperature": request.temperature,
  "gen_ai.request.top_p": request.topP,
  "gen_ai.request.top_k": request.topK,
  "gen_ai.request.frequency_penalty": request.frequencyPenalty,
  "gen_ai.request.presence_penalty": request.presencePenalty,
  "gen_ai.request.seed": request.seed,
  "gen_ai.request.stop_sequences": request.stop,
  "gen_ai.output.type": request.responseFormat === undefined || request.responseFormat.type === "text" ? "text" : "json"
})

const observedAttributes = ({ finishReason, losses, responseId, responseModel, timeToFirstPart, usage }: Observed) => ({
  "gen_ai.response.id": responseId,
  "gen_ai.response.model": responseModel,
  "gen_ai.response.finish_reasons": finishReason === undefined ? undefined : [finishReason],
  "gen_ai.response.time_to_first_chunk": timeToFirstPart === undefined ? undefined : timeToFirstPart / 1000,
  "gen_ai.usage.input_tokens": usage?.inputTokens.total,
  "gen_ai.usage.output_tokens": usage?.outputTokens.total,
  "gen_ai.usage.cache_read.input_tokens": usage?.inputTokens.cacheRead,
  "gen_ai.usage.cache_write.input_tokens": usage?.inputTokens.cacheWrite,
  "gen_ai.usage.reasoning.output_tokens": usage?.outputTokens.reasoning,
  "llmdispatcher.losses": losses
})

/** Whether anybody sees spans: effect's own tracer, which is there without being asked for, shows them to nobody. */
const isSeen = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.cache.tracerEnabled && (fiber.cache.tracer !== undefined || fiber.getRef(PropagateTrace))

/**
 * Makes a span that ends as the Scope does, annotated just before with what `late` tells.
 */
const span = (
  name: string,
  kind: Tracer.SpanKind,
  scope: Scope.Scope,
  attributes: Record<string, unknown>,
  late: () => Record<string, unknown>
) =>
  Effect.tap(
    Scope.provide(Effect.makeSpanScoped(name, { kind }), scope),
    (span) => {
      annotate(span, attributes)
      return Scope.addFinalizerExit(scope, (exit) =>
        Effect.sync(() => annotate(span, { ...late(), "error.type": errorType(exit) })))
    }
  )

/**
 * The CLIENT span of an attempt; it ends with the attempt's Scope.
 *
 * @since 0.1.0
 * @category policies
 */
export const traceAttempt = <A>(next: Handler<A, AttemptError>): Handler<A, AttemptError> => (call) =>
  Effect.withFiber((fiber) => isSeen(fiber) ? tracedAttempt(next, call) : next(call))

const tracedAttempt = <A>(next: Handler<A, AttemptError>, call: Call): Effect.Effect<A, AttemptError> => {
  const { target, vendor } = call.candidate
  const operation = call.inputs === undefined ? "chat" : "embeddings"
  const attributes = {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": vendor.provider,
    "gen_ai.request.model": target.model,
    "gen_ai.request.stream": call.operation === "stream",
    "server.address": vendor.address?.host,
    "server.port": vendor.address?.port,
    "llmdispatcher.vendor": vendor.name,
    "llmdispatcher.target": target.id,
    "llmdispatcher.attempt": call.journal.calls,
    ...requestAttributes(call.request)
  }
  return Effect.flatMap(
    span(`${operation} ${target.model}`, "client", call.scope, attributes, () => observedAttributes(call.observed)),
    (span) => Effect.withParentSpan(next(call), span, { captureStackTrace: false })
  )
}

/**
 * The INTERNAL span of a dispatch; it ends with the dispatch's Scope, and `reached` tells who answered.
 *
 * @since 0.1.0
 * @category combinators
 */
export const traceDispatch = (dispatch: Dispatch, reached: () => Call | undefined) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => isSeen(fiber) ? tracedDispatch(dispatch, reached, effect) : effect)

const tracedDispatch = <A, E, R>(
  dispatch: Dispatch,
  reached: () => Call | undefined,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const late = () => {
    const call = reached()
    return {
      "llmdispatcher.attempts": dispatch.journal.attempts.length,
      "llmdispatcher.vendor": call?.candidate.vendor.name,
      "llmdispatcher.target": call?.candidate.target.id,
      "llmdispatcher.cost": call && Account.spent(call).cost
    }
  }
  const attributes = {
    "llmdispatcher.id": dispatch.id,
    "llmdispatcher.operation": dispatch.operation,
    "llmdispatcher.model": dispatch.request.model
  }
  return Effect.flatMap(
    span("llmdispatcher.dispatch", "internal", dispatch.scope, attributes, late),
    (span) => Effect.withParentSpan(effect, span, { captureStackTrace: false })
  )
}
