/**
 * The list of models, page by page.
 *
 * @since 0.1.0
 */
import { Effect, Result, Schema } from "effect"
import type { Model } from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import type { Http } from "../../wire/Http.ts"
import * as Wire from "./Wire.ts"

/** The most models that the API puts on one page. */
const pageSize = 1_000

/** More pages than this are a server that does not end. */
const maxPages = 100

const decode = Schema.decodeUnknownResult(Wire.ModelList)

/**
 * The ids of models are told without `models/`.
 *
 * @since 0.1.0
 * @category models
 */
export const list = (http: Http): Effect.Effect<ReadonlyArray<Model>, AttemptError> => {
  const page = (token: string, number: number): Effect.Effect<ReadonlyArray<Model>, AttemptError> => {
    const query = token === "" ? "" : `&pageToken=${encodeURIComponent(token)}`
    return Effect.flatMap(http.get(`/models?pageSize=${pageSize}${query}`), ({ json, refine }) => {
      const answer = decode(json)
      if (Result.isFailure(answer)) return Effect.fail(refine(malformed("the answer is not a list of models")))
      const { models, nextPageToken } = answer.success
      const told = (models ?? []).map(({ description, displayName, name }) => {
        const words = description || displayName
        return { id: name.replace(/^models\//, ""), ...(words ? { description: words } : undefined) }
      })
      if (!nextPageToken || nextPageToken === token) return Effect.succeed(told)
      if (number >= maxPages) return Effect.fail(refine(malformed("the list of models does not end")))
      return Effect.map(page(nextPageToken, number + 1), (rest) => [...told, ...rest])
    })
  }
  return page("", 1)
}
