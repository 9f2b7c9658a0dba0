/** `@google/genai`. */
import { ApiError, type Content, GoogleGenAI, type GenerateContentResponse, type Part } from "@google/genai"
import { type Client, type Image, parsed, type Question, type Told } from "./Client.ts"

const inline = ({ base64, mediaType }: Image): Part => ({ inlineData: { mimeType: mediaType, data: base64 } })

const contentsOf = ({ document, earlier = [], image, text }: Question): Array<Content> => [
  ...earlier.map(({ role, text }) => ({ role: role === "assistant" ? "model" : role, parts: [{ text }] })),
  {
    role: "user",
    parts: [
      { text },
      ...(image === undefined ? [] : [inline(image)]),
      ...(document === undefined ? [] : [inline(document)])
    ]
  }
]

const configOf = ({ system, thinks, tool }: Question) => ({
  ...(thinks === undefined ? undefined : { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 } }),
  ...(system === undefined ? undefined : { systemInstruction: system }),
  ...(tool === undefined ? undefined : {
    tools: [{
      functionDeclarations: [
        { name: tool.name, description: tool.description, parametersJsonSchema: { ...tool.parameters } }
      ]
    }]
  })
})

const partsOf = (chunks: ReadonlyArray<GenerateContentResponse>): Array<Part> =>
  chunks.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? [])

/** Gemini counts what is thought apart from what is said. */
const sum = (said: number | undefined, thought: number | undefined): number | undefined =>
  said === undefined ? undefined : said + (thought ?? 0)

const toldOf = (chunks: ReadonlyArray<GenerateContentResponse>): Told => {
  const parts = partsOf(chunks)
  const usage = chunks.findLast(({ usageMetadata }) => usageMetadata !== undefined)?.usageMetadata
  return {
    text: parts.map(({ text, thought }) => thought === true ? "" : text ?? "").join(""),
    reasoning: parts.map(({ text, thought }) => thought === true ? text ?? "" : "").join(""),
    calls: parts.flatMap(({ functionCall }) =>
      functionCall === undefined ? [] : [{ name: functionCall.name ?? "", params: functionCall.args }]
    ),
    finish: chunks.findLast(({ candidates }) => candidates?.[0]?.finishReason !== undefined)?.candidates?.[0]
      ?.finishReason,
    usage: { input: usage?.promptTokenCount, output: sum(usage?.candidatesTokenCount, usage?.thoughtsTokenCount) }
  }
}

export const google: Client = {
  name: "@google/genai",
  finish: { stop: "STOP", calls: "STOP" },
  refused: (error) =>
    error instanceof ApiError
      ? { error: error.name, status: error.status }
      : { error: String(error), status: undefined },
  errorOf: () => "ApiError",
  showsHeaders: false,
  make: (url, model, apiKey = "none") => {
    const { models } = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } })

    const ask = async (contents: Array<Content>, stream: boolean, question: Question) => {
      const request = { model, contents, config: configOf(question) }
      if (!stream) return [await models.generateContent(request)]
      const chunks: Array<GenerateContentResponse> = []
      for await (const chunk of await models.generateContentStream(request)) chunks.push(chunk)
      return chunks
    }

    return {
      whole: async (question) => toldOf(await ask(contentsOf(question), false, question)),
      stream: async (question) => {
        const chunks = await ask(contentsOf(question), true, question)
        return { ...toldOf(chunks), pieces: partsOf(chunks).filter(({ text }) => (text ?? "") !== "").length }
      },
      tools: async (question, result, stream) => {
        const contents = contentsOf(question)
        const first = await ask(contents, stream, question)
        const parts = partsOf(first)
        const second = await ask(
          [
            ...contents,
            { role: "model", parts },
            {
              role: "user",
              parts: parts.flatMap(({ functionCall }) =>
                functionCall === undefined ? [] : [{
                  functionResponse: {
                    ...(functionCall.id === undefined ? undefined : { id: functionCall.id }),
                    name: functionCall.name!,
                    response: { result: result(functionCall.args) }
                  }
                }]
              )
            }
          ],
          stream,
          question
        )
        return [toldOf(first), toldOf(second)]
      },
      object: async (question, schema) => {
        const response = await models.generateContent({
          model,
          contents: contentsOf(question),
          config: { responseMimeType: "application/json", responseJsonSchema: { ...schema } }
        })
        return parsed(response.text ?? "")
      },
      abort: async (question) => {
        const controller = new AbortController()
        const stream = await models.generateContentStream({
          model,
          contents: contentsOf(question),
          config: { abortSignal: controller.signal }
        })
        try {
          for await (const { text } of stream) if ((text ?? "") !== "") controller.abort()
        } catch (error) {
          return controller.signal.aborted && error instanceof Error && error.name === "AbortError"
        }
        return controller.signal.aborted
      }
    }
  }
}
