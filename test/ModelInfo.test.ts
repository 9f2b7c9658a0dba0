import { Effect } from "effect"
import * as Vendor from "llmdispatcher/Vendor"
import { describe, expect, it } from "vitest"
import * as Catalog from "../src/catalog/Catalog.ts"
import * as ModelInfo from "../src/ModelInfo.ts"

const vendor = (name: string, options: Partial<Vendor.Vendor>) =>
  Vendor.make({ name, send: () => Effect.never, ...options })

const price = { input: 2, output: 8, cacheRead: 0.2, changes: [{ since: 0, input: 1, output: 4 }], source: "here" }
const catalog = Catalog.make([
  { provider: "acme", model: "one", contextWindow: 1_000, price },
  { provider: "acme", model: "two", contextWindow: 1_000 }
])

const acme = vendor("acme-eu", {
  provider: "acme",
  defaultModel: "one",
  capabilities: (model) =>
    model === "two" ? { contextWindow: 500, maxOutputTokens: 100, tools: true, audio: false } : {},
  serves: (model) => model === "one"
})
const other = vendor("other", {})
const surroundings = { catalog, vendors: [other, acme], now: 1 }

const unknown = Object.fromEntries(ModelInfo.features.map((name) => [name, null]))

describe("ModelInfo", () => {
  it("has the catalogue's window, the rates of now beside the whole price, and who would be asked for it", () => {
    expect(ModelInfo.make(acme, { id: "one", description: "the first" }, surroundings)).toEqual({
      id: "acme-eu/one",
      vendor: "acme-eu",
      model: "one",
      default: true,
      description: "the first",
      contextWindow: 1_000,
      maxOutputTokens: null,
      rates: { input: 1, output: 4 },
      price,
      features: unknown,
      servedBy: ["other", "acme-eu"]
    })
  })

  it("takes what the vendor tells of a window before what the catalogue does, and tells what it cannot", () => {
    expect(ModelInfo.make(acme, { id: "two" }, surroundings)).toEqual({
      id: "acme-eu/two",
      vendor: "acme-eu",
      model: "two",
      default: false,
      description: null,
      contextWindow: 500,
      maxOutputTokens: 100,
      rates: null,
      price: null,
      features: { ...unknown, tools: true, audio: false },
      servedBy: ["other"]
    })
  })

  it("leaves unknown what nobody tells, and survives JSON as it is", () => {
    const info = ModelInfo.make(other, { id: "three" }, surroundings)
    expect(info).toMatchObject({ contextWindow: null, maxOutputTokens: null, rates: null, price: null })
    expect(JSON.parse(JSON.stringify(info))).toEqual(info)
  })
})
