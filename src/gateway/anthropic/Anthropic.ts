/**
 * Anthropic's Messages API: `POST /v1/messages` and `/v1/messages/count_tokens`.
 *
 * Fields that a request has no word for are carried to a vendor of this API as `options.anthropic`; so are tools that
 * Anthropic runs itself.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { RequestInput } from "../../Request.ts"
import type { Dialect } from "../Dialect.ts"
import type { Failure } from "../Failure.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import { Events } from "./Events.ts"
import { refusal } from "./Refusal.ts"

/**
 * @since 0.1.0
 * @category dialects
 */
export const dialect: Dialect = {
  name: "anthropic",
  decode: ({ body }) =>
    Result.map(Decode.decode(body), ({ fieldOf, isStream, model, request }) => ({
      request,
      isStream,
      fieldOf,
      whole: (response, { id }) => Encode.whole(response, id),
      events: ({ id }) => new Events(id, model)
    })),
  refusal
}

/**
 * The request whose tokens are to be counted, from a body of `count_tokens`.
 *
 * @since 0.1.0
 * @category counting
 */
export const decodeCount = (body: unknown): Result.Result<RequestInput, Failure> =>
  Result.map(Decode.decode(body, { isCount: true }), ({ request }) => request)

/**
 * The answer of `count_tokens`.
 *
 * @since 0.1.0
 * @category counting
 */
export const count = (inputTokens: number) => ({ input_tokens: inputTokens })
