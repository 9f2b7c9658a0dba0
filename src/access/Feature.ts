/**
 * What a request makes use of beyond text in and text out, each of which may be granted or not.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import type { Prompt } from "effect/ai"
import type { Dispatch } from "../Policy.ts"
import type { Request } from "../Request.ts"

/**
 * `structuredOutput` is any form of the answer but text; `vendorOptions` are raw options of a vendor; `cacheBypass` is
 * `cache: "off"` or `"refresh"`; `vendorChoice` is a request's own `vendors`; `priority` is one above 5, the usual.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Feature = Schema.Literals([
  "streaming",
  "tools",
  "images",
  "audio",
  "documents",
  "structuredOutput",
  "reasoning",
  "embeddings",
  "vendorOptions",
  "cacheBypass",
  "vendorChoice",
  "priority"
]).annotate({ identifier: "Feature" })

/**
 * @since 0.1.0
 * @category models
 */
export type Feature = typeof Feature.Type

/**
 * @since 0.1.0
 * @category constants
 */
export const all: ReadonlyArray<Feature> = Feature.literals

const usualPriority = 5

const kindOf = (mediaType: string): Feature =>
  mediaType.startsWith("image/") ? "images" : mediaType.startsWith("audio/") ? "audio" : "documents"

const addFiles = (features: Set<Feature>, content: ReadonlyArray<Prompt.Part>): void => {
  for (const part of content) {
    if (part.type === "file") features.add(kindOf(part.mediaType))
    else if (part.type === "tool-result") {
      for (const output of part.modelOutput ?? []) if (output.type !== "text") features.add(kindOf(output.mediaType))
    }
  }
}

/**
 * The features that a request makes use of.
 *
 * @since 0.1.0
 * @category accessors
 */
export const of = (request: Request, operation: Dispatch["operation"]): ReadonlySet<Feature> => {
  const features = new Set<Feature>()
  if (operation === "stream") features.add("streaming")
  for (const { content } of request.prompt.content) if (typeof content !== "string") addFiles(features, content)
  if (request.tools !== undefined && request.tools.length > 0) features.add("tools")
  if (request.responseFormat !== undefined && request.responseFormat.type !== "text") features.add("structuredOutput")
  if (request.reasoningEffort !== undefined && request.reasoningEffort !== "none") features.add("reasoning")
  if (request.options !== undefined && Object.keys(request.options).length > 0) features.add("vendorOptions")
  if (request.cache === "off" || request.cache === "refresh") features.add("cacheBypass")
  if (request.vendors !== undefined) features.add("vendorChoice")
  if ((request.priority ?? usualPriority) > usualPriority) features.add("priority")
  return features
}
