/**
 * OpenRouter, which passes on to many vendors.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import * as Vendor from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"
import * as Status from "../../wire/Status.ts"
import * as Failure from "../openai/Failure.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `openrouter`.
 *
 * @since 0.1.0
 * @category services
 */
export class OpenRouter extends Vendor.Service<OpenRouter>()("openrouter") {}

interface Metadata {
  /** What the vendor behind it answered, as text or JSON. */
  readonly raw?: unknown
  /** Why its moderation refused. */
  readonly reasons?: unknown
}

const metadataOf = (json: unknown): Metadata => {
  const error = Predicate.isObject(json) ? (json as { readonly error?: unknown }).error : undefined
  const metadata = Predicate.isObject(error) ? (error as { readonly metadata?: unknown }).metadata : undefined
  return Predicate.isObject(metadata) ? metadata : {}
}

/**
 * Its own refusals, then what the vendor behind it said where that tells more, then the status.
 *
 * A 402 that names a wait is a budget of requests under way, not a used-up credit.
 */
const failure = (failed: Status.Failed): AttemptError => {
  const json = Json.parse(failed.body)
  const { raw, reasons } = metadataOf(json)
  const error = Failure.fromResponse(failed, {
    statuses: {
      ...(Array.isArray(reasons) ? { 403: "ContentFiltered" } : undefined),
      ...(RetryAfter.fromHeaders(failed.headers, failed.now) === undefined ? undefined : { 402: "RateLimited" })
    }
  })
  if (error.reason._tag !== "InvalidRequest" || raw === undefined) return error
  const behind = Failure.fromResponse({ ...failed, body: typeof raw === "string" ? raw : Json.stringify(raw) ?? "" })
  return behind.reason._tag === "InvalidRequest" ? error : behind
}

/**
 * Reads `OPENROUTER_API_KEY`, `OPENROUTER_BASE_URL` and `OPENROUTER_MODEL`.
 *
 * Raw options under `openrouter` carry `provider`, `models`, `plugins` and the like. Signed reasoning comes and goes as
 * `reasoning_details`. Codes of errors are statuses, also within a stream, whose comments keep it awake.
 *
 * @see https://openrouter.ai/docs/api-reference/chat-completion
 * @see https://openrouter.ai/docs/use-cases/reasoning-tokens
 * @see https://openrouter.ai/docs/api-reference/errors
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(OpenRouter, {
  baseUrl: "https://openrouter.ai/api/v1",
  variables: "OPENROUTER",
  defaultModel: "openrouter/auto",
  serves: /\//,
  quirks: { topK: true, streamUsage: false, reasoning: "reasoning_details" },
  failures: failure
})
