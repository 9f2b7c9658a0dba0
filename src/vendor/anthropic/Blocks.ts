/**
 * The blocks of one answer, each with its beginning, its pieces and its end.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Response as AiResponse } from "effect/ai"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import type * as Events from "./Events.ts"

interface Text {
  readonly kind: "text"
  readonly id: string
  readonly citations: Array<unknown>
}

interface Thinking {
  readonly kind: "thinking"
  readonly id: string
  readonly metadata: { signature?: string; redactedData?: string }
}

interface ToolCall {
  readonly kind: "tool"
  readonly id: string
  readonly name: string
  readonly executed: boolean
  readonly caller: unknown
  params: string
}

/** A block that is whole when it begins, or of a kind that is not known. */
interface Other {
  readonly kind: "other"
}

type Block = Text | Thinking | ToolCall | Other

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly open: Map<unknown, Block>
  /** The names of the tools that the vendor ran, by the ids of their calls. */
  readonly executed: Map<string, string>
  readonly cited: Set<string>
  count: number
  /** The tool whose arguments are not JSON: why is only known when the answer ends. */
  broken: string | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (): State => ({
  open: new Map(),
  executed: new Map(),
  cited: new Set(),
  count: 0,
  broken: undefined
})

const metadataOf = (fields: Record<string, unknown>): { metadata: AiResponse.ProviderMetadata } | undefined =>
  Object.keys(fields).length === 0 ? undefined : { metadata: { anthropic: fields as any } }

/** `direct`, the model itself, is what any call is; another caller has to go back with it. */
const callerOf = (caller: unknown): { caller?: unknown } =>
  Predicate.isObject(caller) && "type" in caller && caller["type"] !== "direct" ? { caller } : {}

// -----------------------------------------------------------------------------
// Beginning
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category decoding
 */
export const begin = (
  state: State,
  index: unknown,
  block: Events.Block | null | undefined,
  out: Array<StreamPart>
): AttemptError | undefined => {
  if (!Predicate.isObject(block)) return malformed("a content block is not an object")
  const failure = end(state, index, out)
  if (failure !== undefined) return failure
  const type = Predicate.isString(block.type) ? block.type : ""
  if (type === "text") return beginText(state, index, block, out)
  if (type === "thinking" || type === "redacted_thinking") return beginThinking(state, index, block, out)
  if (type === "tool_use" || type === "server_tool_use" || type === "mcp_tool_use") {
    return beginCall(state, index, block, type !== "tool_use", out)
  }
  state.open.set(index, { kind: "other" })
  if (type.endsWith("_tool_result")) readResult(state, type, block, out)
  return undefined
}

const beginText = (state: State, index: unknown, block: Events.Block, out: Array<StreamPart>): undefined => {
  const text: Text = { kind: "text", id: String(state.count++), citations: [] }
  state.open.set(index, text)
  out.push({ type: "text-start", id: text.id })
  if (Predicate.isString(block.text) && block.text !== "") {
    out.push({ type: "text-delta", id: text.id, delta: block.text })
  }
  for (const citation of Array.isArray(block.citations) ? block.citations : []) cite(state, text, citation, out)
}

const beginThinking = (state: State, index: unknown, block: Events.Block, out: Array<StreamPart>): undefined => {
  const { data, signature, thinking } = block
  const reasoning: Thinking = { kind: "thinking", id: String(state.count++), metadata: {} }
  if (Predicate.isString(data)) reasoning.metadata.redactedData = data
  if (Predicate.isString(signature) && signature !== "") reasoning.metadata.signature = signature
  state.open.set(index, reasoning)
  out.push({ type: "reasoning-start", id: reasoning.id })
  if (Predicate.isString(thinking) && thinking !== "") {
    out.push({ type: "reasoning-delta", id: reasoning.id, delta: thinking })
  }
}

const beginCall = (
  state: State,
  index: unknown,
  { caller, id, input, name }: Events.Block,
  executed: boolean,
  out: Array<StreamPart>
): AttemptError | undefined => {
  if (!Predicate.isString(id) || id === "") return malformed("a tool call has no id")
  if (!Predicate.isString(name) || name === "") return malformed("a tool call has no name")
  const call: ToolCall = { kind: "tool", id, name, executed, caller, params: "" }
  state.open.set(index, call)
  if (executed) state.executed.set(id, name)
  out.push({
    type: "tool-params-start",
    id,
    name,
    ...(executed ? { providerExecuted: true } : undefined),
    ...metadataOf(callerOf(caller))
  })
  // In a stream the input begins empty; whole answers and some servers have all of it here.
  if (Predicate.isObject(input) && Object.keys(input).length > 0) addParams(call, JSON.stringify(input), out)
  return undefined
}

const readResult = (state: State, type: string, block: Events.Block, out: Array<StreamPart>): void => {
  const { caller, content, tool_use_id: id } = block
  if (!Predicate.isString(id)) return
  const isError = Predicate.isObject(content) && String(content["type"]).endsWith("_error")
  out.push({
    type: "tool-result",
    id,
    name: state.executed.get(id) ?? type.slice(0, -"_tool_result".length),
    result: content ?? null,
    isFailure: isError,
    providerExecuted: true,
    metadata: { anthropic: { type, ...callerOf(caller) } as any }
  })
}

// -----------------------------------------------------------------------------
// Pieces
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category decoding
 */
export const append = (
  state: State,
  index: unknown,
  delta: Events.Delta | null | undefined,
  out: Array<StreamPart>
): AttemptError | undefined => {
  const block = state.open.get(index)
  if (block === undefined) return malformed("a piece came of a content block that had not begun")
  if (!Predicate.isObject(delta)) return malformed("a piece of a content block is not an object")
  const { citation, partial_json, signature, text, thinking, type } = delta
  if (block.kind === "text") {
    if (type === "citations_delta") cite(state, block, citation, out)
    else if (Predicate.isString(text) && text !== "") out.push({ type: "text-delta", id: block.id, delta: text })
  } else if (block.kind === "thinking") {
    if (Predicate.isString(signature)) block.metadata.signature = signature
    else if (Predicate.isString(thinking) && thinking !== "") {
      out.push({ type: "reasoning-delta", id: block.id, delta: thinking })
    }
  } else if (block.kind === "tool" && Predicate.isString(partial_json)) addParams(block, partial_json, out)
  return undefined
}

const addParams = (call: ToolCall, delta: string, out: Array<StreamPart>): void => {
  if (delta === "") return
  call.params += delta
  out.push({ type: "tool-params-delta", id: call.id, delta })
}

/** Kept whole with its text, for it goes back so; what it names is a source besides, once. */
const cite = (state: State, block: Text, citation: unknown, out: Array<StreamPart>): void => {
  if (!Predicate.isObject(citation)) return
  block.citations.push(citation)
  const { document_index, document_title, source, title, type, url } = citation as Record<string, unknown>
  const address = Predicate.isString(url) ? url : Predicate.isString(source) ? source : undefined
  const key = address ?? `document ${String(document_index)}`
  if (state.cited.has(key)) return
  state.cited.add(key)
  const id = `source_${state.cited.size - 1}`
  const name = Predicate.isString(title) ? title : Predicate.isString(document_title) ? document_title : undefined
  if (address !== undefined) {
    out.push({ type: "source", sourceType: "url", id, url: address, title: name ?? address })
  } else if (type === "char_location" || type === "page_location" || type === "content_block_location") {
    const mediaType = type === "page_location" ? "application/pdf" : "text/plain"
    out.push({ type: "source", sourceType: "document", id, mediaType, title: name ?? key })
  }
}

// -----------------------------------------------------------------------------
// End
// -----------------------------------------------------------------------------

/**
 * Ends a block that is open; arguments left out are `{}`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const end = (state: State, index: unknown, out: Array<StreamPart>): AttemptError | undefined => {
  const block = state.open.get(index)
  if (block === undefined) return undefined
  state.open.delete(index)
  switch (block.kind) {
    case "text": {
      const { citations, id } = block
      out.push({ type: "text-end", id, ...metadataOf(citations.length === 0 ? {} : { citations }) })
      break
    }
    case "thinking":
      out.push({ type: "reasoning-end", id: block.id, ...metadataOf(block.metadata) })
      break
    case "tool":
      endCall(state, block, out)
      break
  }
  return undefined
}

const endCall = (state: State, { caller, executed, id, name, params }: ToolCall, out: Array<StreamPart>): void => {
  const json = params.trim() === "" ? {} : Json.parse(params)
  if (json === undefined) {
    state.broken ??= name
    return
  }
  out.push({ type: "tool-params-end", id }, {
    type: "tool-call",
    id,
    name,
    params: json ?? {},
    ...(executed ? { providerExecuted: true } : undefined),
    ...metadataOf(callerOf(caller))
  })
}

/**
 * Ends what a server left open.
 *
 * @since 0.1.0
 * @category decoding
 */
export const endAll = (state: State, out: Array<StreamPart>): AttemptError | undefined => {
  for (const index of state.open.keys()) {
    const failure = end(state, index, out)
    if (failure !== undefined) return failure
  }
  return undefined
}

/**
 * The failure of a tool call whose arguments are not JSON, if there was one.
 *
 * @since 0.1.0
 * @category accessors
 */
export const broken = (state: State, stopReason: string | undefined): AttemptError | undefined => {
  if (state.broken === undefined) return undefined
  const why = stopReason === "max_tokens" ? ": the answer reached its limit of tokens" : ""
  return malformed(`the arguments of the call to the tool "${state.broken}" are not JSON${why}`)
}
