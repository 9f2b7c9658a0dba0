/**
 * What a dispatcher is told so that principals are permitted, limited, charged and counted as who they are, and not as
 * the `user` that a request names.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { Access } from "../access/Access.ts"
import { CurrentPrincipal } from "../access/CurrentPrincipal.ts"
import type { Options } from "../Dispatcher.ts"
import type { Request } from "../Request.ts"

/**
 * `prepare` has to stand last among those that prepare a request: what is authorised is what is sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  access: Pick<Access["Service"], "admission" | "prepare" | "permit">
): Required<Pick<Options, "admission" | "prepare" | "permit" | "caller">> => {
  /** Records are made of requests alone, where nobody knows any more who asked. */
  const callers = new WeakMap<Request, string>()
  const note = (request: Request): Effect.Effect<void> =>
    Effect.map(CurrentPrincipal, (caller) => {
      if (caller !== undefined) callers.set(request, caller.id)
    })
  return {
    admission: [({ request }) => note(request), access.admission],
    prepare: [access.prepare],
    permit: (request) => Effect.andThen(note(request), access.permit(request)),
    caller: (request) => callers.get(request)
  }
}
