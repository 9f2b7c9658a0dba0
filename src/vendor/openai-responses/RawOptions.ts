/**
 * The raw options that join what a request itself says, and replace nothing: `store`, `include`, `text`, `reasoning` and
 * `tools`.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Request } from "../../Request.ts"
import type { Lose } from "../../wire/Losses.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * @since 0.1.0
 * @category models
 */
export interface RawOptions {
  readonly store: boolean
  readonly include: ReadonlyArray<string>
  readonly tools: ReadonlyArray<unknown>
  /** The object under `text` or `reasoning`, with the request's own fields over the raw ones; `undefined` if empty. */
  readonly join: <A extends object>(key: "text" | "reasoning", own: A) => A | undefined
  /** The request with the other raw options only. */
  readonly rest: Request
}

/** Tools that OpenAI runs itself; the calls of any other are the caller's to answer, and only functions can be. */
const hosted = /^(?:web_search|file_search|code_interpreter|image_generation|mcp)(?:_|$)/

/**
 * Takes them out of the options under `names`; what is of the wrong kind is a loss.
 *
 * @since 0.1.0
 * @category constructors
 */
export const take = (request: Request, names: ReadonlyArray<string>, lose: Lose): RawOptions => {
  let store = false
  const include: Array<string> = []
  const tools: Array<unknown> = []
  const objects: Array<readonly [name: string, key: string, fields: Fields]> = []
  const options: Record<string, Fields> = { ...request.options }

  const takeOne = (field: string, name: string, key: string, value: unknown): boolean => {
    switch (key) {
      case "store":
        if (typeof value === "boolean") store = value
        else lose(field, "is not true or false")
        return true
      case "include":
        if (!Array.isArray(value)) lose(field, "is not a list")
        else include.push(...value.filter((entry) => typeof entry === "string"))
        return true
      case "tools":
        if (!Array.isArray(value)) lose(field, "is not a list")
        else {
          for (const [index, tool] of value.entries()) {
            const type = Predicate.isObject(tool) ? (tool as Fields)["type"] : undefined
            if (typeof type === "string" && hosted.test(type)) tools.push(tool)
            else lose(`${field}.${index}`, "is not a tool that OpenAI runs itself")
          }
        }
        return true
      case "text":
      case "reasoning":
        if (Predicate.isObject(value)) objects.push([name, key, value as Fields])
        else lose(field, "is not an object")
        return true
      default:
        return false
    }
  }

  for (const name of new Set(names)) {
    const raw = options[name]
    if (!Predicate.isObject(raw)) continue
    options[name] = Object.fromEntries(
      Object.entries(raw).filter(([key, value]) => !takeOne(`options.${name}.${key}`, name, key, value))
    )
  }

  return {
    store,
    include,
    tools,
    join: (key, own) => {
      const extra: Record<string, unknown> = {}
      for (const [name, joined, fields] of objects) {
        if (joined !== key) continue
        for (const [field, value] of Object.entries(fields)) {
          if (field in own) lose(`options.${name}.${key}.${field}`, "is set by the request itself")
          else if (field !== "__proto__") extra[field] = value
        }
      }
      const all = { ...extra, ...own }
      return Object.keys(all).length === 0 ? undefined : all
    },
    rest: { ...request, options } as Request
  }
}
