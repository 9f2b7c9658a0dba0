/** What an upstream was sent, read out of each vendor's own body in common words. */
import type { Request } from "llmdispatcher/Request"

export interface Seen {
  readonly model: string
  /** What the system and the user say, in their order. */
  readonly texts: ReadonlyArray<string>
  readonly tools: ReadonlyArray<{ readonly name: string; readonly parameters: unknown }>
  /** Base64, behind the media type where the API tells one. */
  readonly images: ReadonlyArray<string>
  /** As images are told. */
  readonly documents: ReadonlyArray<string>
  /** What the model said before. */
  readonly said: ReadonlyArray<string>
  /** The calls that an earlier answer made, and what came of them. */
  readonly calls: ReadonlyArray<{ readonly name: string; readonly params: unknown }>
  readonly results: ReadonlyArray<{ readonly name: string; readonly result: string }>
  /** What an earlier answer told to be brought back with its reasoning. */
  readonly proofs: ReadonlyArray<string>
  /** The form that the answer must have. */
  readonly schema: unknown
}

type Json = any

/** What is the same in every vendor's words for a schema: names of types may be written in capitals. */
const schemaOf = ({ properties, required, type }: Json): unknown => ({
  type: String(type).toLowerCase(),
  ...(properties === undefined ? undefined : {
    properties: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, schemaOf(schema)]))
  }),
  ...(required === undefined ? undefined : { required })
})

const optionalSchema = (schema: Json): unknown => schema === undefined || schema === null ? undefined : schemaOf(schema)

const list = (value: Json): Array<Json> =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]

const textsOf = (content: Json): Array<string> =>
  list(content).flatMap((part) => typeof part === "string" ? [part] : typeof part.text === "string" ? [part.text] : [])

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A result as its text: some APIs know only objects, and wrap a text in one. */
const resultOf = (value: Json): string => {
  if (typeof value === "string") {
    const inner = parsed(value)
    return typeof inner === "string" ? inner : typeof inner === "object" && inner !== null ? resultOf(inner) : value
  }
  // The AI SDK tells Gemini the tool's name beside what it said.
  const { name: _, ...rest } = value ?? {}
  const [only, ...others] = Object.values(rest)
  return others.length === 0 && typeof only === "string" ? only : JSON.stringify(value)
}

/** The results of calls, each by the name of the call whose id it has. */
const named = (calls: ReadonlyArray<Json>, results: ReadonlyArray<readonly [id: string, texts: Array<string>]>) => {
  const names = new Map(calls.map(({ id, name }) => [id, name]))
  return results.flatMap(([id, texts]) =>
    texts.map((text) => ({ name: names.get(id) ?? `none of id ${id}`, result: resultOf(text) }))
  )
}

/** A message that only calls has an empty text for some, and none for others. */
const saidIn = (messages: ReadonlyArray<Json>): Array<string> =>
  messages.flatMap(({ content, role }) => role === "assistant" ? textsOf(content).filter((text) => text !== "") : [])

const imageOf = (dataUrl: string): string => dataUrl.replace(/^data:/, "")

export const chat = (body: Json): Seen => ({
  model: body.model,
  texts: body.messages.flatMap(({ content, role }: Json) =>
    ["system", "developer", "user"].includes(role) ? textsOf(content) : []
  ),
  tools: list(body.tools).map(({ function: { name, parameters } }) => ({ name, parameters: schemaOf(parameters) })),
  images: body.messages.flatMap(({ content }: Json) =>
    list(content).flatMap((part) => part.type === "image_url" ? [imageOf(part.image_url.url)] : [])
  ),
  documents: body.messages.flatMap(({ content }: Json) =>
    list(content).flatMap((part) => part.type === "file" ? [imageOf(part.file.file_data)] : [])
  ),
  said: saidIn(body.messages),
  calls: body.messages.flatMap(({ tool_calls }: Json) =>
    list(tool_calls).map(({ function: { arguments: params, name } }) => ({ name, params: parsed(params) }))
  ),
  results: named(
    body.messages.flatMap(({ tool_calls }: Json) =>
      list(tool_calls).map(({ function: { name }, id }) => ({ id, name }))
    ),
    body.messages.flatMap(({ content, role, tool_call_id }: Json) =>
      role === "tool" ? [[tool_call_id, textsOf(content)]] : []
    )
  ),
  proofs: [],
  schema: optionalSchema(body.response_format?.json_schema?.schema)
})

export const responses = (body: Json): Seen => ({
  model: body.model,
  texts: [
    ...list(body.instructions),
    ...list(body.input).flatMap(({ content, role }) =>
      ["system", "developer", "user"].includes(role) ? textsOf(content) : []
    )
  ],
  tools: list(body.tools).map(({ name, parameters }) => ({ name, parameters: schemaOf(parameters) })),
  images: list(body.input).flatMap(({ content }) =>
    list(content).flatMap((part) => part.type === "input_image" ? [imageOf(part.image_url)] : [])
  ),
  documents: list(body.input).flatMap(({ content }) =>
    list(content).flatMap((part) => part.type === "input_file" ? [imageOf(part.file_data)] : [])
  ),
  said: saidIn(list(body.input)),
  calls: list(body.input).flatMap(({ arguments: params, name, type }) =>
    type === "function_call" ? [{ name, params: parsed(params) }] : []
  ),
  results: named(
    list(body.input).flatMap(({ call_id, name, type }) => type === "function_call" ? [{ id: call_id, name }] : []),
    list(body.input).flatMap(({ call_id, output, type }) =>
      type === "function_call_output" ? [[call_id, textsOf(output)]] : []
    )
  ),
  // Behind its name aimock puts an id that is another each time.
  proofs: list(body.input).flatMap(({ encrypted_content: proof }) =>
    typeof proof === "string" ? Buffer.from(proof, "base64").toString("utf8").split(":").slice(0, 1) : []
  ),
  schema: optionalSchema(body.text?.format?.schema)
})

export const anthropic = (body: Json): Seen => {
  const blocks: Array<Json> = body.messages.flatMap(({ content, role }: Json) =>
    list(content).map((block) => typeof block === "string" ? { type: "text", text: block, role } : { ...block, role })
  )
  return {
    model: body.model,
    texts: [...textsOf(body.system), ...textsOf(blocks.filter(({ role }) => role === "user"))],
    tools: list(body.tools).map(({ input_schema, name }) => ({ name, parameters: schemaOf(input_schema) })),
    images: blocks.flatMap(({ source, type }) =>
      type === "image" ? [`${source.media_type};base64,${source.data}`] : []
    ),
    documents: blocks.flatMap(({ source, type }) =>
      type === "document" ? [`${source.media_type};base64,${source.data}`] : []
    ),
    said: saidIn(body.messages),
    calls: blocks.flatMap(({ input, name, type }) => type === "tool_use" ? [{ name, params: input }] : []),
    results: named(
      blocks.filter(({ type }) => type === "tool_use"),
      blocks.flatMap(({ content, tool_use_id, type }) =>
        type === "tool_result" ? [[tool_use_id, textsOf(content)]] : []
      )
    ),
    proofs: blocks.flatMap(({ signature, type }) => type === "thinking" ? [signature] : []),
    schema: optionalSchema(body.output_config?.format?.schema ?? body.output_format?.schema)
  }
}

export const google = (body: Json, path: string): Seen => {
  const parts: Array<Json> = body.contents.flatMap(({ parts, role }: Json) =>
    list(parts).map((part) => ({ ...part, role }))
  )
  const { generationConfig: config } = body
  const inline = (kind: string) =>
    parts.flatMap(({ inlineData }) =>
      inlineData?.mimeType.startsWith(kind) ? [`${inlineData.mimeType};base64,${inlineData.data}`] : []
    )
  return {
    model: decodeURIComponent(/models\/(.+):/.exec(path)?.[1] ?? ""),
    texts: [...textsOf(body.systemInstruction?.parts), ...textsOf(parts.filter(({ role }) => role === "user"))],
    tools: list(body.tools).flatMap(({ functionDeclarations }) =>
      list(functionDeclarations).map(({ name, parameters, parametersJsonSchema }) => ({
        name,
        parameters: schemaOf(parametersJsonSchema ?? parameters)
      }))
    ),
    images: inline("image/"),
    documents: inline("application/"),
    said: textsOf(parts.filter(({ role, thought }) => role === "model" && thought !== true)).filter((text) =>
      text !== ""
    ),
    calls: parts.flatMap(({ functionCall: call }) =>
      call === undefined ? [] : [{ name: call.name, params: call.args }]
    ),
    results: parts.flatMap(({ functionResponse }) =>
      functionResponse === undefined
        ? []
        : [{ name: functionResponse.name, result: resultOf(functionResponse.response) }]
    ),
    proofs: parts.flatMap(({ thoughtSignature: proof }) => proof === undefined ? [] : [proof]),
    schema: optionalSchema(config?.responseJsonSchema ?? config?.responseSchema)
  }
}

export const bedrock = (body: Json, path: string): Seen => {
  const blocks: Array<Json> = body.messages.flatMap(({ content, role }: Json) =>
    list(content).map((block) => ({ ...block, role }))
  )
  const schema = body.outputConfig?.textFormat?.structure?.jsonSchema?.schema
  return {
    model: decodeURIComponent(/model\/([^/]+)\//.exec(path)?.[1] ?? ""),
    texts: [...textsOf(body.system), ...textsOf(blocks.filter(({ role }) => role === "user"))],
    tools: list(body.toolConfig?.tools).flatMap(({ toolSpec }) =>
      toolSpec === undefined ? [] : [{ name: toolSpec.name, parameters: schemaOf(toolSpec.inputSchema.json) }]
    ),
    images: blocks.flatMap(({ image }) =>
      image === undefined ? [] : [`image/${image.format};base64,${image.source.bytes}`]
    ),
    documents: blocks.flatMap(({ document }) =>
      document === undefined ? [] : [`application/${document.format};base64,${document.source.bytes}`]
    ),
    said: saidIn(body.messages),
    calls: blocks.flatMap(({ toolUse }) =>
      toolUse === undefined ? [] : [{ name: toolUse.name, params: toolUse.input }]
    ),
    results: named(
      blocks.flatMap(({ toolUse }) => toolUse === undefined ? [] : [{ id: toolUse.toolUseId, name: toolUse.name }]),
      blocks.flatMap(({ toolResult }) =>
        toolResult === undefined
          ? []
          : [[toolResult.toolUseId, toolResult.content.map(({ json, text }: Json) => text ?? JSON.stringify(json))]]
      )
    ),
    proofs: blocks.flatMap(({ reasoningContent }) => list(reasoningContent?.reasoningText?.signature)),
    schema: optionalSchema(typeof schema === "string" ? parsed(schema) : schema)
  }
}

export const ollama = (body: Json): Seen => ({
  ...chat({ ...body, messages: body.messages.map((message: Json) => ({ ...message, tool_calls: undefined })) }),
  images: body.messages.flatMap(({ images }: Json) => list(images)),
  results: body.messages.flatMap(({ content, role, tool_name }: Json) =>
    role === "tool" ? [{ name: tool_name, result: resultOf(content) }] : []
  ),
  calls: body.messages.flatMap(({ tool_calls }: Json) =>
    list(tool_calls).map(({ function: { arguments: params, name } }) => ({ name, params }))
  ),
  schema: optionalSchema(body.format)
})

/** Of a vendor that has no wire. */
export const request = ({ prompt, responseFormat, tools = [] }: Request, model: string): Seen => {
  const parts: Array<Json> = prompt.content.flatMap(({ content, role }) =>
    list(content).map((part) => typeof part === "string" ? { type: "text", text: part, role } : { ...part, role })
  )
  const files = (kind: string) =>
    parts.flatMap(({ data, mediaType, type }) =>
      type !== "file" || !mediaType.startsWith(kind) ? [] : [
        typeof data === "string"
          ? data.startsWith("data:") ? imageOf(data) : `${mediaType};base64,${data}`
          : data instanceof URL
          ? imageOf(data.href)
          : `${mediaType};base64,${Buffer.from(data).toString("base64")}`
      ]
    )
  return {
    model,
    texts: textsOf(parts.filter(({ role }) => role === "system" || role === "user")),
    tools: tools.map(({ name, parameters }) => ({ name, parameters: schemaOf(parameters) })),
    images: files("image/"),
    documents: files("application/"),
    said: textsOf(parts.filter(({ role, type }) => role === "assistant" && type === "text")),
    calls: parts.flatMap(({ name, params, type }) => type === "tool-call" ? [{ name, params }] : []),
    results: parts.flatMap(({ name, result, type }) =>
      type === "tool-result" ? [{ name, result: resultOf(result) }] : []
    ),
    proofs: [],
    schema: responseFormat?.type === "json-schema" ? schemaOf(responseFormat.schema) : undefined
  }
}
