/** All presets, and a call to one over a server that answers as a test says. */
import { Effect, Redacted, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import type { Vendor } from "../../../src/Vendor.ts"
import * as Cerebras from "../../../src/vendor/presets/Cerebras.ts"
import * as Cohere from "../../../src/vendor/presets/Cohere.ts"
import * as DeepSeek from "../../../src/vendor/presets/DeepSeek.ts"
import * as Fireworks from "../../../src/vendor/presets/Fireworks.ts"
import * as Groq from "../../../src/vendor/presets/Groq.ts"
import * as LmStudio from "../../../src/vendor/presets/LmStudio.ts"
import * as Mistral from "../../../src/vendor/presets/Mistral.ts"
import * as OpenRouter from "../../../src/vendor/presets/OpenRouter.ts"
import * as Perplexity from "../../../src/vendor/presets/Perplexity.ts"
import * as Together from "../../../src/vendor/presets/Together.ts"
import * as Vllm from "../../../src/vendor/presets/Vllm.ts"
import * as XAi from "../../../src/vendor/presets/XAi.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

export const key = "key-canary-0123456789abcdef"

export const presets = {
  cerebras: { module: Cerebras, service: Cerebras.Cerebras },
  cohere: { module: Cohere, service: Cohere.Cohere },
  deepseek: { module: DeepSeek, service: DeepSeek.DeepSeek },
  fireworks: { module: Fireworks, service: Fireworks.Fireworks },
  groq: { module: Groq, service: Groq.Groq },
  "lm-studio": { module: LmStudio, service: LmStudio.LmStudio },
  mistral: { module: Mistral, service: Mistral.Mistral },
  openrouter: { module: OpenRouter, service: OpenRouter.OpenRouter },
  perplexity: { module: Perplexity, service: Perplexity.Perplexity },
  together: { module: Together, service: Together.Together },
  vllm: { module: Vllm, service: Vllm.Vllm },
  xai: { module: XAi, service: XAi.XAi }
}

export type Name = keyof typeof presets

export const names = Object.keys(presets) as ReadonlyArray<Name>

export interface Over {
  readonly server: FaultServer.FaultServer
  readonly vendor: Vendor
}

/** A preset whose base URL is a server that answers so. */
export const over = (
  name: Name,
  ...handlers: Parameters<typeof FaultServer.make>
): Effect.Effect<Over, never, Scope.Scope | HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const server = yield* FaultServer.make(...handlers)
    const vendor = yield* presets[name].module.make({ apiKey: Redacted.make(key), baseUrl: server.url })
    return { server, vendor }
  })

export const call = (input: Record<string, unknown>, model = "m") =>
  Effect.map(Request.decode({ prompt: "Hello", ...input }), (request) => ({ model, request }))
