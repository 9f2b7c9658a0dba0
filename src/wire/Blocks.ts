/**
 * The text and reasoning blocks of an answer whose vendor sends pieces without telling where a block begins or ends.
 *
 * @since 0.1.0
 */
import type { Response as AiResponse } from "effect/ai"
import type { StreamPart } from "../Response.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Kind = "text" | "reasoning"

/**
 * The open block, and how many there were.
 *
 * @since 0.1.0
 * @category models
 */
export interface Blocks {
  open: { readonly kind: Kind; readonly id: string; readonly label: string } | undefined
  count: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Blocks => ({ open: undefined, count: 0 })

/**
 * Ends the open block; `metadata` is what is known of it only now, as a signature.
 *
 * @since 0.1.0
 * @category combinators
 */
export const close = (blocks: Blocks, out: Array<StreamPart>, metadata?: AiResponse.ProviderMetadata): void => {
  if (blocks.open === undefined) return
  const { id, kind } = blocks.open
  out.push({
    type: kind === "reasoning" ? "reasoning-end" : "text-end",
    id,
    ...(metadata === undefined ? undefined : { metadata })
  })
  blocks.open = undefined
}

/**
 * Appends to the open block, or begins one where that is of another kind or label.
 *
 * `label` tells apart blocks of one kind; `metadata` goes with the block's start.
 *
 * @since 0.1.0
 * @category combinators
 */
export const append = (
  blocks: Blocks,
  kind: Kind,
  delta: string,
  out: Array<StreamPart>,
  options?: { readonly label?: string; readonly metadata?: AiResponse.ProviderMetadata }
): void => {
  if (delta === "") return
  const label = options?.label ?? kind
  let open = blocks.open
  if (open === undefined || open.kind !== kind || open.label !== label) {
    close(blocks, out)
    open = blocks.open = { kind, id: String(blocks.count++), label }
    out.push({
      type: kind === "reasoning" ? "reasoning-start" : "text-start",
      id: open.id,
      ...(options?.metadata === undefined ? undefined : { metadata: options.metadata })
    })
  }
  out.push({ type: kind === "reasoning" ? "reasoning-delta" : "text-delta", id: open.id, delta })
}
