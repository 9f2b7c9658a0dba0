/**
 * A request of which some fields were changed by what prepares it.
 *
 * @since 0.1.0
 */
import { Request } from "../Request.ts"

/**
 * The same request with other values in some fields, taken as they are: the constructor would look through the whole
 * conversation again.
 *
 * @since 0.1.0
 * @category combinators
 */
export const changed = (request: Request, fields: Partial<Pick<Request, "prompt" | "maxTokens">>): Request =>
  Object.assign(Object.create(Request.prototype), request, fields)
