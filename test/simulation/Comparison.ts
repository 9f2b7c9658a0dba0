/** What one policy came to in a scenario; times are in milliseconds, cost in US dollars for 1,000 answers. */
export interface Scores {
  readonly policy: string
  readonly success: number
  readonly firstToken: number | null
  readonly total: number
  readonly cost: number
  readonly wasted: number
  readonly amplification: number
  readonly recovery: number
}

const seconds = (millis: number | null) => millis === null ? "–" : `${(millis / 1_000).toFixed(2)} s`

/** By how much another policy may do better before it counts: what another seed would change too. */
const noise = { success: 0.0005, firstToken: 0.05, total: 0.05, cost: 0.01 }

type Judged = keyof typeof noise

const isBetter = (measure: Judged, other: Scores, own: Scores): boolean => {
  const [theirs, ours] = [other[measure], own[measure]]
  if (theirs === null || ours === null) return false
  return measure === "success" ? theirs > ours + noise.success : theirs < ours * (1 - noise[measure])
}

const names: { readonly [measure in Judged]: string } = {
  success: "success",
  firstToken: "first token p99",
  total: "total p99",
  cost: "cost"
}

/** The dispatcher's own ways are no rivals of its default. */
const own = new Set(["default", "fastest", "resume"])

/** The table, the default's cells marked where a rival does better, and who that is. */
export const rows = (scores: ReadonlyArray<Scores>): string => {
  const ours = scores.find(({ policy }) => policy === "default")!
  const rivals = scores.filter(({ policy }) => !own.has(policy))
  const betters = (measure: Judged) => rivals.filter((rival) => isBetter(measure, rival, ours))
  const cell = (measure: Judged, words: string, { policy }: Scores) =>
    policy === "default" && betters(measure).length > 0 ? `**${words} ▼**` : words
  const lines = scores.map((score) =>
    `| ${
      [
        score.policy,
        cell("success", `${(score.success * 100).toFixed(2)} %`, score),
        cell("firstToken", seconds(score.firstToken), score),
        cell("total", seconds(score.total), score),
        cell("cost", `$${score.cost.toFixed(2)}`, score),
        score.wasted >= 10_000 ? `${Math.round(score.wasted / 1_000)} k` : String(Math.round(score.wasted)),
        score.amplification.toFixed(3),
        score.recovery === Infinity ? "never" : seconds(score.recovery)
      ].join(" | ")
    } |`
  )
  const worse = (Object.keys(names) as Array<Judged>).flatMap((measure) => {
    const better = betters(measure)
    return better.length === 0 ? [] : [`${names[measure]} (${better.map(({ policy }) => policy).join(", ")})`]
  })
  return [
    "| policy | success | first token p99 | total p99 | cost of 1,000 answers | wasted tokens | calls a request | recovery |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
    "",
    worse.length === 0 ? "The default is at or above every rival." : `▼ The default is worse on ${worse.join("; ")}.`
  ].join("\n")
}
