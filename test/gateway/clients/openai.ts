/** `openai`, by both of its APIs. */
import OpenAI, { AzureOpenAI } from "openai"
import { type Client, parsed, type Question, type Refused, type Streamed, type Told, type Tool } from "./Client.ts"

const make = (url: string, apiKey = "none") => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 })

const refused = (error: unknown): Refused =>
  error instanceof OpenAI.APIError
    ? { error: error.constructor.name, status: error.status, retryAfter: error.headers?.get("retry-after") }
    : { error: String(error), status: undefined }

const classes: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  429: "RateLimitError"
}

const errorOf = (status: number): string => classes[status] ?? (status >= 500 ? "InternalServerError" : "APIError")

const dataUrl = ({ base64, mediaType }: NonNullable<Question["image"]>) => `data:${mediaType};base64,${base64}`

// -----------------------------------------------------------------------------
// Chat completions
// -----------------------------------------------------------------------------

type Message = OpenAI.Chat.ChatCompletionMessageParam

const messagesOf = ({ document, earlier = [], image, system, text }: Question): Array<Message> => [
  ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
  ...earlier.map(({ role, text }): Message => ({ role, content: text })),
  {
    role: "user",
    content: image === undefined && document === undefined ? text : [
      { type: "text", text },
      ...(image === undefined ? [] : [{ type: "image_url", image_url: { url: dataUrl(image) } } as const]),
      ...(document === undefined
        ? []
        : [{ type: "file", file: { filename: document.name, file_data: dataUrl(document) } } as const])
    ]
  }
]

const chatTool = ({ description, name, parameters }: Tool): OpenAI.Chat.ChatCompletionTool => ({
  type: "function",
  function: { name, description, parameters: { ...parameters } }
})

const withReasoning = (completion: OpenAI.Chat.ChatCompletion, reasoning: string): OpenAI.Chat.ChatCompletion => {
  const [choice, ...choices] = completion.choices
  const message = { ...choice!.message, ...(reasoning === "" ? undefined : { reasoning_content: reasoning }) }
  return { ...completion, choices: [{ ...choice!, message }, ...choices] }
}

const toldOf = ({ choices, usage }: OpenAI.Chat.ChatCompletion): Told => {
  const { finish_reason, message } = choices[0]!
  return {
    text: message.content ?? "",
    // The SDK's types do not have it, and it hands on what it does not know.
    reasoning: (message as { readonly reasoning_content?: string }).reasoning_content ?? "",
    calls: (message.tool_calls ?? []).flatMap((call) =>
      call.type === "function" ? [{ name: call.function.name, params: parsed(call.function.arguments) }] : []
    ),
    finish: finish_reason,
    usage: { input: usage?.prompt_tokens, output: usage?.completion_tokens }
  }
}

const chatClient = (name: string, make: (url: string, key?: string) => OpenAI): Client => ({
  name,
  finish: { stop: "stop", calls: "tool_calls" },
  refused,
  errorOf,
  showsHeaders: true,
  make: (url, model, key) => {
    const openai = make(url, key)
    const more = ({ thinks, tool }: Question) => ({
      ...(tool === undefined ? undefined : { tools: [chatTool(tool)] }),
      ...(thinks === undefined ? undefined : { reasoning_effort: "low" } as const)
    })

    const whole = (messages: Array<Message>, question: Question) =>
      openai.chat.completions.create({ model, messages, ...more(question) })

    const streamed = async (messages: Array<Message>, question: Question) => {
      let pieces = 0
      let reasoning = ""
      const stream = openai.chat.completions
        .stream({ model, messages, ...more(question), stream_options: { include_usage: true } })
        .on("content.delta", () => {
          pieces += 1
        })
        .on("chunk", ({ choices }) => {
          // Of a field that it does not know the SDK keeps only the last piece.
          reasoning += (choices[0]?.delta as { readonly reasoning_content?: string } | undefined)?.reasoning_content ??
            ""
        })
      const completion = await stream.finalChatCompletion()
      return { completion: withReasoning(completion, reasoning), pieces }
    }

    return {
      whole: async (question) => toldOf(await whole(messagesOf(question), question)),
      stream: async (question): Promise<Streamed> => {
        const { completion, pieces } = await streamed(messagesOf(question), question)
        return { ...toldOf(completion), pieces }
      },
      tools: async (question, result, stream) => {
        const ask = async (messages: Array<Message>) =>
          stream ? (await streamed(messages, question)).completion : await whole(messages, question)
        const messages = messagesOf(question)
        const first = await ask(messages)
        const { message } = first.choices[0]!
        const second = await ask([
          ...messages,
          message,
          ...(message.tool_calls ?? []).flatMap((call) =>
            call.type === "function"
              ? [{ role: "tool", tool_call_id: call.id, content: result(parsed(call.function.arguments)) } as const]
              : []
          )
        ])
        return [toldOf(first), toldOf(second)]
      },
      object: async (question, schema) => {
        const completion = await openai.chat.completions.parse({
          model,
          messages: messagesOf(question),
          response_format: { type: "json_schema", json_schema: { name: "place", strict: true, schema: { ...schema } } }
        })
        return completion.choices[0]!.message.parsed ?? parsed(completion.choices[0]!.message.content ?? "")
      },
      abort: async (question) => {
        const stream = await openai.chat.completions.create({ model, messages: messagesOf(question), stream: true })
        for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? "") !== "") stream.controller.abort()
        return true
      }
    }
  }
})

export const chat = chatClient("openai chat", make)

/** As those have it who came from Azure: the model is a part of the path. */
export const azure = chatClient(
  "openai AzureOpenAI",
  (url, apiKey = "none") => new AzureOpenAI({ apiKey, endpoint: url, apiVersion: "2024-10-21", maxRetries: 0 })
)

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

type Input = OpenAI.Responses.ResponseInput

const inputOf = ({ document, earlier = [], image, text }: Question): Input => [
  ...earlier.map(({ role, text }) => ({ role, content: text })),
  {
    role: "user",
    content: image === undefined && document === undefined ? text : [
      { type: "input_text", text },
      ...(image === undefined
        ? []
        : [{ type: "input_image", image_url: dataUrl(image), detail: "auto" } as const]),
      ...(document === undefined
        ? []
        : [{ type: "input_file", filename: document.name, file_data: dataUrl(document) } as const])
    ]
  }
]

const responseTold = ({ output, output_text, status, usage }: OpenAI.Responses.Response): Told => ({
  text: output_text,
  reasoning: output.flatMap((item) => item.type === "reasoning" ? item.summary.map(({ text }) => text) : []).join(""),
  calls: output.flatMap((item) =>
    item.type === "function_call" ? [{ name: item.name, params: parsed(item.arguments) }] : []
  ),
  finish: status,
  usage: { input: usage?.input_tokens, output: usage?.output_tokens }
})

export const responses: Client = {
  name: "openai responses",
  finish: { stop: "completed", calls: "completed" },
  refused,
  errorOf,
  showsHeaders: true,
  make: (url, model, key) => {
    const openai = make(url, key)
    const more = ({ system, thinks, tool }: Question) => ({
      ...(thinks === undefined ? undefined : {
        reasoning: { effort: "low", summary: "auto" } as const,
        include: ["reasoning.encrypted_content" as const]
      }),
      ...(system === undefined ? undefined : { instructions: system }),
      ...(tool === undefined ? undefined : {
        tools: [{ ...tool, parameters: { ...tool.parameters }, type: "function", strict: false } as const]
      })
    })

    const whole = (input: Input, question: Question) =>
      openai.responses.create({ model, input, store: false, ...more(question) })

    const streamed = async (input: Input, question: Question) => {
      let pieces = 0
      const stream = openai.responses
        .stream({ model, input, store: false, ...more(question) })
        .on("response.output_text.delta", () => {
          pieces += 1
        })
      return { response: await stream.finalResponse(), pieces }
    }

    return {
      whole: async (question) => responseTold(await whole(inputOf(question), question)),
      stream: async (question): Promise<Streamed> => {
        const { pieces, response } = await streamed(inputOf(question), question)
        return { ...responseTold(response), pieces }
      },
      tools: async (question, result, stream) => {
        const ask = async (input: Input) =>
          stream ? (await streamed(input, question)).response : await whole(input, question)
        const input = inputOf(question)
        const first = await ask(input)
        const second = await ask([
          ...input,
          ...first.output,
          ...first.output.flatMap((item) =>
            item.type === "function_call"
              ? [
                { type: "function_call_output", call_id: item.call_id, output: result(parsed(item.arguments)) } as const
              ]
              : []
          )
        ] as Input)
        return [responseTold(first), responseTold(second)]
      },
      object: async (question, schema) => {
        const response = await openai.responses.parse({
          model,
          input: inputOf(question),
          store: false,
          text: { format: { type: "json_schema", name: "place", strict: true, schema: { ...schema } } }
        })
        return response.output_parsed ?? parsed(response.output_text)
      },
      abort: async (question) => {
        const stream = await openai.responses.create({ model, input: inputOf(question), store: false, stream: true })
        for await (const event of stream) if (event.type === "response.output_text.delta") stream.controller.abort()
        return true
      }
    }
  }
}
