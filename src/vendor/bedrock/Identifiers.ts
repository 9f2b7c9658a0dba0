/**
 * Names and ids brought into the alphabets that Converse takes; the same in gives the same out.
 *
 * @since 0.1.0
 */
import { Hash } from "effect"

const longest = 64

/** Kept whole where it fits; else its fitting part and a hash of the whole, so that two stay two. */
const fit = (text: string, allowed: RegExp, foreign: RegExp): string => {
  if (allowed.test(text)) return text
  const hash = (Hash.string(text) >>> 0).toString(36)
  return `${text.replace(foreign, "_").slice(0, longest - hash.length - 1)}_${hash}`
}

/**
 * The ids of one conversation's tool calls, whichever vendor made them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolUseIds {
  readonly ofCall: (id: string) => string
  /** The id of the last call before it that had this one. */
  readonly ofResult: (id: string) => string
}

/**
 * Brings the ids of calls into the alphabet, and tells apart those that a vendor gave twice, as some count anew in each
 * turn.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeToolUseIds = (): ToolUseIds => {
  const last = new Map<string, string>()
  const taken = new Set<string>()
  const fitting = (id: string) => fit(id, /^[a-zA-Z0-9_.:-]{1,64}$/, /[^a-zA-Z0-9_.:-]/g)
  return {
    ofCall: (id) => {
      let own = fitting(id)
      for (let number = 2; taken.has(own); number++) own = fitting(`${id}_${number}`)
      taken.add(own)
      last.set(id, own)
      return own
    },
    ofResult: (id) => last.get(id) ?? fitting(id)
  }
}

/**
 * Whether a tool may have this name.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isToolName = (name: string): boolean => /^[a-zA-Z0-9_-]{1,64}$/.test(name)

/**
 * The name of a tool that was called earlier, whichever vendor called it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toolName = (name: string): string => fit(name, /^[a-zA-Z0-9_-]{1,64}$/, /[^a-zA-Z0-9_-]/g)

const longestDocumentName = 200

/**
 * Gives each document of a request a name of its own: the file's without its ending and without what is not allowed,
 * numbered where it stood before.
 *
 * Letters, digits, single blanks, hyphens and brackets are allowed; the same name twice is refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDocumentNames = (): (fileName: string | undefined) => string => {
  const taken = new Set<string>()
  return (fileName = "") => {
    const plain = fileName.replace(/\.[a-zA-Z0-9]{1,5}$/, "").replace(/[^a-zA-Z0-9()[\]-]+/g, " ").trim()
    const base = plain.slice(0, longestDocumentName - 8).trim() || "document"
    let name = base
    for (let number = 2; taken.has(name); number++) name = `${base} ${number}`
    taken.add(name)
    return name
  }
}
