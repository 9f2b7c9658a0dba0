/**
 * The caller's metadata within OpenAI's limits.
 *
 * @since 0.1.0
 */
import type { Lose } from "../../wire/Losses.ts"

/**
 * Keeps 16 entries, keys of 64 and values of 512 characters: OpenAI's limits; the others are losses.
 *
 * @since 0.1.0
 * @category encoding
 */
export const metadataOf = (metadata: Readonly<Record<string, string>>, lose: Lose): Record<string, string> => {
  const kept: Record<string, string> = {}
  let left = 16
  for (const [key, value] of Object.entries(metadata)) {
    if (left > 0 && key.length <= 64 && value.length <= 512) {
      kept[key] = value
      left -= 1
    } else lose(`metadata.${key}`, "at most 16 entries, keys of 64 and values of 512 characters are taken")
  }
  return kept
}
