import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { run } from "./run.ts"

const folder = mkdtempSync(join(tmpdir(), "llmdispatcher-simulate-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const small = write(
  "small.yaml",
  `name: small
duration: 1m
traffic: { rate: 2 }
vendors:
  - { name: alpha }
  - { name: beta }
policies:
  single: { maxAttempts: 1 }
incidents:
  - { kind: outage, vendors: [alpha], at: 20s, lasting: 20s }
`
)

describe.concurrent("llmdispatcher simulate", { timeout: 90_000 }, () => {
  it("prints a table of the default and the scenario's policies, and writes JSON and a picture", async () => {
    const out = join(folder, "out")
    const { code, stderr, stdout } = await run(["simulate", small, "--out", out, "--seed", "3"])
    expect(stderr).toBe(`wrote ${join(out, "small.json")} and ${join(out, "small.svg")}\n`)
    expect(stdout).toMatch(/^small: \d+ requests in 1m, seed 3; outage\n/)
    expect(stdout).toMatch(/^default +\d/m)
    expect(stdout).toMatch(/^single +\d/m)
    expect(JSON.parse(readFileSync(join(out, "small.json"), "utf8"))).toMatchObject({ scenario: "small", seed: 3 })
    expect(readFileSync(join(out, "small.svg"), "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/)
    expect(code).toBe(0)
  })

  it("prints one JSON object, the same bytes again, of the policies to compare and the trace's traffic", async () => {
    const trace = write("trace.csv", "second,input,output\n0,10,20\n1.5,30,40\n")
    const args = [
      "simulate",
      small,
      "--json",
      "--compare",
      "round-robin,single",
      "--trace",
      trace,
      "--out",
      join(folder, "json")
    ]
    const [first, second] = await Promise.all([run(args), run(args)])
    const report = JSON.parse(first.stdout)
    expect(report.policies.map(({ policy, requests }: { policy: string; requests: number }) => [policy, requests]))
      .toEqual([["round-robin", 2], ["single", 2]])
    expect(second.stdout).toBe(first.stdout)
    expect(first.code).toBe(0)
  })

  it("tells what is wrong with files and names, and ends with 2", async () => {
    const bad = write("bad.yaml", "name: bad\nduration: 5\nvendors: [{ name: alpha, slots: 0 }]\n")
    const badTrace = write("bad.csv", "1,2,3\n4,x,6\n")
    const runs = await Promise.all([
      run(["simulate", bad]),
      run(["simulate", join(folder, "none.yaml")]),
      run(["simulate", small, "--compare", "defualt"]),
      run(["simulate", small, "--trace", badTrace])
    ])
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2, 2])
    expect(runs.map(({ stdout }) => stdout)).toEqual(["", "", "", ""])
    expect(runs[0]!.stderr).toBe(
      `llmdispatcher: ${bad}: duration must be a time with its unit, such as 300ms, 5s, 2m or 1h\n` +
        `llmdispatcher: ${bad}: vendors.0.slots must be a whole number above 0\n`
    )
    expect(runs[1]!.stderr).toBe(`llmdispatcher: there is no scenario ${join(folder, "none.yaml")}\n`)
    expect(runs[2]!.stderr).toMatch(
      /^llmdispatcher: there is no policy defualt; there is default, .*single\nDid you mean default\?/
    )
    expect(runs[3]!.stderr).toBe(`llmdispatcher: ${badTrace}: line 2 "x" is not a number of input tokens\n`)
  })
})
