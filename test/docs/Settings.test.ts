import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { DispatcherConfig } from "../../src/config/DispatcherConfig.ts"
import * as Document from "../../src/config/Document.ts"
import * as JsonSchema from "../../src/config/JsonSchema.ts"

interface Node {
  readonly $ref?: string
  readonly description?: string
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node | boolean
  readonly patternProperties?: Readonly<Record<string, Node>>
  readonly items?: Node | ReadonlyArray<Node>
  readonly anyOf?: ReadonlyArray<Node>
  readonly allOf?: ReadonlyArray<Node>
  readonly oneOf?: ReadonlyArray<Node>
  readonly definitions?: Readonly<Record<string, Node>>
}

const schema = JsonSchema.make(DispatcherConfig) as Node

const opened = (node: Node): Node =>
  node.$ref === undefined ? node : { ...schema.definitions?.[node.$ref.split("/").at(-1)!], ...node }

/** Every setting that has words of its own, in the Schema's order. */
const settings = (
  node: Node,
  path: string,
  seen: ReadonlyArray<string> = []
): ReadonlyArray<readonly [string, string]> => {
  if (node.$ref !== undefined && seen.includes(node.$ref)) return []
  const next = node.$ref === undefined ? seen : [...seen, node.$ref]
  const {
    additionalProperties,
    allOf = [],
    anyOf = [],
    description,
    items,
    oneOf = [],
    patternProperties = {},
    properties = {}
  } = opened(node)
  const own = description === undefined || path === "" ? [] : [[path, description] as const]
  const inner = [
    ...Object.entries(properties).flatMap(([name, child]) =>
      settings(child, path === "" ? name : `${path}.${name}`, next)
    ),
    ...[
      ...Object.values(patternProperties),
      ...(typeof additionalProperties === "object" ? [additionalProperties] : [])
    ]
      .flatMap((child) => settings(child, `${path}.*`, next)),
    ...(items === undefined ? [] : [items].flat().flatMap((child) => settings(child as Node, `${path}.0`, next))),
    ...[...anyOf, ...oneOf, ...allOf].flatMap((child) => settings(child, path, next))
  ]
  return [...own, ...inner]
}

it("are listed in docs/settings.md as the Schema has them (vitest -u writes it)", async () => {
  const all = new Map<string, string>()
  for (const [written, words] of settings(schema, "")) {
    if (words.startsWith("A value from the environment")) continue
    // Kinds of vendors have most of their settings in common.
    const path = written.replace(/^vendors\.[^.]+/, "vendors.*")
    if (!all.has(path)) all.set(path, words)
  }
  const rows = [
    ["Setting", "Means"],
    ...Array.from(all, ([path, words]) => [`\`${path}\``, words.replaceAll("|", "\\|")])
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>, fill = " ") =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(" | ")} |`
  const page = [
    "# Settings",
    "",
    "Made of the Schema by `test/docs/Settings.test.ts`. `*` stands for a name of your own, `0` for a place in a list. A vendor under a name of its own has the settings of its `kind`.",
    "",
    line(rows[0]!),
    line(["", ""], "-"),
    ...rows.slice(1).map((row) => line(row)),
    ""
  ].join("\n")
  await expect(page).toMatchFileSnapshot("../../docs/settings.md")
})

const fences = (file: string) =>
  Array.from(
    readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8").matchAll(/```yaml\n([^]*?)```/g),
    ([, text]) => text!
  )

it.effect.each(["configuration.md", "gateway.md"].flatMap((file) => fences(file).map((text) => ({ file, text }))))(
  "in $file hold",
  ({ file, text }) =>
    Effect.map(
      Document.read(DispatcherConfig, { file, text }, {
        get: () => "sk-key",
        names: () => [],
        readFile: () => Effect.succeed("sk-key")
      }),
      ({ warnings }) => expect(warnings).toEqual([])
    )
)
