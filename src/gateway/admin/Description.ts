/**
 * The gateway's OpenAPI document: the admin API whole, and the vendors' APIs by their paths alone, since each vendor
 * documents its own.
 *
 * @since 0.1.0
 */
import { type HttpApiEndpoint, type HttpApiGroup, OpenApi } from "effect/http-api"
import { AdminApi } from "./Api.ts"
import { scopeOf } from "./Scopes.ts"

interface Operation {
  readonly method: "get" | "post"
  readonly path: string
  readonly summary: string
}

const answers = (path: string, summary: string): Operation => ({ method: "post", path, summary })
const tells = (path: string, summary: string): Operation => ({ method: "get", path, summary })

/**
 * The paths of each API that the gateway answers; those of Azure's deployments and those without a version besides.
 *
 * @since 0.1.0
 * @category constants
 */
export const dialects: Readonly<Record<string, ReadonlyArray<Operation>>> = {
  OpenAI: [
    answers("/v1/chat/completions", "Chat completions, whole or as server-sent events"),
    answers("/v1/responses", "Responses, whole or as server-sent events; nothing is stored"),
    answers("/v1/embeddings", "Vectors of texts"),
    tells("/v1/models", "What can be asked; in Anthropic's or Gemini's form for their SDKs"),
    tells("/v1/models/{model}", "One of them")
  ],
  Anthropic: [
    answers("/v1/messages", "Messages, whole or as server-sent events"),
    answers("/v1/messages/count_tokens", "Input tokens, estimated")
  ],
  Gemini: [
    answers("/v1beta/models/{model}:generateContent", "A whole answer"),
    answers("/v1beta/models/{model}:streamGenerateContent", "Server-sent events with alt=sse, else an array"),
    answers("/v1beta/models/{model}:countTokens", "Input tokens, estimated"),
    answers("/v1beta/models/{model}:embedContent", "The vector of a text"),
    answers("/v1beta/models/{model}:batchEmbedContents", "Vectors of texts"),
    tells("/v1beta/models", "What can be asked"),
    tells("/v1beta/models/{model}", "One of them")
  ],
  Ollama: [
    answers("/api/chat", "Chat, whole or as lines of JSON"),
    answers("/api/generate", "An answer to one prompt"),
    answers("/api/embed", "Vectors of texts"),
    answers("/api/embeddings", "The vector of a text"),
    tells("/api/tags", "What can be asked"),
    answers("/api/show", "One of them"),
    tells("/api/ps", "Nothing, since nothing is loaded here"),
    tells("/api/version", "The version that is spoken")
  ]
}

/**
 * What stands beside the APIs.
 *
 * @since 0.1.0
 * @category constants
 */
export const service: ReadonlyArray<Operation & { readonly isOpen: boolean }> = [
  { ...tells("/healthz", "200 while the process serves"), isOpen: true },
  { ...tells("/readyz", "503 while it stops or has no vendor"), isOpen: true },
  { ...tells("/metrics", "Metrics as Prometheus reads them; needs stats:read"), isOpen: false }
]

const object = { "application/json": { schema: { type: "object" } } }

const operationOf = (tag: string, { method, path, summary }: Operation, isOpen = false) => ({
  tags: [tag],
  operationId: `${tag}.${method}${path.replace(/[^A-Za-z]+/g, ".")}`,
  summary,
  parameters: Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" }
  })),
  ...(method === "post" ? { requestBody: { required: true, content: object } } : undefined),
  security: isOpen ? [] : [{ key: [] }],
  responses: { 200: { description: "As this API has it" } }
})

/** The scope that each operation needs, by its id. */
const scopes: ReadonlyMap<string, string> = new Map(
  (Object.values(AdminApi.groups) as unknown as ReadonlyArray<HttpApiGroup.Top>).flatMap((group) =>
    (Object.values(group.endpoints) as unknown as ReadonlyArray<HttpApiEndpoint.Top>).map((endpoint) =>
      [`${group.identifier}.${endpoint.identifier}`, scopeOf(endpoint) ?? "none"] as const
    )
  )
)

type Paths = Record<string, Record<string, any>>

const add = (paths: Paths, tag: string, operation: Operation, isOpen?: boolean) => {
  const { method, path } = operation
  paths[path] = { ...paths[path], [method]: operationOf(tag, operation, isOpen) }
}

const extended = (document: Record<string, any>): Record<string, any> => {
  const paths: Paths = {}
  for (const [tag, operations] of Object.entries(dialects)) {
    for (const operation of operations) add(paths, tag, operation)
  }
  for (const { isOpen, ...operation } of service) add(paths, "service", operation, isOpen)
  for (const [path, operations] of Object.entries(document["paths"] as Paths)) {
    paths[path] = Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => {
        const scope = scopes.get(operation.operationId)
        return [method, {
          ...operation,
          ...(scope === undefined ? undefined : {
            description: `${operation.description ?? ""} ${scope === "none" ? "Any key may." : `Needs \`${scope}\`.`}`
              .trim(),
            "x-scope": scope
          })
        }]
      })
    )
  }
  return { ...document, paths }
}

/**
 * The API with all of that in its description.
 *
 * @since 0.1.0
 * @category constructors
 */
export const described = (version: string) =>
  AdminApi.annotate(OpenApi.Version, version).annotate(OpenApi.Transform, extended)
