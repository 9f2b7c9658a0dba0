/**
 * `llmdispatcher models`: what can be asked.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { Model, Vendor } from "../Vendor.ts"
import { describe, retryable, withContext } from "../VendorError.ts"
import { type ExitCode, Failure, ofVendorError } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { printable, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Vendors from "./Vendors.ts"

/** How long a vendor may take to list its models. */
const limit = "30 seconds"

const tooSlow = Effect.fail(retryable({ _tag: "TimedOut", phase: "total", after: 30_000 }))

const list = (vendor: Vendor) =>
  vendor.models.pipe(
    Effect.timeoutOrElse({ duration: limit, orElse: () => tooSlow }),
    Effect.map((models) => models.map((model) => row(vendor, model))),
    Effect.mapError((error) => withContext(error, { vendor: vendor.name })),
    Effect.result
  )

const row = (vendor: Vendor, model: Model) => ({
  id: `${vendor.name}/${model.id}`,
  vendor: vendor.name,
  model: model.id,
  default: model.id === vendor.defaultModel,
  description: model.description ?? null
})

const table = (rows: ReadonlyArray<ReturnType<typeof row>>): string => {
  const cells = rows.map(({ default: isDefault, description, id, vendor }) => [
    id,
    vendor,
    isDefault ? "default" : "",
    description ?? ""
  ])
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((cell) => cell[column]!.length)))
  return cells.map((cell) => `${cell.map((text, at) => text.padEnd(widths[at] ?? 0)).join("  ").trimEnd()}\n`).join("")
}

const program = Effect.fnUntraced(function*(flags: Flags.Models) {
  const all = yield* Vendors.fromEnvironment({ vendors: flags.vendors })
  const vendors = all.filter((vendor) => flags.vendors.length === 0 || flags.vendors.includes(vendor.name))
  const lists = yield* Effect.forEach(vendors, list, { concurrency: "unbounded" })
  const rows = lists.flatMap((list) => list._tag === "Success" ? list.success : [])
  yield* stdout.write(flags.json ? `${JSON.stringify(rows)}\n` : printable(table(rows)))
  // What could be listed is printed all the same; the exit code tells that it is not all.
  const errors = lists.flatMap((list) => list._tag === "Failure" ? [list.failure] : [])
  if (errors.length > 0) {
    return yield* new Failure({
      code: Math.max(...errors.map(ofVendorError)),
      message: errors.map(describe).join("\nllmdispatcher: "),
      cause: errors[0]
    })
  }
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category commands
 */
export const models = (flags: Flags.Models): Effect.Effect<void, ExitCode> => failures(flags.debug)(program(flags))
