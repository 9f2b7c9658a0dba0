/**
 * The names that vendors and models go by, here and in the catalogue's data.
 *
 * @since 0.1.0
 */

/** Names of vendors and OpenTelemetry's `gen_ai.provider.name`, where the data has another. */
const providers: { readonly [name: string]: string } = {
  "gcp-gemini": "google",
  "gcp-vertex-ai": "google",
  "gcp-gen-ai": "google",
  gemini: "google",
  "azure-ai-openai": "azure",
  "azure-ai-inference": "azure",
  "azure-openai": "azure",
  "aws-bedrock": "aws",
  bedrock: "aws",
  "mistral-ai": "mistral",
  xai: "x-ai",
  "together-ai": "together",
  "fireworks-ai": "fireworks",
  "moonshot-ai": "moonshotai",
  moonshot: "moonshotai"
}

/**
 * The data's name of a provider; one that it does not have stays as it is, in small letters.
 *
 * @since 0.1.0
 * @category accessors
 */
export const providerOf = (name: string): string => {
  const plain = name.toLowerCase().replace(/[._\s]/g, "-")
  return providers[plain] ?? plain
}

/** Google's `models/…` and `publishers/google/models/…`, and what the ARN of a foundation model or a profile names. */
const path = (provider: string): RegExp | undefined =>
  provider === "google" ? /^(?:.*\/)?models\// : provider === "aws" ? /^arn:.*\// : undefined

/** The date that a vendor sets behind a model's name, as `-2025-08-07`, `-20250807` or `@20250807`. */
const dated = /[-@](20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])$/

/**
 * The names under which a model is looked for, the surest first: its own, with its date in the long form, without it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const candidates = (provider: string, model: string): ReadonlyArray<string> => {
  const prefix = path(provider)
  const name = (prefix === undefined ? model : model.replace(prefix, "")).trim().toLowerCase()
  return dated.test(name)
    ? Array.from(new Set([name, name.replace(dated, "-$1-$2-$3"), name.replace(dated, "")]))
    : [name]
}
