/**
 * `GET /v1/models`.
 *
 * @since 0.1.0
 */
import type { ModelInfo } from "../../ModelInfo.ts"

export const model = ({ id, vendor }: Pick<ModelInfo, "id" | "vendor">) => ({
  id,
  object: "model",
  created: 0,
  owned_by: vendor === "" ? "llmdispatcher" : vendor
})

export const list = (models: ReadonlyArray<Pick<ModelInfo, "id" | "vendor">>) => ({
  object: "list",
  data: models.map(model)
})
