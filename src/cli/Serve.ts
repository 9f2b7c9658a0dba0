/**
 * `llmdispatcher serve`: the gateway, until it is told to stop.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Runtime from "../config/Runtime.ts"
import * as Watch from "../config/Watch.ts"
import * as Gateway from "../gateway/Gateway.ts"
import * as NodeServer from "../gateway/NodeServer.ts"
import * as Open from "../gateway/Open.ts"
import * as ModelList from "../ModelList.ts"
import type { Vendor } from "../Vendor.ts"
import { type ExitCode, usage } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { say } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Vendors from "./Vendors.ts"
import * as Workers from "./Workers.ts"

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

const program = Effect.fnUntraced(function*(flags: Flags.Serve) {
  const from = yield* Vendors.options(flags.config)
  const loaded = yield* Effect.mapError(Runtime.load(from), Vendors.badConfiguration)
  const { gateway: settings = {} } = loaded.config
  const host = Option.getOrElse(flags.host, () => settings.host ?? "127.0.0.1")
  const port = Option.getOrElse(flags.port, () => settings.port ?? 8080)
  const isOpen = flags.open || settings.open === true
  if (isOpen && !Open.isLoopback(host)) {
    return yield* usage(`--open asks no key of anybody, so it is for this machine only: ${host} is not 127.0.0.1`)
  }
  if (!isOpen) {
    return yield* usage("callers need keys, and there are none yet; on this machine alone --open goes without")
  }
  if (flags.workers !== 1 && !Workers.isWorker) return yield* Workers.run(flags.workers)
  const { runtime, telemetry } = yield* Vendors.start(from, loaded)
  yield* Watch.follow(runtime, { triggers: hangUps })
  const gateway = Gateway.make({
    dispatcher: runtime.dispatcher,
    models: yield* lists,
    authenticate: () => Effect.undefined
  })
  const server = yield* NodeServer.serve(gateway, {
    host,
    port,
    guard: Open.guard,
    maxBodySize: settings.maxBodySize,
    maxConnections: settings.maxConnections,
    requestTimeout: settings.requestTimeout,
    drain: settings.drain,
    otherwise: (_, response) => {
      response.writeHead(404, { "content-type": "application/json" }).end("{\"error\":{\"message\":\"not found\"}}")
    }
  }).pipe(
    // Every call is traced and counted where the configuration says.
    Effect.provideContext(telemetry),
    Effect.mapError(({ message }) => usage(message))
  )
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
