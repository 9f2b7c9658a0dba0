import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Result, Schema } from "effect"
import { Yaml } from "effect/encoding"
import * as FastCheck from "fast-check"
import * as Document from "../../src/config/Document.ts"
import { format } from "../../src/config/Fault.ts"
import * as Json from "../../src/config/Json.ts"
import * as Source from "../../src/config/Source.ts"
import { environment, Sample } from "./sample.ts"

const json = FastCheck.jsonValue({ maxDepth: 5 }).map((value): unknown => JSON.parse(JSON.stringify(value)))

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runSyncExit(effect)

/** Everything that is said of a document. */
const said = (
  text: string,
  variables: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {}
) => {
  const exit = run(
    Document.read(Sample, { file: "a.yaml", text }, environment(variables, files)).pipe(
      Effect.match({
        onFailure: (error) => [error.message, JSON.stringify(error), String(error), ...error.faults.map(format)],
        onSuccess: ({ value, warnings }) => [JSON.stringify(value), ...warnings.map(format)]
      })
    )
  )
  return Exit.isSuccess(exit) ? exit.value.join("\n") : expect.fail(String(exit.cause))
}

/** A document of the sample's keys, most of it wrong, in which some values are given by `leaf`. */
const documents = (leaf: FastCheck.Arbitrary<unknown>) => {
  const key = FastCheck.constantFrom(
    ...(`name maxAttempts timeouts total strategy cache ttl workers verbose vendors a kind apiKey port address token routes targets
target weight limits least most rule model else headers fallbak b.c`).split(/\s+/)
  )
  const kinds = FastCheck.constantFrom<unknown>("openai", "ollama", "llama-cpp", 1, true, null)
  const { value } = FastCheck.letrec<{ value: unknown }>((tie) => ({
    value: FastCheck.oneof(
      { depthSize: "small" },
      leaf,
      kinds,
      FastCheck.array(tie("value"), { maxLength: 3 }),
      FastCheck.dictionary(key, tie("value"), { maxKeys: 4 })
    )
  }))
  return FastCheck.dictionary(key, value, { maxKeys: 6 })
}

const secret = FastCheck.stringMatching(/^[A-Z0-9]{4}[!-~]{4,12}$/)

describe("a document", () => {
  it("without `${` is what it was, in YAML and in JSON", () => {
    FastCheck.assert(
      FastCheck.property(json, FastCheck.constantFrom("a.yaml", "a.json"), (value, file) => {
        const text = JSON.stringify({ value })
        FastCheck.pre(!text.includes("${"))
        const exit = run(Document.read(Schema.Struct({ value: Schema.Json }), { file, text }, environment()))
        expect(exit).toEqual(Exit.succeed({ value: { value }, warnings: [], files: [] }))
      })
    )
  })

  it("with every `${` escaped is what it was", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.constantFrom("$", "{", "}", "a", ":-", "file:")), (pieces) => {
        const value = pieces.join("")
        const text = JSON.stringify({ value: value.replaceAll("${", () => "$${") })
        const exit = run(Document.read(Schema.Struct({ value: Schema.String }), { file: "a", text }, environment()))
        expect(exit).toEqual(Exit.succeed({ value: { value }, warnings: [], files: [] }))
      })
    )
  })

  it("of generated JSON is read alike by both parsers", () => {
    FastCheck.assert(
      FastCheck.property(json, FastCheck.constantFrom(0, 2), (value, space) => {
        const text = JSON.stringify(value, null, space)
        expect(Json.parse(text, 64)).toMatchObject({ success: { value } })
        expect(Source.parse("a.yaml", text)).toMatchObject({ success: { value: Yaml.parse(text) } })
      })
    )
  })

  it("of any text ends in a value or in faults that are one line each", () => {
    const line = FastCheck.constantFrom(
      "name: a",
      "vendors:",
      "  a:",
      "    kind: openai",
      "    apiKey: ${X}",
      "- a",
      "  - b: c",
      "routes: {a: [",
      "]}",
      "\"",
      "'",
      "  targets: &t [a]",
      "b: *t",
      "<<: *t",
      "\tname: b",
      "---",
      "...",
      "# c",
      "name: |",
      "  text",
      "? a",
      "!tag b",
      "${",
      "%X",
      "a: b: c"
    )
    const lines = FastCheck.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"))
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(lines, FastCheck.string({ unit: "binary" })), (text) => {
        const exit = run(Effect.result(Document.read(Sample, { file: "a.yaml", text }, environment())))
        const result = Exit.isSuccess(exit) ? exit.value : expect.fail(String(exit.cause))
        if (Result.isFailure(result)) {
          expect(result.failure.message.split(/[\n\r]/)).toHaveLength(result.failure.faults.length)
        }
      }),
      { numRuns: 50 }
    )
  })
})

describe("no secret is ever told", () => {
  it("of those from variables and files", () => {
    FastCheck.assert(
      FastCheck.property(
        secret,
        documents(FastCheck.constantFrom("${S}", "a ${S}", "${S}${S}", "${file:s}", "${N:-x}")),
        (value, document) => {
          const text = said(JSON.stringify(document), { S: value, N: "" }, { s: `${value}\n` })
          FastCheck.pre(text.includes("must") || text.includes("known"))
          expect(text).not.toContain(value)
        }
      ),
      { numRuns: 150 }
    )
  })

  it("of those in overrides", () => {
    const names = FastCheck.constantFrom(
      ...(`MAX_ATTEMPTS TIMEOUTS_TOTAL STRATEGY WORKERS VENDORS__a__API_KEY VENDORS__a__KIND VENDORS__a
ROUTES__a__TARGETS__0 ROUTES__a__TARGETS__0__WEIGHT LIMITS_LEAST ZEBRA VENDORS__a__ADDRESS HEADERS__a`).split(/\s+/)
    )
    const form = FastCheck.constantFrom("S", "{ S: 1 }", "[S, { a: S }]", "{ kind: S }", "{ S")
    FastCheck.assert(
      FastCheck.property(
        secret,
        FastCheck.dictionary(names, form),
        documents(FastCheck.constant(2)),
        (value, variables, document) => {
          const set = Object.entries(variables).map(([name, form]) =>
            [`LLMDISPATCHER_${name}`, form.replaceAll("S", () => value)] as const
          )
          const text = said(JSON.stringify(document), Object.fromEntries(set))
          FastCheck.pre(text.includes("must") || text.includes("known"))
          expect(text).not.toContain(value)
        }
      ),
      { numRuns: 150 }
    )
  })

  it("of those that the schema redacts", () => {
    FastCheck.assert(
      FastCheck.property(secret, documents(FastCheck.constant(2)), (value, document) => {
        const vendors = {
          a: { kind: "openai", apiKey: value.slice(0, 7) },
          b: { kind: "openai", apiKey: [value] },
          c: { kind: "llama-cpp", token: { value } },
          d: { kind: "ollama", apiKey: value },
          e: value,
          f: { apikey: value }
        }
        const text = said(JSON.stringify({ ...document, vendors, headers: { authorization: [value] } }), {})
        expect(text).not.toContain(value.slice(0, 7))
      })
    )
  })

  it("where the syntax is broken", () => {
    const texts = [
      "name: *S",
      "name: \"S",
      "name: \"S\" S",
      "- S\nS",
      "name: S: S",
      "{ name: S",
      "name: 'S\nS",
      "S",
      "name: \"\\S\"",
      "S\n  S: S: S"
    ]
    FastCheck.assert(
      FastCheck.property(
        secret,
        FastCheck.constantFrom(...texts),
        FastCheck.constantFrom("a.yaml", "a.json"),
        (value, form, file) => {
          const exit = run(Effect.flip(
            Document.read(Sample, { file, text: form.replaceAll("S", () => value) }, environment())
          ))
          const error = Exit.isSuccess(exit) ? exit.value : undefined
          FastCheck.pre(error !== undefined && error.faults.every(({ path }) => path === ""))
          expect(error?.message).not.toContain(value)
        }
      )
    )
  })
})
