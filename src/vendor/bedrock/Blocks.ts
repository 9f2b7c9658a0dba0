/**
 * The numbered blocks of an answer, put together from their pieces.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import { Base64 } from "effect/encoding"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import type * as Wire from "./Wire.ts"

type Text = { readonly kind: "text"; readonly id: string }
type Reasoning = {
  readonly kind: "reasoning"
  readonly id: string
  signature: string
  readonly redacted: Array<string>
}
type Image = { readonly kind: "image"; readonly format: string; readonly pieces: Array<string> }
type Tool = {
  readonly kind: "tool"
  readonly id: string
  readonly name: string
  readonly executed: { readonly providerExecuted: true } | undefined
  params: string
}

/** A block that has begun and not ended. */
type Block = Text | Reasoning | Image | Tool

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly open: Map<number, Block>
  /** How many blocks of text and reasoning there were. */
  spoken: number
  /** How many sources were cited. */
  sources: number
  /** How many tools the caller is to run. */
  calls: number
  /** The tool whose arguments are not JSON. */
  broken: string | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (): State => ({ open: new Map(), spoken: 0, sources: 0, calls: 0, broken: undefined })

const text = (value: unknown): string => typeof value === "string" ? value : ""

const indexOf = ({ contentBlockIndex }: Wire.StreamEvent): number =>
  typeof contentBlockIndex === "number" ? contentBlockIndex : 0

// -----------------------------------------------------------------------------
// Beginning
// -----------------------------------------------------------------------------

/** The open block of this number if it is of this kind; one of another kind is ended, and a new one begun. */
const take = <B extends Block>(
  state: State,
  index: number,
  kind: B["kind"],
  begin: () => B,
  out: Array<StreamPart>
): B => {
  const open = state.open.get(index)
  if (open?.kind === kind) return open as B
  endBlock(state, index, out)
  const block = begin()
  state.open.set(index, block)
  return block
}

const takeText = (state: State, index: number, out: Array<StreamPart>): Text =>
  take(state, index, "text", () => {
    const id = String(state.spoken++)
    out.push({ type: "text-start", id })
    return { kind: "text", id }
  }, out)

const takeReasoning = (state: State, index: number, out: Array<StreamPart>): Reasoning =>
  take(state, index, "reasoning", () => {
    const id = String(state.spoken++)
    out.push({ type: "reasoning-start", id })
    return { kind: "reasoning", id, signature: "", redacted: [] }
  }, out)

/**
 * Reads `contentBlockStart`, which only blocks of tools and images need.
 *
 * @since 0.1.0
 * @category decoding
 */
export const start = (state: State, event: Wire.StreamEvent, out: Array<StreamPart>): AttemptError | undefined => {
  const index = indexOf(event)
  const { image, toolUse } = event.start ?? {}
  if (Predicate.isObject(image)) readImage(state, index, image, out)
  if (!Predicate.isObject(toolUse)) return undefined
  const id = text(toolUse.toolUseId)
  const name = text(toolUse.name)
  if (id === "" || name === "") return malformed("a tool call has no name or no id")
  endBlock(state, index, out)
  const executed = toolUse.type === "server_tool_use" ? { providerExecuted: true } as const : undefined
  if (executed === undefined) state.calls += 1
  state.open.set(index, { kind: "tool", id, name, executed, params: "" })
  out.push({ type: "tool-params-start", id, name, ...executed })
  return undefined
}

// -----------------------------------------------------------------------------
// Pieces
// -----------------------------------------------------------------------------

/**
 * Reads `contentBlockDelta`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const append = (state: State, event: Wire.StreamEvent, out: Array<StreamPart>): void => {
  const { delta } = event
  if (!Predicate.isObject(delta)) return
  const index = indexOf(event)
  const said = text(delta.text)
  if (said !== "") out.push({ type: "text-delta", id: takeText(state, index, out).id, delta: said })
  if (Predicate.isObject(delta.toolUse)) readParams(state, index, text(delta.toolUse.input), out)
  if (Predicate.isObject(delta.reasoningContent)) readReasoning(state, index, delta.reasoningContent, out)
  if (Predicate.isObject(delta.citation)) readCitation(state, delta.citation, out)
  if (Predicate.isObject(delta.image)) readImage(state, index, delta.image, out)
}

const readParams = (state: State, index: number, delta: string, out: Array<StreamPart>): void => {
  const block = state.open.get(index)
  if (block?.kind !== "tool" || delta === "") return
  block.params += delta
  out.push({ type: "tool-params-delta", id: block.id, delta })
}

const readReasoning = (
  state: State,
  index: number,
  piece: NonNullable<NonNullable<Wire.StreamEvent["delta"]>["reasoningContent"]>,
  out: Array<StreamPart>
): void => {
  const delta = text(piece.text)
  const signature = text(piece.signature)
  const redacted = text(piece.redactedContent)
  if (delta === "" && signature === "" && redacted === "") return
  const block = takeReasoning(state, index, out)
  if (delta !== "") out.push({ type: "reasoning-delta", id: block.id, delta })
  block.signature += signature
  if (redacted !== "") block.redacted.push(redacted)
}

/** Only addresses are sources: a place in a document that the caller sent is not told. */
const readCitation = (state: State, citation: Wire.Citation, out: Array<StreamPart>): void => {
  const web = citation.location?.web
  const url = text(web?.url)
  if (!URL.canParse(url)) return
  const title = text(citation.title) || text(web?.domain) || url
  out.push({ type: "source", sourceType: "url", id: `source_${state.sources++}`, url, title })
}

const readImage = (
  state: State,
  index: number,
  piece: NonNullable<Wire.AnswerBlock["image"]>,
  out: Array<StreamPart>
): void => {
  const format = text(piece.format) || "png"
  const block = take<Image>(state, index, "image", () => ({ kind: "image", format, pieces: [] }), out)
  const bytes = text(piece.source?.bytes)
  if (bytes !== "") block.pieces.push(bytes)
}

// -----------------------------------------------------------------------------
// End
// -----------------------------------------------------------------------------

/**
 * Reads `contentBlockStop`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const end = (state: State, event: Wire.StreamEvent, out: Array<StreamPart>): void =>
  endBlock(state, indexOf(event), out)

/**
 * Ends what is still open.
 *
 * @since 0.1.0
 * @category decoding
 */
export const endAll = (state: State, out: Array<StreamPart>): void => {
  for (const index of state.open.keys()) endBlock(state, index, out)
}

const endBlock = (state: State, index: number, out: Array<StreamPart>): void => {
  const block = state.open.get(index)
  state.open.delete(index)
  switch (block?.kind) {
    case "text":
      out.push({ type: "text-end", id: block.id })
      break
    case "reasoning":
      out.push({ type: "reasoning-end", id: block.id, ...proofOf(block) })
      break
    case "image":
      if (block.pieces.length > 0) {
        out.push({ type: "file", mediaType: `image/${block.format}`, data: join(block.pieces) })
      }
      break
    case "tool":
      endTool(state, block, out)
  }
}

const proofOf = ({ redacted, signature }: Reasoning) => {
  if (signature === "" && redacted.length === 0) return undefined
  return {
    metadata: {
      bedrock: {
        ...(signature === "" ? undefined : { signature }),
        ...(redacted.length === 0 ? undefined : { redactedContent: join(redacted) })
      }
    }
  }
}

/** Bytes that came in pieces, each in base64 of its own. */
const join = (pieces: ReadonlyArray<string>): string => {
  if (pieces.length === 1) return pieces[0]!
  const bytes = pieces.map((piece) => Result.getOrElse(Base64.decode(piece), () => new Uint8Array(0)))
  const all = new Uint8Array(bytes.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const piece of bytes) {
    all.set(piece, at)
    at += piece.length
  }
  return Base64.encode(all)
}

/** Whether it is the end of the answer that cut the arguments is known only later. */
const endTool = (state: State, { executed, id, name, params }: Tool, out: Array<StreamPart>): void => {
  const parsed = params.trim() === "" ? {} : Json.parse(params)
  if (parsed === undefined) state.broken ??= name
  else out.push({ type: "tool-params-end", id }, { type: "tool-call", id, name, params: parsed ?? {}, ...executed })
}
