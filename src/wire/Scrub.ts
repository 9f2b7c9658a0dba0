/**
 * Makes a vendor's words fit for an error: no secret in them, no control characters, not too long.
 *
 * @since 0.1.0
 */
import { Redacted } from "effect"
import { Base64, Base64Url } from "effect/encoding"
import { type AttemptError, fatal, retryable } from "../VendorError.ts"

/** The most characters of a vendor's words that an error keeps. */
const longest = 500

/** Shorter values are no keys, and taking them out would tear holes into ordinary words. */
const shortestSecret = 4

const mark = "[redacted]"

/**
 * What looks like a key, whosever it is: vendors echo the wrong key that was sent, whole or with its middle masked.
 */
const keyLike = [
  /\b(?:Bearer|Basic)\s+[^\s"',;]{4,}/gi,
  /\b(?:sk|pk|rk|sess|gsk|xai|key|pplx|nvapi|hf|r8)[-_][\w*.…-]{6,}/gi,
  /\bAIza[\w-]{10,}/g,
  /[\w-]{0,64}\*{3,}[\w-]{0,64}/g
]

/** Characters that are looked at: enough to fill an error, few enough that no pattern can be made to crawl. */
const looked = 4 * longest

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f]+/g

/** As a vendor may echo it: in a URL, in JSON, as proxies log credentials. */
const formsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Base64.encode(secret).replace(/=+$/, ""),
  Base64Url.encode(secret)
]

const takeOut = (text: string, secret: string): string =>
  secret.length < shortestSecret
    ? text
    : formsOf(secret).reduce((scrubbed, form) => scrubbed.replaceAll(form, mark), text)

/**
 * Takes the given secrets and all that looks like a key out of a text, and cuts it to 500 characters.
 *
 * @since 0.1.0
 * @category combinators
 */
export const text = (words: string, secrets: ReadonlyArray<Redacted.Redacted<string>>): string => {
  let scrubbed = words
  for (const secret of secrets) scrubbed = takeOut(scrubbed, Redacted.value(secret))
  scrubbed = scrubbed.slice(0, looked)
  for (const pattern of keyLike) scrubbed = scrubbed.replace(pattern, mark)
  scrubbed = scrubbed.replace(controls, " ").trim()
  return (scrubbed.length > longest ? `${scrubbed.slice(0, longest - 1)}…` : scrubbed).toWellFormed()
}

/**
 * The same error with its description and code scrubbed by {@link text}.
 *
 * @since 0.1.0
 * @category combinators
 */
export const error = (
  error: AttemptError,
  secrets: ReadonlyArray<Redacted.Redacted<string>>
): AttemptError => {
  const { code, description } = error.reason
  if (code === undefined && description === undefined) return error
  const reason: any = { ...error.reason }
  if (description !== undefined) reason.description = text(description, secrets)
  if (code !== undefined) reason.code = text(code, secrets)
  const { attempts, requestId, status, target, vendor } = error
  const context = { attempts, requestId, status, target, vendor }
  return error._tag === "RetryableError"
    ? retryable(reason, { ...context, retryAfter: error.retryAfter })
    : fatal(reason, context)
}
