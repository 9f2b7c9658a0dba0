/**
 * An answer's parts as lines of Ollama's JSON, built as text.
 *
 * @since 0.1.0
 */
import { type StreamPart, summaryOf, type Usage } from "../../Response.ts"
import type * as Dialect from "../Dialect.ts"
import type { Failure } from "../Failure.ts"
import * as Encode from "./Encode.ts"
import * as Refusal from "./Refusal.ts"

const forms = {
  chat: {
    text: `"message":{"role":"assistant","content":`,
    thinking: `"message":{"role":"assistant","content":"","thinking":`,
    end: `},"done":false}\n`,
    empty: { message: { role: "assistant", content: "" } }
  },
  generate: {
    text: `"response":`,
    thinking: `"response":"","thinking":`,
    end: `,"done":false}\n`,
    empty: { response: "" }
  }
} as const

/**
 * @since 0.1.0
 * @category models
 */
export class Events implements Dialect.Events {
  readonly contentType = "application/x-ndjson"
  private readonly form: Encode.Form
  private readonly createdAt: string
  private model: string
  private head = ""
  private text = ""
  private thinking = ""
  private readonly close: string
  private calls = 0

  /** `model` is told where the vendor does not name one; `now` is in epoch milliseconds. */
  constructor(model: string, now: number, form: Encode.Form) {
    this.form = form
    this.createdAt = Encode.time(now)
    this.close = forms[form].end
    this.model = model
    this.describe()
  }

  part(part: StreamPart): string {
    switch (part.type) {
      case "text-delta":
        return part.delta === "" ? "" : this.text + JSON.stringify(part.delta) + this.close
      case "reasoning-delta":
        return part.delta === "" ? "" : this.thinking + JSON.stringify(part.delta) + this.close
      case "tool-call": {
        // A caller who saw the call of a tool that a vendor ran would run it once more.
        if (part.providerExecuted === true || this.form === "generate") return ""
        const call = JSON.stringify(Encode.call(part, this.calls++))
        return `${this.text}"","tool_calls":[${call}]${this.close}`
      }
      case "response-metadata":
        if (part.modelId !== undefined) this.model = part.modelId
        this.describe()
        return ""
      case "finish": {
        const ending = Encode.ending(part.reason, part.usage as Usage, summaryOf(part)?.timings)
        return `${this.head}${JSON.stringify({ ...forms[this.form].empty, ...ending }).slice(1)}\n`
      }
      default:
        return ""
    }
  }

  end(): string {
    return ""
  }

  failed(failure: Failure): string {
    return `${JSON.stringify(Refusal.refusal(failure).body)}\n`
  }

  private describe(): void {
    this.head = `{"model":${JSON.stringify(this.model)},"created_at":"${this.createdAt}",`
    this.text = this.head + forms[this.form].text
    this.thinking = this.head + forms[this.form].thinking
  }
}
