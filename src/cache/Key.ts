/**
 * The key under which an answer is kept: a hash over all of a request that can change its answer.
 *
 * @since 0.1.0
 */
import type { Effect } from "effect"
import { Digest } from "effect/crypto"
import { Base64 } from "effect/encoding"
import type { Request } from "../Request.ts"

/**
 * Fields that say who asks and how much it matters, not what is asked. A field that is not named here counts.
 */
const excluded: ReadonlySet<string> = new Set(["metadata", "user", "priority", "deadline", "cache"])

/**
 * Changes with what the key is made of, so that answers kept by an older release are not found.
 */
const version = 1

/**
 * A value as one text that does not depend on the order of its objects' keys; different values have different texts.
 *
 * Bytes and URLs, which JSON does not know, stand under a mark that no JSON text begins with. What is `undefined` is
 * absent.
 *
 * @since 0.1.0
 * @category conversions
 */
export const canonical = (value: unknown): string => {
  if (value instanceof Uint8Array) return `b"${Base64.encode(value)}"`
  if (value instanceof URL) return `u${JSON.stringify(value.href)}`
  if (Array.isArray(value)) return `[${value.map((entry) => canonical(entry)).join(",")}]`
  // Escapes halves of surrogate pairs, which the hash's UTF-8 would take for one another.
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  let text = ""
  for (const key of Object.keys(value).sort()) {
    const field = (value as Record<string, unknown>)[key]
    if (field !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(field)}`
  }
  return `{${text}}`
}

/**
 * Whose answers a request may be given, and what else tells answers apart.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scope {
  readonly namespace: string
  /** `shared` for everyone's. */
  readonly caller: { readonly name: string | undefined; readonly principal?: string | undefined } | "shared"
  readonly vary: unknown
}

/**
 * All of a request that can change its answer, with what tells it apart from others', as one text.
 *
 * `prompt` stands in the place of the request's own where it is given.
 *
 * @since 0.1.0
 * @category conversions
 */
export const textOf = (request: Request, scope: Scope, prompt: unknown = request.prompt.content): string => {
  const asked: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(request)) if (!excluded.has(field)) asked[field] = value
  asked["prompt"] = prompt
  return canonical([version, scope.namespace, scope.caller, scope.vary, asked])
}

const encoder = new TextEncoder()

/**
 * The SHA-256 of a text, as 64 hexadecimal digits: nothing of the text can be read from it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const hash = (digest: Digest.Digest["Service"], text: string): Effect.Effect<string> =>
  digest.digestHex(Digest.sha256, encoder.encode(text))
