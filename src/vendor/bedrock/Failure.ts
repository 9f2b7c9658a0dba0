/**
 * What Bedrock's failures mean: by the exception's name, then the status; by the words only where one name stands for
 * several situations.
 *
 * https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { AttemptError } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as Status from "../../wire/Status.ts"

type Tag = Status.AttemptReason["_tag"]

/** By the name in lower case, without `exception`: the names of streams begin small. */
const tags: { readonly [name: string]: Tag } = {
  throttling: "RateLimited",
  throttled: "RateLimited",
  toomanyrequests: "RateLimited",
  requestlimitexceeded: "RateLimited",

  modelnotready: "Overloaded",
  serviceunavailable: "Overloaded",

  modeltimeout: "TimedOut",

  modelerror: "ServerFault",
  modelstreamerror: "ServerFault",
  internalserver: "ServerFault",
  internalservererror: "ServerFault",
  internalfailure: "ServerFault",
  conflict: "ServerFault",

  servicequotaexceeded: "QuotaExhausted",

  validation: "InvalidRequest",
  validationerror: "InvalidRequest",

  accessdenied: "PermissionDenied",
  notauthorized: "PermissionDenied",
  optinrequired: "PermissionDenied",

  unrecognizedclient: "Unauthenticated",
  invalidclienttokenid: "Unauthenticated",
  invalidsignature: "Unauthenticated",
  signaturedoesnotmatch: "Unauthenticated",
  incompletesignature: "Unauthenticated",
  missingauthenticationtoken: "Unauthenticated",
  expiredtoken: "Unauthenticated",
  requestexpired: "Unauthenticated",

  resourcenotfound: "ModelNotFound"
}

/** What the words add to a name that stands for several situations. */
const words: ReadonlyArray<readonly [of: Tag, RegExp, means: Tag]> = [
  ["RateLimited", /per day|daily/i, "QuotaExhausted"],
  [
    "InvalidRequest",
    /too long|too many (?:input )?tokens|context (?:length|window|size)|maximum (?:context|number of tokens)/i,
    "ContextLengthExceeded"
  ],
  ["InvalidRequest", /blocked by (?:our|the) content filter|content polic/i, "ContentFiltered"],
  ["InvalidRequest", /model identifier is invalid|on-demand throughput|inference profile/i, "ModelNotFound"],
  ["InvalidRequest", /operation not allowed/i, "PermissionDenied"],
  ["PermissionDenied", /authentication failed|api key|security token|(?:bearer )?token has expired/i, "Unauthenticated"]
]

const nameOf = (text: unknown): string | undefined =>
  // `ThrottlingException:http://…` in the header, `com.amazon…#ThrottlingException` in the body.
  typeof text === "string" && text !== "" ? text.slice(text.indexOf("#") + 1).replace(/:.*$/s, "") : undefined

const tagOf = (name: string | undefined): Tag | undefined => {
  const key = (name ?? "").toLowerCase().replace(/exception$/, "")
  return Object.hasOwn(tags, key) ? tags[key] : undefined
}

interface Body {
  readonly __type?: unknown
  readonly message?: unknown
  readonly Message?: unknown
  readonly originalMessage?: unknown
}

const bodyOf = (text: string): Body => {
  const json = Json.parse(text)
  return Predicate.isObject(json) ? json : {}
}

const reasonOf = (name: string | undefined, body: Body, status: number): Status.AttemptReason => {
  const message = [body.message, body.Message, body.originalMessage].find((each) => typeof each === "string")
  const told: Status.Told = {
    ...(typeof message === "string" && message !== "" ? { description: message } : undefined),
    ...(name === undefined ? undefined : { code: name })
  }
  const tag = tagOf(name)
  const reason = tag === "TimedOut"
    ? { ...told, _tag: tag, phase: "vendor" as const }
    : tag === undefined
    ? Status.reasonOf(status, told)
    : { ...told, _tag: tag } as Status.AttemptReason
  const better = words.find(([of, pattern]) => of === reason._tag && pattern.test(told.description ?? ""))
  return better === undefined ? reason : { ...told, _tag: better[2] } as Status.AttemptReason
}

/**
 * Reads an answer outside 2xx.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (failed: Status.Failed): AttemptError => {
  const body = bodyOf(failed.body)
  const name = nameOf(failed.headers["x-amzn-errortype"]) ?? nameOf(body.__type)
  return Status.errorOf(reasonOf(name, body, failed.status), failed)
}

/**
 * Reads an exception or error that came inside a 200; a name that tells nothing is a fault of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromFrame = (type: string, payload: string, message: string | undefined): AttemptError => {
  const body = bodyOf(payload)
  return Status.errorOf(reasonOf(nameOf(type), message === undefined ? body : { message, ...body }, 500))
}
