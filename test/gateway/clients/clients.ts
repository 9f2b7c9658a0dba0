/** Every client under the suite. */
import { aiAnthropic, aiGoogle, aiOpenAi, aiOpenAiChat } from "./ai.ts"
import { anthropic } from "./anthropic.ts"
import type { Client } from "./Client.ts"
import { google } from "./google.ts"
import { ollama } from "./ollama.ts"
import { azure, chat, responses } from "./openai.ts"

export const clients: ReadonlyArray<Client> = [
  chat,
  azure,
  responses,
  anthropic,
  google,
  ollama,
  aiOpenAi,
  aiOpenAiChat,
  aiAnthropic,
  aiGoogle
]
