/**
 * What comes back from a dispatch: parts in the encoded form of `effect/ai` (plain JSON), and beside them what the
 * dispatcher knows about how they were obtained.
 *
 * @since 0.1.0
 */
import { Predicate, Schema } from "effect"
import { Response as AiResponse } from "effect/ai"

/**
 * A piece of a whole answer, as `effect/ai` encodes it.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = AiResponse.PartEncoded

/**
 * A piece of a streamed answer, as `effect/ai` encodes it.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamPart = AiResponse.StreamPartEncoded

/**
 * Why the model stopped.
 *
 * @since 0.1.0
 * @category models
 */
export type FinishReason = AiResponse.FinishReason

/**
 * Tokens of one answer; `uncached + cacheRead + cacheWrite` and `text + reasoning` are disjoint, a count that the
 * vendor did not tell is absent, never 0. `cacheWrite1h` are those of `cacheWrite` that are kept for an hour, at another
 * price.
 *
 * @since 0.1.0
 * @category models
 */
export const Usage = Schema.Struct({
  inputTokens: Schema.Struct({
    uncached: Schema.optional(Schema.Int),
    total: Schema.optional(Schema.Int),
    cacheRead: Schema.optional(Schema.Int),
    cacheWrite: Schema.optional(Schema.Int),
    cacheWrite1h: Schema.optional(Schema.Int)
  }),
  outputTokens: Schema.Struct({
    total: Schema.optional(Schema.Int),
    text: Schema.optional(Schema.Int),
    reasoning: Schema.optional(Schema.Int)
  })
}).annotate({ identifier: "Usage" })

/**
 * @since 0.1.0
 * @category models
 */
export type Usage = typeof Usage.Type

/**
 * The usage of an answer whose vendor told nothing.
 *
 * @since 0.1.0
 * @category models
 */
export const unknownUsage: Usage = { inputTokens: {}, outputTokens: {} }

/**
 * Something of the request that could not be carried to the vendor, and why.
 *
 * `field` is the path in the request, as in `prompt.2.content.0` or `seed`.
 *
 * @since 0.1.0
 * @category models
 */
export const Loss = Schema.Struct({
  field: Schema.String,
  message: Schema.String
}).annotate({ identifier: "Loss" })

/**
 * @since 0.1.0
 * @category models
 */
export type Loss = typeof Loss.Type

/**
 * One call to one target, or a target that was left out (`skipped`, as when its circuit is open).
 *
 * Times are milliseconds; `startedAfter` counts from the start of the dispatch.
 *
 * @since 0.1.0
 * @category models
 */
export const Attempt = Schema.Struct({
  number: Schema.Int,
  vendor: Schema.String,
  target: Schema.String,
  model: Schema.String,
  outcome: Schema.Literals(["answered", "failed", "skipped", "interrupted"]),
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Int),
  retryAfter: Schema.optionalKey(Schema.Finite),
  startedAfter: Schema.Finite,
  timeToFirstPart: Schema.optionalKey(Schema.Finite),
  duration: Schema.Finite,
  /** The fields of the request that this target could not be told. */
  losses: Schema.optionalKey(Schema.Array(Schema.String))
}).annotate({ identifier: "Attempt" })

/**
 * @since 0.1.0
 * @category models
 */
export type Attempt = typeof Attempt.Type

/**
 * When it happened: `startedAt` in epoch milliseconds, the rest in milliseconds since then.
 *
 * @since 0.1.0
 * @category models
 */
export const Timings = Schema.Struct({
  startedAt: Schema.Finite,
  timeToFirstPart: Schema.optionalKey(Schema.Finite),
  total: Schema.Finite
}).annotate({ identifier: "Timings" })

/**
 * @since 0.1.0
 * @category models
 */
export type Timings = typeof Timings.Type

/**
 * What the dispatcher knows of an answer beside its parts; on a stream it rides on the `finish` part's metadata under
 * `llmdispatcher`.
 *
 * `model` is the vendor's own name of the model that answered. `cost` is in US dollars, absent when a price is not
 * known; `costSource` tells by which prices it was counted, several joined by `; `, absent where they name no source.
 *
 * @since 0.1.0
 * @category models
 */
export const Summary = Schema.Struct({
  id: Schema.String,
  vendor: Schema.String,
  target: Schema.String,
  model: Schema.String,
  finishReason: AiResponse.FinishReason,
  usage: Usage,
  cost: Schema.optionalKey(Schema.Finite),
  costSource: Schema.optionalKey(Schema.String),
  timings: Timings,
  attempts: Schema.Array(Attempt),
  losses: Schema.Array(Loss),
  /** Of an answer that came from the cache: the dispatch that made it, and how many milliseconds ago. */
  cached: Schema.optionalKey(Schema.Struct({ id: Schema.String, age: Schema.Finite }))
}).annotate({ identifier: "Summary" })

/**
 * @since 0.1.0
 * @category models
 */
export type Summary = typeof Summary.Type

const Parts: Schema.Codec<ReadonlyArray<Part>> = Schema.Array(Schema.toEncoded(AiResponse.Part())) as any

/**
 * The answer to one request.
 *
 * @since 0.1.0
 * @category models
 */
export class Response extends Schema.Class<Response>("llmdispatcher/Response")({
  ...Summary.fields,
  parts: Parts
}) {
  /** The answer's text, reasoning left out; empty when the model only called tools. */
  get text(): string {
    let text = ""
    for (const part of this.parts) if (part.type === "text") text += part.text
    return text
  }

  /** The tool calls the caller has to answer. */
  get toolCalls(): ReadonlyArray<AiResponse.ToolCallPartEncoded> {
    return this.parts.filter((part) => part.type === "tool-call")
  }
}

/**
 * Makes the answer of parts that a vendor's decoder made: they are taken as they are, unlike by the class's own
 * constructor, which looks through and copies them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (summary: Summary, parts: ReadonlyArray<Part>): Response =>
  Object.assign(Object.create(Response.prototype), summary, { parts })

/**
 * Reads the summary that a dispatched stream carries on its `finish` part.
 *
 * @since 0.1.0
 * @category accessors
 */
export const summaryOf = (part: StreamPart | Part): Summary | undefined =>
  part.type === "finish" ? (part.metadata?.["llmdispatcher"] as Summary | undefined) ?? undefined : undefined

/**
 * Whether a streamed part shows that the vendor is really answering; until then a failure can still go elsewhere
 * unseen.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isMeaningful = (part: StreamPart): boolean => {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
      return part.delta.length > 0
    case "response-metadata":
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "reasoning-end":
    case "tool-params-delta":
    case "tool-params-end":
      return false
    default:
      return true
  }
}

/** What each piece of a block tells, vendor by vendor. */
const merged = (
  left: AiResponse.ProviderMetadata,
  right: AiResponse.ProviderMetadata | undefined
): AiResponse.ProviderMetadata => {
  if (right === undefined) return left
  const all: Record<string, AiResponse.ProviderMetadata[string]> = { ...left }
  for (const [vendor, metadata] of Object.entries(right)) {
    const before = all[vendor]
    all[vendor] = Predicate.isObject(before) && Predicate.isObject(metadata)
      ? Object.assign({}, before, metadata)
      : metadata
  }
  return all
}

/** A text or reasoning that is being folded. */
interface Block {
  readonly type: "text" | "reasoning"
  readonly index: number
  text: string
  metadata: AiResponse.ProviderMetadata
  /** Whether anything came after its start. */
  isTold: boolean
}

const isEmpty = (object: object): boolean => {
  for (const _ in object) return false
  return true
}

/**
 * Folds streamed parts into the parts of a whole answer: deltas joined, order kept.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fold = (parts: Iterable<StreamPart>): Array<Part> => {
  const whole: Array<Part | undefined> = []
  const blocks: Array<Block> = []
  const open = { text: new Map<string, Block>(), reasoning: new Map<string, Block>() }
  for (const part of parts) {
    switch (part.type) {
      case "text-start":
      case "reasoning-start": {
        const type = part.type === "text-start" ? "text" : "reasoning"
        const block: Block = { type, index: whole.length, text: "", metadata: { ...part.metadata }, isTold: false }
        blocks.push(block)
        open[type].set(part.id, block)
        whole.push(undefined)
        break
      }
      case "text-delta":
      case "reasoning-delta":
      case "text-end":
      case "reasoning-end": {
        const block = open[part.type === "text-delta" || part.type === "text-end" ? "text" : "reasoning"].get(part.id)
        if (block === undefined) break
        if ("delta" in part) block.text += part.delta
        block.metadata = merged(block.metadata, part.metadata)
        block.isTold = true
        break
      }
      case "tool-params-start":
      case "tool-params-delta":
      case "tool-params-end":
      case "error":
        break
      default:
        whole.push(part)
    }
  }
  for (const { index, isTold, metadata, text, type } of blocks) {
    const isMarked = isTold && !isEmpty(metadata)
    if (text !== "" || isMarked) whole[index] = isMarked ? { type, text, metadata } : { type, text }
  }
  return whole.filter((part) => part !== undefined)
}

/**
 * Unfolds the parts of a whole answer into the parts a stream would have sent.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unfold = (parts: Iterable<Part>): Array<StreamPart> => {
  const streamed: Array<StreamPart> = []
  let number = 0
  for (const part of parts) {
    switch (part.type) {
      case "text": {
        const id = String(number++)
        streamed.push({ type: "text-start", id, ...(part.metadata ? { metadata: part.metadata } : undefined) }, {
          type: "text-delta",
          id,
          delta: part.text
        }, {
          type: "text-end",
          id,
          ...(part.metadata ? { metadata: part.metadata } : undefined)
        })
        break
      }
      case "reasoning": {
        const id = String(number++)
        streamed.push({ type: "reasoning-start", id, ...(part.metadata ? { metadata: part.metadata } : undefined) }, {
          type: "reasoning-delta",
          id,
          delta: part.text
        }, {
          type: "reasoning-end",
          id,
          ...(part.metadata ? { metadata: part.metadata } : undefined)
        })
        break
      }
      case "reasoning-delta":
      case "reasoning-end":
        break
      default:
        streamed.push(part)
    }
  }
  return streamed
}
