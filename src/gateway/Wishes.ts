/**
 * The `llmdispatcher` field of a body: what a caller may ask of the dispatcher itself, in any dialect.
 *
 * @since 0.1.0
 */
import type { RequestInput } from "../Request.ts"
import type { Json, Reader } from "./Fields.ts"

/**
 * The field's name.
 *
 * @since 0.1.0
 * @category constants
 */
export const field = "llmdispatcher"

type Fields = Extract<RequestInput, { readonly messages: unknown }>

/**
 * What a caller wished, as fields of a request; `route` is among them as `model`.
 *
 * @since 0.1.0
 * @category models
 */
export type Wishes = Partial<
  Pick<Fields, "model" | "vendors" | "mode" | "priority" | "deadline" | "cache" | "losses" | "metadata">
>

/** The names of wishes, and of the request's fields that they are. */
const fields = {
  route: "model",
  vendors: "vendors",
  mode: "mode",
  priority: "priority",
  deadline: "deadline",
  cache: "cache",
  losses: "losses",
  metadata: "metadata"
} as const

const isWish = (name: string): name is keyof typeof fields => Object.hasOwn(fields, name)

/**
 * Reads the wishes of a body; a name that is none is wrong, and what a value may be is the request's own to check.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (body: Json, reader: Reader): Wishes => {
  const wishes: { [name: string]: unknown } = {}
  const told = reader.optionalObject(body[field], field)
  for (const name in told) {
    const value = told[name]
    if (!isWish(name)) reader.wrong(`${field}.${name}`, `is not known, only ${Object.keys(fields).join(", ")}`)
    else if (value !== undefined && value !== null) wishes[fields[name]] = value
  }
  return wishes as Wishes
}

/**
 * Whether a body may go without a model, since a wish says where it goes.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isModelless = ({ mode, model, vendors }: Wishes): boolean =>
  model !== undefined || mode !== undefined || vendors !== undefined

/**
 * The model of a request: the wished route, else the body's own model, which is none where a mode is wished for.
 *
 * @since 0.1.0
 * @category accessors
 */
export const modelOf = (wishes: Wishes, model: string | undefined): { readonly model?: string } => {
  if (wishes.model !== undefined) return { model: wishes.model }
  return wishes.mode !== undefined || model === undefined ? {} : { model }
}

/**
 * The body's name of a field of the request that was wished, `undefined` for any other.
 *
 * @since 0.1.0
 * @category accessors
 */
export const fieldOf = (wishes: Wishes, name: string): string | undefined => {
  const [root = "", ...rest] = name.split(".")
  if (!Object.hasOwn(wishes, root)) return undefined
  return [field, root === "model" ? "route" : root, ...rest].join(".")
}
