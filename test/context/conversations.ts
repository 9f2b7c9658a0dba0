import { Prompt } from "effect/ai"
import * as fc from "fast-check"
import { Request } from "../../src/Request.ts"
import type { TokenCounter } from "../../src/context/Tokens.ts"

/** A token a character, so that the numbers in a test can be read. */
export const characters: TokenCounter = { text: (text) => text.length }

export const request = (
  messages: ReadonlyArray<Prompt.Message>,
  fields: Partial<Pick<Request, "model" | "maxTokens" | "tools" | "deadline">> = {}
): Request => new Request({ ...fields, prompt: Prompt.fromMessages(messages) })

export const system = (content: string) => Prompt.systemMessage({ content })
export const user = (text: string) => Prompt.userMessage({ content: [Prompt.textPart({ text })] })
export const assistant = (text: string) => Prompt.assistantMessage({ content: [Prompt.textPart({ text })] })
export const call = (...ids: ReadonlyArray<string>) =>
  Prompt.assistantMessage({
    content: [
      Prompt.reasoningPart({ text: "hm" }),
      ...ids.map((id) => Prompt.toolCallPart({ id, name: "f", params: {}, providerExecuted: false }))
    ]
  })
export const result = (text: string, ...ids: ReadonlyArray<string>) =>
  Prompt.toolMessage({
    content: ids.map((id) =>
      Prompt.toolResultPart({ id, name: "f", isFailure: false, result: text, providerExecuted: false })
    )
  })

/** Each message in a word, to compare with. */
export const told = (request: Request): ReadonlyArray<string> =>
  request.prompt.content.map((message) =>
    message.role === "system"
      ? `system ${message.content}`
      : `${message.role} ${
        message.content.map((part: Prompt.Part) =>
          part.type === "text" ? part.text : "id" in part ? part.id : part.type
        ).join(" ")
      }`
  )

const text = fc.nat(60).map((length) => "x".repeat(length + 1))

/** A call of one to three tools, answered in one message or in one for each, perhaps with the user's word in between. */
const step = fc.record({
  calls: fc.integer({ min: 1, max: 3 }),
  apart: fc.boolean(),
  interrupted: fc.nat(9).map((number) => number === 0),
  fresh: fc.boolean(),
  text
})

const turn = fc.record({
  question: text,
  remark: fc.option(text, { freq: 4 }),
  steps: fc.array(step, { maxLength: 4 }),
  answer: fc.option(text, { freq: 3, nil: undefined })
})

/** Conversations of any form that a request may have: reused ids, parallel calls, remarks of the system on the way. */
export const conversation: fc.Arbitrary<ReadonlyArray<Prompt.Message>> = fc.record({
  system: fc.option(text, { nil: undefined }),
  greeting: fc.option(text, { freq: 6, nil: undefined }),
  turns: fc.array(turn, { minLength: 1, maxLength: 6 })
}).map(({ greeting, system: rules, turns }) => {
  const messages: Array<Prompt.Message> = []
  let number = 0
  if (rules !== undefined) messages.push(system(rules))
  if (greeting !== undefined) messages.push(assistant(greeting))
  for (const { answer, question, remark, steps } of turns) {
    messages.push(user(question))
    if (remark !== null) messages.push(system(remark))
    for (const { apart, calls, fresh, interrupted, text } of steps) {
      const ids = Array.from({ length: calls }, (_, index) => fresh ? `c${number++}` : `call_${index}`)
      messages.push(call(...ids))
      if (interrupted) messages.push(user("wait"))
      if (apart) messages.push(...ids.map((id) => result(text, id)))
      else messages.push(result(text, ...ids))
    }
    if (answer !== undefined) messages.push(assistant(answer))
  }
  return messages
})

/** Every call's message with that of its result; a result belongs to the last call before it that had its id. */
export const pairs = (messages: ReadonlyArray<Prompt.Message>): ReadonlyArray<readonly [number, number]> => {
  const found: Array<readonly [number, number]> = []
  for (const [at, message] of messages.entries()) {
    if (message.role !== "tool") continue
    for (const part of message.content) {
      if (part.type !== "tool-result") continue
      const from = messages.slice(0, at).findLastIndex((before) =>
        before.role === "assistant" && before.content.some((call) => call.type === "tool-call" && call.id === part.id)
      )
      found.push([from, at])
    }
  }
  return found
}
