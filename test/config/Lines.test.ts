import { Yaml } from "effect/encoding"
import * as FastCheck from "fast-check"
import { describe, expect, it } from "vitest"
import type { Path } from "../../src/config/Fault.ts"
import * as Lines from "../../src/config/Lines.ts"

/** A value, and how it is to be written. */
type Node =
  | { readonly as: "text"; readonly text: string; readonly value: unknown }
  | { readonly as: "literal"; readonly lines: ReadonlyArray<string> }
  | { readonly as: "folded"; readonly quote: string; readonly words: ReadonlyArray<string> }
  | { readonly as: "block"; readonly entries: ReadonlyArray<readonly [string, Node]>; readonly step: number }
  | { readonly as: "list"; readonly items: ReadonlyArray<Node>; readonly isIndented: boolean }
  | { readonly as: "flow"; readonly value: unknown; readonly space: number }

const word = FastCheck.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
  .filter((word) => !["null", "true", "false"].includes(word))
const key = FastCheck.oneof(
  { weight: 4, arbitrary: word },
  FastCheck.constantFrom(
    "a b",
    "a: b",
    "#a",
    "a#b",
    "- a",
    "1",
    "1.0",
    "true",
    "null",
    "",
    "it's",
    "say \"a\"",
    "é",
    "[a]",
    "<<"
  )
)

/** As one may write a key, the plain way only where that is sure to be read so. */
const writtenKey = (key: string) =>
  /^[a-zé][a-z0-9é]*$/.test(key) && key !== "true" && key !== "null" ? key : JSON.stringify(key)

const noise = FastCheck.constantFrom("a: b", "- c", "# d", "{", "e", "\"f")

const { node } = FastCheck.letrec<{ node: Node }>((tie) => ({
  node: FastCheck.oneof(
    { depthSize: "small", withCrossShrink: true },
    FastCheck.constantFrom<Node>(
      { as: "text", text: "a # said", value: "a" },
      { as: "text", text: "12", value: 12 },
      { as: "text", text: "'it''s: # no'", value: "it's: # no" },
      { as: "text", text: "\"a: \\\"b\\\"\"  # c", value: "a: \"b\"" },
      { as: "text", text: "", value: null },
      { as: "text", text: "https://a.b/c#d", value: "https://a.b/c#d" },
      { as: "text", text: "${A:-b}", value: "${A:-b}" }
    ),
    FastCheck.array(noise, { minLength: 1, maxLength: 3 }).map((lines): Node => ({ as: "literal", lines })),
    FastCheck.tuple(FastCheck.constantFrom("", "\"", "'"), FastCheck.array(word, { minLength: 1, maxLength: 3 }))
      .map(([quote, words]): Node => ({ as: "folded", quote, words })),
    FastCheck.tuple(
      FastCheck.uniqueArray(FastCheck.tuple(key, tie("node")), {
        minLength: 1,
        maxLength: 4,
        selector: ([key]) => key
      }),
      FastCheck.integer({ min: 1, max: 4 })
    ).map(([entries, step]): Node => ({ as: "block", entries, step })),
    FastCheck.tuple(FastCheck.array(tie("node"), { minLength: 1, maxLength: 3 }), FastCheck.boolean())
      .filter(([items]) => items.every(({ as }) => as !== "list"))
      .map(([items, isIndented]): Node => ({ as: "list", items, isIndented })),
    FastCheck.tuple(
      FastCheck.jsonValue({ maxDepth: 3 }).filter((value) =>
        typeof value === "object" && value !== null && Object.keys(value).length > 0
      ),
      FastCheck.constantFrom(0, 2)
    ).map(([value, space]): Node => ({ as: "flow", value: JSON.parse(JSON.stringify(value)), space }))
  )
}))

class Writer {
  readonly lines: Array<string> = []
  readonly places: Array<readonly [Path, number]> = []
  private readonly gaps: Iterator<boolean>
  constructor(gaps: ReadonlyArray<boolean>) {
    this.gaps = gaps[Symbol.iterator]()
  }

  /** Writes what follows a key or a dash; `indent` is that of the owner. */
  value(node: Node, head: string, indent: number, path: Path) {
    const pad = " ".repeat(indent)
    switch (node.as) {
      case "text":
        return this.lines.push(`${head} ${node.text}`)
      case "literal":
        this.lines.push(`${head} |-`)
        return node.lines.forEach((line) => this.lines.push(`${pad}  ${line}`))
      case "folded":
        return node.words.forEach((word, index) =>
          this.lines.push(
            (index === 0 ? `${head} ${node.quote}` : `${pad}  `) + word +
              (index === node.words.length - 1 ? node.quote : "")
          )
        )
      case "flow": {
        const texts = JSON.stringify(node.value, null, node.space).split("\n")
        this.flow(node.value, path, this.lines.length + 1, node.space)
        return texts.forEach((text, index) => this.lines.push(index === 0 ? `${head} ${text}` : `${pad}  ${text}`))
      }
      case "block":
        this.lines.push(head)
        return this.block(node, indent + node.step, path)
      case "list":
        this.lines.push(head)
        return this.list(node, indent + (node.isIndented ? 2 : 0), path)
    }
  }

  block(node: Node & { readonly as: "block" }, indent: number, path: Path, first = " ".repeat(indent)) {
    node.entries.forEach(([key, inner], index) => {
      const at = [...path, key]
      const head = `${index === 0 ? first : " ".repeat(indent)}${writtenKey(key)}:`
      if (index > 0) this.gap()
      this.places.push([at, this.lines.length + 1])
      this.value(inner, head, indent, at)
    })
  }

  list(node: Node & { readonly as: "list" }, indent: number, path: Path) {
    node.items.forEach((item, index) => {
      const at = [...path, index]
      const head = `${" ".repeat(indent)}-`
      this.gap()
      this.places.push([at, this.lines.length + 1])
      if (item.as === "block") this.block(item, indent + 2, at, `${head} `)
      else this.value(item, head, indent, at)
    })
  }

  private gap() {
    if (this.gaps.next().value === true) this.lines.push("", "# key: value")
  }

  /** How `JSON.stringify` lays a value out; the next line that is free. */
  private flow(value: unknown, path: Path, line: number, space: number): number {
    if (typeof value !== "object" || value === null) return line
    const entries = Object.entries(value)
    let next = line
    entries.forEach(([key, inner]) => {
      if (space > 0) next++
      const at = [...path, Array.isArray(value) ? Number(key) : key]
      this.places.push([at, next])
      next = this.flow(inner, at, next, space)
    })
    return space > 0 && entries.length > 0 ? next + 1 : next
  }
}

const plain = (node: Node): unknown => {
  switch (node.as) {
    case "text":
    case "flow":
      return node.value
    case "literal":
      return node.lines.join("\n")
    case "folded":
      return node.words.join(" ")
    case "block":
      return Object.fromEntries(node.entries.map(([key, inner]) => [key, plain(inner)]))
    case "list":
      return node.items.map(plain)
  }
}

describe("make", () => {
  it("knows the line of every key and item", () => {
    FastCheck.assert(
      FastCheck.property(
        node,
        FastCheck.array(FastCheck.boolean()),
        FastCheck.constantFrom("\n", "\r\n"),
        (node, gaps, end) => {
          const writer = new Writer(gaps)
          writer.block({ as: "block", entries: [["root", node]], step: 2 }, 0, [])
          const text = writer.lines.join(end) + end
          expect(Yaml.parse(text)).toEqual({ root: plain(node) })
          const lineOf = Lines.make(text)
          expect(writer.places.map(([path]) => [path, lineOf(path)])).toEqual(writer.places)
        }
      ),
      { numRuns: 500 }
    )
  })

  it("knows no line of what an alias or a merge key brought in", () => {
    const lineOf = Lines.make("base: &base { a: 1 }\nb: *base\nc:\n  <<: *base\n  d: 2\n")
    expect([["base"], ["base", "a"], ["b"], ["b", "a"], ["c"], ["c", "a"], ["c", "d"]].map(lineOf)).toEqual([
      1,
      1,
      2,
      undefined,
      3,
      undefined,
      5
    ])
  })

  it("counts from the document's start and byte order mark", () => {
    expect(Lines.make("\uFEFF%YAML 1.2\n---\n\na: 1\n...\n")(["a"])).toBe(4)
  })

  it("knows nothing of a text without keys", () => {
    expect(Lines.make("")(["a"])).toBeUndefined()
  })

  it("ends on a text that is not well formed", () => {
    const piece = FastCheck.constantFrom(
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      "a",
      " ",
      "\n",
      "\n  ",
      "- ",
      "\"",
      "'",
      "#",
      "&b",
      "*b",
      "|",
      "<<"
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(piece, { maxLength: 20 }), (pieces) => {
        expect(Lines.longestFlow(pieces.join(""))).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 }
    )
    expect(Lines.longestFlow("[".repeat(100_000))).toBe(0)
  })
})
