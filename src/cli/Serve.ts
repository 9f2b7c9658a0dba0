/**
 * `llmdispatcher serve`: the gateway, until it is told to stop.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createRequire } from "node:module"
import type { DispatcherConfig } from "../config/DispatcherConfig.ts"
import * as Runtime from "../config/Runtime.ts"
import * as Watch from "../config/Watch.ts"
import * as AccessLog from "../gateway/AccessLog.ts"
import * as Authentication from "../gateway/Authentication.ts"
import * as ConfigurationAudit from "../gateway/admin/ConfigurationAudit.ts"
import * as Fairness from "../gateway/Fairness.ts"
import * as Gateway from "../gateway/Gateway.ts"
import * as NodeAdmin from "../gateway/NodeAdmin.ts"
import * as NodeServer from "../gateway/NodeServer.ts"
import * as Open from "../gateway/Open.ts"
import * as ModelList from "../ModelList.ts"
import type { Vendor } from "../Vendor.ts"
import * as Callers from "./Callers.ts"
import type * as Equipment from "./Equipment.ts"
import { type ExitCode, type Failure, usage } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { say, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Vendors from "./Vendors.ts"
import * as Workers from "./Workers.ts"

const { version }: { readonly version: string } = createRequire(import.meta.url)("../../package.json")

/** Every SIGHUP, while somebody listens. */
const hangUps: Stream.Stream<void> = Stream.callback((queue) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const told = () => Queue.offerUnsafe(queue, undefined)
      process.on("SIGHUP", told)
      return told
    }),
    (told) => Effect.sync(() => process.removeListener("SIGHUP", told))
  )
)

/** Each vendor's list, kept as long as the vendor itself is. */
const lists = Effect.map(Effect.scope, (scope) => {
  const kept = new WeakMap<Vendor, Vendor["models"]>()
  return (vendor: Vendor): Vendor["models"] =>
    Effect.suspend(() => {
      const known = kept.get(vendor)
      if (known !== undefined) return known
      return Effect.flatMap(Scope.provide(ModelList.cached(vendor), scope), ({ models }) => {
        kept.set(vendor, models)
        return models
      })
    })
})

/** The next signal to stop after the first one. */
const hurry: Effect.Effect<void> = Effect.callback((resume) => {
  const told = () => resume(Effect.void)
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, told)
  return Effect.sync(() => {
    for (const signal of ["SIGTERM", "SIGINT"]) process.removeListener(signal, told)
  })
})

/** Who can be let in at all, before anything is started. */
const checkAccess = Effect.fnUntraced(function*(
  isOpen: boolean,
  host: string,
  workers: number,
  { gateway, statistics }: DispatcherConfig
): Effect.fn.Return<void, Failure> {
  if (isOpen) {
    if (Open.isLoopback(host)) return
    return yield* usage(`--open asks no key of anybody, so it is for this machine only: ${host} is not 127.0.0.1`)
  }
  yield* Effect.mapError(
    Authentication.checkAdminKey(gateway?.adminKey),
    ({ description, path }) => usage(`${path} ${description}`)
  )
  if (statistics?.database !== undefined && statistics.database !== false) return
  if (gateway?.adminKey === undefined) {
    return yield* usage(
      "callers need keys, and nobody could make one: set gateway.adminKey, or statistics.database for llmdispatcher \
keys; on this machine alone --open goes without"
    )
  }
  if (workers !== 1) {
    return yield* usage("several workers have the same keys only in a database: set statistics.database")
  }
  yield* say("without statistics.database the keys that are made end with this process")
})

/** The queries of the statistics' database, where there is one. */
const queriesOf = Effect.fnUntraced(function*({ database }: Equipment.Equipment) {
  if (database === undefined) return undefined
  const { Queries, layer } = yield* Effect.promise(() => import("../stats/sql/Queries.ts"))
  return Context.get(yield* Effect.provideContext(Layer.build(layer), database), Queries)
})

const program = Effect.fnUntraced(function*(flags: Flags.Serve) {
  const from = yield* Vendors.options(flags.config)
  const loaded = yield* Effect.mapError(Runtime.load(from), Vendors.badConfiguration)
  const { gateway: settings = {} } = loaded.config
  const host = Option.getOrElse(flags.host, () => settings.host ?? "127.0.0.1")
  const port = Option.getOrElse(flags.port, () => settings.port ?? 8080)
  const isOpen = flags.open || settings.open === true
  yield* checkAccess(isOpen, host, flags.workers, loaded.config)
  if (flags.workers !== 1 && !Workers.isWorker) return yield* Workers.run(flags.workers, settings.drain)

  let callers: Callers.Callers | undefined
  const { equipment, runtime, telemetry } = yield* Vendors.start(from, loaded, (equipment, runtime) =>
    isOpen
      ? Effect.succeed({})
      : Effect.map(Callers.make(loaded.config, equipment, runtime), (made) => {
        callers = made
        return made.attribution
      }))
  yield* Watch.follow(runtime, { triggers: hangUps })
  if (callers !== undefined) yield* ConfigurationAudit.follow(runtime, callers.administration.audit)

  const { log } = yield* AccessLog.make({ write: (lines) => Effect.ignore(stdout.write(lines)) })
  const gateway = Gateway.make({
    dispatcher: runtime.dispatcher,
    models: yield* lists,
    authenticate: callers?.administration.authenticate ?? (() => Effect.undefined),
    visible: callers?.access.visible,
    permitUse: callers?.access.permitUse,
    conceal: callers?.access.conceal,
    fairness: Fairness.make(),
    log
  })
  let isReady = () => false
  const otherwise = yield* Effect.provideContext(
    NodeAdmin.make({
      runtime,
      options: from,
      access: callers?.administration,
      queries: yield* queriesOf(equipment),
      isReady: () => isReady(),
      version,
      log
    }),
    telemetry
  )
  const server = yield* NodeServer.serve(gateway, {
    host,
    port,
    guard: isOpen ? Open.guard : undefined,
    maxBodySize: settings.maxBodySize,
    maxConnections: settings.maxConnections,
    requestTimeout: settings.requestTimeout,
    drain: settings.drain,
    hurry,
    otherwise
  }).pipe(
    // Every call is traced and counted where the configuration says.
    Effect.provideContext(telemetry),
    Effect.mapError(({ message }) => usage(message))
  )
  isReady = server.isReady
  if (!Workers.isWorker) yield* say(`llmdispatcher listens on http://${server.host}:${server.port}`)
  // From here on to be stopped is no failure.
  process.exitCode = 0
  return yield* Effect.never
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category commands
 */
export const serve = (flags: Flags.Serve): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path> =>
  failures(flags.debug)(program(flags))
