/**
 * A caller's body, field by field: what is not of the form that an API wants is told by the field's name in the body.
 *
 * @since 0.1.0
 */
import type { Schema } from "effect"
import type { RequestInput } from "../Request.ts"
import * as Failure from "./Failure.ts"

/**
 * An object of JSON.
 *
 * @since 0.1.0
 * @category models
 */
export interface Json {
  readonly [key: string]: unknown
}

/**
 * @since 0.1.0
 * @category predicates
 */
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const empty: Json = {}

/**
 * The fields of a request but its conversation, while they are gathered.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestFields = {
  -readonly [K in keyof Conversational]: Conversational[K]
}

type Conversational = Omit<Extract<RequestInput, { readonly messages: unknown }>, "messages" | "prompt">

/**
 * Raw options for a vendor, while they are gathered.
 *
 * @since 0.1.0
 * @category models
 */
export type Raw = { [key: string]: Schema.Json }

/**
 * Reads fields; the first that is wrong is kept, and reading goes on with an empty value in its place.
 *
 * `null` says the same as a field that is not there.
 *
 * @since 0.1.0
 * @category models
 */
export class Reader {
  failure: Failure.Failure | undefined = undefined

  /** Tells that a field is wrong; `message` follows its name. */
  wrong(field: string, message: string): void {
    this.failure ??= Failure.make("invalid-request", field === "" ? message : `${field}: ${message}`, { field })
  }

  /** Tells that a field is right, but nothing here can do what it asks for. */
  unsupported(field: string, message: string): void {
    this.failure ??= Failure.make("unsupported", `${field}: ${message}`, { field })
  }

  /** The whole body; any other than an object is wrong. */
  body(value: unknown): Json {
    if (isObject(value)) return value
    this.wrong("", "the body must be an object of JSON")
    return empty
  }

  object(value: unknown, field: string): Json {
    if (isObject(value)) return value
    this.wrong(field, value === undefined ? "is missing" : "must be an object")
    return empty
  }

  list(value: unknown, field: string): ReadonlyArray<unknown> {
    if (Array.isArray(value)) return value
    this.wrong(field, value === undefined ? "is missing" : "must be an array")
    return []
  }

  text(value: unknown, field: string): string {
    if (typeof value === "string") return value
    this.wrong(field, value === undefined ? "is missing" : "must be a text")
    return ""
  }

  optionalObject(value: unknown, field: string): Json | undefined {
    return value === undefined || value === null ? undefined : this.object(value, field)
  }

  optionalList(value: unknown, field: string): ReadonlyArray<unknown> | undefined {
    return value === undefined || value === null ? undefined : this.list(value, field)
  }

  optionalText(value: unknown, field: string): string | undefined {
    return value === undefined || value === null ? undefined : this.text(value, field)
  }

  optionalNumber(value: unknown, field: string): number | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value === "number") return value
    this.wrong(field, "must be a number")
    return undefined
  }

  optionalBoolean(value: unknown, field: string): boolean | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value === "boolean") return value
    this.wrong(field, "must be true or false")
    return undefined
  }
}

/** `baseURL`, `base-url` and `BASE_URL` are one name to somebody. */
const plain = (key: string): string => key.replaceAll(/[^a-zA-Z0-9]/g, "").toLowerCase()

/**
 * Where a call goes, with which key and headers, is never the caller's to say; such a field is refused, for who wrote it
 * relies on it.
 */
const closed: ReadonlySet<string> = new Set([
  "api_base",
  "api_key",
  "api_type",
  "api_version",
  "authorization",
  "aws_access_key_id",
  "aws_secret_access_key",
  "aws_session_token",
  "base_url",
  "credentials",
  "default_headers",
  "endpoint",
  "extra_body",
  "extra_headers",
  "extra_query",
  "headers",
  "host",
  "http_options",
  "key",
  "proxy",
  "url",
  "vertex_credentials"
].map((key) => plain(key)))

const lowerCased = new WeakMap<ReadonlySet<string>, ReadonlySet<string>>()

/** Whether a server that takes `Model` for `model`, as those written in Go do, would read a field that was read here. */
const isKnownToSome = (key: string, known: ReadonlySet<string>): boolean => {
  let names = lowerCased.get(known)
  if (names === undefined) lowerCased.set(known, names = new Set(Array.from(known, (name) => name.toLowerCase())))
  return names.has(key.toLowerCase())
}

/**
 * The fields of a body that nobody read, to be carried to a vendor of the same API; `undefined` when there are none.
 *
 * One that would redirect the call or its key is wrong.
 *
 * @since 0.1.0
 * @category combinators
 */
export const rest = (
  body: Json,
  known: ReadonlySet<string>,
  reader: Reader
): { [key: string]: Schema.Json } | undefined => {
  let left: { [key: string]: Schema.Json } | undefined
  for (const key of Object.keys(body)) {
    if (known.has(key) || key === "__proto__") continue
    if (closed.has(plain(key))) reader.wrong(key, "is not the caller's to set")
    if (isKnownToSome(key, known)) reader.wrong(key, `is not known, only ${key.toLowerCase()}`)
    const value = body[key]
    if (value !== undefined && value !== null) (left ??= {})[key] = value as Schema.Json
  }
  return left
}
