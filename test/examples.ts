// Runs every example, one after the other, as a reader would; fails when one fails.
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const examples = existsSync(`${root}/examples`)
  ? readdirSync(`${root}/examples`).filter((name) => name.endsWith(".ts")).sort()
  : []

let failures = 0
for (const name of examples) {
  const started = performance.now()
  const run = spawnSync(process.execPath, ["--conditions=source", `examples/${name}`], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000
  })
  const ok = run.status === 0
  console.log(`${ok ? "ok  " : "FAIL"} examples/${name} ${Math.round(performance.now() - started)} ms`)
  if (!ok) {
    failures++
    const how = run.error?.message ?? (run.signal === null ? `exit code ${run.status}` : `signal ${run.signal}`)
    console.error(`${run.stdout}${run.stderr}${how}`)
  }
}
console.log(`${examples.length - failures} of ${examples.length} examples ran`)
process.exitCode = failures === 0 ? 0 : 1
