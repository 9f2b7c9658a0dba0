import { it } from "@effect/vitest"
import { Ajv } from "ajv"
import { Effect, Result, Schema } from "effect"
import * as FastCheck from "fast-check"
import { describe, expect } from "vitest"
import * as Document from "../../src/config/Document.ts"
import * as JsonSchema from "../../src/config/JsonSchema.ts"
import { environment, Sample } from "./sample.ts"

const schema = JsonSchema.make(Sample, { title: "Sample" })
const accepts = new Ajv({ strict: true, strictTypes: false }).compile(schema)

const maybe = <A>(arbitrary: FastCheck.Arbitrary<A>) => FastCheck.option(arbitrary, { nil: undefined, freq: 3 })

/** Now and then something else than what belongs there. */
const around = (arbitrary: FastCheck.Arbitrary<unknown>) =>
  FastCheck.oneof(
    { weight: 30, arbitrary },
    {
      weight: 1,
      arbitrary: FastCheck.constantFrom("${N}", "${T}", "${A}", "x ${A}", "$${", null, 3, "a", true, [], {})
    }
  )

const block = (fields: Readonly<Record<string, FastCheck.Arbitrary<unknown>>>) =>
  around(FastCheck.record(
    Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, around(field)])),
    { requiredKeys: Object.keys(fields).slice(0, 1) }
  ))

const time = FastCheck.constantFrom("30s", "5ms", "1m", "${S}")
const count = FastCheck.oneof(FastCheck.integer({ min: 1, max: 9 }), FastCheck.constantFrom("${N}", "${UNSET:-3}"))
const name = FastCheck.constantFrom("a", "b-c", "${A}")
const strategy = FastCheck.constantFrom("ordered", "fastest", "${STRATEGY}")

const document = FastCheck.record({
  name,
  $schema: FastCheck.constant("./schema.json"),
  maxAttempts: around(count),
  timeouts: block({ total: time, firstToken: time }),
  strategy: around(strategy),
  cache: around(FastCheck.oneof(FastCheck.constantFrom(false, "${F}"), block({ ttl: time, size: count }))),
  workers: around(FastCheck.oneof(count, FastCheck.constantFrom("auto", "${W}"))),
  verbose: around(FastCheck.constantFrom(true, false, "${T}")),
  vendors: FastCheck.dictionary(
    name,
    FastCheck.oneof(
      FastCheck.record({
        kind: FastCheck.constantFrom("openai", "${K}"),
        apiKey: FastCheck.constantFrom("sk-0123456789", "${A}${A}${A}${A}${A}${A}${A}${A}")
      }),
      FastCheck.record({
        kind: FastCheck.constant("ollama"),
        address: FastCheck.constantFrom("http://a", "${A}"),
        port: around(count)
      }, { requiredKeys: ["kind"] }),
      FastCheck.record({
        kind: FastCheck.constant("llama-cpp"),
        model: name,
        token: FastCheck.constantFrom("abcd", "😀😀")
      })
    ),
    { maxKeys: 2 }
  ),
  routes: FastCheck.dictionary(
    name,
    block({
      targets: FastCheck.array(
        FastCheck.oneof(name, block({ target: name, weight: count, tags: FastCheck.array(name) })),
        { minLength: 1, maxLength: 3 }
      ),
      strategy,
      fallback: name
    }),
    { maxKeys: 2 }
  ),
  limits: FastCheck.record({ least: count, most: FastCheck.constant(10) }),
  rule: FastCheck.record({ model: name, else: maybe(FastCheck.record({ model: name })) }, { requiredKeys: ["model"] }),
  headers: FastCheck.dictionary(name, around(name), { maxKeys: 2 })
}, { requiredKeys: [] }).map((value): unknown => JSON.parse(JSON.stringify(value)))

const variables = { N: "3", T: "true", F: "false", A: "a", S: "5s", W: "auto", STRATEGY: "cheapest", K: "openai" }

const isRead = (value: unknown): boolean =>
  Result.isSuccess(Effect.runSync(Effect.result(
    Document.read(Sample, { file: "a.json", text: JSON.stringify(value) }, environment(variables), { overrides: false })
  )))

describe("make", () => {
  it("accepts whatever the schema accepts", () => {
    let read = 0
    FastCheck.assert(
      FastCheck.property(document, (value) => {
        if (!isRead(value)) return
        read++
        expect({ value, errors: accepts(value) ? null : accepts.errors }).toEqual({ value, errors: null })
      }),
      { numRuns: 1_000, seed: 7 }
    )
    expect(read).toBeGreaterThan(300)
  })

  it.for(
    [
      [{ stratgy: "fastest" }],
      [{ strategy: "fastet" }],
      [{ maxAttempts: "many" }],
      [{ maxAttempts: 0 }],
      [{ timeouts: { zebra: "3s" } }],
      [{ vendors: { a: { kind: "opnai" } } }],
      [{ routes: { a: { targets: [] } } }],
      [{ verbose: "yes" }],
      [{ rule: { model: "a", else: { modle: "b" } } }]
    ]
  )("refuses %j", ([value]) => {
    expect(accepts(value)).toBe(false)
  })

  it("says what settings are for, which values they have and what they are otherwise", () => {
    expect(schema["properties"]).toMatchObject({
      name: { type: "string", description: "What it is called.", examples: ["main"] },
      maxAttempts: { description: "Calls in all.", default: 3 }
    })
  })

  it("describes what is decoded, on the setting and not on its kind, also below a definition", () => {
    const Time = Schema.FiniteFromString.annotate({ description: "A time." })
    const Inner = Schema.Struct({
      at: Time,
      self: Schema.optionalKey(Schema.suspend((): Schema.Codec<unknown> => Inner))
    }).annotate({ identifier: "Inner" })
    expect(JsonSchema.make(Schema.Struct({ inner: Inner.pipe(Schema.annotateKey({ description: "The one." })) })))
      .toEqual({
        $schema: "http://json-schema.org/draft-07/schema#",
        type: "object",
        properties: {
          $schema: { type: "string", description: "Where this schema is, for editors." },
          inner: { description: "The one.", allOf: [{ $ref: "#/definitions/Inner" }] }
        },
        required: ["inner"],
        additionalProperties: false,
        definitions: {
          Inner: {
            type: "object",
            properties: { at: { description: "A time.", type: "string" }, self: { $ref: "#/definitions/Inner" } },
            required: ["at"],
            additionalProperties: false
          },
          Interpolated: {
            type: "string",
            pattern: "\\$\\{",
            description: "A value from the environment or from a file: ${NAME}, ${NAME:-default} or ${file:path}."
          }
        }
      })
  })
})
