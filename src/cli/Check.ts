/**
 * `llmdispatcher check`: whether a configuration holds, and whether its vendors answer.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Assembly from "../config/Assembly.ts"
import type { ConfigError } from "../config/ConfigError.ts"
import * as Runtime from "../config/Runtime.ts"
import * as VendorsConfig from "../config/Vendors.ts"
import { isKeyPool } from "../keys/KeyPool.ts"
import * as Route from "../Route.ts"
import type { Vendor } from "../Vendor.ts"
import { type AttemptError, describe, retryable } from "../VendorError.ts"
import { type ExitCode, Failure, ofVendorError } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { printable, say, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Table from "./Table.ts"
import * as Vendors from "./Vendors.ts"

/** How long a vendor may take to say what it has. */
const limit = 15_000

interface Probe {
  readonly vendor: string
  readonly kind: string
  readonly address: string
  readonly keys: number | null
  readonly models: number | null
  readonly milliseconds: number | null
  readonly status: "answers" | "not asked" | "fails"
  readonly fault: string | null
}

const addressOf = ({ address }: Vendor): string =>
  address === undefined ? "in this process" : `${address.host}:${address.port}`

const probe = Effect.fnUntraced(function*(entry: VendorsConfig.Entry, vendor: Vendor, isOffline: boolean) {
  const known = {
    vendor: entry.name,
    kind: entry.kind,
    address: addressOf(vendor),
    keys: isKeyPool(vendor) ? (yield* vendor.states).length : null
  }
  const unasked: Probe = { ...known, models: null, milliseconds: null, status: "not asked", fault: null }
  if (isOffline) return { row: unasked, error: undefined }
  const startedAt = yield* Clock.currentTimeMillis
  const asked = yield* vendor.models.pipe(
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () => Effect.fail<AttemptError>(retryable({ _tag: "TimedOut", phase: "total", after: limit }))
    }),
    Effect.result
  )
  const milliseconds = (yield* Clock.currentTimeMillis) - startedAt
  return Result.match(asked, {
    onSuccess: (models) => ({
      row: { ...unasked, models: models.length, milliseconds, status: "answers" } satisfies Probe,
      error: undefined
    }),
    onFailure: (error) => ({
      row: { ...unasked, milliseconds, status: "fails", fault: describe(error) } satisfies Probe,
      error
    })
  })
})

const vendorColumns: ReadonlyArray<Table.Column<Probe>> = [
  { title: "vendor", text: ({ vendor }) => vendor },
  { title: "kind", text: ({ kind, vendor }) => kind === vendor ? "" : kind, spare: 2 },
  { title: "address", text: ({ address }) => address, spare: 3, least: 12 },
  { title: "keys", text: ({ keys }) => keys === null ? "" : String(keys), align: "right", spare: 1 },
  { title: "models", text: ({ models }) => models === null ? "" : String(models), align: "right" },
  {
    title: "time",
    text: ({ milliseconds }) => milliseconds === null ? "" : `${Math.round(milliseconds)} ms`,
    align: "right"
  },
  { title: "status", text: ({ fault, status }) => fault ?? status, least: 20 }
]

interface RouteRow {
  readonly route: string
  readonly strategy: string
  readonly targets: ReadonlyArray<string>
}

const routeColumns: ReadonlyArray<Table.Column<RouteRow>> = [
  { title: "route", text: ({ route }) => route },
  { title: "strategy", text: ({ strategy }) => strategy },
  { title: "targets", text: ({ targets }) => targets.join(", "), least: 20 }
]

const program = Effect.fnUntraced(function*(flags: Flags.Check) {
  const from = yield* Vendors.options(flags.config)
  const loaded = yield* Effect.mapError(Runtime.load(from), Vendors.badConfiguration)
  const http = yield* Layer.build(Vendors.layerHttp(loaded.entries))
  const bad = (error: ConfigError) => Vendors.badConfiguration(Runtime.located(loaded)(error))
  const faults: Array<Failure> = []
  const made: Array<{ readonly entry: VendorsConfig.Entry; readonly vendor: Vendor }> = []
  for (const entry of loaded.entries) {
    const vendor = yield* Effect.result(
      Effect.provideContext(Effect.mapError(VendorsConfig.make(entry, loaded.directory), bad), http)
    )
    if (Result.isSuccess(vendor)) made.push({ entry, vendor: vendor.success })
    else faults.push(vendor.failure)
  }
  if (faults.length > 0) {
    return yield* new Failure({
      code: faults[0]!.code,
      message: faults.map(({ message }) => message).join("\nllmdispatcher: "),
      cause: faults[0]
    })
  }
  const assembled = yield* Effect.mapError(
    Assembly.make(() => []).assemble(loaded.config, made.map(({ vendor }) => vendor)),
    bad
  )
  const probes = yield* Effect.forEach(made, ({ entry, vendor }) => probe(entry, vendor, flags.offline), {
    concurrency: "unbounded"
  })
  const routes = Object.entries(assembled.routes ?? {}).map(([name, input]): RouteRow => {
    const { strategy, targets } = Route.make(name, input)
    return {
      route: name,
      strategy: typeof strategy === "string" ? strategy : "its own",
      targets: targets.map(({ id }) => id)
    }
  })
  const rows = probes.map(({ row }) => row)
  if (flags.json) {
    yield* stdout.write(`${JSON.stringify({ file: loaded.file ?? null, vendors: rows, routes })}\n`)
  } else {
    const width = process.stdout.columns ?? Infinity
    yield* stdout.write(`${printable(loaded.file ?? "no file, so the environment counts")}\n\n`)
    yield* stdout.write(Table.render(vendorColumns, rows, width))
    if (routes.length > 0) yield* stdout.write(`\n${Table.render(routeColumns, routes, width)}`)
  }
  for (const { description, variable } of loaded.warnings) yield* say(`${variable ?? ""}: ${description}`)
  const errors = probes.flatMap(({ error, row }) => error === undefined ? [] : [{ error, name: row.vendor }])
  if (errors.length > 0) {
    return yield* new Failure({
      code: Math.max(...errors.map(({ error }) => ofVendorError(error))),
      message: `the configuration is valid, but ${errors.map(({ name }) => name).join(", ")} ${
        errors.length === 1 ? "does" : "do"
      } not answer`,
      cause: errors[0]?.error
    })
  }
  yield* say("the configuration is valid")
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category commands
 */
export const check = (flags: Flags.Check): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path> =>
  failures(flags.debug)(program(flags))
