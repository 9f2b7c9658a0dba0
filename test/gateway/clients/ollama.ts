/** `ollama`. */
import { type ChatResponse, type Message, Ollama } from "ollama"
import { type Client, parsed, type Question, type Told, type Tool } from "./Client.ts"

const messagesOf = ({ earlier = [], image, system, text }: Question): Array<Message> => [
  ...(system === undefined ? [] : [{ role: "system", content: system }]),
  ...earlier.map(({ role, text }) => ({ role, content: text })),
  { role: "user", content: text, ...(image === undefined ? undefined : { images: [image.base64] }) }
]

const toolOf = ({ description, name, parameters }: Tool) => ({
  type: "function",
  function: { name, description, parameters: { ...parameters } }
})

const toldOf = (chunks: ReadonlyArray<ChatResponse>): Told => {
  const last = chunks.at(-1)
  return {
    text: chunks.map(({ message }) => message.content).join(""),
    reasoning: chunks.map(({ message }) => message.thinking ?? "").join(""),
    calls: callsOf(chunks).map(({ function: { arguments: params, name } }) => ({ name, params })),
    finish: last?.done_reason,
    usage: { input: last?.prompt_eval_count, output: last?.eval_count }
  }
}

const callsOf = (chunks: ReadonlyArray<ChatResponse>) => chunks.flatMap(({ message }) => message.tool_calls ?? [])

/** The class is not exported. */
const isResponseError = (error: unknown): error is Error & { readonly status_code: number } =>
  error instanceof Error && error.name === "ResponseError" && "status_code" in error

export const ollama: Client = {
  name: "ollama",
  finish: { stop: "stop", calls: "stop" },
  refused: (error) =>
    isResponseError(error)
      ? { error: error.name, status: error.status_code }
      : { error: String(error), status: undefined },
  errorOf: () => "ResponseError",
  showsHeaders: false,
  noProofs: "Ollama's messages have no place for it",
  noDocuments: "Ollama's messages have pictures and no documents",
  make: (url, model, key = "none") => {
    const client = new Ollama({ host: url, headers: { authorization: `Bearer ${key}` } })

    const ask = async (messages: Array<Message>, isStream: boolean, { thinks, tool }: Question) => {
      const request = {
        model,
        messages,
        ...(thinks === undefined ? undefined : { think: true }),
        ...(tool === undefined ? undefined : { tools: [toolOf(tool)] })
      }
      if (!isStream) return [await client.chat(request)]
      const chunks: Array<ChatResponse> = []
      for await (const chunk of await client.chat({ ...request, stream: true })) chunks.push(chunk)
      return chunks
    }

    return {
      whole: async (question) => toldOf(await ask(messagesOf(question), false, question)),
      stream: async (question) => {
        const chunks = await ask(messagesOf(question), true, question)
        return { ...toldOf(chunks), pieces: chunks.filter(({ message }) => message.content !== "").length }
      },
      tools: async (question, result, stream) => {
        const messages = messagesOf(question)
        const first = await ask(messages, stream, question)
        const calls = callsOf(first)
        const second = await ask(
          [
            ...messages,
            { role: "assistant", content: toldOf(first).text, thinking: toldOf(first).reasoning, tool_calls: calls },
            ...calls.map(({ function: { arguments: params, name } }) => ({
              role: "tool",
              content: result(params),
              tool_name: name
            }))
          ],
          stream,
          question
        )
        return [toldOf(first), toldOf(second)]
      },
      object: async (question, schema) => {
        const { message } = await client.chat({ model, messages: messagesOf(question), format: schema })
        return parsed(message.content)
      },
      abort: async (question) => {
        const stream = await client.chat({ model, messages: messagesOf(question), stream: true })
        try {
          for await (const { message } of stream) if (message.content !== "") stream.abort()
        } catch (error) {
          return error instanceof Error && error.name === "AbortError"
        }
        return false
      }
    }
  }
}
