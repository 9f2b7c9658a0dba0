import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as formats from "ajv-formats"
import type { Schema } from "effect"
import * as FastCheck from "fast-check"
import * as Sample from "../../../src/vendor/sandbox/Sample.ts"

const ajv = new Ajv2020({ strict: false, logger: false })
formats.default.default(ajv)

type JsonObject = { readonly [key: string]: Schema.Json }

const satisfies = (schema: JsonObject, text = "sky blue"): Schema.Json => {
  const value = Sample.make(schema, text)
  assert.isTrue(
    ajv.validate(schema, value),
    `${JSON.stringify(value)} for ${JSON.stringify(schema)}: ${ajv.errorsText()}`
  )
  return value
}

describe("Sample", () => {
  const known: ReadonlyArray<readonly [name: string, schema: JsonObject, value: Schema.Json]> = [
    ["a text is the request's own words", { type: "string" }, "sky blue"],
    ["a text too long is cut", { type: "string", maxLength: 3 }, "sky"],
    ["a text too short is filled", { type: "string", minLength: 10 }, "sky blue.."],
    ["a format", { type: "string", format: "date" }, "2025-01-01"],
    ["an unknown format is any text", { type: "string", format: "constructor" }, "sky blue"],
    ["an enum", { enum: ["b", "a"] }, "b"],
    ["a const", { const: { a: 1 } }, { a: 1 }],
    ["a const null", { const: null }, null],
    ["a default", { type: "string", default: "x" }, "x"],
    ["a boolean", { type: "boolean" }, true],
    ["null", { type: "null" }, null],
    ["the first type that is not null", { type: ["null", "integer"] }, 0],
    ["the first alternative that is not null", { anyOf: [{ type: "null" }, { type: "boolean" }] }, true],
    ["a number", { type: "number" }, 0],
    ["a minimum", { type: "integer", minimum: 2.5 }, 3],
    ["a minimum of a number", { type: "number", minimum: 2.5 }, 2.5],
    ["an exclusive minimum", { type: "integer", exclusiveMinimum: 2 }, 3],
    ["exclusive bounds", { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }, 0.5],
    ["a maximum", { type: "integer", maximum: -2.5 }, -3],
    ["an exclusive maximum", { type: "number", exclusiveMaximum: 0 }, -1],
    ["a multiple", { type: "integer", minimum: 7, multipleOf: 5 }, 10],
    ["an array has an item", { type: "array", items: { type: "integer" } }, [0]],
    ["an array has its least items", { type: "array", items: { type: "boolean" }, minItems: 3 }, [true, true, true]],
    ["an array has no more than its most items", { type: "array", maxItems: 0 }, []],
    ["a tuple", { type: "array", prefixItems: [{ const: 1 }, { const: 2 }] }, [1, 2]],
    [
      "an object has what is required",
      { properties: { a: { type: "integer" }, b: { type: "integer" } }, required: ["a", "c"] },
      { a: 0, c: "sky blue" }
    ],
    [
      "allOf is merged",
      {
        allOf: [
          { type: "object", properties: { a: { const: 1 } }, required: ["a"] },
          { properties: { b: { const: 2 } }, required: ["b"] }
        ]
      },
      { a: 1, b: 2 }
    ],
    [
      "references are followed",
      {
        $defs: { "a/b": { type: "boolean" } },
        type: "object",
        properties: { x: { $ref: "#/$defs/a~1b" } },
        required: ["x"]
      },
      { x: true }
    ]
  ]
  for (const [name, schema, value] of known) {
    it(name, () => assert.deepStrictEqual(satisfies(schema), value))
  }

  it("a schema that holds itself ends", () => {
    const node = {
      type: "object",
      properties: {
        next: { anyOf: [{ $ref: "#" }, { type: "null" }] },
        children: { type: "array", items: { $ref: "#" } }
      },
      required: ["children"]
    }
    satisfies(node)
    assert.isDefined(Sample.make({ ...node, required: ["next", "children"] }, "x"))
    assert.isDefined(Sample.make({ $ref: "#" }, "x"))
  })

  it("a schema cannot make it fill the memory", () => {
    assert.lengthOf(Sample.make({ type: "array", minItems: 1e9 }, "x") as Array<unknown>, 64)
    assert.lengthOf(Sample.make({ type: "string", minLength: 1e9 }, "x") as string, 4_096)
  })

  it("a key __proto__ is only a key", () => {
    const value = Sample.make(JSON.parse("{\"type\":\"object\",\"required\":[\"__proto__\"]}"), "x") as object
    assert.deepStrictEqual(Object.keys(value), ["__proto__"])
    assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
  })

  const scalar: FastCheck.Arbitrary<JsonObject> = FastCheck.oneof(
    FastCheck.record({ type: FastCheck.constant("string"), minLength: FastCheck.nat(20) }),
    FastCheck.record({ type: FastCheck.constant("string"), maxLength: FastCheck.nat(20) }),
    FastCheck.record({ type: FastCheck.constant("integer"), minimum: FastCheck.integer() }),
    FastCheck.record({ type: FastCheck.constant("integer"), exclusiveMaximum: FastCheck.integer() }),
    FastCheck.record({ type: FastCheck.constant("number"), exclusiveMinimum: FastCheck.integer() }),
    FastCheck.record({ enum: FastCheck.uniqueArray(FastCheck.string(), { minLength: 1 }) }),
    FastCheck.constant({ type: "boolean" })
  )
  const { tree } = FastCheck.letrec<{ tree: JsonObject }>((tie) => ({
    tree: FastCheck.oneof(
      { maxDepth: 3 },
      scalar,
      FastCheck.record({
        type: FastCheck.constant("array"),
        items: tie("tree"),
        minItems: FastCheck.nat(3)
      }),
      FastCheck.dictionary(FastCheck.string().filter((key) => key !== "__proto__"), tie("tree"), { maxKeys: 4 }).map((
        properties
      ) => ({
        type: "object",
        properties,
        required: Object.keys(properties),
        additionalProperties: false
      }))
    )
  }))

  it("what it makes satisfies the schema", () => {
    FastCheck.assert(FastCheck.property(tree, FastCheck.string(), (schema, text) => {
      satisfies(schema, text)
    }))
  })
})
