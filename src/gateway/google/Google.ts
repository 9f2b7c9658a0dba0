/**
 * The Gemini API: `models/{model}:generateContent` and `:streamGenerateContent`.
 *
 * The path tells `model` and `method`, the query `alt`: a stream is one growing array where that is not `sse`. Fields
 * that a request has no word for are carried to a vendor of this API as `options.google`; so are tools that the API runs
 * itself.
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
  name: "google",
  decode: ({ body, path, query }) => {
    const model = path["model"] ?? ""
    return Result.map(Decode.decode(body, model), ({ fieldOf, request }) => ({
      request,
      isStream: path["method"] === "streamGenerateContent",
      fieldOf,
      whole: (response, { id }) => Encode.whole(response, id),
      events: ({ id }) => new Events(id, model, query["alt"] !== "sse")
    }))
  },
  refusal
}

/**
 * The request whose tokens are to be counted, from a body of `countTokens`.
 *
 * @since 0.1.0
 * @category counting
 */
export const decodeCount = (body: unknown, model: string): Result.Result<RequestInput, Failure> =>
  Result.map(Decode.decode(Decode.counted(body), model), ({ request }) => request)

/**
 * The answer of `countTokens`.
 *
 * @since 0.1.0
 * @category counting
 */
export const count = (totalTokens: number) => ({ totalTokens })
