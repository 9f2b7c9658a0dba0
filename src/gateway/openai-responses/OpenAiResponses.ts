/**
 * OpenAI's Responses, as callers speak it: `POST /v1/responses`.
 *
 * @see https://platform.openai.com/docs/api-reference/responses
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Dialect } from "../Dialect.ts"
import * as Refusal from "../openai/Refusal.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Events from "./Events.ts"

/**
 * The dialect.
 *
 * @since 0.1.0
 * @category constants
 */
export const dialect: Dialect = {
  name: "openai-responses",
  decode: ({ body }) =>
    Result.map(Decode.decode(body), (decoded) => ({
      request: decoded.request,
      isStream: decoded.isStream,
      fieldOf: decoded.fieldOf,
      whole: (response, surroundings) => Encode.whole(response, decoded, surroundings),
      events: (surroundings) => Events.make(decoded, surroundings)
    })),
  refusal: Refusal.make
}
