import { describe, expect, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as Scrub from "../../src/wire/Scrub.ts"

describe("Scrub", () => {
  it.each([
    ["Incorrect API key provided: sk-proj-abcDEF123456.", "Incorrect API key provided: [redacted]"],
    ["key sk-abc***********wxyz is wrong", "key [redacted] is wrong"],
    ["key abcd****wxyz is wrong", "key [redacted] is wrong"],
    ["sent Bearer eyJhbGciOi.abc.def", "sent [redacted]"],
    ["AIzaSyA1234567890abcdef is not valid", "[redacted] is not valid"],
    ["gsk_abcdefghijkl", "[redacted]"],
    ["the task-force asked for 3 * 4", "the task-force asked for 3 * 4"],
    ["line\r\nbreak\u001b[31m", "line break [31m"]
  ])("makes %j to %j", (words, expected) => {
    expect(Scrub.text(words, [])).toBe(expected)
  })

  it("takes out the exact secret in all its forms", () => {
    const secret = Redacted.make("p\"ss/w rd")
    expect(Scrub.text("p\"ss/w rd p%22ss%2Fw%20rd p\\\"ss/w rd", [secret])).toBe("[redacted] [redacted] [redacted]")
    expect(Scrub.text("cCJzcy93IHJk", [secret])).toBe("[redacted]")
  })

  it("takes out a secret's base64 with or without its padding, and as URLs have it", () => {
    const secret = Redacted.make("~~~?")
    expect(Scrub.text("fn5+Pw== fn5+Pw fn5-Pw", [secret])).toBe("[redacted]== [redacted] [redacted]")
  })

  it("leaves ordinary words alone where a secret is too short to be one", () => {
    expect(Scrub.text("abc", [Redacted.make("b"), Redacted.make("")])).toBe("abc")
  })

  it("cuts to 500 characters after taking secrets out, never through a pair", () => {
    const cut = Scrub.text(`${"a".repeat(498)}👍${"b".repeat(100)}`, [])
    expect(cut).toHaveLength(500)
    expect(cut.isWellFormed()).toBe(true)
    expect(cut.endsWith("…")).toBe(true)
  })

  it("is quick on texts made to be slow", () => {
    for (const piece of ["y", "*", "sk-", "Bearer ", "a-*", "\u0000"]) {
      expect(Scrub.text(piece.repeat(65_536), []).length).toBeLessThanOrEqual(500)
    }
  })
})
