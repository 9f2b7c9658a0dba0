/**
 * Cache marks: up to where a request is kept, so that the next one with the same beginning costs less.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Prompt } from "effect/ai"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching: more are refused. */
const most = 4

/**
 * The field of a block that is marked, nothing for one that is not.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mark {
  readonly cache_control?: Wire.CacheControl
}

/**
 * The mark that a value asks for: `true`, or Anthropic's own `{ type: "ephemeral", ttl?: "5m" | "1h" }`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const from = (value: unknown, path: string, lose: Lose): Mark => {
  if (value === undefined || value === null || value === false) return {}
  if (value === true) return { cache_control: { type: "ephemeral" } }
  const { ttl, type } = Predicate.isObject(value) ? value as { readonly ttl?: unknown; readonly type?: unknown } : {}
  if ((type === undefined || type === "ephemeral") && (ttl === undefined || ttl === "5m" || ttl === "1h")) {
    if (type !== undefined || ttl !== undefined) {
      return { cache_control: { type: "ephemeral", ...(ttl === undefined ? undefined : { ttl }) } }
    }
  }
  lose(path, "is not a cache mark: true, or { type: \"ephemeral\", ttl?: \"5m\" | \"1h\" }")
  return {}
}

/**
 * The mark that stands as `cacheControl` among a part's or message's options.
 *
 * @since 0.1.0
 * @category conversions
 */
export const option = (
  options: Prompt.ProviderOptions,
  names: ReadonlyArray<string>,
  path: string,
  lose: Lose
): Mark => from(Losses.option(options, names, "cacheControl"), `${path}.options.${names[0]}.cacheControl`, lose)

/** Thinking cannot be marked. */
const isMarkable = (block: Wire.Block): boolean => block.type !== "thinking" && block.type !== "redacted_thinking"

/**
 * Marks the last of a message's blocks that can be.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onLast = <B extends Wire.Block>(blocks: Array<B>, mark: Mark, path: string, lose: Lose): void => {
  if (mark.cache_control === undefined) return
  const at = blocks.findLastIndex(isMarkable)
  if (at < 0) lose(`${path}.options`, "a message without content of its own cannot be marked")
  else blocks[at] = { ...blocks[at]!, ...mark }
}

type Marked = Wire.Tool | Wire.Block

interface Body {
  tools?: ReadonlyArray<Wire.Tool>
  system?: ReadonlyArray<Wire.TextBlock>
  messages: ReadonlyArray<Wire.Message>
}

/** The result of a tool has blocks of its own. */
const inner = (block: Marked): ReadonlyArray<Wire.Block> =>
  "tool_use_id" in block && Array.isArray(block.content) && block.type === "tool_result"
    ? block.content as ReadonlyArray<Wire.Block>
    : []

const countMarks = (blocks: ReadonlyArray<Marked>): number =>
  blocks.reduce(
    (sum, block) => sum + ("cache_control" in block && block.cache_control ? 1 : 0) + countMarks(inner(block)),
    0
  )

/**
 * Takes out what is over the limit of four: the first ones, since each later one covers what the earlier did.
 *
 * @since 0.1.0
 * @category combinators
 */
export const limit = (body: Body, lose: Lose): void => {
  const { messages, system = [], tools = [] } = body
  const count = countMarks(tools) + countMarks(system) + countMarks(messages.flatMap(({ content }) => content))
  let over = count - most
  if (over <= 0) return
  lose("prompt", `of ${count} cache marks only the last ${most} are taken`)
  const unmark = <B extends Marked>(blocks: ReadonlyArray<B>): ReadonlyArray<B> =>
    blocks.map((block) => {
      const within = inner(block)
      const kept = within.length === 0 ? block : { ...block, content: unmark(within) }
      if (over <= 0 || !("cache_control" in kept)) return kept
      over -= 1
      const { cache_control: _, ...rest } = kept as B & Mark
      return rest as unknown as B
    })
  if (tools.length > 0) body.tools = unmark(tools)
  if (system.length > 0) body.system = unmark(system)
  body.messages = messages.map((message) => ({ ...message, content: unmark(message.content) }))
}
