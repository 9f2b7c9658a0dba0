/**
 * Responses over HTTP, for OpenAI and whoever else serves it.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import * as WireProtocol from "../../wire/Protocol.ts"
import type { Profile } from "../openai/Profile.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"

/**
 * Characters of one event, 16 Mi: the last one holds the whole answer again, its encrypted reasoning and images included.
 */
const defaultMaxEventSize = 16 * 1024 * 1024

/**
 * `path` is after the base URL; metadata of parts stand under the first of the profile's `optionNames`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  profile: Profile,
  path: string,
  maxEventSize: number | undefined
): WireProtocol.Protocol => {
  const vendor = profile.optionNames[0]!
  return {
    encode: (call, options) => Result.map(Encode.encode(call, profile, options), (encoded) => ({ ...encoded, path })),
    whole: Decode.whole(vendor),
    streamed: WireProtocol.events(Decode.streamDecoder(vendor), maxEventSize ?? defaultMaxEventSize)
  }
}
