/**
 * Writes down every change of the configuration that takes hold, whether a call, a signal or the file itself brought it.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, Stream, SubscriptionRef } from "effect"
import type { Audit } from "../../access/Audit.ts"
import * as Changes from "../../access/Changes.ts"
import { CurrentPrincipal } from "../../access/CurrentPrincipal.ts"
import { rootId } from "../../access/Principal.ts"
import type { Loaded, Runtime } from "../../config/Runtime.ts"

/**
 * Until the Scope closes. Who can write the file is the operator, so the root is told as who did it; a call that asked
 * for it stands in the audit by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const follow = Effect.fnUntraced(function*(
  { loaded }: Pick<Runtime, "loaded">,
  audit: Pick<Audit["Service"], "record">
): Effect.fn.Return<void, never, Scope.Scope> {
  let before: Loaded["config"] | undefined
  const record = (config: Loaded["config"]) =>
    Effect.suspend(() => {
      const changes = before === undefined ? [] : Changes.between(before, config)
      before = config
      return changes.length === 0 ? Effect.void : audit.record({
        action: "config.change",
        subject: "config",
        outcome: "done",
        changes,
        lineage: [rootId]
      })
    }).pipe(
      Effect.provideService(CurrentPrincipal, { id: rootId }),
      Effect.catch((error) => Effect.logError(`a change of the configuration is not in the audit: ${error.message}`))
    )
  yield* Effect.forkScoped(
    Stream.runForEach(SubscriptionRef.changes(loaded), ({ config }) => record(config)),
    { startImmediately: true }
  )
})
