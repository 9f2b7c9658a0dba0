/**
 * Azure's filters in an answer: which of them struck, or saw something.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"

type Fields = Readonly<Record<string, unknown>>

/**
 * Gathers the names of filters, as `hate` or `protected_material_text`, out of `content_filter_results`, or out of a list
 * of objects with such (`prompt_filter_results`).
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (found: Set<string>, results: unknown): void => {
  if (Array.isArray(results)) {
    for (const entry of results) {
      if (Predicate.isObject(entry)) read(found, (entry as Fields)["content_filter_results"])
    }
  } else if (Predicate.isObject(results)) {
    for (const [name, result] of Object.entries(results)) {
      if (!Predicate.isObject(result)) continue
      const { detected, filtered } = result as Fields
      if (filtered === true || detected === true) found.add(name)
    }
  }
}
