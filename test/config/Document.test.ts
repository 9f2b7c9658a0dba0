import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted, Result, Schema } from "effect"
import * as Document from "../../src/config/Document.ts"
import { format } from "../../src/config/Fault.ts"
import { broken } from "./broken.ts"
import { environment, Sample } from "./sample.ts"

const read = (
  text: string,
  variables: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
  file = "llmdispatcher.yaml"
) => Document.read(Sample, { file, text }, environment(variables, files))

const valueOf = (...args: Parameters<typeof read>) => Effect.map(read(...args), ({ value }) => value)

const faultsOf = (...args: Parameters<typeof read>) =>
  Effect.map(Effect.flip(read(...args)), ({ message }) => message.split("\n"))

describe("a document that is broken", () => {
  for (const [what, text, lines] of broken) {
    it.effect(`by ${what} is told so`, () =>
      Effect.gen(function*() {
        expect(yield* faultsOf(text, { OPENAI_API_KEY: "sk-0123456789" })).toEqual(lines)
      }))
  }
})

describe("read", () => {
  it.effect("decodes YAML", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("timeouts: { total: 30s }\nworkers: auto\nrule:\n  model: a\n")).toEqual({
        timeouts: { total: 30_000 },
        workers: "auto",
        rule: { model: "a" }
      })
    }))

  it.effect("decodes JSON", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("{\"maxAttempts\": 2}", {}, {}, "/etc/llmdispatcher.json")).toEqual({ maxAttempts: 2 })
    }))

  it.effect("tells line and column where JSON breaks off", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf("{\n  \"name\": hunter2\n}", {}, {}, "a.json")).toEqual(["a.json:2:11: expected a value"])
    }))

  it.effect("tells the line of a fault in JSON", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf("{\n  \"name\": \"a\",\n  \"verbose\": 1\n}", {}, {}, "a.json")).toEqual([
        "a.json:3: verbose: must be true or false, got 1"
      ])
    }))

  it.effect("takes an empty file, and one of comments, for no settings", () =>
    Effect.gen(function*() {
      expect([yield* valueOf(""), yield* valueOf("# nothing yet\n")]).toEqual([{}, {}])
    }))

  it.effect("leaves out the editor's $schema", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("$schema: ./schema.json\nname: a\n")).toEqual({ name: "a" })
    }))

  it.effect("keeps secrets redacted", () =>
    Effect.gen(function*() {
      const { vendors } = yield* valueOf("vendors: { a: { kind: openai, apiKey: sk-0123456789 } }")
      const vendor = vendors?.["a"]
      expect(String(vendor?.kind === "openai" ? vendor.apiKey : undefined)).toBe("<redacted>")
      expect(vendor?.kind === "openai" ? Redacted.value(vendor.apiKey) : undefined).toBe("sk-0123456789")
    }))

  it.effect("refuses a text above 1 MiB", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf(`name: ${"a".repeat(1_048_576)}`)).toEqual(["llmdispatcher.yaml: is larger than 1 MiB"])
    }))

  it.effect("refuses what is nested too deeply", () =>
    Effect.gen(function*() {
      const deep = "[".repeat(100) + "]".repeat(100)
      expect([yield* faultsOf(`a: ${deep}`), yield* faultsOf(deep, {}, {}, "a.json")]).toEqual([
        ["llmdispatcher.yaml: is nested more than 64 deep"],
        ["a.json:1:66: is nested more than 64 deep"]
      ])
    }))

  it.effect("refuses brackets without end before they cost the stack", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf(`a: ${"[".repeat(20_000)}`)).toEqual(["llmdispatcher.yaml: is nested more than 64 deep"])
    }))

  it.effect("refuses brackets over more lines than the parser can take", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf(`a: [\n${"  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n".repeat(2_001)} b]`)).toEqual([
        "llmdispatcher.yaml: holds a list or block in brackets that goes over more than 2,000 lines"
      ])
    }))

  it.effect("refuses aliases that multiply", () =>
    Effect.gen(function*() {
      const levels = Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`)
      expect(yield* faultsOf(["a0: &a0 x", ...levels].join("\n"))).toEqual([
        "llmdispatcher.yaml: holds more than 100,000 values"
      ])
    }))

  it.effect("does not let a document reach a prototype", () =>
    Effect.gen(function*() {
      yield* Effect.flip(read("__proto__: { polluted: true }\n"))
      yield* Effect.flip(read("{\"__proto__\": {\"polluted\": true}}", {}, {}, "a.json"))
      expect(Reflect.get({}, "polluted")).toBeUndefined()
    }))

  it.effect("gives faults as data", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(read("name: 5\n"))
      expect([error._tag, error.file, error.faults]).toEqual(["DocumentError", "llmdispatcher.yaml", [
        { file: "llmdispatcher.yaml", line: 1, path: "name", description: "must be a text, got 5" }
      ]])
    }))
})

describe("an interpolation", () => {
  it.effect("is put in wherever it stands in a text", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("name: a-${X}-${Y:-z}-$${X}\n", { X: "b" })).toEqual({ name: "a-b-z-${X}" })
    }))

  it.effect("takes its default where the variable is empty", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("name: ${X:-a}\nrule: { model: \"${X}\" }\n", { X: "" })).toEqual({
        name: "a",
        rule: { model: "" }
      })
    }))

  it.effect("is not looked through again", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("name: ${X}\n", { X: "${Y}" })).toEqual({ name: "${Y}" })
    }))

  it.effect("is a number, a truth or a text as the schema wants", () =>
    Effect.gen(function*() {
      const text =
        "name: ${N}\nmaxAttempts: ${N}\nverbose: ${T}\nworkers: ${N}\ncache: ${F}\nlimits:\n  least: ${E}\n  most: 9\n"
      expect(yield* valueOf(text, { N: "8", T: "true", F: "false", E: "-1.5e0" })).toEqual({
        name: "8",
        maxAttempts: 8,
        verbose: true,
        workers: 8,
        cache: false,
        limits: { least: -1.5, most: 9 }
      })
    }))

  it.effect("keeps a word where the schema knows it", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("workers: ${W}\ntimeouts: { total: \"${T}\" }\n", { W: "auto", T: "5s" })).toEqual({
        workers: "auto",
        timeouts: { total: 5_000 }
      })
    }))

  it.effect("reads a number by the kind of its block", () =>
    Effect.gen(function*() {
      expect(yield* valueOf("vendors:\n  a:\n    kind: ollama\n    port: ${PORT}\n", { PORT: "8080" })).toEqual({
        vendors: { a: { kind: "ollama", port: 8080 } }
      })
    }))

  it.effect("keeps a secret of digits a text", () =>
    Effect.gen(function*() {
      const { headers } = yield* valueOf("headers: { a: \"${X}\" }", { X: "12345678" })
      expect(Redacted.value(headers!["a"]!)).toBe("12345678")
    }))

  it.effect("reads files beside the document, less the last line break", () =>
    Effect.gen(function*() {
      const text = "name: ${file:name.txt}\nrule: { model: \"${file:/run/model}\" }\n"
      const files = { "/etc/app/name.txt": "a\n\n", "/run/model": "m\r\n" }
      const { files: named, value } = yield* read(text, {}, files, "/etc/app/llmdispatcher.yaml")
      expect([value, named]).toEqual([{ name: "a\n", rule: { model: "m" } }, ["/etc/app/name.txt", "/run/model"]])
    }))

  it.effect("refuses a file above 64 KiB", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf("name: ${file:big}", {}, { big: "a".repeat(65_537) })).toEqual([
        "llmdispatcher.yaml:1: name: the file big is larger than 64 KiB"
      ])
    }))

  it.effect("does not speak of the type of what is missing", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf("maxAttempts: ${X}\nvendors:\n  a:\n    kind: ${X}\n")).toEqual([
        "llmdispatcher.yaml:1: maxAttempts: `X` is not set",
        "llmdispatcher.yaml:4: vendors.a.kind: `X` is not set"
      ])
    }))

  it.effect("hides what it put in from the schema's own sentences", () =>
    Effect.gen(function*() {
      expect(yield* faultsOf("vendors: { a: { kind: ollama, address: \"x${A}\" } }", { A: "secret" })).toEqual([
        "llmdispatcher.yaml:1: vendors.a.address: must be an address, and \"x${A}\" is none, got x${A}"
      ])
    }))
})

describe("an override", () => {
  it.effect("wins over the file and makes what is not there", () =>
    Effect.gen(function*() {
      const variables = {
        LLMDISPATCHER_MAX_ATTEMPTS: "5",
        LLMDISPATCHER_TIMEOUTS_TOTAL: "30s",
        LLMDISPATCHER_TIMEOUTS__FIRST_TOKEN: "2s",
        LLMDISPATCHER_CACHE: "false",
        LLMDISPATCHER_NAME: "${X}"
      }
      expect(yield* valueOf("maxAttempts: 2\nname: ${UNSET}\n", variables)).toEqual({
        maxAttempts: 5,
        timeouts: { total: 30_000, firstToken: 2_000 },
        cache: false,
        name: "${X}"
      })
    }))

  it.effect("reaches names of the user's own and items of lists", () =>
    Effect.gen(function*() {
      const text = "routes:\n  gpt-5.1:\n    targets: [a, { target: b }]\n"
      const variables = {
        LLMDISPATCHER_ROUTES__GPT_5_1__STRATEGY: "fastest",
        LLMDISPATCHER_ROUTES__GPT_5_1__TARGETS_1_WEIGHT: "2",
        LLMDISPATCHER_ROUTES__GPT_5_1__TARGETS__2: "c",
        "LLMDISPATCHER_ROUTES__default__TARGETS": "[d, 'e']"
      }
      expect(yield* valueOf(text, variables)).toEqual({
        routes: {
          "gpt-5.1": { targets: ["a", { target: "b", weight: 2 }, "c"], strategy: "fastest" },
          default: { targets: ["d", "e"] }
        }
      })
    }))

  it.effect("is told by its variable, never its value", () =>
    Effect.gen(function*() {
      const variables = {
        LLMDISPATCHER_HEADERS: "{ a: { secretkey: 1 } }",
        LLMDISPATCHER_MAX_ATTEMPTS: "hunter2",
        LLMDISPATCHER_RULE: "{ model: 5, hunter2: 3"
      }
      expect(yield* faultsOf("", variables)).toEqual([
        "LLMDISPATCHER_HEADERS: headers: something in it must be a text",
        "LLMDISPATCHER_MAX_ATTEMPTS: maxAttempts: must be a whole number",
        "LLMDISPATCHER_RULE: rule: is not well formed between its brackets"
      ])
    }))

  it.effect("that names nothing is a warning, unless it is reserved or empty", () =>
    Effect.gen(function*() {
      const variables = {
        LLMDISPATCHER_CONFIG: "a.yaml",
        LLMDISPATCHER_LOG: "debug",
        LLMDISPATCHER_MAX_ATEMPTS: "3",
        LLMDISPATCHER_VERBOSE: "",
        LLMDISPATCHER_ZEBRA: "1"
      }
      const { value, warnings } = yield* Document.read(
        Sample,
        { file: "llmdispatcher.yaml", text: "" },
        environment(variables),
        { reserved: ["LLMDISPATCHER_LOG"] }
      )
      expect([value, warnings.map(format)]).toEqual([{}, [
        "LLMDISPATCHER_MAX_ATEMPTS: names no setting; did you mean `LLMDISPATCHER_MAX_ATTEMPTS`?",
        "LLMDISPATCHER_ZEBRA: names no setting"
      ]])
    }))

  it.effect("that is mistyped below a name of the user's own is told how to write it", () =>
    Effect.gen(function*() {
      const text = "vendors:\n  main:\n    kind: ollama\n"
      const { warnings } = yield* read(text, { LLMDISPATCHER_VENDORS__main__PROT: "80" })
      expect(warnings.map(format)).toEqual([
        "LLMDISPATCHER_VENDORS__main__PROT: names no setting; did you mean `LLMDISPATCHER_VENDORS__main__PORT`?"
      ])
    }))

  it.effect("of two readings takes the one with fewer levels, and refuses to choose between equals", () =>
    Effect.gen(function*() {
      const inner = Schema.Struct({ b: Schema.optionalKey(Schema.Int), bC: Schema.optionalKey(Schema.Int) })
      const schema = Schema.Struct({
        a: Schema.optionalKey(inner),
        aB: Schema.optionalKey(Schema.Union([Schema.Int, Schema.Struct({ c: Schema.Int })]))
      })
      const set = (variables: Readonly<Record<string, string>>) =>
        Document.read(schema, { file: "a.yaml", text: "" }, environment(variables))
      const one = yield* set({ LLMDISPATCHER_A_B: "1" })
      const other = yield* set({ LLMDISPATCHER_A__B: "1" })
      const error = yield* Effect.flip(set({ LLMDISPATCHER_A_B_C: "1" }))
      expect([one.value, other.value, error.message]).toEqual([
        { aB: 1 },
        { a: { b: 1 } },
        "LLMDISPATCHER_A_B_C: may mean `a.bC` or `aB.c`; part the levels by `__`"
      ])
    }))

  it.effect("does not reach beyond a list's end", () =>
    Effect.gen(function*() {
      const { warnings } = yield* read("routes: { a: { targets: [b] } }", { LLMDISPATCHER_ROUTES__a__TARGETS_2: "c" })
      expect(warnings.map(({ variable }) => variable)).toEqual(["LLMDISPATCHER_ROUTES__a__TARGETS_2"])
    }))

  it.effect("does nothing where overrides are off", () =>
    Effect.gen(function*() {
      const result = yield* Effect.result(Document.read(
        Sample,
        { file: "llmdispatcher.yaml", text: "" },
        environment({ LLMDISPATCHER_NAME: "a", LLMDISPATCHER_FOO: "b" }),
        { overrides: false }
      ))
      expect(result).toEqual(Result.succeed({ value: {}, warnings: [], files: [] }))
    }))
})
