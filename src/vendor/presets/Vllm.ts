/**
 * A server of vLLM.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `vllm`.
 *
 * @since 0.1.0
 * @category services
 */
export class Vllm extends Vendor.Service<Vllm>()("vllm") {}

/**
 * Reads `VLLM_API_KEY` (may be left out), `VLLM_BASE_URL` and `VLLM_MODEL`.
 *
 * @see https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Vllm, {
  baseUrl: "http://localhost:8000/v1",
  variables: "VLLM",
  keyless: true,
  quirks: { topK: true, files: ["image", "audio"], unsupported: ["metadata"] }
})
