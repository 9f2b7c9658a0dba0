/**
 * The configuration, told without its secrets, read anew, and a text checked as one.
 *
 * @since 0.1.0
 */
import { Effect, SubscriptionRef } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Changes from "../../access/Changes.ts"
import { rootId } from "../../access/Principal.ts"
import { DispatcherConfig } from "../../config/DispatcherConfig.ts"
import * as Document from "../../config/Document.ts"
import { type Administration } from "./Administration.ts"
import { overHttp } from "./AdminError.ts"
import { AdminApi } from "./Api.ts"

/** In the place of what a file holds: long enough for any secret. */
const unread = "x".repeat(64)

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (administration: Administration) => {
  const { access, options: { environment, reserved = [] }, runtime } = administration
  const current = SubscriptionRef.get(runtime.loaded)

  const reload = Effect.gen(function*() {
    const reload = yield* runtime.reload
    if (access !== undefined) {
      yield* overHttp(access.audit.record({
        action: "config.reload",
        subject: "config",
        outcome: reload._tag === "Rejected" ? "refused" : "done",
        reason: reload._tag,
        lineage: [rootId]
      }))
    }
    return reload
  })

  return HttpApiBuilder.group(AdminApi, "configuration", (handlers) =>
    handlers
      .handle("get", () =>
        Effect.map(current, ({ config, directory, entries, file, warnings }) => ({
          ...(file === undefined ? undefined : { file }),
          directory,
          config: Object.fromEntries(
            Changes.between({}, config).map(({ after = null, path }) => [path, after])
          ),
          vendors: entries.map(({ kind, name }) => ({ name, kind })),
          warnings
        })))
      .handle("reload", () => reload)
      .handle("check", ({ payload }) =>
        Document.read(
          DispatcherConfig,
          { file: "the text", text: payload },
          // Which files are there, and what a device holds, is for nobody to find out from afar.
          { ...environment, readFile: () => Effect.succeed(unread) },
          { reserved }
        ).pipe(
          Effect.match({
            onFailure: ({ faults }) => ({ faults, warnings: [] }),
            onSuccess: ({ warnings }) => ({ faults: [], warnings })
          })
        )))
}
