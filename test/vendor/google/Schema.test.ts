import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Schema from "../../../src/vendor/google/Schema.ts"
import * as SchemaSubset from "../../../src/vendor/google/SchemaSubset.ts"
import * as Specification from "./Specification.ts"

type Json = any

const write = (encode: (schema: Json, path: string, lose: (field: string) => void) => unknown) => (schema: Json) => {
  const lost: Array<string> = []
  return { written: encode(schema, "s", (field) => void lost.push(field)), lost }
}

const newer = write(Schema.encode)
const older = write(SchemaSubset.encode)

describe("JSON Schema", () => {
  it("goes as it is where all of it is heeded", () => {
    const schema = {
      type: "object",
      title: "T",
      description: "d",
      properties: {
        a: { type: ["string", "null"], enum: ["x", "y"] },
        b: { type: "array", items: { $ref: "#/$defs/b" }, minItems: 1 },
        c: { anyOf: [{ type: "integer", minimum: 0 }, { oneOf: [{ type: "string", format: "date" }] }] }
      },
      required: ["a"],
      additionalProperties: false,
      $defs: { b: { type: "array", prefixItems: [{ type: "number" }] } }
    }
    expect(newer(schema)).toEqual({ written: schema, lost: [] })
  })

  it("loses what is not heeded and says the rest in heeded words", () => {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        a: { const: "x" },
        b: { type: "string", pattern: "a", minLength: 1, default: "" },
        c: { $ref: "#/definitions/c", description: "d" },
        d: { allOf: [{ type: "string" }], description: "d" },
        f: { allOf: [{ type: "string" }, {}] },
        g: { allOf: [{ description: "x" }], description: "d" },
        e: { enum: ["x", null] }
      },
      definitions: { c: { type: "object", not: {} } }
    }
    expect(newer(schema)).toEqual({
      written: {
        type: "object",
        properties: {
          a: { enum: ["x"] },
          b: { type: "string" },
          c: { description: "d", anyOf: [{ $ref: "#/$defs/c" }] },
          d: { type: "string", description: "d" },
          f: {},
          g: { description: "d" },
          e: {}
        },
        $defs: { c: { type: "object" } }
      },
      lost: [
        "s.properties.b.pattern",
        "s.properties.b.minLength",
        "s.properties.f.allOf",
        "s.properties.g.allOf",
        "s.properties.e.enum",
        "s.definitions.c.not"
      ]
    })
  })

  it("keeps a reference and what it leads to", () => {
    expect(newer({ $ref: "#/definitions/a", definitions: { a: { type: "object" } } })).toEqual({
      written: { $ref: "#/$defs/a", $defs: { a: { type: "object" } } },
      lost: []
    })
  })

  it("knows an object without fields", () => {
    for (const schema of [{}, { type: "object" }, { type: "object", properties: {}, additionalProperties: false }]) {
      expect(Schema.isEmptyObject(schema)).toBe(true)
    }
    for (
      const schema of [{ type: "string" }, { additionalProperties: true }, { properties: { a: {} } }, { $ref: "#" }]
    ) {
      expect(Schema.isEmptyObject(schema)).toBe(false)
    }
  })
})

describe("the older subset", () => {
  it("says types, null, limits and choices in its own words", () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: ["string", "null"], minLength: 1, maxLength: 2, pattern: "a", format: "date-time" },
        b: { type: "array", items: { type: "integer", minimum: 1, format: "int32" }, minItems: 1 },
        c: { anyOf: [{ type: "number" }, { type: "null" }] },
        d: { oneOf: [{ type: "boolean" }, { type: "string", enum: ["x"] }] },
        e: { const: "x" },
        f: { type: ["string", "integer"], description: "d" },
        g: { type: "object", properties: {}, additionalProperties: false },
        h: { enum: ["x", null] }
      },
      required: ["a"],
      propertyOrdering: ["b", "a"]
    }
    expect(older(schema)).toEqual({
      written: {
        type: "OBJECT",
        properties: {
          a: { type: "STRING", nullable: true, minLength: "1", maxLength: "2", pattern: "a", format: "date-time" },
          b: { type: "ARRAY", items: { type: "INTEGER", minimum: 1, format: "int32" }, minItems: "1" },
          c: { type: "NUMBER", nullable: true },
          d: {
            type: "TYPE_UNSPECIFIED",
            anyOf: [{ type: "BOOLEAN" }, { type: "STRING", enum: ["x"], format: "enum" }]
          },
          e: { type: "STRING", enum: ["x"], format: "enum" },
          f: { type: "TYPE_UNSPECIFIED", description: "d", anyOf: [{ type: "STRING" }, { type: "INTEGER" }] },
          g: { type: "OBJECT" },
          h: { type: "STRING", nullable: true, enum: ["x"], format: "enum" }
        },
        required: ["a"],
        propertyOrdering: ["b", "a"]
      },
      lost: []
    })
  })

  it("writes references out, and ends those that lead to themselves", () => {
    const schema = {
      $ref: "#/$defs/tree",
      $defs: { tree: { type: "object", properties: { left: { $ref: "#/$defs/tree" }, x: { $ref: "#/$defs/no" } } } }
    }
    expect(older(schema)).toEqual({
      written: { type: "OBJECT", properties: { left: { type: "OBJECT" }, x: { type: "OBJECT" } } },
      lost: ["s.properties.left", "s.properties.x"]
    })
  })

  it("lays plain schemas over each other", () => {
    const schema = {
      required: ["a"],
      allOf: [{ type: "object", properties: { a: { type: "string" } } }, {
        required: ["b"],
        properties: { b: { type: "null" } }
      }]
    }
    expect(older(schema)).toEqual({
      written: {
        type: "OBJECT",
        properties: { a: { type: "STRING" }, b: { type: "NULL" } },
        required: ["a", "b"]
      },
      lost: []
    })
  })

  it("loses what it cannot say", () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: "string", format: "email" },
        b: { type: "number", exclusiveMinimum: 0, enum: [1] },
        c: {},
        d: { type: "array" },
        e: { type: "array", items: true }
      },
      additionalProperties: { type: "string" }
    }
    expect(older(schema).lost).toEqual([
      "s.properties.a.format",
      "s.properties.b.exclusiveMinimum",
      "s.properties.b.enum",
      "s.properties.c",
      "s.properties.d",
      "s.properties.e.items",
      "s.properties.e",
      "s.additionalProperties"
    ])
  })

  const check = Specification.isThere ? it : it.skip

  check("is valid by Google's own specification, whatever the schema", () => {
    const name = fc.constantFrom("a", "b", "__proto__", "constructor")
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof({ maxDepth: 3 }, fc.constant({}), fc.boolean(), tie("object"), tie("choice"), tie("leaf")),
      leaf: fc.record({
        type: fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object", ["string", "null"]),
        format: fc.constantFrom("email", "date-time", "int32"),
        enum: fc.array(fc.constantFrom("x", 1, null, true), { minLength: 1, maxLength: 3 }),
        minLength: fc.nat(9),
        const: fc.constantFrom("x", 1, null),
        pattern: fc.constant("a")
      }, { requiredKeys: [] }),
      object: fc.record({
        type: fc.constantFrom("object", ["object", "null"]),
        properties: fc.dictionary(name, tie("schema"), { maxKeys: 3 }),
        items: tie("schema"),
        $defs: fc.dictionary(name, tie("schema"), { maxKeys: 2 }),
        additionalProperties: tie("schema"),
        required: fc.array(name, { maxLength: 2 })
      }, { requiredKeys: [] }),
      choice: fc.oneof(
        fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ $ref: fc.constantFrom("#", "#/$defs/a", "#/properties/b", "nowhere") })
      )
    }))
    fc.assert(
      fc.property(schema, (schema) => {
        const { written } = older(schema)
        return Specification.faults("Schema", written).length === 0
      }),
      { numRuns: 200 }
    )
  })
})
