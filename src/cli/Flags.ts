/**
 * The flags of the commands.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"

const units: Readonly<Record<string, (count: number) => Duration.Duration>> = {
  ms: Duration.millis,
  milli: Duration.millis,
  millisecond: Duration.millis,
  s: Duration.seconds,
  sec: Duration.seconds,
  second: Duration.seconds,
  m: Duration.minutes,
  min: Duration.minutes,
  minute: Duration.minutes,
  h: Duration.hours,
  hour: Duration.hours,
  d: Duration.days,
  day: Duration.days
}

/**
 * Reads a time as people write it: `30s`, `500ms`, `2 minutes`, or a bare number of seconds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*$/i.exec(text)
  if (match === null) return Option.none()
  const unit = match[2]!.toLowerCase()
  const make = unit === "" ? Duration.seconds : units[unit] ?? units[unit.replace(/s$/, "")]
  const duration = make?.(Number(match[1]))
  return duration !== undefined && Duration.toMillis(duration) > 0 ? Option.some(duration) : Option.none()
}

const separated = (given: ReadonlyArray<string>): ReadonlyArray<string> =>
  given.flatMap((names) => names.split(",")).map((name) => name.trim()).filter((name) => name !== "")

const vendor = Flag.String("vendor").pipe(
  Flag.withDescription("Ask only this vendor; may be repeated or separated by commas"),
  Flag.withMetavar("NAME"),
  Flag.atLeast(0),
  Flag.map(separated)
)

/**
 * @since 0.1.0
 * @category flags
 */
export const on = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false), Flag.withoutNegation)

/**
 * @since 0.1.0
 * @category flags
 */
export const config = Flag.String("config").pipe(
  Flag.withAlias("c"),
  Flag.withDescription("The configuration; left out, the nearest llmdispatcher.yaml from here upward, if there is one"),
  Flag.withMetavar("FILE"),
  Flag.optional
)

/**
 * @since 0.1.0
 * @category flags
 */
export const debug = on("debug", "On failure, print the whole cause with its stack")

/**
 * @since 0.1.0
 * @category flags
 */
export const send = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("What to ask; - reads it from stdin"),
    Argument.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("A model's name or vendor/model; left out, each vendor's default"),
    Flag.withMetavar("NAME"),
    Flag.optional
  ),
  vendors: vendor,
  config,
  system: Flag.String("system").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("Instructions that stand before the prompt"),
    Flag.withMetavar("TEXT"),
    Flag.optional
  ),
  maxTokens: Flag.Int("max-tokens").pipe(
    Flag.withDescription("The most tokens the answer may have"),
    Flag.withMetavar("NUMBER"),
    Flag.optional
  ),
  temperature: Flag.Finite("temperature").pipe(
    Flag.withAlias("t"),
    Flag.withDescription("0 to 2"),
    Flag.withMetavar("NUMBER"),
    Flag.optional
  ),
  timeout: Flag.String("timeout").pipe(
    Flag.withDescription("All the time it may take, retries and fallbacks included: 30s, 500ms, \"2 minutes\""),
    Flag.withMetavar("TIME"),
    Flag.filterMap(parseDuration, () => "Expected a time above 0, as in 30s, 500ms, 2m or \"30 seconds\""),
    Flag.optional
  ),
  noStream: on("no-stream", "Wait for the whole answer before printing it"),
  reasoning: on("reasoning", "Show on stderr what the model thinks before it answers"),
  json: on("json", "Print one JSON object: text, vendor, model, usage, cost, attempts, timings"),
  debug
}

/**
 * @since 0.1.0
 * @category flags
 */
export const models = {
  filter: Argument.String("filter").pipe(
    Argument.withDescription("List only models with these words in their names"),
    Argument.optional
  ),
  vendors: vendor,
  config,
  sort: Flag.Literals("sort", ["vendor", "name", "price", "context"]).pipe(
    Flag.withDescription("vendor, name, price (cheapest first) or context (largest first). Default vendor"),
    Flag.withDefault("vendor" as const)
  ),
  json: on("json", "Print one JSON array with all that is known"),
  debug
}

/**
 * @since 0.1.0
 * @category flags
 */
export const simulate = {
  scenario: Argument.String("scenario").pipe(
    Argument.withDescription("A scenario file, YAML or JSON, as examples/outage.yaml")
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("The seed of all chance; the same seed gives the same bytes. Left out, the scenario's"),
    Flag.withMetavar("NUMBER"),
    Flag.optional
  ),
  compare: Flag.String("compare").pipe(
    Flag.withDescription("The policies to run, separated by commas; left out, default and the scenario's own"),
    Flag.withMetavar("NAMES"),
    Flag.atLeast(0),
    Flag.map(separated)
  ),
  trace: Flag.String("trace").pipe(
    Flag.withDescription(
      "A CSV file of arrival second, input tokens, output tokens, in place of the scenario's traffic"
    ),
    Flag.withMetavar("FILE"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(
    Flag.withDescription("The folder for the report as JSON and SVG. Default simulation"),
    Flag.withMetavar("FOLDER"),
    Flag.withDefault("simulation")
  ),
  json: on("json", "Print the report as one JSON object in place of the table"),
  debug
}

/**
 * @since 0.1.0
 * @category flags
 */
export const check = {
  config,
  offline: on("offline", "Do not ask the vendors"),
  json: on("json", "Print one JSON object"),
  debug
}

/**
 * @since 0.1.0
 * @category flags
 */
export const stats = {
  since: Flag.String("since").pipe(
    Flag.withDescription("How far back: 1h, 24h, 7d. Default 24h"),
    Flag.withMetavar("TIME"),
    Flag.filterMap(parseDuration, () => "Expected a time above 0, as in 1h, 24h or 7d"),
    Flag.withDefault(Duration.hours(24))
  ),
  by: Flag.Literals("by", ["target", "vendor", "route", "caller", "model"]).pipe(
    Flag.withDescription("What the lines are of. Default target"),
    Flag.withDefault("target" as const)
  ),
  database: Flag.String("database").pipe(
    Flag.withDescription("A file of SQLite or a postgres:// address; left out, the configuration's"),
    Flag.withMetavar("DATABASE"),
    Flag.optional
  ),
  config,
  json: on("json", "Print one JSON object with all figures"),
  debug
}

/**
 * @since 0.1.0
 * @category flags
 */
export const init = { config, debug }

/**
 * @since 0.1.0
 * @category flags
 */
export const serve = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("Where to listen; 0 takes any port that is free. Default 8080"),
    Flag.withMetavar("NUMBER"),
    Flag.optional
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("The address to listen on. Default 127.0.0.1"),
    Flag.withMetavar("ADDRESS"),
    Flag.optional
  ),
  config,
  open: on("open", "Ask no key of callers; on 127.0.0.1 only"),
  workers: Flag.Int("workers").pipe(
    Flag.withDescription("Processes on the one port. Default 1"),
    Flag.withMetavar("NUMBER"),
    Flag.withDefault(1)
  ),
  debug
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Send {
  readonly prompt: Option.Option<string>
  readonly model: Option.Option<string>
  readonly vendors: ReadonlyArray<string>
  readonly config: Option.Option<string>
  readonly system: Option.Option<string>
  readonly maxTokens: Option.Option<number>
  readonly temperature: Option.Option<number>
  readonly timeout: Option.Option<Duration.Duration>
  readonly noStream: boolean
  readonly reasoning: boolean
  readonly json: boolean
  readonly debug: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Models {
  readonly filter: Option.Option<string>
  readonly vendors: ReadonlyArray<string>
  readonly config: Option.Option<string>
  readonly sort: "vendor" | "name" | "price" | "context"
  readonly json: boolean
  readonly debug: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Simulate {
  readonly scenario: string
  readonly seed: Option.Option<number>
  readonly compare: ReadonlyArray<string>
  readonly trace: Option.Option<string>
  readonly out: string
  readonly json: boolean
  readonly debug: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly config: Option.Option<string>
  readonly offline: boolean
  readonly json: boolean
  readonly debug: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Init {
  readonly config: Option.Option<string>
  readonly debug: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Serve {
  readonly port: Option.Option<number>
  readonly host: Option.Option<string>
  readonly config: Option.Option<string>
  readonly open: boolean
  readonly workers: number
  readonly debug: boolean
}
