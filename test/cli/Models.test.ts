import type { ServerResponse } from "node:http"
import { describe, expect, it } from "vitest"
import { sorted, table } from "../../src/cli/Models.ts"
import { features, type ModelInfo } from "../../src/ModelInfo.ts"
import { openai, run } from "./run.ts"

const listing = (...ids: ReadonlyArray<string>) => (response: ServerResponse) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
    object: "list",
    data: ids.map((id) => ({ id, object: "model", created: 1, owned_by: "openai" }))
  }))

describe.concurrent("llmdispatcher models", { timeout: 30_000 }, () => {
  it("lists the sandbox without a key, each vendor's default marked", async () => {
    const { code, stdout } = await run(["models"])
    expect(stdout).toMatch(/^flaky\/sandbox +flaky +default +\S/m)
    expect(stdout).toMatch(/^sandbox\/sandbox +sandbox +default +\S/m)
    expect(stdout).toMatch(/^sandbox\/slow +sandbox +\S/m)
    expect(code).toBe(0)
  })

  it("prints JSON of what a vendor lists, and of the sandbox only when it is named", async () => {
    await using server = await openai(listing("o77", "gpt-5-mini"))
    const [real, both] = await Promise.all([
      run(["models", "--json"], server.env),
      run(["models", "--json", "--vendor", "openai", "--vendor", "sandbox"], server.env)
    ])
    const unknown = {
      streaming: null,
      tools: null,
      parallelTools: null,
      images: null,
      audio: null,
      documents: null,
      jsonSchema: null,
      reasoning: null,
      prefill: null,
      systemRole: null
    }
    const known = { streaming: true, tools: true, parallelTools: true, jsonSchema: true, systemRole: true }
    expect(JSON.parse(real.stdout)).toEqual([
      {
        id: "openai/gpt-5-mini",
        vendor: "openai",
        model: "gpt-5-mini",
        default: true,
        description: null,
        contextWindow: 400_000,
        maxOutputTokens: 128_000,
        rates: { input: 0.25, output: 2, cacheRead: 0.025 },
        price: {
          batch: 0.5,
          input: 0.25,
          output: 2,
          cacheRead: 0.025,
          source: expect.stringMatching(/^genai-prices [\d.]+ of [\d-]+$/)
        },
        features: { ...unknown, ...known, images: true, documents: true, reasoning: true },
        servedBy: ["openai"]
      },
      {
        id: "openai/o77",
        vendor: "openai",
        model: "o77",
        default: false,
        description: null,
        contextWindow: 200_000,
        maxOutputTokens: 100_000,
        rates: null,
        price: null,
        features: { ...unknown, ...known, images: true, documents: true, reasoning: true },
        servedBy: ["openai"]
      }
    ])
    expect(new Set(JSON.parse(both.stdout).map((row: { vendor: string }) => row.vendor)))
      .toEqual(new Set(["openai", "sandbox"]))
  })

  it("tells of a vendor that cannot list, with its exit code", async () => {
    await using server = await openai((response) => response.writeHead(401).end("{}"))
    const { code, stderr, stdout } = await run(["models"], server.env)
    expect(stderr).toMatch(/^llmdispatcher: openai: did not accept the key/)
    expect(stdout).toBe("")
    expect(code).toBe(4)
  })

  it("shows windows, prices and features in a table, what is not known as ?, and says on stderr what they mean", async () => {
    await using server = await openai(listing("gpt-5-mini", "whisper-7"))
    const { code, stderr, stdout } = await run(["models"], server.env)
    expect(stdout).toBe(`\
MODEL              VENDOR  DEFAULT  CONTEXT  OUTPUT  $ IN  $ OUT  $ CACHED  FEATURES
openai/gpt-5-mini  openai  default     400k    128k  0.25      2     0.025  stpi?djr?m
openai/whisper-7   openai                 ?       ?     ?      ?         ?  ??????????
`)
    expect(stderr).toMatch(
      /^\$ US dollars per million tokens, \? not known, - no\n.*i images.*\n.*\nPrices: genai-prices /
    )
    expect(code).toBe(0)
  })

  it("lists only models with the words of the filter in their names, in the order asked for", async () => {
    await using server = await openai(listing("gpt-4.1", "gpt-5-mini", "gpt-5-nano", "o3"))
    const { code, stdout } = await run(["models", "GPT 5", "--sort", "price", "--json"], server.env)
    expect(JSON.parse(stdout).map((row: { model: string }) => row.model)).toEqual(["gpt-5-nano", "gpt-5-mini"])
    expect(code).toBe(0)
  })

  it("says so with 2 when no model has the name, and which may have been meant", async () => {
    const [table, json] = await Promise.all([run(["models", "slaw"]), run(["models", "slaw", "--json"])])
    expect(table.stdout).toBe("")
    expect(json.stdout).toBe("[]\n")
    for (const { code, stderr } of [table, json]) {
      expect(stderr).toMatch(/\nllmdispatcher: no model is named slaw\nDid you mean flaky\/slow or sandbox\/slow\?\n$/)
      expect(code).toBe(2)
    }
  })

  it("prints what one vendor lists when another cannot", async () => {
    await using server = await openai((response) => response.writeHead(503).end("{}"))
    const { code, stderr, stdout } = await run(["models", "--vendor", "openai,sandbox", "slow"], server.env)
    expect(stdout).toMatch(/^sandbox\/slow /m)
    expect(stderr).toMatch(/^llmdispatcher: openai: /m)
    expect(code).toBe(3)
  })
})

const info = (model: string, fields: Partial<ModelInfo>): ModelInfo => ({
  id: `${fields.vendor ?? "a"}/${model}`,
  vendor: "a",
  model,
  default: false,
  description: null,
  contextWindow: null,
  maxOutputTokens: null,
  rates: null,
  price: null,
  features: Object.fromEntries(features.map((name) => [name, null])) as ModelInfo["features"],
  servedBy: ["a"],
  ...fields
})

const rows = [
  info("old", { contextWindow: 999_499 }),
  info("zeta", {
    default: true,
    contextWindow: 1_047_576,
    rates: { input: 0.1, output: 3 },
    description: "the newest"
  }),
  info("free", { vendor: "b", contextWindow: 8_192, rates: { input: 0, output: 0 }, servedBy: ["a", "b"] })
]

describe("the rows of llmdispatcher models", () => {
  it("stand by vendor with the default first, by name, by price or by window, what is not known last", () => {
    const order = (sort: Parameters<typeof sorted>[1]) => sorted(rows, sort).map(({ model }) => model)
    expect(order("vendor")).toEqual(["zeta", "old", "free"])
    expect(order("name")).toEqual(["free", "old", "zeta"])
    expect(order("price")).toEqual(["free", "zeta", "old"])
    expect(order("context")).toEqual(["zeta", "old", "free"])
  })

  it("tell a free model's price as 0 and an unknown one's as ?, and who else would be asked", () => {
    expect(table(rows)).toBe(`\
MODEL   VENDOR  DEFAULT  CONTEXT  OUTPUT  $ IN  $ OUT  $ CACHED  FEATURES    ALSO BY  DESCRIPTION
a/old   a                   999k       ?     ?      ?         ?  ??????????
a/zeta  a       default    1.05M       ?   0.1      3         ?  ??????????           the newest
b/free  b                   8192       ?     0      0         ?  ??????????  a
`)
  })

  it("lose words, other vendors, details, in the end all but the name, as the terminal gets narrower", () => {
    const all = "MODEL VENDOR DEFAULT CONTEXT OUTPUT $ IN $ OUT $ CACHED FEATURES ALSO BY DESCRIPTION"
    const titles = (width: number) => table(rows, width).split("\n")[0]!.replace(/ +/g, " ")
    expect([100, 90, 80, 70, 60, 50, 35, 12].map(titles)).toEqual([
      all,
      all.replace(" DESCRIPTION", ""),
      "MODEL VENDOR DEFAULT CONTEXT OUTPUT $ IN $ OUT $ CACHED FEATURES",
      "MODEL DEFAULT CONTEXT OUTPUT $ IN $ OUT $ CACHED FEATURES",
      "MODEL DEFAULT CONTEXT OUTPUT $ IN $ OUT FEATURES",
      "MODEL CONTEXT OUTPUT $ IN $ OUT FEATURES",
      "MODEL $ IN $ OUT FEATURES",
      "MODEL"
    ])
  })
})
