/** `@anthropic-ai/sdk`. */
import Anthropic from "@anthropic-ai/sdk"
import { type Client, parsed, type Question, type Told } from "./Client.ts"

type Message = Anthropic.MessageParam

const messagesOf = ({ document, earlier = [], image, text }: Question): Array<Message> => [
  ...earlier.map(({ role, text }) => ({ role, content: text })),
  {
    role: "user",
    content: image === undefined && document === undefined ? text : [
      { type: "text", text },
      ...(image === undefined ? [] : [
        {
          type: "image",
          source: { type: "base64", media_type: image.mediaType as "image/png", data: image.base64 }
        } as const
      ]),
      ...(document === undefined ? [] : [
        {
          type: "document",
          title: document.name,
          source: { type: "base64", media_type: "application/pdf", data: document.base64 }
        } as const
      ])
    ]
  }
]

const toldOf = ({ content, stop_reason, usage }: Anthropic.Message): Told => ({
  text: content.map((block) => block.type === "text" ? block.text : "").join(""),
  reasoning: content.map((block) => block.type === "thinking" ? block.thinking : "").join(""),
  calls: content.flatMap((block) => block.type === "tool_use" ? [{ name: block.name, params: block.input }] : []),
  finish: stop_reason,
  usage: { input: usage.input_tokens, output: usage.output_tokens }
})

const classes: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  429: "RateLimitError",
  529: "OverloadedError"
}

export const anthropic: Client = {
  name: "@anthropic-ai/sdk",
  finish: { stop: "end_turn", calls: "tool_use" },
  refused: (error) =>
    error instanceof Anthropic.APIError
      ? { error: error.constructor.name, status: error.status, retryAfter: error.headers?.get("retry-after") }
      : { error: String(error), status: undefined },
  overloaded: 529,
  errorOf: (status) => classes[status] ?? (status >= 500 ? "InternalServerError" : "APIError"),
  showsHeaders: true,
  make: (url, model, apiKey = "none") => {
    const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
    const body = (messages: Array<Message>, { system, thinks, tool }: Question) => ({
      model,
      messages,
      max_tokens: 4_096,
      ...(thinks === undefined ? undefined : { thinking: { type: "enabled", budget_tokens: 1_024 } as const }),
      ...(system === undefined ? undefined : { system }),
      ...(tool === undefined ? undefined : {
        tools: [{
          name: tool.name,
          description: tool.description,
          input_schema: { ...tool.parameters } as Anthropic.Tool.InputSchema
        }]
      })
    })

    const streamed = async (messages: Array<Message>, question: Question) => {
      let pieces = 0
      const stream = client.messages.stream(body(messages, question)).on("text", () => {
        pieces += 1
      })
      return { message: await stream.finalMessage(), pieces }
    }

    return {
      whole: async (question) => toldOf(await client.messages.create(body(messagesOf(question), question))),
      stream: async (question) => {
        const { message, pieces } = await streamed(messagesOf(question), question)
        return { ...toldOf(message), pieces }
      },
      tools: async (question, result, stream) => {
        const ask = async (messages: Array<Message>) =>
          stream
            ? (await streamed(messages, question)).message
            : await client.messages.create(body(messages, question))
        const messages = messagesOf(question)
        const first = await ask(messages)
        const calls = first.content.filter((block) => block.type === "tool_use")
        const second = await ask([
          ...messages,
          { role: "assistant", content: first.content },
          {
            role: "user",
            content: calls.map(({ id, input }) =>
              ({ type: "tool_result", tool_use_id: id, content: result(input) }) as const
            )
          }
        ])
        return [toldOf(first), toldOf(second)]
      },
      object: async (question, schema) => {
        const message = await client.messages.create({
          ...body(messagesOf(question), question),
          output_config: { format: { type: "json_schema", schema: { ...schema } } }
        })
        return parsed(toldOf(message).text)
      },
      abort: async (question) => {
        const stream = await client.messages.create({ ...body(messagesOf(question), question), stream: true })
        for await (const event of stream) if (event.type === "content_block_delta") stream.controller.abort()
        return true
      }
    }
  }
}
