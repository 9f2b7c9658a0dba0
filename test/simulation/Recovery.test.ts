import { describe, expect, it } from "vitest"
import { recovery } from "../../src/simulation/Recovery.ts"

/** A request a second; those of some seconds fail. */
const traffic = (seconds: number, isFailed: (second: number) => boolean) => ({
  arrivals: Array.from(
    { length: seconds },
    (_, second) => ({ at: second * 1_000, input: 1, output: 1, streaming: false })
  ),
  outcomes: Array.from({ length: seconds }, (_, second) => ({
    class: isFailed(second) ? "retryable" as const : "answered" as const,
    reason: undefined,
    firstToken: undefined,
    total: 1
  }))
})

const incident = { kind: "outage", from: 100_000, to: 150_000 }

const timeOf = (isFailed: (second: number) => boolean, incidents = [incident]) => {
  const { arrivals, outcomes } = traffic(400, isFailed)
  return recovery(arrivals, outcomes, incidents, 400_000).map(({ time }) => time)
}

describe("recovery", () => {
  it("is 0 where callers are served as before as soon as the incident ends", () => {
    expect(timeOf((second) => second >= 100 && second < 150)).toEqual([0])
  })

  it("lasts until the first window without failures begins", () => {
    expect(timeOf((second) => second >= 100 && second < 200)).toEqual([50_000])
  })

  it("is never where success stays down until the end or the next incident", () => {
    expect(timeOf((second) => second >= 100)).toEqual([null])
    const next = { kind: "outage", from: 180_000, to: 200_000 }
    expect(timeOf((second) => second >= 100 && second < 240, [incident, next])).toEqual([null, 40_000])
  })

  it("measures against the success before, not against none failing", () => {
    expect(timeOf((second) => second % 10 === 0 || second >= 100 && second < 170)).toEqual([20_000])
  })
})
