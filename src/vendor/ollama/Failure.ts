/**
 * What Ollama's failures mean: by the status, and by the words where those alone tell, for Ollama gives no codes.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { AttemptError } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as Status from "../../wire/Status.ts"

type Tag = Status.AttemptReason["_tag"]

/**
 * From the server's sources, https://github.com/ollama/ollama (server/routes.go, server/sched.go, llm): most faults of
 * a running model are a 500, and errors in a stream have no status at all.
 */
const words: ReadonlyArray<readonly [RegExp, Tag]> = [
  [/model ["'].*["'] not found|try pulling it first/i, "ModelNotFound"],
  [
    /exceeds? the (?:available )?context|exceeds? .*maximum context|context (?:length|size|window) exceeded/i,
    "ContextLengthExceeded"
  ],
  [/does not support|cannot run this remote model/i, "UnsupportedFeature"],
  [/server busy|more system memory|out of memory|memory layout|insufficient memory|not enough memory/i, "Overloaded"],
  [/usage limit|upgrade for higher limits/i, "QuotaExhausted"],
  [/^unauthorized/i, "Unauthenticated"]
]

/** Ollama's `{ error: "…" }`, or the object that gateways before it send. */
const wordsOf = (json: unknown): string | undefined => {
  if (!Predicate.isObject(json)) return undefined
  const { error } = json as { readonly error?: unknown }
  const told = Predicate.isObject(error) ? (error as { readonly message?: unknown }).message : error
  return typeof told === "string" && told !== "" ? told : undefined
}

const reasonOf = (description: string | undefined, status: number): Status.AttemptReason => {
  const told: Status.Told = description === undefined ? {} : { description }
  const tag = words.find(([pattern]) => pattern.test(description ?? ""))?.[1]
  return tag === undefined ? Status.reasonOf(status, told) : { ...told, _tag: tag } as Status.AttemptReason
}

/**
 * Reads an answer outside 2xx; a 404 that names no model is a wrong address, which serves no model either.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (failed: Status.Failed): AttemptError =>
  Status.errorOf(reasonOf(wordsOf(Json.parse(failed.body)), failed.status), failed)

/**
 * Reads an error that came inside a 200; words that tell nothing are a fault of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromLine = (json: unknown): AttemptError => Status.errorOf(reasonOf(wordsOf(json), 500))
