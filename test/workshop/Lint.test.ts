import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

const imports = (path: string) => `import * as it from "${path}"\nexport const x = it\n`

/** A tree of files that break what holds the tree, each with the rule that must say so. */
const violations: Record<string, readonly [source: string, rule: string]> = {
  "src/Request.ts": [imports("./Vendor.ts"), "no-restricted-imports"],
  "src/Response.ts": [imports("./wire/Commit.ts"), "no-restricted-imports"],
  "src/VendorError.ts": [imports("./Target.ts"), "no-restricted-imports"],
  "src/wire/AVendor.ts": [imports("../vendor/openai/OpenAi.ts"), "no-restricted-imports"],
  "src/wire/APolicy.ts": [imports("../policy/Retry.ts"), "no-restricted-imports"],
  "src/wire/ARouter.ts": [imports("../router/Candidates.ts"), "no-restricted-imports"],
  "src/wire/ADispatcher.ts": [imports("../Dispatcher.ts"), "no-restricted-imports"],
  "src/wire/Platform.ts": [imports("node:fs"), "no-restricted-imports"],
  "src/wire/NodeHttp.ts": [imports("../cli/Main.ts"), "no-restricted-imports"],
  "src/vendor/a/APolicy.ts": [imports("../../policy/Retry.ts"), "no-restricted-imports"],
  "src/vendor/a/Types.ts": [
    `import type { X } from "../../Dispatcher.ts"\nexport type Y = X\n`,
    "no-restricted-imports"
  ],
  "src/vendor/a/Again.ts": [`export * from "../../testing/index.ts"\n`, "no-restricted-imports"],
  "src/policy/AVendor.ts": [imports("../vendor/openai/OpenAi.ts"), "no-restricted-imports"],
  "src/policy/ARouter.ts": [imports("../router/Candidates.ts"), "no-restricted-imports"],
  "src/router/APolicy.ts": [imports("../policy/Retry.ts"), "no-restricted-imports"],
  "src/router/ASimulation.ts": [imports("../simulation/Traffic.ts"), "no-restricted-imports"],
  "src/Faces.ts": [imports("./cli/Main.ts"), "no-restricted-imports"],
  "src/testing/Faces.ts": [imports("../cli/Main.ts"), "no-restricted-imports"],
  "src/Platform.ts": [imports("@effect/platform-node/NodeRuntime"), "no-restricted-imports"],
  "src/Self.ts": [imports("llmdispatcher/Request"), "no-restricted-imports"],
  "examples/inside.ts": [imports("../src/Request.ts"), "no-restricted-imports"],
  "src/CycleA.ts": [`import { b } from "./CycleB.ts"\nexport const a = () => b\n`, "no-cycle"],
  "src/CycleB.ts": [`import { a } from "./CycleA.ts"\nexport const b = () => a\n`, "no-cycle"],
  "src/Now.ts": ["export const x = Date.now()\n", "no-restricted-globals"],
  "src/NewDate.ts": ["export const x = new Date()\n", "no-restricted-globals"],
  "src/Timer.ts": ["setTimeout(() => {}, 1)\n", "no-restricted-globals"],
  "src/Interval.ts": ["globalThis.setInterval(() => {}, 1)\n", "no-restricted-globals"],
  "src/Performance.ts": ["export const x = performance.now()\n", "no-restricted-globals"],
  "src/Fetch.ts": [`export const x = fetch("http://localhost")\n`, "no-restricted-globals"],
  "src/cli/Timer.ts": ["setTimeout(() => {}, 1)\n", "no-restricted-globals"],
  "src/Dice.ts": ["export const x = Math.random()\n", "no-restricted-properties"],
  "src/cli/Dice.ts": ["export const x = Math.random()\n", "no-restricted-properties"],
  "src/Env.ts": ["export const x = process.env\n", "no-restricted-properties"],
  "src/Print.ts": ["console.log(1)\n", "no-console"]
}

/** What must stay allowed. */
const allowed: Record<string, string> = {
  "src/Reason.ts": `import type * as Response from "./Response.ts"\nexport type X = typeof Response\n`,
  "src/Free.ts": imports("./router/Candidates.ts"),
  "src/Typed.ts": "export type X = Date\n",
  "src/cli/Main.ts": imports("node:os") + "export const env = process.env\n",
  "src/wire/Commit.ts": imports("../Vendor.ts"),
  "src/vendor/b/Kin.ts": imports("../a/Other.ts"),
  "src/vendor/b/Wired.ts": imports("../../wire/Commit.ts")
}

test("the linter holds the tree", { timeout: 20_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "llmdispatcher-lint-"))
  try {
    copyFileSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"))
    const sources = Object.entries(violations).map(([file, [source]]) => [file, source] as const)
    for (const [file, source] of [...sources, ...Object.entries(allowed)]) {
      mkdirSync(join(folder, dirname(file)), { recursive: true })
      writeFileSync(join(folder, file), source)
    }
    const oxlint = join(root, "node_modules/oxlint/bin/oxlint")
    const run = spawnSync(process.execPath, [oxlint, "--format", "json"], { cwd: folder, encoding: "utf8" })
    const report: { diagnostics: Array<{ filename: string; code: string }> } = JSON.parse(run.stdout)
    const found: Record<string, string> = {}
    for (const { code, filename } of report.diagnostics) {
      found[filename.replaceAll("\\", "/")] = code.replace(/^.*\((.*)\)$/, "$1")
    }
    expect(found).toEqual(Object.fromEntries(Object.entries(violations).map(([file, [, rule]]) => [file, rule])))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
