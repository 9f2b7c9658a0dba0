import { Effect } from "effect"
import type { Capabilities, Vendor } from "llmdispatcher/Vendor"
import { expect, test } from "vitest"
import * as Playback from "../conformance/Playback.ts"
import { subjects } from "../conformance/subjects/index.ts"

/** Beside the model of the conformance suite, those that show a vendor's range. */
const models: Readonly<Record<string, ReadonlyArray<string>>> = {
  openai: ["gpt-5-mini", "gpt-4.1-mini", "gpt-4o", "o3-mini"],
  anthropic: ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"],
  google: ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.0-flash"],
  "azure-openai": ["gpt-5-mini"],
  bedrock: ["anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0", "meta.llama3-1-8b-instruct-v1:0"],
  ollama: ["llama3.2", "qwen3", "gemma3"]
}

const client = Playback.make(() => Playback.json(200, {})).layer

const vendors = subjects.filter(({ name }) => name !== "openai-responses").map((subject) => ({
  subject,
  vendor: Effect.runSync(Effect.scoped(Effect.provide(subject.make("http://vendor.test"), client)))
}))

const mark = (value: boolean | undefined): string => value === undefined ? "?" : value ? "yes" : "no"

const tokens = (count: number | undefined): string => count === undefined ? "?" : count.toLocaleString("en-US")

const columns: ReadonlyArray<readonly [name: string, of: (capabilities: Capabilities) => string]> = [
  ["tools", ({ tools }) => mark(tools)],
  ["parallel", ({ parallelTools }) => mark(parallelTools)],
  ["images", ({ images }) => mark(images)],
  ["audio", ({ audio }) => mark(audio)],
  ["documents", ({ documents }) => mark(documents)],
  ["JSON Schema", ({ jsonSchema }) => mark(jsonSchema)],
  ["reasoning", ({ reasoning }) => mark(reasoning)],
  ["prefill", ({ prefill }) => mark(prefill)],
  ["window", ({ contextWindow }) => tokens(contextWindow)],
  ["output", ({ maxOutputTokens }) => tokens(maxOutputTokens)]
]

/** As the formatter of the documents would have it. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  const [head, ...body] = rows
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n")
}

const featuresOf = (vendor: Vendor, names: ReadonlyArray<string>) =>
  names.map((model) => [
    `${vendor.name}/${model}`,
    ...columns.map(([, of]) => of(vendor.capabilities(model)))
  ])

const features = table([
  ["target", ...columns.map(([name]) => name)],
  ...vendors.flatMap(({ subject, vendor }) => featuresOf(vendor, models[subject.name] ?? [subject.model]))
])

const addresses = table([
  ["vendor", "default model", "protocol", "its document"],
  ...vendors.map(({ subject, vendor }) => [
    vendor.name,
    vendor.defaultModel ?? "none",
    subject.preset === true ? "OpenAI's" : "its own",
    `<${subject.document}>`
  ])
])

const page = `# Vendors

Every vendor is a module \`llmdispatcher/vendor/<Name>\` with a service class, \`make\`, \`layer\` and \`layerConfig\`. This page is made of the capabilities that the dispatcher itself goes by (\`npx vitest run --config test/vitest.config.ts test/docs/Vendors.test.ts -u\` writes it anew); a test holds the two together.

\`npm run conformance\` prints all vendors × all cases of the conformance suite, with the reason wherever a vendor has no such thing.

${addresses}

Beside them: \`llama-cpp\` runs a GGUF file in the process, by \`node-llama-cpp\`, without any network; \`openai-compatible\` is any other server that speaks OpenAI's protocol; \`sandbox\` is the embedded one that the first run of the command line shows; any \`LanguageModel\` of \`effect/ai\` is a vendor by \`Vendor.fromLanguageModel\`.

## What a target can do

A target that is known to lack what a request needs is no candidate for it. "?" is not known, and so it is tried. The window is in tokens, and so is the output.

${features}
`

test("docs/vendors.md says what the capabilities say", async () => {
  await expect(page).toMatchFileSnapshot("../../docs/vendors.md")
})
