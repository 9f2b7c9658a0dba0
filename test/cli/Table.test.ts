import * as CliOutput from "effect/cli/CliOutput"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Table from "../../src/cli/Table.ts"

interface Row {
  readonly name: string
  readonly size: string
  readonly words: string
}

const columns: ReadonlyArray<Table.Column<Row>> = [
  { title: "NAME", text: ({ name }) => name },
  { title: "SIZE", text: ({ size }) => size, align: "right", spare: 1 },
  { title: "WORDS", text: ({ words }) => words, spare: 2, least: 8 }
]

const rows: ReadonlyArray<Row> = [
  { name: "small", size: "7", words: "a few words about it" },
  { name: "bigger-one", size: "1000", words: "" }
]

const rendered = (width?: number): ReadonlyArray<string> => Table.render(columns, rows, width).split("\n")

describe("Table", () => {
  it("has a line for each row under the titles, numbers to the right, nothing behind the last text", () => {
    expect(rendered()).toEqual([
      "NAME        SIZE  WORDS",
      "small          7  a few words about it",
      "bigger-one  1000",
      ""
    ])
  })

  it("cuts words, then leaves columns out, then cuts names, until the lines fit", () => {
    expect(rendered(28)).toEqual(["NAME        SIZE  WORDS", "small          7  a few wor…", "bigger-one  1000", ""])
    expect(rendered(25)).toEqual(["NAME        SIZE", "small          7", "bigger-one  1000", ""])
    expect(rendered(15)).toEqual(["NAME", "small", "bigger-one", ""])
    expect(rendered(7)).toEqual(["NAME", "small", "bigger…", ""])
  })

  it("is nothing without rows, and has no column in which nothing is said", () => {
    expect(Table.render(columns, [])).toBe("")
    expect(Table.render(columns, [{ name: "a", size: "", words: "b" }])).toBe("NAME  WORDS\na     b\n")
  })

  it("counts wide signs as two columns, and takes out what steers a terminal or breaks a line", () => {
    expect(Table.render(columns, [{ name: "ファイル", size: "1", words: "a\nb\u001b[2J" }, rows[0]!])).toBe(
      "NAME      SIZE  WORDS\nファイル     1  a b[2J\nsmall        7  a few words about it\n"
    )
  })

  it("never has a line longer than the width, nor loses a row", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 30 })
    const some = fc.array(fc.record({ name: text, size: text, words: text }), { minLength: 1, maxLength: 5 })
    fc.assert(fc.property(some, fc.integer({ min: 2, max: 100 }), (rows, width) => {
      const table = Table.render(columns, rows, width)
      if (table === "") return
      const lines = table.split("\n")
      expect(lines.length).toBe(rows.length + 2)
      for (const line of lines) expect(CliOutput.displayWidth(line)).toBeLessThanOrEqual(width)
    }))
  })
})
