/** Every row of the table of vendors' failures that is OpenAI's or Azure's, read by what it says. */
import { describe, expect, it } from "@effect/vitest"
import { Headers } from "effect/http"
import { existsSync, readFileSync } from "node:fs"
import * as Azure from "../../../src/vendor/azure-openai/Failure.ts"
import * as Failure from "../../../src/vendor/openai/Failure.ts"
import * as Responses from "../../../src/vendor/openai-responses/Failure.ts"
import type { AttemptError } from "../../../src/VendorError.ts"

const path = new URL("../../../../shared/reference/vendor-errors.md", import.meta.url)

interface Signal {
  readonly vendor: string
  readonly status: number
  readonly code: string | undefined
  readonly reason: string
}

const reasons =
  /\b(RateLimited|QuotaExhausted|ServerFault|Overloaded|ContextLengthExceeded|ModelNotFound|Unauthenticated|PermissionDenied|ContentFiltered)\b/g

/** `429 \`a\`, \`b\`` and `500; 503 \`c\`` with one reason for all, or one for each between semicolons. */
const signalsOf = (row: string): ReadonlyArray<Signal> => {
  const [, vendor = "", signal = "", meaning = ""] = row.split("|").map((cell) => cell.trim())
  if (vendor !== "OpenAI" && vendor !== "Azure") return []
  const told = Array.from(meaning.matchAll(reasons), ([reason]) => reason)
  return signal.split(";").flatMap((part, index): ReadonlyArray<Signal> => {
    const status = Number(/^\s*(\d{3})/.exec(part)?.[1])
    if (status === 200 || Number.isNaN(status)) return []
    const reason = told[index] ?? told[0]!
    const codes = Array.from(part.matchAll(/`([\w]+)`/g), ([, code]) => code!)
    return codes.length === 0
      ? [{ vendor, status, code: undefined, reason }]
      : codes.map((code) => ({ vendor, status, code, reason }))
  })
}

const signals = existsSync(path) ? readFileSync(path, "utf8").split("\n").flatMap(signalsOf) : []
if (signals.length === 0) console.log("skipped: the table of vendors' failures is not there")

const read = (from: (failed: Parameters<typeof Failure.fromResponse>[0]) => AttemptError, { code, status }: Signal) =>
  from({
    status,
    headers: Headers.empty,
    body: JSON.stringify({ error: { message: "told", type: null, param: null, code: code ?? null } }),
    now: 0
  }).reason._tag

describe.skipIf(signals.length === 0)("the table of failures", () => {
  it("has all of OpenAI's rows and Azure's", () => {
    expect(signals.filter(({ vendor }) => vendor === "OpenAI").length).toBeGreaterThanOrEqual(15)
    expect(signals.filter(({ vendor }) => vendor === "Azure").length).toBeGreaterThanOrEqual(2)
  })

  it.each(signals)("$vendor $status $code is $reason, by each API", (signal) => {
    if (signal.vendor === "OpenAI") {
      expect(read(Failure.fromResponse, signal)).toBe(signal.reason)
      expect(read(Responses.fromResponse, signal)).toBe(signal.reason)
    }
    // Azure speaks OpenAI's words too.
    for (const api of ["chat", "responses"] as const) {
      expect(read(Azure.fromResponse(api), signal)).toBe(signal.reason)
    }
  })
})
