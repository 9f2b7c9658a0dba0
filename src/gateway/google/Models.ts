/**
 * The list of models in this API's form.
 *
 * @since 0.1.0
 */
import type { ModelInfo } from "../../ModelInfo.ts"

type Told = Pick<ModelInfo, "id" | "description" | "contextWindow" | "maxOutputTokens">

/**
 * One model; `id` is what callers write.
 *
 * @since 0.1.0
 * @category encoding
 */
export const model = ({ contextWindow, description, id, maxOutputTokens }: Told) => ({
  name: `models/${id}`,
  baseModelId: id,
  version: "",
  displayName: id,
  ...(description === null ? undefined : { description }),
  ...(contextWindow === null ? undefined : { inputTokenLimit: contextWindow }),
  ...(maxOutputTokens === null ? undefined : { outputTokenLimit: maxOutputTokens }),
  supportedGenerationMethods: ["generateContent", "streamGenerateContent", "countTokens"]
})

/**
 * All models on one page.
 *
 * @since 0.1.0
 * @category encoding
 */
export const list = (models: ReadonlyArray<Told>) => ({ models: models.map(model) })
