/**
 * Who asks when, for how much: all arrivals of a scenario, made before it runs, so that every policy meets the same.
 *
 * @since 0.1.0
 */
import type { Random } from "effect"
import { since } from "./Incident.ts"
import type { Scenario, Tokens } from "./Scenario.ts"
import type { TraceLine } from "./Trace.ts"

/**
 * One request to come: `at` is in milliseconds from the beginning.
 *
 * @since 0.1.0
 * @category models
 */
export interface Arrival {
  readonly at: number
  readonly input: number
  readonly output: number
  readonly streaming: boolean
}

/** The medians and spreads that public traces of conversations have, roundly. */
const usual = { input: { median: 700, spread: 0.8, most: 16_000 }, output: { median: 200, spread: 0.8, most: 2_000 } }

const day = 86_400_000

/**
 * A number from the standard normal distribution (Box and Muller).
 *
 * @since 0.1.0
 * @category drawing
 */
export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

const drawTokens = (tokens: typeof Tokens.Type, random: () => number): number => {
  if (typeof tokens === "number") return tokens
  const { median, most, spread = 0.8 } = tokens
  return Math.min(Math.max(1, Math.round(median * Math.exp(spread * normal(random)))), most ?? median * 20)
}

/** Requests a millisecond at a moment. */
const rateOf = ({ incidents = [], traffic = {} }: Scenario) => {
  const { bursts, day: hours, rate = 5 } = traffic
  const surges = incidents.filter((incident) => incident.kind === "surge")
  const quiet = hours?.quiet ?? 0.2
  const length = hours?.length ?? day
  return (time: number): number => {
    let now = rate / 1_000
    if (bursts !== undefined && time % bursts.every < bursts.lasting) now *= bursts.factor
    // Quietest at the start of a day, busiest in its middle; the mean over a day is the rate.
    if (hours !== undefined) {
      now *= (quiet + (1 - quiet) * (1 - Math.cos(2 * Math.PI * time / length)) / 2) * 2 / (1 + quiet)
    }
    for (const surge of surges) if (since(surge, time) !== undefined) now *= surge.factor ?? 3
    return now
  }
}

const highest = ({ incidents = [], traffic = {} }: Scenario): number =>
  (traffic.rate ?? 5) / 1_000 * Math.max(1, traffic.bursts?.factor ?? 1) *
  (traffic.day === undefined ? 1 : 2 / (1 + (traffic.day.quiet ?? 0.2))) *
  incidents.reduce(
    (product, incident) => incident.kind === "surge" ? product * Math.max(1, incident.factor ?? 3) : product,
    1
  )

/** A Poisson process whose rate changes, by thinning one that always runs at the highest. */
const poisson = (scenario: Scenario, random: () => number): ReadonlyArray<Arrival> => {
  const { input = usual.input, output = usual.output, streaming = 0.7 } = scenario.traffic ?? {}
  const rate = rateOf(scenario)
  const most = highest(scenario)
  const arrivals: Array<Arrival> = []
  for (let time = 0;;) {
    time += -Math.log(1 - random()) / most
    if (time >= scenario.duration) return arrivals
    if (random() * most >= rate(time)) continue
    arrivals.push({
      at: Math.round(time),
      input: drawTokens(input, random),
      output: drawTokens(output, random),
      streaming: random() < streaming
    })
  }
}

/**
 * The arrivals of a scenario, from its trace where there is one, in the order of their times.
 *
 * @since 0.1.0
 * @category constructors
 */
export const arrivals = (
  scenario: Scenario,
  trace: ReadonlyArray<TraceLine> | undefined,
  random: Random.Random
): ReadonlyArray<Arrival> => {
  const next = () => random.nextDoubleUnsafe()
  if (trace === undefined) return poisson(scenario, next)
  const streaming = scenario.traffic?.streaming ?? 0.7
  return trace.flatMap(({ input, output, second }) => {
    const isStream = next() < streaming
    const at = Math.round(second * 1_000)
    return at < scenario.duration ? [{ at, input, output, streaming: isStream }] : []
  })
}
