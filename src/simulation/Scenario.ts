/**
 * A scenario as a file describes it: who asks, who answers, which policies choose, and what goes wrong when.
 *
 * @since 0.1.0
 */
import { Data, Effect, Predicate, Result, Schema, SchemaIssue } from "effect"
import { Yaml } from "effect/encoding"
import { Price } from "../Target.ts"
import { Incident } from "./Incident.ts"
import { PolicyOptions } from "./PolicyOptions.ts"
import { OnInterrupted, StrategyName } from "../config/PolicyConfig.ts"
import { Span, Time } from "../config/Time.ts"

const above = (least: number, what = `must be above ${least}`) =>
  Schema.Finite.check(Schema.makeFilter((n: number) => n > least ? undefined : what))
const count = Schema.Int.check(Schema.makeFilter((n: number) => n >= 1 ? undefined : "must be a whole number above 0"))
const atLeast = (least: number) =>
  Schema.Finite.check(Schema.makeFilter((n: number) => n >= least ? undefined : `must be at least ${least}`))
const Share = Schema.Finite.check(
  Schema.makeFilter((n: number) => n >= 0 && n <= 1 ? undefined : "must be from 0 to 1")
)
const Name = Schema.String.check(
  Schema.makeFilter((name: string) =>
    /^[\w.:-]{1,64}$/.test(name) ? undefined : "must be 1 to 64 letters, digits, dots, dashes, colons or underscores"
  )
)

/**
 * How long a caller waits, in milliseconds, where nothing is said.
 *
 * @since 0.1.0
 * @category constants
 */
export const usualDeadline = 60_000

/**
 * How many tokens: always the same number, or log-normal around a median (`spread` is its sigma, default 0.8).
 *
 * @since 0.1.0
 * @category models
 */
export const Tokens = Schema.Union([
  count,
  Schema.Struct({
    median: count,
    spread: Schema.optionalKey(atLeast(0)),
    most: Schema.optionalKey(count)
  })
]).annotate({ identifier: "Tokens" })

/**
 * Who asks: at random (Poisson) at a mean rate, with bursts and the hours of a day where they are given, or as a trace
 * of real traffic tells.
 */
const Traffic = Schema.Struct({
  /** Requests a second. Default 5; not read where there is a trace. */
  rate: Schema.optionalKey(above(0)),
  /** Every so often, for a while, so many times the rate. */
  bursts: Schema.optionalKey(Schema.Struct({ every: Span, lasting: Span, factor: above(0) })),
  /** The rate follows the hours: its share at the quietest hour (default 0.2), and the length of a day (default 24h). */
  day: Schema.optionalKey(Schema.Struct({ quiet: Schema.optionalKey(Share), length: Schema.optionalKey(Span) })),
  /** A CSV file of arrival second, input tokens, output tokens; its path is relative to the scenario's folder. */
  trace: Schema.optionalKey(Schema.NonEmptyString),
  /** Default a median of 700. */
  input: Schema.optionalKey(Tokens),
  /** Default a median of 200. */
  output: Schema.optionalKey(Tokens),
  /** The share that asks for a stream. Default 0.7. */
  streaming: Schema.optionalKey(Share),
  /** How long a caller waits. Default 60s. */
  deadline: Schema.optionalKey(Span),
  /** What callers name. Default the first route. */
  model: Schema.optionalKey(Schema.NonEmptyString)
}).annotate({ identifier: "Traffic" })

/**
 * Who answers, how fast, how much of it at once, and for how much.
 *
 * @since 0.1.0
 * @category models
 */
export const VendorModel = Schema.Struct({
  name: Name,
  /** Default `model`. */
  model: Schema.optionalKey(Name),
  region: Schema.optionalKey(Schema.NonEmptyString),
  /** Until the first token of an answer to an empty prompt. Default 300ms. */
  firstToken: Schema.optionalKey(Time),
  /** More of it for each token of the prompt. Default 0.05ms. */
  perInputToken: Schema.optionalKey(Time),
  /** Between two tokens of the answer. Default 15ms. */
  perOutputToken: Schema.optionalKey(Time),
  /** Sigma of the log-normal factor on those times. Default 0.25. */
  jitter: Schema.optionalKey(atLeast(0)),
  /** Calls served at once; without it any number. */
  slots: Schema.optionalKey(count),
  /** Calls that may wait for a slot before it answers 529. Default 0. */
  queue: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  /** How much slower it is with all slots taken: 1 is twice the time. Default 0. */
  slowdown: Schema.optionalKey(atLeast(0)),
  /** What a call takes up when its caller has gone: `stop` frees it at once, `finish` works on. Default `stop`. */
  abandoned: Schema.optionalKey(Schema.Literals(["stop", "finish"])),
  requestsPerMinute: Schema.optionalKey(above(0)),
  tokensPerMinute: Schema.optionalKey(above(0)),
  /** Whether a 429 of those limits tells when to come again. Default true. */
  retryAfter: Schema.optionalKey(Schema.Boolean),
  /** The share of calls that fail with 500 at any time. Default 0.001. */
  errors: Schema.optionalKey(Share),
  price: Schema.optionalKey(Price),
  contextWindow: Schema.optionalKey(count),
  prefill: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "VendorModel" })

/**
 * @since 0.1.0
 * @category models
 */
export type VendorModel = typeof VendorModel.Type

const TargetEntry = Schema.Union([
  Schema.NonEmptyString,
  Schema.Struct({
    target: Schema.NonEmptyString,
    weight: Schema.optionalKey(atLeast(0)),
    priority: Schema.optionalKey(Schema.Int)
  })
])

const RouteEntry = Schema.Struct({
  targets: Schema.NonEmptyArray(TargetEntry),
  /** Default `ordered`. */
  strategy: Schema.optionalKey(StrategyName),
  /** Default `fail`. */
  onInterrupted: Schema.optionalKey(OnInterrupted)
})

/**
 * The whole of it.
 *
 * @since 0.1.0
 * @category models
 */
export const Scenario = Schema.Struct({
  name: Name,
  description: Schema.optionalKey(Schema.String),
  /** Default 1. */
  seed: Schema.optionalKey(Schema.Int),
  duration: Span,
  traffic: Schema.optionalKey(Traffic),
  vendors: Schema.NonEmptyArray(VendorModel),
  /** Default one route, `default`, of all vendors in their order. */
  routes: Schema.optionalKey(Schema.Record(Schema.String, RouteEntry)),
  /** The dispatcher's options under names of their own. */
  policies: Schema.optionalKey(Schema.Record(Name, PolicyOptions)),
  incidents: Schema.optionalKey(Schema.Array(Incident))
}).annotate({ identifier: "Scenario" })

/**
 * @since 0.1.0
 * @category models
 */
export type Scenario = typeof Scenario.Type

/**
 * A scenario or a trace that cannot be used: each issue says where and what.
 *
 * @since 0.1.0
 * @category errors
 */
export class ScenarioError extends Data.TaggedError("ScenarioError")<{
  readonly issues: ReadonlyArray<{ readonly place: string; readonly message: string }>
}> {
  override get message(): string {
    return this.issues.map(({ message, place }) => place === "" ? message : `${place} ${message}`).join("\n")
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const wrong = (place: string, message: string): ScenarioError =>
  new ScenarioError({ issues: [{ place, message }] })

const decodeUnknown = Schema.decodeUnknownResult(Scenario, { errors: "all", onExcessProperty: "error" })

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey"
      ? "is missing"
      : issue._tag === "UnexpectedKey"
      ? "is not known here"
      : SchemaIssue.defaultLeafHook(issue)
})

const kinds: { readonly [expected: string]: string } = {
  array: "a list",
  object: "a block of keys",
  string: "a text",
  number: "a number",
  boolean: "true or false",
  Tokens: "a number of tokens, or { median, spread, most }",
  Incident:
    "an incident whose kind is outage, brown-out, rate-limit-storm, slow-first-token, mid-stream-cuts, flapping, \
regional-loss or surge",
  "false | object": "false or a block of keys"
}

const sentence = (message: string): string => {
  const match = /^Expected (.*?)(?:, got .*)?$/s.exec(message)
  if (match === null) return message
  const expected = match[1]!
  return `must be ${
    kinds[expected] ?? expected.replaceAll("\"", "").replaceAll(" | ", ", ").replace(/^(.*), /, "$1 or ")
  }`
}

const placeOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): string =>
  (path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join(".")

/** What the schema cannot see: names that stand for nothing. */
const dangling = (scenario: Scenario): ReadonlyArray<{ readonly place: string; readonly message: string }> => {
  const issues: Array<{ readonly place: string; readonly message: string }> = []
  const names = scenario.vendors.map(({ name }) => name)
  const there = names.join(", ")
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) {
      issues.push({ place: `vendors.${index}.name`, message: `"${name}" is there already` })
    }
  })
  for (const [route, { targets }] of Object.entries(scenario.routes ?? {})) {
    targets.forEach((entry, index) => {
      const vendor = (typeof entry === "string" ? entry : entry.target).split("/")[0]!
      if (names.includes(vendor)) return
      issues.push({
        place: `routes.${route}.targets.${index}`,
        message: `there is no vendor "${vendor}"; there is ${there}`
      })
    })
  }
  const regions = new Set(scenario.vendors.flatMap(({ region }) => region ?? []))
  scenario.incidents?.forEach((incident, index) => {
    const place = `incidents.${index}`
    if ("region" in incident && !regions.has(incident.region)) {
      issues.push({ place: `${place}.region`, message: `no vendor is in "${incident.region}"` })
    }
    if ("vendors" in incident) {
      for (const name of incident.vendors ?? []) {
        if (names.includes(name)) continue
        issues.push({ place: `${place}.vendors`, message: `there is no vendor "${name}"; there is ${there}` })
      }
    }
    if (incident.every !== undefined && incident.every < incident.lasting) {
      issues.push({ place: `${place}.every`, message: "must be at least as long as lasting" })
    }
  })
  const model = scenario.traffic?.model
  if (model !== undefined && scenario.routes?.[model] === undefined && !names.includes(model.split("/")[0]!)) {
    issues.push({ place: "traffic.model", message: `there is no route "${model}"` })
  }
  return issues
}

/** Makes a scenario of what a file holds once parsed, or tells every place that is wrong. */
const decode = (value: unknown): Result.Result<Scenario, ScenarioError> => {
  if (!Predicate.isObject(value)) {
    return Result.fail(wrong("", "a scenario must be a block of keys: name, duration, vendors"))
  }
  return Result.flatMap(
    Result.mapError(decodeUnknown(value), (error) =>
      new ScenarioError({
        issues: format(error.issue).issues.map(({ message, path }) => ({
          place: placeOf(path),
          message: sentence(message)
        }))
      })),
    (scenario) => {
      const issues = dangling(scenario)
      return issues.length === 0 ? Result.succeed(scenario) : Result.fail(new ScenarioError({ issues }))
    }
  )
}

/**
 * Reads a scenario from YAML or JSON, which is YAML too.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (text: string): Effect.Effect<Scenario, ScenarioError> =>
  Effect.fromResult(
    Result.flatMap(
      Result.try({
        try: () => Yaml.parse(text),
        catch: (error) =>
          wrong("", `is neither YAML nor JSON: ${error instanceof Error ? error.message : String(error)}`)
      }),
      decode
    )
  )
