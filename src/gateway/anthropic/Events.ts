/**
 * An answer's parts as the events of this API, built as text.
 *
 * Blocks follow one another here, while the parts of other vendors' calls may run side by side.
 *
 * @since 0.1.0
 */
import type { StreamPart } from "../../Response.ts"
import * as Json from "../../wire/Json.ts"
import type * as Dialect from "../Dialect.ts"
import type { Failure } from "../Failure.ts"
import * as Encode from "./Encode.ts"
import * as Refusal from "./Refusal.ts"
import * as Signature from "./Signature.ts"

interface Block {
  readonly kind: "text" | "reasoning" | "tool"
  /** The part's own. */
  readonly id: string
  /** What stands before a piece's text, and what before its signature or citation. */
  readonly piece: string
  readonly delta: string
  /** Of a tool. */
  params: string
}

type ParamsStart = Extract<StreamPart, { readonly type: "tool-params-start" }>

const event = (type: string, fields: string): string => `event: ${type}\ndata: {"type":"${type}"${fields}}\n\n`

const kinds = {
  text: `{"type":"text_delta","text":`,
  reasoning: `{"type":"thinking_delta","thinking":`,
  tool: `{"type":"input_json_delta","partial_json":`
} as const

const closing = "}}\n\n"

const begun = {
  text: { type: "text", text: "", citations: [] },
  reasoning: { type: "thinking", thinking: "", signature: "" }
} as const

const nothingYet = { stop_reason: null, stop_sequence: null, stop_details: null, container: null }

/**
 * @since 0.1.0
 * @category models
 */
export class Events implements Dialect.Events {
  readonly contentType = "text/event-stream"
  private begun = false
  private index = -1
  private open: Block | undefined
  /** Parts of other blocks, while the arguments of the open call are not whole. */
  private held: Array<StreamPart> = []
  /** Calls that were told already, and such as are never told. */
  private readonly done = new Set<string>()
  private readonly id: string
  private model: string

  /** `model` is told where the vendor does not name one. */
  constructor(id: string, model: string) {
    this.id = id
    this.model = model
  }

  part(part: StreamPart): string {
    switch (part.type) {
      case "text-delta":
        return part.delta === "" ? "" : this.piece("text", part.id, part.delta, part)
      case "reasoning-delta":
        return part.delta === "" ? "" : this.piece("reasoning", part.id, part.delta, part)
      case "tool-params-delta":
        return part.delta === "" || this.done.has(part.id) ? "" : this.params(part)
      case "text-end":
      case "reasoning-end":
        return this.endBlock(part)
      case "tool-params-start":
        return this.startCall(part)
      case "tool-params-end":
        return ""
      case "tool-call":
        return this.call(part)
      case "tool-result":
        return this.result(part)
      case "response-metadata":
        if (part.modelId !== undefined && !this.begun) this.model = part.modelId
        return this.begin()
      case "finish":
        return this.finish(part)
      default:
        return ""
    }
  }

  end(): string {
    return ""
  }

  failed(failure: Failure): string {
    return `event: error\ndata: ${JSON.stringify(Refusal.refusal(failure).body)}\n\n`
  }

  private begin(): string {
    if (this.begun) return ""
    this.begun = true
    const usage = Encode.usage({ inputTokens: {}, outputTokens: {} })
    return event(
      "message_start",
      `,"message":${JSON.stringify(Encode.message(this.id, this.model, [], nothingYet, usage))}`
    )
  }

  // ---------------------------------------------------------------------------
  // Blocks
  // ---------------------------------------------------------------------------

  private start(kind: Block["kind"], id: string, block: object): string {
    const before = this.begin() + this.close()
    this.index += 1
    const delta = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.index},"delta":`
    this.open = { kind, id, delta, piece: delta + kinds[kind], params: "" }
    return before + event("content_block_start", `,"index":${this.index},"content_block":${JSON.stringify(block)}`)
  }

  private close(): string {
    if (this.open === undefined) return ""
    if (this.open.kind === "tool") this.done.add(this.open.id)
    this.open = undefined
    return event("content_block_stop", `,"index":${this.index}`)
  }

  private isOpen(kind: Block["kind"], id: string): boolean {
    return this.open !== undefined && this.open.kind === kind && this.open.id === id
  }

  /** Whether a part of another block has to wait: the open call would be cut in two. */
  private holds(part: StreamPart): boolean {
    if (this.open?.kind !== "tool") return false
    if (this.held.length === 0 && Json.parse(this.open.params) !== undefined) return false
    this.held.push(part)
    return true
  }

  private release(): string {
    if (this.held.length === 0) return ""
    const held = this.held
    this.held = []
    let text = ""
    for (const part of held) text += this.part(part)
    return text
  }

  private piece(kind: "text" | "reasoning", id: string, delta: string, part: StreamPart): string {
    if (this.isOpen(kind, id)) return this.open!.piece + JSON.stringify(delta) + closing
    if (this.holds(part)) return ""
    const before = this.start(kind, id, begun[kind])
    return before + this.open!.piece + JSON.stringify(delta) + closing
  }

  private endBlock(part: Extract<StreamPart, { readonly type: "text-end" | "reasoning-end" }>): string {
    const kind = part.type === "text-end" ? "text" : "reasoning"
    const isOpen = this.isOpen(kind, part.id)
    if (!isOpen && this.holds(part)) return ""
    if (kind === "text") return isOpen ? this.citations(part) + this.close() : ""
    const { redactedData } = Encode.own(part)
    if (typeof redactedData === "string") {
      return this.start(kind, part.id, { type: "redacted_thinking", data: redactedData }) + this.close()
    }
    const signature = Signature.of(part.metadata)
    if (!isOpen && signature === "") return ""
    const before = isOpen ? "" : this.start(kind, part.id, begun.reasoning)
    const signed = signature === ""
      ? ""
      : `${this.open!.delta}{"type":"signature_delta","signature":${JSON.stringify(signature)}${closing}`
    return before + signed + this.close()
  }

  private citations(part: StreamPart): string {
    const { citations } = Encode.own(part)
    if (!Array.isArray(citations)) return ""
    let text = ""
    for (const citation of citations) {
      text += `${this.open!.delta}{"type":"citations_delta","citation":${JSON.stringify(citation)}${closing}`
    }
    return text
  }

  // ---------------------------------------------------------------------------
  // Tools
  // ---------------------------------------------------------------------------

  private startCall(part: ParamsStart): string {
    if (this.isOpen("tool", part.id)) return ""
    const type = Encode.callType(part)
    if (type === undefined) {
      this.done.add(part.id)
      return ""
    }
    if (this.holds(part)) return ""
    // Some vendors number their calls anew in each answer, none within one.
    this.done.delete(part.id)
    return this.start("tool", part.id, {
      type,
      id: Encode.callId(part.id),
      name: part.name,
      input: {},
      caller: Encode.callerOf(part)
    })
  }

  private params(part: Extract<StreamPart, { readonly type: "tool-params-delta" }>): string {
    if (!this.isOpen("tool", part.id)) {
      this.held.push(part)
      return ""
    }
    this.open!.params += part.delta
    return this.open!.piece + JSON.stringify(part.delta) + closing
  }

  private call(part: Extract<StreamPart, { readonly type: "tool-call" }>): string {
    if (this.isOpen("tool", part.id)) return this.close() + this.proof(part) + this.release()
    // Its block was ended by one that came after it.
    if (this.done.has(part.id)) return this.holds(part) ? "" : this.proof(part)
    if (this.holds(part)) return ""
    // A call that comes whole.
    const { params: _, ...start } = part
    const started = this.startCall({ ...start, type: "tool-params-start" } as ParamsStart)
    if (started === "") return ""
    const input = JSON.stringify(Encode.inputOf(part.params))
    const delta = input === "{}" ? "" : this.open!.piece + JSON.stringify(input) + closing
    return started + delta + this.close() + this.proof(part)
  }

  private proof(part: Extract<StreamPart, { readonly type: "tool-call" }>): string {
    const data = Signature.ofCall(part, Encode.callId(part.id))
    return data === undefined ? "" : this.start("reasoning", "", { type: "redacted_thinking", data }) + this.close()
  }

  private result(part: Extract<StreamPart, { readonly type: "tool-result" }>): string {
    const block = Encode.result(part)
    if (block === undefined || this.holds(part)) return ""
    const before = this.begin() + this.close()
    this.index += 1
    return before + event("content_block_start", `,"index":${this.index},"content_block":${JSON.stringify(block)}`) +
      event("content_block_stop", `,"index":${this.index}`)
  }

  // ---------------------------------------------------------------------------
  // End
  // ---------------------------------------------------------------------------

  private finish(part: Extract<StreamPart, { readonly type: "finish" }>): string {
    const before = this.begin() + this.close() + this.release() + this.close()
    const delta = Encode.ending(part.reason, Encode.own(part))
    return before +
      event("message_delta", `,"delta":${JSON.stringify(delta)},"usage":${JSON.stringify(Encode.usage(part.usage))}`) +
      event("message_stop", "")
  }
}
