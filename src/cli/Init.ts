/**
 * `llmdispatcher init`: a first configuration, of the keys there are.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as VendorsConfig from "../config/Vendors.ts"
import type { Kind } from "../config/VendorConfig.ts"
import * as VendorKinds from "../config/VendorKinds.ts"
import { type ExitCode, usage } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { say } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Vendors from "./Vendors.ts"

/** Where the editor's Schema stands once the package is installed. */
const schema = "./node_modules/llmdispatcher/src/config/llmdispatcher.schema.json"

const head = `# yaml-language-server: $schema=${schema}
#
# What the dispatcher is told. \`llmdispatcher check\` says whether it holds and whether the vendors answer.
# Values may be \${VARIABLE}, \${VARIABLE:-default} or \${file:/run/secrets/key}. While a program runs, what is written
# here holds a moment later. All settings: https://www.npmjs.com/package/llmdispatcher, docs/configuration.md.
`

const tail = `
# How calls are made; these are the defaults.
policies:
  maxAttempts: 3
  deadline: 10m
  # onContentFiltered: elsewhere
  # hedge: { budget: 0.05 }

# limits:
#   vendors:
#     openai: { requestsPerMinute: 500, tokensPerMinute: 200000 }
#   callers: { requestsPerMinute: 60 }
#   queue: { concurrency: 100 }

# budgets:
#   perCaller: 20
#   period: month

# cache:
#   timeToLive: 1h

# statistics:
#   database: { sqlite: ./llmdispatcher.db }

# telemetry:
#   otlp: { endpoint: http://localhost:4318 }
`

/** Lines of a vendor: what the environment holds is named, never copied. */
const vendorLines = (entry: VendorsConfig.Entry, variables: ReadonlyMap<string, string>): ReadonlyArray<string> => {
  if (entry.kind === "sandbox") {
    return entry.name === "sandbox" ? ["  sandbox: {}"] : [
      `  ${entry.name}:`,
      "    kind: sandbox",
      `    behaviour: ${String(entry.settings["behaviour"])}`
    ]
  }
  const settings = Array.from(variables).filter(([setting]) => setting !== "credentials")
  if (settings.length === 0) return [`  ${entry.name}: {}`]
  return [
    `  ${entry.name}:`,
    ...settings.map(([setting, variable]) => `    ${setting}: \${${variable}}`)
  ]
}

/** The text of a first file; `targets` are what requests without a model go to. */
const document = (vendors: ReadonlyArray<ReadonlyArray<string>>, targets: ReadonlyArray<string>): string => {
  const routes = targets.length === 0
    ? ["# routes:", "#   default: [vendor/model]"]
    : [
      "routes:",
      "  default:",
      `    targets: [${targets.join(", ")}]`,
      "    # or fastest, cheapest, weighted, round-robin, least-busy, sticky",
      "    strategy: ordered",
      "    # or fail: an error in the middle of a stream",
      "    onInterrupted: resume"
    ]
  return [
    head,
    "# Who can be asked, in this order.",
    "vendors:",
    ...vendors.flat(),
    "",
    "# Names that callers use, and who serves them; default serves who names no model.",
    ...routes,
    tail
  ].join("\n")
}

const program = Effect.fnUntraced(function*(flags: Flags.Init) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.resolve(Option.getOrElse(flags.config, () => "llmdispatcher.yaml"))
  if (!/\.ya?ml$/.test(file)) return yield* usage(`${file}: must end in .yaml`)
  const entries = yield* VendorsConfig.entries({})
  const http = yield* Layer.build(Vendors.layerHttp(entries))
  const vendors: Array<ReadonlyArray<string>> = []
  const targets: Array<string> = []
  for (const entry of entries) {
    const { kind, name } = entry
    const variables = kind === "plugin" || kind === "sandbox"
      ? new Map<string, string>()
      : yield* VendorKinds.given(VendorKinds.kinds[kind as Exclude<Kind, "plugin">])
    vendors.push(vendorLines(entry, variables))
    const vendor = yield* VendorsConfig.make(entry, path.dirname(file)).pipe(
      Effect.provideContext(http),
      Effect.mapError(({ message }) => usage(message))
    )
    if (vendor.defaultModel !== undefined) targets.push(`${name}/${vendor.defaultModel}`)
  }
  // Made only where there is none: whatever stands there is somebody's work.
  yield* files.writeFileString(file, document(vendors, targets), { flag: "wx" }).pipe(
    Effect.mapError(({ reason }) =>
      usage(
        reason._tag === "AlreadyExists"
          ? `${file} is there already, and is left as it is; llmdispatcher check says whether it holds`
          : `${file}: could not be written (${reason._tag})`
      )
    )
  )
  const names = entries.map(({ name }) => name)
  yield* say(
    entries.every(({ kind }) => kind === "sandbox")
      ? `wrote ${file} with the sandbox, since no key was found; see llmdispatcher --help for the variables`
      : `wrote ${file} with ${names.join(", ")}`
  )
  yield* say("next: llmdispatcher check")
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category commands
 */
export const init = (flags: Flags.Init): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path> =>
  failures(flags.debug)(program(flags))
