import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
// Inside the repository, so that `llmdispatcher/...`, `effect` and the compiler options mean what they mean in src.
const folder = `${root}node_modules/.cache/llmdispatcher/fences`

interface Fence {
  readonly file: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  readonly info: string
  readonly code: string
  /** How many columns stand before the code. */
  readonly margin: number
}

/** The TypeScript fences of a Markdown file, or of the doc comments of a source file. */
const fences = (file: string): ReadonlyArray<Fence> => {
  const found: Array<Fence> = []
  const margin = file.endsWith(".ts") ? "\\s*\\* ?\\s*" : "\\s*"
  const opening = new RegExp(`^(${margin})(\`{3,})((?:ts|typescript|tsx|mts|cts)\\b.*)$`)
  const lines = readFileSync(root + file, "utf8").split(/\r?\n/)
  for (let index = 0; index < lines.length; index++) {
    const match = opening.exec(lines[index]!)
    if (match === null) continue
    const [, before = "", ticks = "", info = ""] = match
    const line = index + 1
    const code: Array<string> = []
    const isClosing = (text: string) => text.replace(/^\s*\*?/, "").trim() === ticks
    for (index++; index < lines.length && !isClosing(lines[index]!); index++) {
      code.push(lines[index]!.slice(before.length))
    }
    found.push({ file, line, info: info.trim(), code: code.join("\n"), margin: before.length })
  }
  return found
}

/** `fence-3.ts(2,7): error …` as `README.md:42:7: error …` */
const located = (all: ReadonlyArray<Fence>) => (output: string) =>
  output.replace(/^.*?fence-(\d+)\.ts\((\d+),(\d+)\)/gm, (_, index, line, column) => {
    const fence = all[Number(index)]!
    return `${fence.file}:${fence.line + Number(line)}:${fence.margin + Number(column)}`
  })

test("every TypeScript fence of the documentation compiles", { timeout: 60_000 }, () => {
  const files = globSync(["README.md", "docs/**/*.md", "src/**/*.ts"], { cwd: root }).sort()
  const all = files.flatMap(fences)
  expect(all.filter((fence) => fence.info !== "ts").map((fence) => `${fence.file}:${fence.line}: \`\`\`${fence.info}`))
    .toEqual([])
  if (all.length === 0) return

  if (existsSync(folder)) rmSync(folder, { recursive: true })
  mkdirSync(folder, { recursive: true })
  all.forEach((fence, index) => writeFileSync(`${folder}/fence-${index}.ts`, fence.code + "\n"))
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({
      extends: "../../../../tsconfig.json",
      // What an example names at its end is for its reader.
      compilerOptions: { noUnusedLocals: false },
      include: ["./*.ts"]
    })
  )
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const run = spawnSync(process.execPath, [tsc, "--project", folder, "--pretty", "false"], { encoding: "utf8" })
  expect(located(all)(run.stdout + run.stderr)).toBe("")
  expect(run.status).toBe(0)
})
