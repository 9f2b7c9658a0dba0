/**
 * What the assistant said, in its order: texts, signed thinking, calls of tools, and what Anthropic's own tools gave.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Prompt } from "effect/ai"
import * as Json from "../../wire/Json.ts"
import * as Content from "./Content.ts"
import * as Turns from "./Turns.ts"
import * as Wire from "./Wire.ts"

/**
 * A part and its path in the request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Placed<Part> {
  readonly part: Part
  readonly at: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly blocks: Array<Wire.Block>
  /** Of tools that the caller runs: they belong to the turn after. */
  readonly results: ReadonlyArray<Placed<Prompt.ToolResultPart>>
}

/**
 * The tools of a conversation that Anthropic ran itself: the calls that have a result, and those sent so far.
 *
 * A paused turn is gone on with in another message, so that a result may stand apart from its call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Executed {
  readonly answered: ReadonlySet<string>
  readonly sent: Set<string>
  /** After it the model is to go on: only there a call may be without a result. */
  readonly last: Prompt.Message | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const executed = (prompt: Prompt.Prompt, context: Content.Context): Executed => {
  const answered = new Set<string>()
  for (const message of prompt.content) {
    if (message.role !== "assistant") continue
    for (const part of message.content) {
      if (part.type === "tool-result" && resultType(part, context) !== undefined) answered.add(part.id)
    }
  }
  return { answered, sent: new Set(), last: prompt.content.at(-1) }
}

/**
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  message: Prompt.AssistantMessage,
  path: string,
  turns: Turns.Turns,
  executed: Executed,
  context: Content.Context
): Encoded => {
  const blocks: Array<Wire.Block> = []
  const results: Array<Placed<Prompt.ToolResultPart>> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    switch (part.type) {
      case "text":
        push(blocks, Content.text(part, at, context, "assistant"))
        break
      case "reasoning":
        push(blocks, encodeReasoning(part, at, context))
        break
      case "tool-call":
        push(
          blocks,
          part.providerExecuted
            ? encodeServerCall(part, message === executed.last, at, executed, context)
            : encodeCall(part, at, turns, context)
        )
        break
      case "tool-result":
        if (part.providerExecuted) push(blocks, encodeServerResult(part, at, executed, context))
        else results.push({ part, at })
        break
      default:
        context.lose(at, lost[part.type])
    }
  }
  return { blocks, results }
}

const lost = {
  file: "a file that the model made is not taken back",
  "tool-approval-request": "a request for approval is not known"
} as const

const push = (blocks: Array<Wire.Block>, block: Wire.Block | undefined): void => {
  if (block !== undefined) blocks.push(block)
}

/** Signed or encrypted thinking goes back as it came; any other is refused. */
const encodeReasoning = (
  part: Prompt.ReasoningPart,
  path: string,
  context: Content.Context
): Wire.Block | undefined => {
  const signature = Content.option(part.options, "signature", context)
  const data = Content.option(part.options, "redactedData", context)
  if (!Predicate.isString(signature) && !Predicate.isString(data)) {
    context.lose(path, "reasoning without a signature of Anthropic's is not taken")
    return undefined
  }
  const mark = Content.mark(part.options, ["signature", "redactedData"], path, context)
  if (mark.cache_control !== undefined) context.lose(`${path}.options`, "reasoning cannot be marked")
  return Predicate.isString(data)
    ? { type: "redacted_thinking", data }
    : { type: "thinking", thinking: part.text, signature: signature as string }
}

const callerOf = (options: Prompt.ProviderOptions, context: Content.Context) => {
  const caller = Content.option(options, "caller", context)
  return Predicate.isObject(caller) ? { caller: caller as { readonly [key: string]: any } } : undefined
}

/** Only an object is taken: what other vendors' models wrote instead is put into one. */
const inputOf = (params: unknown, path: string, context: Content.Context): { readonly [key: string]: any } => {
  if (params === undefined || params === null) return {}
  const json = Json.parse(Json.stringify(params) ?? "null")
  if (Predicate.isObject(json)) return json
  context.lose(`${path}.params`, "is not an object: it is sent as its field \"value\"")
  return { value: json }
}

const encodeCall = (
  part: Prompt.ToolCallPart,
  path: string,
  turns: Turns.Turns,
  context: Content.Context
): Wire.Block => {
  const mark = Content.mark(part.options, ["caller"], path, context)
  return {
    type: "tool_use",
    id: Turns.call(turns, part.id, path),
    name: part.name,
    input: inputOf(part.params, path, context),
    ...callerOf(part.options, context),
    ...mark
  }
}

// -----------------------------------------------------------------------------
// Tools that Anthropic runs
// -----------------------------------------------------------------------------

const serverId = /^srvtoolu_[a-zA-Z0-9_]+$/

const encodeServerCall = (
  part: Prompt.ToolCallPart,
  isLast: boolean,
  path: string,
  { answered, sent }: Executed,
  context: Content.Context
): Wire.Block | undefined => {
  const name = Wire.serverTools.find((name) => name === part.name)
  if (name === undefined || !serverId.test(part.id) || !(isLast || answered.has(part.id)) || sent.has(part.id)) {
    context.lose(path, "a tool call that another vendor executed itself is not taken")
    return undefined
  }
  sent.add(part.id)
  const mark = Content.mark(part.options, ["caller"], path, context)
  const input = inputOf(part.params, path, context)
  return { type: "server_tool_use", id: part.id, name, input, ...callerOf(part.options, context), ...mark }
}

const resultType = (part: Prompt.ToolResultPart, context: Content.Context) => {
  const type = Content.option(part.options, "type", context)
  return Wire.serverResults.find((each) => each === type)
}

const encodeServerResult = (
  part: Prompt.ToolResultPart,
  path: string,
  { sent }: Executed,
  context: Content.Context
): Wire.Block | undefined => {
  const type = resultType(part, context)
  if (type === undefined || !sent.has(part.id)) {
    context.lose(path, "the result of a tool that another vendor executed itself is not taken")
    return undefined
  }
  const mark = Content.mark(part.options, ["caller", "type"], path, context)
  return { type, tool_use_id: part.id, content: part.result as any, ...callerOf(part.options, context), ...mark }
}
