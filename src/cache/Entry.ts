/**
 * An answer as it is kept: the parts in the order in which they came, and who answered.
 *
 * @since 0.1.0
 */
import { Option, Predicate, Schema } from "effect"
import * as Response from "../Response.ts"

const Parts = Schema.Array(Schema.Unknown).check(
  Schema.makeFilter((parts) =>
    parts.every((part) => Predicate.isObject(part) && typeof (part as { readonly type?: unknown }).type === "string")
      ? undefined
      : "must be parts"
  )
)

/**
 * `recordedAt` is in epoch milliseconds, `bytes` the size of the parts as JSON in UTF-8, `cost` what the answer cost
 * when a vendor gave it, `id` the dispatch that paid.
 *
 * @since 0.1.0
 * @category models
 */
export const Entry = Schema.Struct({
  version: Schema.Literal(1),
  id: Schema.String,
  recordedAt: Schema.Finite,
  bytes: Schema.Int,
  operation: Schema.Literals(["send", "stream"]),
  vendor: Schema.String,
  target: Schema.String,
  model: Schema.String,
  finishReason: Response.Summary.fields.finishReason,
  usage: Response.Usage,
  cost: Schema.optionalKey(Schema.Finite),
  losses: Schema.Array(Response.Loss),
  parts: Parts
})

/**
 * @since 0.1.0
 * @category models
 */
export type Entry = typeof Entry.Type

const decodeEntry = Schema.decodeUnknownOption(Entry)

/**
 * What a store gave back, `undefined` where it is no entry of this release.
 *
 * @since 0.1.0
 * @category conversions
 */
export const decode = (value: unknown): Entry | undefined => Option.getOrUndefined(decodeEntry(value))

/**
 * Which answers may be kept beside plain, whole ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface Kept {
  readonly toolCalls: boolean
  readonly truncated: boolean
}

const isToolPart = ({ type }: Response.Part | Response.StreamPart): boolean => type.startsWith("tool-")

const isContent = (part: Response.Part | Response.StreamPart): boolean =>
  part.type === "text" || part.type === "text-delta" || part.type === "file" || part.type === "tool-call"

/**
 * Whether an answer may be kept: it ended by itself, says something, and holds no tool call or cut that is not wanted.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isKept = (
  finishReason: Response.FinishReason,
  parts: ReadonlyArray<Response.Part | Response.StreamPart>,
  kept: Kept
): boolean => {
  const whole = finishReason === "stop" || (finishReason === "tool-calls" && kept.toolCalls) ||
    (finishReason === "length" && kept.truncated)
  return whole && parts.some(isContent) && !parts.some(({ type }) => type === "error") &&
    (kept.toolCalls || !parts.some(isToolPart))
}

/** The finish part as its vendor gave it: the summary belongs to one dispatch. */
const bare = <P extends Response.Part | Response.StreamPart>(part: P): P => {
  if (part.type !== "finish" || part.metadata?.["llmdispatcher"] === undefined) return part
  const { metadata, ...rest } = part
  const { llmdispatcher: _, ...own } = metadata
  return (Object.keys(own).length === 0 ? rest : { ...rest, metadata: own }) as P
}

const encoder = new TextEncoder()

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  operation: Entry["operation"],
  summary: Response.Summary,
  parts: ReadonlyArray<Response.Part | Response.StreamPart>,
  now: number
): Entry => {
  const { cost, finishReason, id, losses, model, target, usage, vendor } = summary
  const kept = parts.map(bare)
  return {
    version: 1,
    id,
    recordedAt: now,
    bytes: encoder.encode(JSON.stringify(kept)).length,
    operation,
    vendor,
    target,
    model,
    finishReason,
    usage,
    ...(cost === undefined ? undefined : { cost }),
    losses,
    parts: kept
  }
}

/**
 * The parts of the whole answer, whichever way it was recorded.
 *
 * @since 0.1.0
 * @category accessors
 */
export const wholeParts = ({ operation, parts }: Entry): ReadonlyArray<Response.Part> =>
  operation === "send"
    ? parts as ReadonlyArray<Response.Part>
    : Response.fold(parts as ReadonlyArray<Response.StreamPart>)

/**
 * The parts of the streamed answer: as they came, or as a stream of the whole answer would have sent them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const streamParts = ({ operation, parts }: Entry): ReadonlyArray<Response.StreamPart> =>
  operation === "stream"
    ? parts as ReadonlyArray<Response.StreamPart>
    : Response.unfold(parts as ReadonlyArray<Response.Part>)
