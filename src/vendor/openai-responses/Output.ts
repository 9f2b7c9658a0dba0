/**
 * The items of one answer, put together from their pieces: each piece of text becomes a part of its own, and when an
 * item is done whatever of it has not been told yet is told, so that a whole item reads like a streamed one.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Response as AiResponse } from "effect/ai"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import * as Sources from "./Sources.ts"
import * as ToolCall from "./ToolCall.ts"
import type * as Wire from "./Wire.ts"

/**
 * What a piece is: a text or refusal of the answer; a summary or the bare text of its reasoning.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "text" | "refusal" | "summary" | "raw"

interface Piece {
  readonly kind: Kind
  /** The id of its part, `undefined` until there is something to tell. */
  id: string | undefined
  ended: boolean
  /** Characters told. */
  told: number
  /** Annotations told. */
  cited: number
}

interface Item {
  readonly pieces: Map<string, Piece>
  /** What its parts carry from their start: the id of reasoning, the phase of a message. */
  metadata: Readonly<Record<string, string>>
  readonly call: ToolCall.ToolCall
  done: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** The name under which metadata stand. */
  readonly vendor: string
  readonly items: Map<string, Item>
  readonly sources: Sources.State
  parts: number
  called: boolean
  refused: boolean
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (vendor: string): State => ({
  vendor,
  items: new Map(),
  sources: Sources.initial(vendor),
  parts: 0,
  called: false,
  refused: false
})

const text = (value: unknown): string => typeof value === "string" ? value : ""

const itemOf = (state: State, key: string): Item => {
  let item = state.items.get(key)
  if (item === undefined) {
    state.items.set(key, item = { pieces: new Map(), metadata: {}, call: ToolCall.make(), done: false })
  }
  return item
}

// -----------------------------------------------------------------------------
// Pieces
// -----------------------------------------------------------------------------

const isReasoning = (kind: Kind): boolean => kind === "summary" || kind === "raw"

const pieceOf = (item: Item, kind: Kind, index: number): Piece => {
  const key = `${kind}${index}`
  let piece = item.pieces.get(key)
  if (piece === undefined) {
    item.pieces.set(key, piece = { kind, id: undefined, ended: false, told: 0, cited: 0 })
  }
  return piece
}

const marks: { readonly [K in Kind]: Readonly<Record<string, boolean>> } = {
  text: {},
  refusal: { refusal: true },
  summary: {},
  raw: { raw: true }
}

const metadataOf = (
  state: State,
  item: Item,
  kind: Kind,
  more?: Readonly<Record<string, string>>
): { readonly metadata?: AiResponse.ProviderMetadata } => {
  const own = { ...item.metadata, ...marks[kind], ...more }
  return Object.keys(own).length === 0 ? {} : { metadata: { [state.vendor]: own } }
}

const start = (state: State, item: Item, piece: Piece, out: Array<StreamPart>): string => {
  if (piece.id !== undefined) return piece.id
  // What of the item's reasoning is open is whole by now; its last part stays open for the proof.
  if (isReasoning(piece.kind)) { for (const other of item.pieces.values()) end(state, item, other, out) }
  const id = piece.id = String(state.parts++)
  const type = isReasoning(piece.kind) ? "reasoning-start" : "text-start"
  out.push({ type, id, ...metadataOf(state, item, piece.kind) })
  return id
}

const end = (
  state: State,
  item: Item,
  piece: Piece,
  out: Array<StreamPart>,
  proof?: Readonly<Record<string, string>>
): void => {
  if (piece.id === undefined || piece.ended) return
  piece.ended = true
  const type = isReasoning(piece.kind) ? "reasoning-end" : "text-end"
  out.push({ type, id: piece.id, ...metadataOf(state, item, piece.kind, proof) })
}

const append = (state: State, item: Item, piece: Piece, delta: string, out: Array<StreamPart>): void => {
  if (delta === "" || piece.ended) return
  if (piece.kind === "refusal") state.refused = true
  const id = start(state, item, piece, out)
  piece.told += delta.length
  out.push({ type: isReasoning(piece.kind) ? "reasoning-delta" : "text-delta", id, delta })
}

/**
 * Takes a piece of a text.
 *
 * @since 0.1.0
 * @category decoding
 */
export const delta = (
  state: State,
  key: string,
  kind: Kind,
  index: number,
  text: string,
  out: Array<StreamPart>
): void => {
  const item = itemOf(state, key)
  append(state, item, pieceOf(item, kind, index), text, out)
}

/** Tells what is left of a piece. */
const complete = (
  state: State,
  item: Item,
  kind: Kind,
  index: number,
  content: Wire.Content,
  out: Array<StreamPart>
): void => {
  const piece = pieceOf(item, kind, index)
  append(state, item, piece, text(kind === "refusal" ? content.refusal : content.text).slice(piece.told), out)
  const annotations = Array.isArray(content.annotations) ? content.annotations : []
  for (const annotation of annotations.slice(piece.cited)) cite(state, piece, annotation, out)
  if (!isReasoning(kind)) end(state, item, piece, out)
}

/**
 * Takes a whole piece of a message's or of reasoning's content.
 *
 * @since 0.1.0
 * @category decoding
 */
export const content = (
  state: State,
  key: string,
  index: number,
  content: Wire.Content,
  out: Array<StreamPart>
): void => {
  const kind = contentKinds[text(content.type)]
  if (kind !== undefined) complete(state, itemOf(state, key), kind, index, content, out)
}

const contentKinds: { readonly [type: string]: Kind | undefined } = {
  output_text: "text",
  refusal: "refusal",
  reasoning_text: "raw"
}

const cite = (state: State, piece: Piece, annotation: Wire.Annotation, out: Array<StreamPart>): void => {
  piece.cited += 1
  Sources.cite(state.sources, annotation, out)
}

/**
 * Takes an annotation of a text.
 *
 * @since 0.1.0
 * @category decoding
 */
export const annotate = (
  state: State,
  key: string,
  index: number,
  annotation: Wire.Annotation,
  out: Array<StreamPart>
): void => cite(state, pieceOf(itemOf(state, key), "text", index), annotation, out)

// -----------------------------------------------------------------------------
// Items
// -----------------------------------------------------------------------------

const describe = (item: Item, { id, phase, type }: Wire.OutputItem): void => {
  if (type === "reasoning" && text(id) !== "") item.metadata = { itemId: text(id) }
  if (type === "message" && text(phase) !== "") item.metadata = { phase: text(phase) }
}

/**
 * Takes the beginning of an item.
 *
 * @since 0.1.0
 * @category decoding
 */
export const added = (state: State, key: string, told: Wire.OutputItem, out: Array<StreamPart>): void => {
  const item = itemOf(state, key)
  describe(item, told)
  if (told.type === "function_call") ToolCall.begin(item.call, told, out)
}

/**
 * Takes a piece of a call's arguments.
 *
 * @since 0.1.0
 * @category decoding
 */
export const argument = (state: State, key: string, delta: string, out: Array<StreamPart>): void => {
  const item = itemOf(state, key)
  if (!item.done) ToolCall.append(item.call, delta, out)
}

/**
 * The types of items that are read; others, that OpenAI's own tools leave, are passed over.
 *
 * @since 0.1.0
 * @category constants
 */
export const types: ReadonlySet<string> = new Set(["message", "reasoning", "function_call", "image_generation_call"])

/**
 * Takes a whole item, of which some may have been told.
 *
 * @since 0.1.0
 * @category decoding
 */
export const done = (
  state: State,
  key: string,
  told: Wire.OutputItem,
  out: Array<StreamPart>
): AttemptError | undefined => {
  const item = itemOf(state, key)
  if (item.done) return undefined
  describe(item, told)
  const contents = Array.isArray(told.content) ? told.content : []
  switch (told.type) {
    case "message":
      for (const [index, piece] of contents.entries()) {
        if (Predicate.isObject(piece)) content(state, key, index, piece, out)
      }
      break
    case "reasoning": {
      const summary = Array.isArray(told.summary) ? told.summary : []
      for (const [index, piece] of summary.entries()) {
        if (Predicate.isObject(piece)) complete(state, item, "summary", index, piece, out)
      }
      for (const [index, piece] of contents.entries()) {
        if (Predicate.isObject(piece)) content(state, key, index, piece, out)
      }
      endReasoning(state, item, text(told.encrypted_content), out)
      break
    }
    case "function_call": {
      const failure = ToolCall.end(item.call, told, out)
      if (failure !== undefined) return failure
      state.called = true
      break
    }
    case "image_generation_call":
      if (text(told.result) !== "") {
        out.push({ type: "file", mediaType: `image/${text(told.output_format) || "png"}`, data: text(told.result) })
      }
  }
  for (const piece of item.pieces.values()) end(state, item, piece, out)
  item.done = true
  return undefined
}

/** The proof goes with the last part; reasoning that is not told at all has one for its proof alone. */
const endReasoning = (state: State, item: Item, encrypted: string, out: Array<StreamPart>): void => {
  if (encrypted === "") return
  const open = Array.from(item.pieces.values()).findLast((piece) => piece.id !== undefined && !piece.ended)
  const last = open ?? pieceOf(item, "summary", item.pieces.size)
  start(state, item, last, out)
  end(state, item, last, out, { encryptedContent: encrypted })
}

/**
 * Ends the items that the server began and did not end.
 *
 * @since 0.1.0
 * @category decoding
 */
export const endAll = (
  state: State,
  output: ReadonlyArray<Wire.OutputItem>,
  out: Array<StreamPart>
): AttemptError | undefined => {
  if (state.items.size === 0) {
    for (const [index, item] of output.entries()) {
      const failure = done(state, String(index), item, out)
      if (failure !== undefined) return failure
    }
  }
  for (const [key, item] of state.items) {
    if (item.done) continue
    const failure = done(
      state,
      key,
      ToolCall.isBegun(item.call) ? { type: "function_call", status: "incomplete" } : {},
      out
    )
    if (failure !== undefined) return failure
  }
  return undefined
}
