/**
 * Leaves out the candidates that cannot do what the request asks for, and tells so in the journal.
 *
 * Only what is known counts: a capability that nobody told is tried.
 *
 * @since 0.1.0
 */
import { Clock, Effect } from "effect"
import type { Prompt } from "effect/ai"
import type { Candidate, Dispatch } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { Capabilities } from "../Vendor.ts"
import { type DispatchError, type Fatal, fatal } from "../VendorError.ts"
import * as Attempt from "./Attempt.ts"

/**
 * More characters than any tokenizer packs into a token of ordinary text: what is longer than the window even so is not
 * sent.
 */
const charactersPerToken = 8

const kindOf = (mediaType: string): "images" | "audio" | "documents" =>
  mediaType.startsWith("image/") ? "images" : mediaType.startsWith("audio/") ? "audio" : "documents"

interface Needs {
  readonly features: ReadonlySet<keyof Capabilities>
  readonly characters: number
}

/** What the conversation needs of a target, found in one walk through it. */
const needsOf = (request: Request): Needs => {
  const features = new Set<keyof Capabilities>()
  let characters = 0
  const read = (part: Prompt.Part): void => {
    if (part.type === "text" || part.type === "reasoning") characters += part.text.length
    else if (part.type === "file") features.add(kindOf(part.mediaType))
    else if (part.type === "tool-result") {
      for (const output of part.modelOutput ?? []) {
        if (output.type === "text") characters += output.text.length
        else features.add(kindOf(output.mediaType))
      }
    }
  }
  for (const message of request.prompt.content) {
    if (message.role !== "system") message.content.forEach(read)
    else {
      features.add("systemRole")
      characters += message.content.length
    }
  }
  if (request.tools !== undefined && request.tools.length > 0 && request.toolChoice !== "none") features.add("tools")
  if (request.responseFormat?.type === "json-schema") features.add("jsonSchema")
  return { features, characters }
}

const words: Partial<Readonly<Record<keyof Capabilities, string>>> = {
  systemRole: "system messages",
  jsonSchema: "answers by a JSON Schema"
}

/** What the target lacks, in words; `undefined` when it may be tried. */
const lack = ({ target, vendor }: Candidate, request: Request, { characters, features }: Needs): string | undefined => {
  const capabilities = vendor.capabilities(target.model)
  for (const feature of features) {
    if (capabilities[feature] === false) return `${target.id} takes no ${words[feature] ?? feature}`
  }
  const window = target.contextWindow ?? capabilities.contextWindow
  if (window !== undefined && characters > window * charactersPerToken) {
    return `${target.id} has a window of ${window} tokens, the conversation has ${characters} characters`
  }
  const most = capabilities.maxOutputTokens
  return most !== undefined && request.maxTokens !== undefined && request.maxTokens > most
    ? `${target.id} answers with at most ${most} tokens, ${request.maxTokens} are asked for`
    : undefined
}

/**
 * What a dispatch knows of the candidates that it left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capable {
  /** Whether a candidate may be tried. */
  readonly keep: (candidate: Candidate) => boolean
  /** Writes a line for each that was left out since the last time; `undefined` where none was. */
  readonly tell: () => Effect.Effect<void> | undefined
  /** The failure where all were left out, naming what each lacks. */
  readonly nobody: () => DispatchError
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatch: Dispatch): Capable => {
  const { journal, request } = dispatch
  const needs = needsOf(request)
  const lacking: Array<{ readonly candidate: Candidate; readonly error: Fatal<"UnsupportedFeature"> }> = []
  let told = 0
  const tell = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    for (; told < lacking.length; told++) {
      const { candidate, error } = lacking[told]!
      const line = Attempt.record(
        { ...dispatch, candidate, candidateScope: dispatch.scope, untried: 0, observed: {} },
        now,
        now,
        "skipped",
        error
      )
      journal.attempts.push(line)
      yield* Attempt.announce(line)
    }
  })
  return {
    keep: (candidate) => {
      const description = lack(candidate, request, needs)
      if (description === undefined) return true
      const place = { vendor: candidate.vendor.name, target: candidate.target.id }
      lacking.push({ candidate, error: fatal({ _tag: "UnsupportedFeature", description }, place) })
      return false
    },
    tell: () => told < lacking.length ? tell : undefined,
    nobody: () => {
      const description = lacking.map(({ error }) => error.reason.description).join("; ")
      return fatal({ _tag: "UnsupportedFeature", description }, { attempts: journal.attempts })
    }
  }
}
