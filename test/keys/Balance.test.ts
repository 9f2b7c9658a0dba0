import { describe, expect, it } from "@effect/vitest"
import * as Balance from "../../src/keys/Balance.ts"
import type { Member } from "../../src/keys/Member.ts"

const member = (id: string, weight = 1, inFlight = 0) => ({ id, weight, inFlight, owed: 0 }) as Member

const chosen = (
  strategy: Balance.Strategy,
  members: ReadonlyArray<Member>,
  times: number,
  options: { readonly except?: string; readonly stays?: boolean } = {}
) => {
  const balance = Balance.make(strategy)
  return Array.from({ length: times }, () => {
    const found = balance(members, ({ id }) => id !== options.except)
    if (found !== undefined && options.stays) found.inFlight += 1
    return found?.id
  }).join("")
}

describe("Balance", () => {
  it("gives a call to the key with the fewest under way", () => {
    expect(chosen("least-busy", [member("a", 1, 2), member("b", 1, 0), member("c", 1, 1)], 4, { stays: true }))
      .toBe("bcbc")
  })

  it("takes turns where several are as little busy", () => {
    expect(chosen("least-busy", [member("a"), member("b"), member("c")], 6)).toBe("abcabc")
  })

  it("counts what is under way against the weight", () => {
    expect(chosen("least-busy", [member("a", 1), member("b", 2)], 6, { stays: true })).toBe("abbabb")
  })

  it("takes turns whatever is under way where that is asked", () => {
    expect(chosen("round-robin", [member("a", 1, 9), member("b"), member("c")], 5)).toBe("abcab")
  })

  it("mixes keys evenly by their weight", () => {
    expect(chosen("weighted", [member("a", 5), member("b", 1), member("c", 1)], 14)).toBe("aabacaaaabacaa")
  })

  it.each(["least-busy", "round-robin", "weighted"] as const)("passes over who may not, by %s", (strategy) => {
    expect(chosen(strategy, [member("a"), member("b"), member("c")], 4, { except: "b" })).toBe("acac")
    expect(chosen(strategy, [member("b")], 1, { except: "b" })).toBe("")
  })
})
