/**
 * An answer as the messages with which the conversation goes on.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Conversation, Dispatcher } from "llmdispatcher"
 *
 * export const twice = Effect.gen(function*() {
 *   const dispatcher = yield* Dispatcher.Dispatcher
 *   const messages = [{ role: "user", content: "Name a city." }] as const
 *   const first = yield* dispatcher.send({ messages })
 *   return yield* dispatcher.send({
 *     messages: [...messages, ...Conversation.toMessages(first.parts), { role: "user", content: "Another one." }]
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { Prompt, Response as AiResponse } from "effect/ai"
import type { Part } from "./Response.ts"

/** What a vendor wants back with a part, its reasoning's signature above all, stands where its encoder looks for it. */
const options = (
  metadata: AiResponse.ProviderMetadata | undefined
): { readonly options?: Prompt.ProviderOptions } =>
  metadata === undefined ? {} : { options: metadata as Prompt.ProviderOptions }

/**
 * The assistant's message, and after it the results of the tools that were resolved; none for an answer without content.
 *
 * Order and metadata are kept. Sources, usage and the like are no part of a conversation and are left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toMessages = (parts: Iterable<Part>): Array<Prompt.MessageEncoded> => {
  const assistant: Array<Prompt.AssistantMessagePartEncoded> = []
  const tool: Array<Prompt.ToolMessagePartEncoded> = []
  for (const part of parts) {
    switch (part.type) {
      case "text":
      case "reasoning":
        assistant.push({ type: part.type, text: part.text, ...options(part.metadata) })
        break
      case "file":
        assistant.push({ type: "file", mediaType: part.mediaType, data: part.data, ...options(part.metadata) })
        break
      case "tool-call": {
        const { id, metadata, name, params, providerExecuted = false } = part
        assistant.push({ type: "tool-call", id, name, params, providerExecuted, ...options(metadata) })
        break
      }
      case "tool-result": {
        if (part.preliminary === true) break
        const { id, isFailure, metadata, modelOutput, name, providerExecuted = false, result } = part
        const target: Array<Prompt.ToolResultPartEncoded> = providerExecuted
          ? assistant as Array<any>
          : tool as Array<any>
        target.push({
          type: "tool-result",
          id,
          name,
          isFailure,
          result,
          providerExecuted,
          ...(modelOutput === undefined ? undefined : { modelOutput }),
          ...options(metadata)
        })
      }
    }
  }
  return [
    ...(assistant.length === 0 ? [] : [{ role: "assistant" as const, content: assistant }]),
    ...(tool.length === 0 ? [] : [{ role: "tool" as const, content: tool }])
  ]
}
