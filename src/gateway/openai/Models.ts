/**
 * `GET /v1/models` and `GET /v1/models/{model}`.
 *
 * @see https://platform.openai.com/docs/api-reference/models
 * @since 0.1.0
 */
import type { ModelInfo } from "../../ModelInfo.ts"
import type { Json } from "../Fields.ts"

type Told = Pick<ModelInfo, "id"> & {
  /** Who serves it; empty or left out, this dispatcher, as where several do. */
  readonly vendor?: string | undefined
}

/**
 * One model; `id` is what callers write. Since when there is it is not known, and stands as 0.
 *
 * @since 0.1.0
 * @category encoding
 */
export const model = ({ id, vendor }: Told): Json => ({
  id,
  object: "model",
  created: 0,
  owned_by: vendor === undefined || vendor === "" ? "llmdispatcher" : vendor
})

/**
 * All models.
 *
 * @since 0.1.0
 * @category encoding
 */
export const list = (models: ReadonlyArray<Told>): Json => ({ object: "list", data: models.map(model) })
