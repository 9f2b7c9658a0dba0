/**
 * What answers, on `node:http`, every path that is no API of a vendor's.
 *
 * @since 0.1.0
 */
import { makeHandler } from "@effect/platform-node/NodeHttpServer"
import { Effect, type Scope } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as App from "./admin/App.ts"

/**
 * For the server's `otherwise`; what is under way when the Scope closes is cut.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: App.Options
): Effect.fn.Return<(request: IncomingMessage, response: ServerResponse) => void, never, Scope.Scope> {
  const scope = yield* Effect.scope
  return yield* makeHandler(yield* App.make(options), { scope })
})
