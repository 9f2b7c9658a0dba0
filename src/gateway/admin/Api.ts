/**
 * The admin API: vendors, routes, circuits, statistics, configuration, principals, keys and the audit over HTTP.
 *
 * Every call needs a key and the scope that its endpoint says; `me` alone needs no scope. The operator's admin key acts
 * as the root. What concerns the installation as a whole (vendors, circuits, routes, configuration, figures over
 * everybody) is told to whoever has the scope: grant it to those who may know. What concerns somebody (principals, keys,
 * the audit, figures by caller, single dispatches) is told only to itself and those above; another's id is not found.
 *
 * In open mode no key is asked, so nothing can be changed and nothing is told of principals, keys and the audit, with
 * whatever key: whoever reaches the port is not known.
 *
 * The configuration is read and checked, but never written: who can write files on that machine, and who looks after a
 * gateway, need not be the same.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Issue } from "../../access/AccessKeys.ts"
import { Event } from "../../access/Audit.ts"
import { Creation, Id, Principal, Update } from "../../access/Principal.ts"
import * as Snapshot from "../../stats/Snapshot.ts"
import { Dimension, Selection } from "../../stats/sql/Selection.ts"
import * as Target from "../../Target.ts"
import { changing, Forbidden, Invalid, Missing, NotConfigured, reading, Unavailable } from "./AdminError.ts"
import * as Models from "./Models.ts"
import { Authorization, RequiredScope, Validation } from "./Scopes.ts"
import * as Stored from "./StoredModels.ts"

const described = (description: string) => OpenApi.annotations({ description })

const name = { name: Schema.String }

const Vendors = HttpApiGroup.make("vendors")
  .add(
    HttpApiEndpoint.get("list", "/vendors", { success: Schema.Array(Models.Vendor) })
      .annotate(RequiredScope, "circuits:read")
      .annotateMerge(described("Who can be asked, how its keys are, and how each of its targets stands.")),
    HttpApiEndpoint.get("get", "/vendors/:name", { params: name, success: Models.Vendor, error: Missing })
      .annotate(RequiredScope, "circuits:read")
      .annotateMerge(described("One of them.")),
    HttpApiEndpoint.post("resetKey", "/vendors/:name/keys/:fingerprint/reset", {
      params: { ...name, fingerprint: Schema.String },
      success: Models.VendorKey,
      error: [Missing, Forbidden, Unavailable]
    })
      .annotate(RequiredScope, "circuits:write")
      .annotateMerge(described("Uses a vendor's key again that the vendor refused.")),
    HttpApiEndpoint.get("circuits", "/circuits", { success: Schema.Array(Models.TargetState) })
      .annotate(RequiredScope, "circuits:read")
      .annotateMerge(described("Circuits, cooldowns, limits and calls under way, of every target."))
  )
  .annotateMerge(described("Who is asked, and how that goes."))

const Routes = HttpApiGroup.make("routes")
  .add(
    HttpApiEndpoint.get("list", "/routes", { success: Schema.Array(Models.Route) })
      .annotate(RequiredScope, "config:read")
      .annotateMerge(described("The names that callers use, and the targets behind them.")),
    HttpApiEndpoint.get("targets", "/targets", {
      query: {
        model: Schema.optionalKey(Schema.String),
        mode: Schema.optionalKey(Schema.Literals(["auto", "fast", "sophisticated", "cost_saving"])),
        user: Schema.optionalKey(Schema.String)
      },
      success: Schema.Array(Target.Target),
      error: Invalid
    })
      .annotate(RequiredScope, "config:read")
      .annotateMerge(described("Who would be asked for a model or a mode, with prices and windows; nobody is asked."))
  )
  .annotateMerge(described("Where requests go."))

const { caller, model, outcome, reason, route, target, vendor } = Selection.fields

const selection = {
  /** Default an hour before `until`. */
  since: Schema.optional(Schema.Int),
  /** Default now. */
  until: Schema.optional(Schema.Int),
  caller,
  model,
  outcome,
  reason,
  route,
  target,
  vendor
}

const limit = Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
const bucket = Schema.optional(Schema.Int.check(Schema.isGreaterThan(0)))
const by = Schema.optional(Dimension)
const stored = [NotConfigured, Missing, Unavailable, Invalid] as const

const Stats = HttpApiGroup.make("stats")
  .add(
    HttpApiEndpoint.get("snapshot", "/stats", { success: Snapshot.Snapshot, error: Unavailable })
      .annotate(RequiredScope, "stats:read")
      .annotateMerge(
        described("What came of the dispatches since the start and of late; callers only from oneself down.")
      ),
    HttpApiEndpoint.get("totals", "/stats/totals", { query: selection, success: Stored.Figures, error: stored })
      .annotate(RequiredScope, "stats:read")
      .annotateMerge(described("Figures of a span of time, by default the last hour.")),
    HttpApiEndpoint.get("series", "/stats/series", {
      query: { ...selection, bucket, by },
      success: Schema.Array(Stored.Point),
      error: stored
    })
      .annotate(RequiredScope, "stats:read")
      .annotateMerge(
        described("Figures over time, in spans of `bucket` milliseconds, by default a sixtieth of it all.")
      ),
    HttpApiEndpoint.get("top", "/stats/top", {
      query: {
        ...selection,
        by: Dimension,
        order: Schema.optional(Schema.Literals(["requests", "cost", "tokens", "failures"])),
        limit
      },
      success: Schema.Array(Stored.Named),
      error: stored
    })
      .annotate(RequiredScope, "stats:read")
      .annotateMerge(described("Those with the most requests, cost, tokens or failures, by default 20.")),
    HttpApiEndpoint.get("percentiles", "/stats/percentiles", {
      query: { ...selection, of: Schema.optional(Schema.Literals(["duration", "timeToFirstPart"])), by, bucket },
      success: Schema.Array(Stored.Percentiles),
      error: stored
    })
      .annotate(RequiredScope, "stats:read")
      .annotateMerge(described("How long answers took, or until they began.")),
    HttpApiEndpoint.get("recent", "/stats/recent", {
      query: {
        ...selection,
        limit,
        beforeStartedAt: Schema.optional(Schema.Int),
        beforeId: Schema.optional(Schema.String)
      },
      success: Schema.Array(Stored.Dispatch),
      error: stored
    })
      .annotate(RequiredScope, "stats:read")
      .annotateMerge(
        described("The last dispatches, by default 20; from a principal on down those of one caller alone.")
      )
  )
  .annotateMerge(described("What was asked and answered. All but the snapshot needs a database."))

const Configuration = HttpApiGroup.make("configuration")
  .add(
    HttpApiEndpoint.get("get", "/config", { success: Models.Configuration })
      .annotate(RequiredScope, "config:read")
      .annotateMerge(described("The configuration that holds now, without its secrets.")),
    HttpApiEndpoint.post("reload", "/config/reload", { success: Models.Reload, error: Unavailable })
      .annotate(RequiredScope, "config:write")
      .annotateMerge(described("Reads the file anew. One that cannot be used changes nothing.")),
    HttpApiEndpoint.post("check", "/config/check", {
      payload: [
        Schema.String.pipe(HttpApiSchema.asText({ contentType: "application/yaml" })),
        Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain" }))
      ],
      success: Models.Checked
    })
      .annotate(RequiredScope, "config:write")
      .annotateMerge(described(
        "What is wrong with a text as the configuration. No file that it names is read and nobody is asked, and \
settings that contradict each other are only found when it is applied."
      ))
  )
  .annotateMerge(described("What the operator wrote."))

const id = { id: Id }

const Principals = HttpApiGroup.make("principals")
  .add(
    HttpApiEndpoint.get("me", "/me", { success: Models.Me, error: reading })
      .annotate(RequiredScope, "none")
      .annotateMerge(described("Whoever asks, and its scopes.")),
    HttpApiEndpoint.get("list", "/principals", {
      query: { parent: Schema.optionalKey(Id) },
      success: Schema.Array(Principal),
      error: reading
    })
      .annotate(RequiredScope, "principals:read")
      .annotateMerge(described("Those directly below a principal, by default whoever asks.")),
    HttpApiEndpoint.post("create", "/principals", {
      payload: Creation,
      success: Principal.pipe(HttpApiSchema.status(201)),
      error: changing
    })
      .annotate(RequiredScope, "principals:write")
      .annotateMerge(described("Makes one below another, who has all that is granted.")),
    HttpApiEndpoint.get("get", "/principals/:id", { params: id, success: Principal, error: reading })
      .annotate(RequiredScope, "principals:read")
      .annotateMerge(described("One of them.")),
    HttpApiEndpoint.patch("update", "/principals/:id", {
      params: id,
      payload: Update,
      success: Principal,
      error: changing
    })
      .annotate(RequiredScope, "principals:write")
      .annotateMerge(described("Changes its name or its grant; what is left out stays. Nobody changes itself.")),
    HttpApiEndpoint.post("revoke", "/principals/:id/revoke", { params: id, success: Principal, error: reading })
      .annotate(RequiredScope, "principals:write")
      .annotateMerge(described("Ends it and all below it, for ever.")),
    HttpApiEndpoint.get("spending", "/principals/:id/spending", {
      params: id,
      success: Schema.Array(Models.Spent),
      error: [...reading, NotConfigured]
    })
      .annotate(RequiredScope, "principals:read")
      .annotateMerge(described("What of its own budgets is spent."))
  )
  .annotateMerge(described("Who may ask what, each below the one that made it."))

const Keys = HttpApiGroup.make("keys")
  .add(
    HttpApiEndpoint.get("list", "/keys", {
      query: { principal: Schema.optionalKey(Id) },
      success: Schema.Array(Models.Key),
      error: reading
    })
      .annotate(RequiredScope, "keys:read")
      .annotateMerge(described("The keys of a principal, by default of whoever asks.")),
    HttpApiEndpoint.post("issue", "/keys", {
      payload: Issue,
      success: Models.Issued.pipe(HttpApiSchema.status(201)),
      error: changing
    })
      .annotate(RequiredScope, "keys:write")
      .annotateMerge(described("Makes a key; its token is told this once.")),
    HttpApiEndpoint.post("rotate", "/keys/:id/rotate", {
      params: id,
      payload: Schema.Struct({
        /** How long the old one goes on, 0 to 30 days. Default 3,600. */
        graceSeconds: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 2_592_000 })))
      }),
      success: Models.Issued.pipe(HttpApiSchema.status(201)),
      error: changing
    })
      .annotate(RequiredScope, "keys:write")
      .annotateMerge(described("Makes another in the place of a key that goes on for a while.")),
    HttpApiEndpoint.post("revoke", "/keys/:id/revoke", { params: id, success: Models.Key, error: reading })
      .annotate(RequiredScope, "keys:write")
      .annotateMerge(described("Ends a key from the next call on."))
  )
  .annotateMerge(described("What callers show. A key has no rights of its own: it speaks for a principal."))

const Audit = HttpApiGroup.make("audit")
  .add(
    HttpApiEndpoint.get("recent", "/audit", {
      query: {
        actor: Schema.optional(Schema.String),
        action: Schema.optional(Schema.String),
        subject: Schema.optional(Schema.String),
        outcome: Schema.optional(Schema.Literals(["done", "refused"])),
        /** Only what belongs to this principal or one below it. */
        within: Schema.optional(Id),
        since: Schema.optional(Schema.Int),
        until: Schema.optional(Schema.Int),
        limit
      },
      success: Schema.Array(Event),
      error: reading
    })
      .annotate(RequiredScope, "audit:read")
      .annotateMerge(described("Changes and refused changes, the newest first, by default 100."))
  )
  .annotateMerge(described("Who changed what."))

/**
 * Everything stands under `/admin/v1`; bodies and queries with unknown fields are refused.
 *
 * @since 0.1.0
 * @category api
 */
export class AdminApi extends HttpApi.make("llmdispatcher")
  .add(Vendors, Routes, Stats, Configuration, Principals, Keys, Audit)
  .prefix("/admin/v1")
  .middleware(Validation)
  .middleware(Authorization)
  .annotate(HttpApi.PayloadParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotate(HttpApi.QueryParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotateMerge(OpenApi.annotations({
    title: "llmdispatcher",
    description: "The gateway's own administration, and the APIs of vendors that it answers."
  }))
{}
