/**
 * OpenAI's Chat Completions, as callers speak it: `POST /v1/chat/completions`.
 *
 * @see https://platform.openai.com/docs/api-reference/chat
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
  name: "openai-chat",
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
