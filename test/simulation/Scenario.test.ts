import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parse } from "../../src/simulation/Scenario.ts"

const examples = fileURLToPath(new URL("../../examples", import.meta.url))

const least = { name: "least", duration: "1m", vendors: [{ name: "alpha" }] }

const issues = (scenario: unknown) =>
  Effect.map(
    Effect.result(parse(typeof scenario === "string" ? scenario : JSON.stringify(scenario))),
    (result) => Result.isFailure(result) ? result.failure.message.split("\n") : []
  )

describe("Scenario", () => {
  it.effect("reads YAML and JSON alike, times in milliseconds", () =>
    Effect.gen(function*() {
      const yaml = yield* parse("name: least\nduration: 1m\nvendors:\n  - { name: alpha }\n")
      expect(yaml).toEqual({ name: "least", duration: 60_000, vendors: [{ name: "alpha" }] })
      expect(yield* parse(JSON.stringify(least))).toEqual(yaml)
    }))

  it.effect("reads every example", () =>
    Effect.gen(function*() {
      const names = readdirSync(examples).filter((name) => name.endsWith(".yaml"))
      const read = yield* Effect.forEach(names, (name) => parse(readFileSync(`${examples}/${name}`, "utf8")))
      expect(read.map(({ name }) => `${name}.yaml`)).toEqual(names)
    }))

  it.effect("tells every wrong place and what belongs there", () =>
    Effect.gen(function*() {
      expect(yield* issues({ ...least, duration: 20, traffic: { rate: -1, foo: 1 }, incidents: [{ kind: "outag" }] }))
        .toEqual([
          "duration must be a time with its unit, such as 300ms, 5s, 2m or 1h",
          "traffic.foo is not known here",
          "traffic.rate must be above 0",
          "incidents.0 must be an incident whose kind is outage, brown-out, rate-limit-storm, slow-first-token, mid-stream-cuts, flapping, regional-loss or surge"
        ])
    }))

  it.effect("tells names that stand for nothing", () =>
    Effect.gen(function*() {
      expect(
        yield* issues({
          ...least,
          traffic: { model: "chat" },
          routes: { fast: { targets: ["beta/model"] } },
          incidents: [
            { kind: "outage", at: "1s", lasting: "2s", every: "1s", vendors: ["gamma"] },
            { kind: "regional-loss", at: "1s", lasting: "1s", region: "eu" }
          ]
        })
      ).toEqual([
        "routes.fast.targets.0 there is no vendor \"beta\"; there is alpha",
        "incidents.0.vendors there is no vendor \"gamma\"; there is alpha",
        "incidents.0.every must be at least as long as lasting",
        "incidents.1.region no vendor is in \"eu\"",
        "traffic.model there is no route \"chat\""
      ])
    }))

  it.effect("tells where a text is no YAML", () =>
    Effect.gen(function*() {
      expect(yield* issues("name: x\n\tduration: 1m")).toEqual([
        expect.stringMatching(/^is neither YAML nor JSON: .*line 2/)
      ])
      expect(yield* issues("just words")).toEqual(["a scenario must be a block of keys: name, duration, vendors"])
    }))
})
