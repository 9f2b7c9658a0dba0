/**
 * The JSON of Anthropic's Messages API: answers, open.
 *
 * Unknown fields are ignored and nearly every field may be null or absent: other servers speak this protocol too.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

const nullish = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullishOr(schema))

/**
 * `input_tokens` are without those read from the cache and written to it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  input_tokens: nullish(Schema.Finite),
  cache_creation_input_tokens: nullish(Schema.Finite),
  cache_creation: nullish(Schema.Struct({ ephemeral_1h_input_tokens: nullish(Schema.Finite) })),
  cache_read_input_tokens: nullish(Schema.Finite),
  output_tokens: nullish(Schema.Finite),
  output_tokens_details: nullish(Schema.Struct({ thinking_tokens: nullish(Schema.Finite) }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Usage = typeof Usage.Type

/**
 * How an answer ended: on a whole answer, and in the `message_delta` of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ending {
  readonly stop_reason?: unknown
  readonly stop_sequence?: unknown
  readonly stop_details?: unknown
  readonly container?: unknown
}

/**
 * A block, whole or as it begins.
 *
 * @since 0.1.0
 * @category models
 */
export interface Block {
  readonly type?: unknown
  readonly text?: unknown
  readonly citations?: unknown
  readonly thinking?: unknown
  readonly signature?: unknown
  readonly data?: unknown
  readonly id?: unknown
  readonly name?: unknown
  readonly input?: unknown
  readonly caller?: unknown
  readonly tool_use_id?: unknown
  readonly content?: unknown
}

/**
 * A piece of a block.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delta extends Ending {
  readonly type?: unknown
  readonly text?: unknown
  readonly thinking?: unknown
  readonly signature?: unknown
  readonly partial_json?: unknown
  readonly citation?: unknown
}

/**
 * A whole answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Struct({
  id: nullish(Schema.String),
  type: nullish(Schema.String),
  model: nullish(Schema.String),
  content: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)),
  stop_reason: nullish(Schema.String),
  stop_sequence: nullish(Schema.Unknown),
  stop_details: nullish(Schema.Unknown),
  container: nullish(Schema.Unknown),
  usage: nullish(Usage)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Message = typeof Message.Type

/**
 * An event of a stream; no schema is run over it, its fields are checked where they are read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly type?: unknown
  readonly index?: unknown
  readonly message?: Partial<Message> | null | undefined
  readonly content_block?: Block | null | undefined
  readonly delta?: Delta | null | undefined
  readonly usage?: Usage | null | undefined
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelList = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    id: Schema.String,
    display_name: nullish(Schema.String)
  }))
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const TokenCount = Schema.Struct({ input_tokens: Schema.Int })
