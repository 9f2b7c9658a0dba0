/**
 * Several processes on one port: the first one listens and shares its socket, the others serve.
 *
 * Each has vendors, limits and statistics of its own; what is to hold for all of them together stands in a database.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import cluster, { type Worker } from "node:cluster"
import { Failure, usage } from "./ExitCode.ts"
import { say } from "./Output.ts"

/**
 * Whether this process is one that serves for another.
 *
 * @since 0.1.0
 * @category constants
 */
export const isWorker: boolean = cluster.isWorker

/** Between the end of a worker and the next one in its place. */
const pause = "1 second"

/** What workers may need beside the time that their calls have to end in, before they are cut. */
const margin = "30 seconds"

/** Asks the worker to stop, and waits until it is gone. */
const stop = (worker: Worker, patience: Duration.Duration): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (worker.isDead()) return resume(Effect.void)
    worker.once("exit", () => resume(Effect.void))
    worker.process.kill("SIGTERM")
  }).pipe(
    Effect.timeoutOption(patience),
    Effect.andThen(Effect.sync(() => worker.isDead() || worker.process.kill("SIGKILL")))
  )

/** One worker from its start to its end; whoever is interrupted ends it. */
const life = (
  listens: (address: { readonly address: string; readonly port: number }) => void,
  patience: Duration.Duration
) =>
  Effect.callback<{ readonly code: number; readonly served: boolean }>((resume) => {
    const worker = cluster.fork()
    let served = false
    worker.once("listening", ({ address, port }) => {
      served = true
      listens({ address, port })
    })
    worker.once("exit", (code: number | null) => resume(Effect.succeed({ code: code ?? 1, served })))
    return stop(worker, patience)
  })

/** Every SIGHUP goes on to the workers. */
const hangUps = Effect.acquireRelease(
  Effect.sync(() => {
    const tell = () => {
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGHUP")
    }
    process.on("SIGHUP", tell)
    return tell
  }),
  (tell) => Effect.sync(() => process.removeListener("SIGHUP", tell))
)

/**
 * Starts so many workers with this process's own arguments and keeps them, until the Scope closes; they are told to stop
 * as this process is, and their calls may go on for as long as `drain`.
 *
 * Fails where a worker cannot begin, with the exit code it left.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = Effect.fnUntraced(function*(
  count: number,
  drain: Duration.Input = "30 seconds"
): Effect.fn.Return<never, Failure, Scope.Scope> {
  if (!Number.isInteger(count) || count < 1 || count > 256) return yield* usage("--workers must be from 1 to 256")
  yield* hangUps
  const patience = Duration.sum(Duration.fromInputUnsafe(drain), Duration.fromInputUnsafe(margin))
  let ready = 0
  const listening = yield* Deferred.make<{ readonly address: string; readonly port: number }>()
  const listens = (address: { readonly address: string; readonly port: number }) => {
    ready += 1
    if (ready === count) Deferred.doneUnsafe(listening, Effect.succeed(address))
  }
  const place = Effect.gen(function*() {
    for (;;) {
      const { code, served } = yield* life(listens, patience)
      // What keeps one from beginning would keep every further one.
      if (!served) return yield* new Failure({ code: code === 0 ? 1 : code, message: "a worker could not begin" })
      yield* say(`a worker ended with ${code}; another takes its place`)
      yield* Effect.sleep(pause)
    }
  })
  yield* Effect.forkScoped(Effect.flatMap(Deferred.await(listening), ({ address, port }) =>
    Effect.suspend(() => {
      process.exitCode = 0
      return say(`llmdispatcher listens on http://${address}:${port} with ${count} workers`)
    })))
  return yield* Effect.raceAllFirst(Array.from({ length: count }, () => place))
})
