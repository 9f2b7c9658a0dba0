/**
 * How hard a model is to think, in OpenAI's words, which are a request's too.
 *
 * @since 0.1.0
 */
import type { Request } from "../../Request.ts"

type Effort = NonNullable<Request["reasoningEffort"]>

const known: ReadonlySet<unknown> = new Set<Effort>(["none", "minimal", "low", "medium", "high", "xhigh"])

/**
 * Whether a request has the word; OpenAI's "max" it has not.
 *
 * @since 0.1.0
 * @category guards
 */
export const isKnown = (value: unknown): value is Effort => known.has(value)
