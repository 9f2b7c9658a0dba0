/**
 * What Anthropic's models can do and which fields of a request they refuse.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "../../Vendor.ts"
import type { Effort } from "./Wire.ts"

/**
 * How a model takes a request; a field that it does not take is answered with a 400.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rules {
  /** How it is told to think: by itself, within a budget of tokens, or not at all. */
  readonly thinking: "adaptive" | "budget" | "none"
  /** Whether thinking can be turned off. */
  readonly thinkingOff: boolean
  /** The levels of `output_config.effort`, from the lowest. */
  readonly efforts: ReadonlyArray<Effort>
  /** Which sampling parameters it takes; `one` is temperature or top-p, not both. */
  readonly sampling: "all" | "one" | "none"
  /** Whether `tool_choice` can force a call. */
  readonly forcedTools: boolean
}

interface Entry {
  readonly capabilities: Capabilities
  readonly rules: Rules
}

const common: Capabilities = {
  streaming: true,
  tools: true,
  parallelTools: true,
  systemRole: true,
  images: true,
  audio: false,
  documents: true,
  jsonSchema: true,
  reasoning: true,
  prefill: true
}

const window = (contextWindow: number, maxOutputTokens: number): Capabilities => ({ contextWindow, maxOutputTokens })

const everyEffort = ["low", "medium", "high", "xhigh", "max"] as const

const entry = (capabilities: Capabilities, rules: Rules): Entry => ({
  capabilities: { ...common, ...capabilities },
  rules
})

const current: Rules = {
  thinking: "adaptive",
  thinkingOff: true,
  efforts: everyEffort,
  sampling: "none",
  forcedTools: true
}
const large: Capabilities = { ...window(1_000_000, 128_000), prefill: false }
const budgeted: Rules = {
  thinking: "budget",
  thinkingOff: true,
  efforts: [],
  sampling: "one",
  forcedTools: true
}
const legacy: Rules = { ...budgeted, thinking: "none", sampling: "all" }
const unstructured: Capabilities = { jsonSchema: false }

/** What no line names is taken for the strictest of the newest, whose requests every later model takes. */
const newest = entry({ prefill: false }, { ...current, thinkingOff: false, forcedTools: false })

/** A server that only speaks the protocol: nothing is known of its models. */
const foreign: Entry = { capabilities: {}, rules: { ...budgeted, sampling: "all" } }

/**
 * From https://platform.claude.com/docs/en/models/overview, …/build-with-claude/thinking-troubleshooting (thinking),
 * …/effort and …/structured-outputs (October 2026); windows in tokens; the first line that fits counts.
 *
 * A version is not followed by another number of one or two digits; longer ones are dates.
 */
const table: ReadonlyArray<readonly [RegExp, Entry]> = [
  [/(?:fable|mythos)-5-1(?!\d)|(?:opus|sonnet)-5-5(?!\d)/, {
    ...newest,
    capabilities: { ...newest.capabilities, ...large }
  }],
  [/haiku-5-5(?!\d)/, entry(large, current)],
  [/(?:fable|mythos)-(?:5(?!-?\d{1,2}(?!\d))|preview)/, entry(large, { ...current, thinkingOff: false })],
  [/(?:opus|sonnet)-5(?!-?\d{1,2}(?!\d))|opus-4-[78](?!\d)/, entry(large, current)],
  [
    /(?:opus|sonnet)-4-6(?!\d)/,
    entry(large, { ...current, efforts: ["low", "medium", "high", "max"], sampling: "one" })
  ],
  [/opus-4-5(?!\d)/, entry(window(200_000, 64_000), { ...budgeted, efforts: ["low", "medium", "high"] })],
  [/(?:sonnet|haiku)-4-5(?!\d)/, entry(window(200_000, 64_000), budgeted)],
  [/opus-4-1(?!\d)/, entry({ ...window(200_000, 32_000), ...unstructured }, budgeted)],
  [
    /opus-4(?:-0)?(?!-?\d{1,2}(?!\d))/,
    entry({ ...window(200_000, 32_000), ...unstructured }, { ...budgeted, sampling: "all" })
  ],
  [
    /sonnet-4(?:-0)?(?!-?\d{1,2}(?!\d))|claude-3-7/,
    entry({ ...window(200_000, 64_000), ...unstructured }, { ...budgeted, sampling: "all" })
  ],
  [/claude-3-5/, entry({ ...window(200_000, 8_192), ...unstructured, reasoning: false }, legacy)],
  [/claude-3-/, entry({ ...window(200_000, 4_096), ...unstructured, reasoning: false, documents: false }, legacy)],
  [/claude/, newest]
]

/** Other clouds write the same names with dots and prefixes. */
const find = (model: string): Entry => {
  const name = model.toLowerCase().replaceAll(".", "-")
  return table.find(([pattern]) => pattern.test(name))?.[1] ?? foreign
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const capabilitiesOf = (model: string): Capabilities => find(model).capabilities

/**
 * @since 0.1.0
 * @category accessors
 */
export const rulesOf = (model: string): Rules => find(model).rules
