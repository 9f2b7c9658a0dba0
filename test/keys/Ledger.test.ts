import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { retryable } from "llmdispatcher/VendorError"
import * as Ledger from "../../src/keys/Ledger.ts"
import { serverFault, unauthenticated } from "../support/vendors.ts"
import { denied, exhausted, rateLimited } from "./support.ts"

describe("Ledger", () => {
  it("keeps a wrong key and an exhausted quota for every model", () => {
    for (const error of [unauthenticated, exhausted]) {
      const ledger = Ledger.make()
      expect(ledger.note("a", error, 0)).toBe(true)
      expect([ledger.access("a", 1), ledger.access("b", 1), ledger.access("b", 300_000)]).toEqual([
        "shut",
        "shut",
        "due"
      ])
    }
  })

  it("keeps a rate limit and a missing permission for their model", () => {
    const ledger = Ledger.make({ rateLimit: "1 second", recheck: "2 seconds" })
    ledger.note("limited", rateLimited(), 0)
    ledger.note("denied", denied, 0)
    const at = (now: number) => ["limited", "denied", "other"].map((model) => ledger.access(model, now))
    expect(at(999)).toEqual(["shut", "shut", "open"])
    expect(at(1000)).toEqual(["open", "shut", "open"])
    expect(at(2000)).toEqual(["open", "due", "open"])
  })

  it("keeps nothing of what does not concern a key", () => {
    const ledger = Ledger.make()
    expect(ledger.note("m", serverFault, 0)).toBe(false)
    expect(ledger.all(0)).toEqual([])
  })

  it("believes the vendor's own time up to a day, and never shortens what it was told", () => {
    const ledger = Ledger.make()
    ledger.note("m", rateLimited("3 days"), 0)
    expect(ledger.blocks("m")[0]?.until).toBe(Duration.toMillis("1 day"))
    ledger.note("m", rateLimited("1 second"), 0)
    expect(ledger.blocks("m")[0]?.until).toBe(Duration.toMillis("1 day"))
  })

  it("takes a rate limit of no time at all for over", () => {
    const ledger = Ledger.make()
    ledger.note("m", retryable({ _tag: "RateLimited" }, { retryAfter: Duration.zero }), 7)
    expect(ledger.access("m", 7)).toBe("open")
  })

  it("remembers no more than 256 models, and the whole key beyond them", () => {
    const ledger = Ledger.make()
    ledger.note("m", unauthenticated, 0)
    for (let model = 0; model < 1000; model++) ledger.note(`model-${model}`, denied, model)
    expect(ledger.all(1000)).toHaveLength(256)
    expect(ledger.access("any", 1000)).toBe("shut")
    expect(ledger.blocks("model-999")).toHaveLength(2)
    expect(ledger.blocks("model-0")).toHaveLength(1)
  })
})
