/** Every vendor under the suite. */
import type { Subject } from "../Subject.ts"
import { anthropic } from "./anthropic.ts"
import { azureOpenai } from "./azure-openai.ts"
import { bedrock } from "./bedrock.ts"
import { google } from "./google.ts"
import { ollama } from "./ollama.ts"
import { openai } from "./openai.ts"
import { openaiResponses } from "./openai-responses.ts"
import { presets } from "./presets.ts"

export const subjects: ReadonlyArray<Subject> = [
  anthropic,
  azureOpenai,
  bedrock,
  google,
  ollama,
  openai,
  openaiResponses,
  ...presets
]
