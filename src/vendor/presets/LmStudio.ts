/**
 * LM Studio's server.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `lm-studio`.
 *
 * @since 0.1.0
 * @category services
 */
export class LmStudio extends Vendor.Service<LmStudio>()("lm-studio") {}

/**
 * Reads `LM_STUDIO_API_KEY` (may be left out), `LM_STUDIO_BASE_URL` and `LM_STUDIO_MODEL`.
 *
 * JSON is asked for by a schema only, and a tool is not to be named.
 *
 * @see https://lmstudio.ai/docs/developer/openai-compat/chat-completions
 * @see https://lmstudio.ai/docs/developer/openai-compat/structured-output
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(LmStudio, {
  baseUrl: "http://localhost:1234/v1",
  variables: "LM_STUDIO",
  keyless: true,
  quirks: {
    topK: true,
    formats: ["json-schema"],
    namedTool: false,
    files: ["image"],
    unsupported: ["reasoningEffort", "parallelToolCalls", "user", "metadata"]
  }
})
