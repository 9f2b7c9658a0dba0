import { LLMock } from "@copilotkit/aimock"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Env, run } from "./run.ts"

interface Case {
  readonly vendor: string
  readonly env: (url: string) => Env
  /** Where the vendor has no default of its own. */
  readonly model?: string
}

/** The address alone, as each vendor's own client would be told it; no key. */
const vendors: ReadonlyArray<Case> = [
  { vendor: "openai", env: (url) => ({ OPENAI_BASE_URL: `${url}/v1` }) },
  { vendor: "openai", env: (url) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API: "responses" }) },
  { vendor: "anthropic", env: (url) => ({ ANTHROPIC_BASE_URL: url }) },
  { vendor: "google", env: (url) => ({ GOOGLE_BASE_URL: `${url}/v1beta` }) },
  {
    vendor: "azure-openai",
    env: (url) => ({ AZURE_OPENAI_ENDPOINT: url, AZURE_OPENAI_API_VERSION: "2024-10-21" }),
    model: "gpt-4o"
  },
  { vendor: "bedrock", env: (url) => ({ BEDROCK_BASE_URL: url }), model: "anthropic.claude-3-haiku-20240307-v1:0" },
  { vendor: "ollama", env: (url) => ({ OLLAMA_BASE_URL: `${url}/api` }), model: "llama3.2" },
  { vendor: "openai-compatible", env: (url) => ({ OPENAI_COMPATIBLE_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "groq", env: (url) => ({ GROQ_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "mistral", env: (url) => ({ MISTRAL_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "deepseek", env: (url) => ({ DEEPSEEK_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "xai", env: (url) => ({ XAI_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "together", env: (url) => ({ TOGETHER_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "fireworks", env: (url) => ({ FIREWORKS_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "openrouter", env: (url) => ({ OPENROUTER_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "cerebras", env: (url) => ({ CEREBRAS_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "perplexity", env: (url) => ({ PERPLEXITY_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "cohere", env: (url) => ({ COHERE_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "vllm", env: (url) => ({ VLLM_BASE_URL: `${url}/v1` }), model: "any" },
  { vendor: "lm-studio", env: (url) => ({ LM_STUDIO_BASE_URL: `${url}/v1` }), model: "any" }
]

describe("send --vendor, with only an address in the environment", () => {
  const mock = new LLMock({ port: 0, logLevel: "silent" })

  beforeAll(async () => {
    mock.onMessage("Hello", { content: "Hello from the mock 👋" })
    await mock.start()
  })
  afterAll(() => mock.stop())

  test.each(vendors)("asks $vendor", async ({ env, model, vendor }) => {
    const named = model === undefined ? [] : ["--model", model]
    const { code, stderr, stdout } = await run(["send", "Hello", "--vendor", vendor, ...named], env(mock.url))
    expect(stdout.trim()).toBe("Hello from the mock 👋")
    expect(stderr).toContain(`answered by ${vendor}, model`)
    expect(code).toBe(0)
  })

  test("asks all that are there where none is named, the first answers", async () => {
    const env = { ...vendors[0]!.env(mock.url), ...vendors[2]!.env(mock.url) }
    const { stdout } = await run(["send", "Hello", "--json"], env)
    expect(JSON.parse(stdout)).toMatchObject({ vendor: "openai", text: "Hello from the mock 👋" })
  })
})
