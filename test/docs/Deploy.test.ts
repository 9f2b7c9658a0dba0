import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Yaml } from "effect/encoding"
import { readFileSync } from "node:fs"
import { DispatcherConfig } from "../../src/config/DispatcherConfig.ts"
import * as Document from "../../src/config/Document.ts"

const read = (file: string) => readFileSync(new URL(`../../examples/deploy/${file}`, import.meta.url), "utf8")

const { devDependencies, scripts }: {
  readonly devDependencies: Record<string, string>
  readonly scripts: Record<string, string>
} = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

it("installs in the image what is tested here", () => {
  const installed = Array.from(
    read("Dockerfile").matchAll(/ ((?:@[\w-]+\/)?[\w-]+)@(\d[\w.]*)/g),
    ([, name, version]) => [
      name!,
      version!
    ]
  )
  expect(installed.length).toBe(7)
  for (const [name, version] of installed) expect([name, devDependencies[name!]]).toEqual([name, version])
  for (const [, script] of read("Dockerfile").matchAll(/npm run (\S+)/g)) expect(scripts).toHaveProperty(script!)
})

it("copies into the image only what is there", () => {
  for (const [, names] of read("Dockerfile").matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const name of names!.split(" ")) {
      expect(() => readFileSync(new URL(`../../${name}`, import.meta.url))).not.toThrow(/ENOENT/)
    }
  }
})

it("waits longer for the gateway to stop than it drains", () => {
  const { services }: any = Yaml.parse(read("compose.yaml"))
  expect(Number.parseInt(services.gateway.stop_grace_period)).toBeGreaterThan(30)
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(read("llmdispatcher.service"))?.[1])).toBeGreaterThan(30)
})

it.effect("gives the gateway a configuration that holds", () =>
  Effect.map(
    Document.read(DispatcherConfig, { file: "llmdispatcher.yaml", text: read("llmdispatcher.yaml") }, {
      get: () => "postgres://user:a-key-of-thirty-two-characters-or-more@host/name",
      names: () => [],
      readFile: () => Effect.succeed("")
    }),
    ({ value }) =>
      expect(Object.keys(value)).toEqual(["vendors", "routes", "cache", "statistics", "telemetry", "gateway"])
  ))
