/**
 * What local tools ask of an Ollama server before they ask a model: its models and its version.
 *
 * @since 0.1.0
 */
import type { ModelInfo } from "../../ModelInfo.ts"

type Told = Pick<ModelInfo, "id" | "contextWindow" | "features">

/** Nobody knows when a vendor's model was changed. */
const unknownDate = "1970-01-01T00:00:00Z"

const details = {
  parent_model: "",
  format: "",
  family: "",
  families: null,
  parameter_size: "",
  quantization_level: ""
}

/** Ollama's own client shows its first twelve characters, and breaks where there are fewer. */
const digest = "0".repeat(64)

/**
 * The answer of `GET /api/tags`; `id` is what callers write.
 *
 * @since 0.1.0
 * @category encoding
 */
export const tags = (models: ReadonlyArray<Pick<Told, "id">>) => ({
  models: models.map(({ id }) => ({ name: id, model: id, modified_at: unknownDate, size: 0, digest, details }))
})

/**
 * The answer of `GET /api/ps`: no model is in memory here.
 *
 * @since 0.1.0
 * @category encoding
 */
export const running = { models: [] } as const

/** By which tools find the window: under the name that `general.architecture` tells. */
const architecture = "llmdispatcher"

/**
 * The answer of `POST /api/show`; what is not known of a model is said to be there, and the vendor will tell.
 *
 * @since 0.1.0
 * @category encoding
 */
export const show = ({ contextWindow, features }: Told) => ({
  modelfile: "",
  parameters: "",
  template: "",
  details,
  model_info: {
    "general.architecture": architecture,
    ...(contextWindow === null ? undefined : { [`${architecture}.context_length`]: contextWindow })
  },
  capabilities: [
    "completion",
    ...(features.tools === false ? [] : ["tools"]),
    ...(features.images === false ? [] : ["vision"]),
    ...(features.reasoning === true ? ["thinking"] : [])
  ],
  modified_at: unknownDate
})

/**
 * The model that a body of `POST /api/show` asks about; older clients say `name`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const shown = (body: unknown): string | undefined => {
  const { model, name } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>
  return typeof model === "string" && model !== "" ? model : typeof name === "string" && name !== "" ? name : undefined
}

/**
 * The answer of `GET /api/version`: the version of Ollama whose API this is, which tools compare with the least they
 * want.
 *
 * @since 0.1.0
 * @category encoding
 */
export const version = { version: "0.13.0" } as const
