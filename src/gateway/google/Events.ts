/**
 * An answer's parts as chunks of this API, built as text: server-sent events, or one array that grows.
 *
 * @since 0.1.0
 */
import type { Part, StreamPart } from "../../Response.ts"
import type * as Dialect from "../Dialect.ts"
import type { Failure } from "../Failure.ts"
import * as Encode from "./Encode.ts"
import * as Refusal from "./Refusal.ts"
import * as Signature from "./Signature.ts"

const head = `{"candidates":[{"content":{"parts":[`

/**
 * @since 0.1.0
 * @category models
 */
export class Events implements Dialect.Events {
  readonly contentType: string
  private readonly isArray: boolean
  private readonly id: string
  private model: string
  /** A signature comes after the last piece, and some clients take it only from one that has a text. */
  private held: Extract<StreamPart, { readonly type: "reasoning-delta" }> | undefined
  /** What ends a chunk after its parts. */
  private tail = ""
  private isBegun = false
  private readonly sources: Array<Extract<Part, { readonly type: "source" }>> = []

  /** `model` is told where the vendor does not name one. */
  constructor(id: string, model: string, isArray: boolean) {
    this.id = id
    this.model = model
    this.isArray = isArray
    this.contentType = isArray ? "application/json" : "text/event-stream"
    this.describe()
  }

  part(part: StreamPart): string {
    switch (part.type) {
      case "text-delta":
        return part.delta === "" ? "" : this.chunk(`{"text":${JSON.stringify(part.delta)}}`)
      case "reasoning-delta": {
        if (part.delta === "") return ""
        const before = this.thought()
        this.held = part
        return before
      }
      case "text-end": {
        const { thoughtSignature } = Encode.own(part)
        return typeof thoughtSignature === "string" ? this.chunk(JSON.stringify({ text: "", thoughtSignature })) : ""
      }
      case "reasoning-end": {
        const thoughtSignature = Signature.of(part.metadata)
        if (thoughtSignature === undefined || this.held?.id === part.id) return this.thought(thoughtSignature)
        return this.thought() + this.chunk(JSON.stringify({ text: "", thought: true, thoughtSignature }))
      }
      case "text-start":
        return this.thought()
      case "file":
      case "tool-call":
      case "tool-result": {
        const encoded = Encode.encodePart(part)
        return encoded === undefined ? "" : this.thought() + this.chunk(JSON.stringify(encoded))
      }
      case "source":
        this.sources.push(part)
        return ""
      case "response-metadata":
        if (part.modelId !== undefined) this.model = part.modelId
        this.describe()
        return ""
      case "finish": {
        const { candidate, usage } = Encode.last(part, this.sources)
        return this.thought() + this.write(
          `{"candidates":[${JSON.stringify(candidate)}],"usageMetadata":${JSON.stringify(usage)}${this.described()}`
        )
      }
      default:
        return ""
    }
  }

  end(): string {
    if (!this.isArray) return ""
    return this.isBegun ? "]" : "[]"
  }

  /** As an event too: SDKs that read nothing else would take a bare error, as Google's server writes it, for the end. */
  failed(failure: Failure): string {
    const thought = this.thought()
    const { body, status } = Refusal.refusal(failure)
    // Of an answer that has begun, what is blocked is no longer the prompt.
    const isBlocked = status === 200 && !this.isBegun
    const text = JSON.stringify(status === 200 && !isBlocked ? Refusal.error(failure).body : body)
    return thought + (this.isArray ? `${this.write(text)}]` : this.write(text))
  }

  /** Tells the piece of thought that is held, and its signature where that has come. */
  private thought(thoughtSignature?: string): string {
    if (this.held === undefined) return ""
    const { delta: text } = this.held
    this.held = undefined
    return this.chunk(
      thoughtSignature === undefined
        ? `{"text":${JSON.stringify(text)},"thought":true}`
        : JSON.stringify({ text, thought: true, thoughtSignature })
    )
  }

  private described(): string {
    return `,"modelVersion":${JSON.stringify(this.model)},"responseId":${JSON.stringify(this.id)}}`
  }

  private describe(): void {
    this.tail = `],"role":"model"},"index":0}]${this.described()}`
  }

  private chunk(part: string): string {
    return this.write(head + part + this.tail)
  }

  private write(json: string): string {
    if (!this.isArray) {
      this.isBegun = true
      return `data: ${json}\r\n\r\n`
    }
    if (this.isBegun) return `,\r\n${json}`
    this.isBegun = true
    return `[${json}`
  }
}
