/**
 * A request as a local model takes it: the turns of the chat, the same as plain text, and how to sample.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import type { Request, ResponseFormat } from "../../Request.ts"
import type { Loss } from "../../Response.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import type { Called, Generate, Turn } from "./Library.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  /** Ends with a turn of the model: an empty one, or the beginning that the answer continues. */
  readonly turns: ReadonlyArray<Turn>
  readonly sampling: Omit<Generate, "signal" | "stopOnAbortSignal" | "maxTokens" | "grammar">
  readonly stop: ReadonlyArray<string>
  readonly format: Exclude<ResponseFormat, { readonly type: "text" }> | undefined
  readonly losses: ReadonlyArray<Loss>
}

/** The name of the instance, and of the kind, under which options are ours. */
const names = (name: string) => [name, "llama-cpp"]

/**
 * @since 0.1.0
 * @category encoding
 */
export const encode = (request: Request, name: string): Result.Result<Encoded, AttemptError> => {
  const { lose, losses } = Losses.make()
  if ((request.tools?.length ?? 0) > 0 && request.toolChoice !== "none") {
    return Result.fail(fatal({ _tag: "UnsupportedFeature", description: "tools: this vendor calls none" }))
  }
  return Result.map(encodeTurns(request.prompt, names(name), lose), (turns) => {
    const sampling = encodeSampling(request, names(name), lose)
    for (const field of ["toolChoice", "parallelToolCalls"] as const) {
      if (request[field] !== undefined && request[field] !== "none" && request[field] !== "auto") {
        lose(field, "this vendor calls no tools")
      }
    }
    for (const field of ["user", "metadata"] as const) {
      if (request[field] !== undefined) lose(field, "a model in this process is told of no user")
    }
    if (request.reasoningEffort !== undefined) lose("reasoningEffort", "a local model is not told how hard to think")
    const format = request.responseFormat?.type === "text" ? undefined : request.responseFormat
    return { turns, sampling, stop: request.stop ?? [], format, losses }
  })
}

/** The plain text of a conversation, for a model whose file has no chat template. */
export const plain = (turns: ReadonlyArray<Turn>): string =>
  turns.map((turn) => turn.type === "model" ? textOf(turn.response) : turn.text).filter((text) => text !== "").join(
    "\n"
  )

const textOf = (response: ReadonlyArray<string | Called>): string =>
  response.map((item) =>
    typeof item === "string" ? item : `${item.name}(${JSON.stringify(item.params)}) = ${JSON.stringify(item.result)}\n`
  ).join("")

// -----------------------------------------------------------------------------
// Sampling
// -----------------------------------------------------------------------------

const encodeSampling = (request: Request, names: ReadonlyArray<string>, lose: Lose): Encoded["sampling"] => {
  const { frequencyPenalty, presencePenalty, seed, temperature, topK, topP } = request
  let minP: number | undefined
  for (const name of new Set(names)) {
    for (const [option, value] of Object.entries(request.options?.[name] ?? {})) {
      if (option === "minP" && typeof value === "number") minP = value
      else lose(`options.${name}.${option}`, `is not known to ${names[0]}`)
    }
  }
  const penalties = {
    ...(frequencyPenalty === undefined ? undefined : { frequencyPenalty }),
    ...(presencePenalty === undefined ? undefined : { presencePenalty })
  }
  return {
    ...(temperature === undefined ? undefined : { temperature }),
    ...(minP === undefined ? undefined : { minP }),
    ...(topP === undefined ? undefined : { topP }),
    ...(topK === undefined ? undefined : { topK }),
    // 32 bits is all the library takes.
    ...(seed === undefined ? undefined : { seed: seed >>> 0 }),
    ...(Object.keys(penalties).length === 0 ? undefined : { repeatPenalty: penalties })
  }
}

// -----------------------------------------------------------------------------
// Turns
// -----------------------------------------------------------------------------

const encodeTurns = (
  prompt: Prompt.Prompt,
  names: ReadonlyArray<string>,
  lose: Lose
): Result.Result<ReadonlyArray<Turn>, AttemptError> => {
  const turns: Array<Turn> = []
  const results = resultsOf(prompt)
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    Losses.others(message.options, names, [], path, lose)
    switch (message.role) {
      case "system":
        turns.push({ type: "system", text: message.content })
        break
      case "user": {
        const file = message.content.findIndex((part) => part.type === "file")
        if (file >= 0) {
          const description = `${path}.content.${file}: a local model takes text only`
          return Result.fail(fatal({ _tag: "UnsupportedFeature", description }))
        }
        const texts = message.content.flatMap((part, at) => {
          Losses.others(part.options, names, [], `${path}.content.${at}`, lose)
          return part.type === "text" ? [part.text] : []
        })
        turns.push({ type: "user", text: texts.join("\n") })
        break
      }
      case "assistant":
        appendModel(turns, encodeAssistant(message, results, path, names, lose))
        break
      case "tool":
        break
    }
  }
  if (turns.at(-1)?.type !== "model") turns.push({ type: "model", response: [] })
  return Result.succeed(turns)
}

/** A tool's result stands within the turn of the model that called it, and so do the turns around it. */
const appendModel = (turns: Array<Turn>, response: ReadonlyArray<string | Called>): void => {
  const last = turns.at(-1)
  if (last?.type === "model") turns[turns.length - 1] = { type: "model", response: [...last.response, ...response] }
  else turns.push({ type: "model", response })
}

const resultsOf = (prompt: Prompt.Prompt): ReadonlyMap<string, Prompt.ToolResultPart> => {
  const results = new Map<string, Prompt.ToolResultPart>()
  for (const message of prompt.content) {
    if (message.role !== "tool" && message.role !== "assistant") continue
    for (const part of message.content) if (part.type === "tool-result") results.set(part.id, part)
  }
  return results
}

const encodeAssistant = (
  message: Prompt.AssistantMessage,
  results: ReadonlyMap<string, Prompt.ToolResultPart>,
  path: string,
  names: ReadonlyArray<string>,
  lose: Lose
): ReadonlyArray<string | Called> => {
  const response: Array<string | Called> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    switch (part.type) {
      case "text":
        Losses.others(part.options, names, [], at, lose)
        response.push(part.text)
        break
      case "tool-call": {
        Losses.others(part.options, names, [], at, lose)
        const result = results.get(part.id)
        if (result?.isFailure === true) lose(`${at}.isFailure`, "only the result is told, not that the tool failed")
        response.push({
          type: "functionCall",
          name: part.name,
          params: part.params ?? {},
          result: told(result, at, lose)
        })
        break
      }
      // With its call.
      case "tool-result":
        break
      default:
        lose(at, `a part of the type ${part.type} is not told to a local model`)
    }
  }
  return response
}

/** What the tool wrote for the model, else its result. */
const told = (result: Prompt.ToolResultPart | undefined, path: string, lose: Lose): unknown => {
  const texts: Array<string> = []
  for (const output of result?.modelOutput ?? []) {
    if (output.type === "text") texts.push(output.text)
    else lose(`${path}.modelOutput`, "files in the result of a tool are not taken")
  }
  if (texts.length > 0) return texts.join("\n")
  return Predicate.isUndefined(result?.result) ? null : result.result
}
