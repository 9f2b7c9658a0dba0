/**
 * What the admin API tells, as Schemas. No secret is in any of it but a token in the answer that issues it.
 *
 * Moments are epoch milliseconds, times milliseconds, cost US dollars.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { AccessKey } from "../../access/AccessKey.ts"
import { Scope } from "../../access/Grant.ts"
import { Principal } from "../../access/Principal.ts"
import { Period } from "../../access/Spending.ts"
import { Fault } from "../../config/Fault.ts"
import * as Snapshot from "../../stats/Snapshot.ts"
import * as Target from "../../Target.ts"

/**
 * One key of a vendor, known by 8 digits of its hash.
 *
 * @since 0.1.0
 * @category models
 */
export const VendorKey = Schema.Struct({
  fingerprint: Schema.String,
  weight: Schema.Finite,
  state: Schema.Literals(["usable", "coolingDown", "rejected", "exhausted"]),
  until: Schema.optionalKey(Schema.Finite),
  /** Those for which the state holds; absent where it holds for all. */
  models: Schema.optionalKey(Schema.Array(Schema.String)),
  inFlight: Schema.Natural,
  calls: Schema.Natural,
  failures: Schema.Natural
}).annotate({ identifier: "VendorKey" })

/**
 * How a target stands, as far as that is known.
 *
 * @since 0.1.0
 * @category models
 */
export const TargetState = Schema.Struct({
  target: Schema.String,
  inFlight: Snapshot.Target.fields.inFlight,
  circuit: Snapshot.Target.fields.circuit,
  coolingDownUntil: Snapshot.Target.fields.coolingDownUntil,
  limits: Snapshot.Target.fields.limits
}).annotate({ identifier: "TargetState" })

/**
 * @since 0.1.0
 * @category models
 */
export type TargetState = typeof TargetState.Type

/**
 * @since 0.1.0
 * @category models
 */
export const Vendor = Schema.Struct({
  name: Schema.String,
  /** As OpenTelemetry names it. */
  provider: Schema.String,
  /** As the configuration names it; absent for a vendor that came while the gateway ran. */
  kind: Schema.optionalKey(Schema.String),
  address: Schema.optionalKey(Schema.Struct({ host: Schema.String, port: Schema.Int })),
  defaultModel: Schema.optionalKey(Schema.String),
  /** Absent where it has one key alone, or none. */
  keys: Schema.optionalKey(Schema.Array(VendorKey)),
  /** Why the keys could not be read anew. */
  keysFault: Schema.optionalKey(Schema.String),
  targets: Schema.Array(TargetState)
}).annotate({ identifier: "AdminVendor" })

/**
 * @since 0.1.0
 * @category models
 */
export type Vendor = typeof Vendor.Type

/**
 * @since 0.1.0
 * @category models
 */
export const Route = Schema.Struct({
  name: Schema.String,
  /** `custom` where it is a function of the program's own. */
  strategy: Schema.String,
  onInterrupted: Schema.Literals(["fail", "resume"]),
  targets: Schema.Array(Target.Target)
}).annotate({ identifier: "AdminRoute" })

/**
 * @since 0.1.0
 * @category models
 */
export const Configuration = Schema.Struct({
  /** Absent where there is none. */
  file: Schema.optionalKey(Schema.String),
  directory: Schema.String,
  /** All that holds now, file and environment together; every secret is `<redacted>`. */
  config: Schema.Record(Schema.String, Schema.Json),
  /** Also those that only the environment gives. */
  vendors: Schema.Array(Schema.Struct({ name: Schema.String, kind: Schema.String })),
  warnings: Schema.Array(Fault)
}).annotate({ identifier: "Configuration" })

/**
 * What came of reading the file anew; `restart` names the settings that hold only when the gateway starts again.
 *
 * @since 0.1.0
 * @category models
 */
export const Reload = Schema.Union([
  Schema.TaggedStruct("Applied", { restart: Schema.Array(Schema.String) }),
  Schema.TaggedStruct("Rejected", { message: Schema.String }),
  Schema.TaggedStruct("Unchanged", {})
]).annotate({ identifier: "Reload" })

/**
 * No faults: the text can be used.
 *
 * @since 0.1.0
 * @category models
 */
export const Checked = Schema.Struct({
  faults: Schema.Array(Fault),
  warnings: Schema.Array(Fault)
}).annotate({ identifier: "Checked" })

const { hash: _, ...told } = AccessKey.fields

/**
 * What is told of a key.
 *
 * @since 0.1.0
 * @category models
 */
export const Key = Schema.Struct(told).annotate({ identifier: "Key" })

/**
 * @since 0.1.0
 * @category models
 */
export type Key = typeof Key.Type

/**
 * What is told of a key that is kept.
 *
 * @since 0.1.0
 * @category conversions
 */
export const keyOf = (kept: AccessKey): Key => {
  const { hash: _, ...key } = kept
  return key
}

/**
 * A key that was just made; `token` is told this once.
 *
 * @since 0.1.0
 * @category models
 */
export const Issued = Schema.Struct({
  token: Schema.RedactedFromValue(Schema.String),
  key: Key
}).annotate({ identifier: "IssuedKey" })

/**
 * @since 0.1.0
 * @category models
 */
export type Issued = typeof Issued.Type

/**
 * Whoever asks; in open mode nobody, and what everybody may see.
 *
 * @since 0.1.0
 * @category models
 */
export const Me = Schema.Struct({
  principal: Schema.optionalKey(Principal),
  /** The id of the key. */
  key: Schema.optionalKey(Schema.String),
  scopes: Schema.Array(Scope)
}).annotate({ identifier: "Me" })

/**
 * What a principal and all below it spent of one budget; amounts are US dollars with all their digits.
 *
 * @since 0.1.0
 * @category models
 */
export const Spent = Schema.Struct({
  period: Period,
  limit: Schema.String,
  spent: Schema.String,
  /** Held for requests under way. */
  reserved: Schema.String,
  /** Answers whose cost nobody knows. */
  unknown: Schema.Natural,
  /** Absent for one that never begins anew. */
  resetsAt: Schema.optionalKey(Schema.Finite)
}).annotate({ identifier: "Spent" })
