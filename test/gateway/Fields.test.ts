import { describe, expect, it } from "@effect/vitest"
import { Reader, rest } from "../../src/gateway/Fields.ts"

describe("a reader", () => {
  it("keeps the first field that is wrong", () => {
    const reader = new Reader()
    expect([reader.text(1, "a.0"), reader.list({}, "b"), reader.object([], "c")]).toEqual(["", [], {}])
    expect(reader.failure).toMatchObject({ kind: "invalid-request", field: "a.0", message: "a.0: must be a text" })
  })

  it("takes null for what is not there", () => {
    const reader = new Reader()
    expect([
      reader.optionalText(null, "a"),
      reader.optionalNumber(undefined, "b"),
      reader.optionalBoolean(null, "c"),
      reader.optionalList(null, "d"),
      reader.optionalObject(null, "e")
    ]).toEqual([undefined, undefined, undefined, undefined, undefined])
    expect(reader.failure).toBeUndefined()
  })

  it.each<[keyof Reader & `optional${string}`, unknown, string]>([
    ["optionalText", 1, "f: must be a text"],
    ["optionalNumber", "1", "f: must be a number"],
    ["optionalBoolean", "true", "f: must be true or false"],
    ["optionalList", {}, "f: must be an array"],
    ["optionalObject", [], "f: must be an object"]
  ])("tells what %s wants", (name, value, message) => {
    const reader = new Reader()
    expect(reader[name](value, "f")).not.toBe(value)
    expect(reader.failure?.message).toBe(message)
  })
})

describe("the rest of a body", () => {
  it("is what nobody read, without nulls and prototypes", () => {
    const reader = new Reader()
    const body = JSON.parse(`{"known":1,"other":{"a":1},"none":null,"__proto__":{"x":1}}`)
    expect(rest(body, new Set(["known"]), reader)).toEqual({ other: { a: 1 } })
    expect(rest({ known: 1 }, new Set(["known"]), reader)).toBeUndefined()
    expect(reader.failure).toBeUndefined()
  })

  it.each(["api_base", "apiBase", "API_KEY", "base-url", "baseURL", "Extra_Headers", "httpOptions", "endpoint", "url"])(
    "may not say by %s where the call goes",
    (name) => {
      const reader = new Reader()
      rest({ [name]: null }, new Set(), reader)
      expect(reader.failure?.field).toBe(name)
    }
  )

  it("may say by the same name what is read as something else", () => {
    const reader = new Reader()
    rest({ url: "x" }, new Set(["url"]), reader)
    expect(reader.failure).toBeUndefined()
  })
})
