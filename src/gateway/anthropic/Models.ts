/**
 * The list of models in this API's form.
 *
 * @since 0.1.0
 */
import type { ModelInfo } from "../../ModelInfo.ts"

type Told = Pick<ModelInfo, "id" | "description" | "contextWindow" | "maxOutputTokens">

/** What the API itself tells of a model whose date is not known. */
const unknownDate = "1970-01-01T00:00:00Z"

/**
 * One model; `id` is what callers write.
 *
 * @since 0.1.0
 * @category encoding
 */
export const model = ({ contextWindow, description, id, maxOutputTokens }: Told) => ({
  type: "model",
  id,
  display_name: description ?? id,
  created_at: unknownDate,
  max_input_tokens: contextWindow,
  max_tokens: maxOutputTokens,
  capabilities: null
})

/**
 * All models on one page.
 *
 * @since 0.1.0
 * @category encoding
 */
export const list = (models: ReadonlyArray<Told>) => ({
  data: models.map(model),
  has_more: false,
  first_id: models[0]?.id ?? null,
  last_id: models.at(-1)?.id ?? null
})
