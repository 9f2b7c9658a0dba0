/**
 * Who acts just now.
 *
 * @since 0.1.0
 */
import { Context } from "effect"

/**
 * The principal on whose behalf something is done, the key it came with and the request it is part of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Caller {
  readonly id: string
  /** The id of the access key, never the key. */
  readonly key?: string | undefined
  readonly requestId?: string | undefined
}

/**
 * Set by whoever has made sure of it: a gateway that verified a key, a command line of the operator's. Where it is not
 * set, nobody acts, and nobody may do anything.
 *
 * @since 0.1.0
 * @category references
 */
export const CurrentPrincipal = Context.Reference<Caller | undefined>("llmdispatcher/access/CurrentPrincipal", {
  defaultValue: () => undefined
})
