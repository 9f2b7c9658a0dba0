/**
 * What an answer says, in no vendor's words: a subject writes it in its vendor's, and the vendor must read it back.
 */
import type { FinishReason } from "llmdispatcher/Response"

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly params: Record<string, unknown>
}

/** Disjoint counts. */
export interface Usage {
  readonly uncached: number
  readonly cacheRead: number
  readonly text: number
  readonly reasoning: number
}

export interface Content {
  /** Before the text; `proof` is the signature or encrypted text that the vendor wants back with it. */
  readonly reasoning?: { readonly text: string; readonly proof: string } | undefined
  readonly text?: string | undefined
  readonly toolCalls?: ReadonlyArray<ToolCall> | undefined
  readonly finish: Extract<FinishReason, "stop" | "length" | "tool-calls" | "content-filter">
  readonly usage: Usage
}
