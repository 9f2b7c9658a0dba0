import { expect, it } from "@effect/vitest"
import { Ajv } from "ajv"
import { Yaml } from "effect/encoding"
import { fileURLToPath } from "node:url"
import { DispatcherConfig } from "../../src/config/DispatcherConfig.ts"
import * as JsonSchema from "../../src/config/JsonSchema.ts"

const schema = JsonSchema.make(DispatcherConfig, { title: "llmdispatcher" })
const file = fileURLToPath(new URL("../../src/config/llmdispatcher.schema.json", import.meta.url))

it("is committed for editors as the Schema has it (vitest -u writes it)", async () => {
  await expect(`${JSON.stringify(schema)}\n`).toMatchFileSnapshot(file)
})

it("lets editors see what the dispatcher takes and what it refuses", () => {
  const validate = new Ajv({ strict: false }).compile(schema)
  const holds = (text: string) => validate(Yaml.parse(text))
  expect([
    holds("vendors: { openai: { apiKey: \"${OPENAI_API_KEY}\" } }\nroutes: { default: [openai/gpt-5-mini] }"),
    holds("vendors: { eu: { kind: azure-openai, endpoint: https://eu.openai.azure.com, apiKey: k } }"),
    holds("policies: { deadline: 5m, retry: false, maxAttempts: \"${ATTEMPTS}\" }"),
    holds("vendors: { openai: { apikey: k } }"),
    holds("routes: { default: { targets: [a/b], strategy: fastet } }"),
    holds("polices: {}")
  ]).toEqual([true, true, true, false, false, false])
})
