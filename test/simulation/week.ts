// A week of traffic over twenty vendors with an incident every day, in real seconds: `node --conditions=source
// test/simulation/week.ts [policy]`.
import { Effect } from "effect"
import { builtIn } from "../../src/simulation/policies/Contenders.ts"
import * as Report from "../../src/simulation/Report.ts"
import * as Scenario from "../../src/simulation/Scenario.ts"
import * as Simulation from "../../src/simulation/Simulation.ts"
import * as Table from "../../src/simulation/Table.ts"

const day = "24h"

const scenario = {
  name: "week",
  seed: 7,
  duration: "7d",
  traffic: { rate: 0.5, day: { quiet: 0.2 } },
  vendors: Array.from({ length: 20 }, (_, index) => ({
    name: `vendor-${index + 1}`,
    region: ["eu", "us", "asia"][index % 3],
    firstToken: `${250 + 40 * index}ms`,
    perOutputToken: `${10 + index}ms`,
    slots: 40,
    requestsPerMinute: 600,
    price: { input: 1 + index / 10, output: 4 + index / 5 }
  })),
  incidents: [
    { kind: "outage", vendors: ["vendor-1"], at: "9h", lasting: "20m", every: day },
    {
      kind: "rate-limit-storm",
      vendors: ["vendor-1", "vendor-2"],
      at: "12h",
      lasting: "10m",
      every: day,
      retryAfter: "20s"
    },
    { kind: "brown-out", vendors: ["vendor-1"], at: "15h", lasting: "30m", every: day },
    { kind: "mid-stream-cuts", vendors: ["vendor-2"], at: "17h", lasting: "15m", every: day },
    { kind: "regional-loss", region: "eu", at: "19h", lasting: "10m", every: day },
    { kind: "flapping", vendors: ["vendor-2"], at: "21h", lasting: "15m", every: day }
  ]
}

const policy = process.argv[2] ?? "default"
const started = performance.now()
const report = await Effect.runPromise(Effect.gen(function*() {
  const prepared = yield* Simulation.prepare(yield* Scenario.parse(JSON.stringify(scenario)))
  return Report.make(prepared, [Report.ofRun(yield* Simulation.run(prepared, policy, builtIn[policy]!))])
}))
const seconds = (performance.now() - started) / 1_000
console.log(Table.make(report))
console.log(
  `${seconds.toFixed(1)} s of real time, ${(seconds * 1e6 / report.policies[0]!.requests).toFixed(0)} µs a request, ${
    (process.memoryUsage().rss / 1e6).toFixed(0)
  } MB`
)
