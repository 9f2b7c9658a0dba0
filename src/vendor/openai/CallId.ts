/**
 * The ids of tool calls that other vendors made, cut to what OpenAI takes.
 *
 * @since 0.1.0
 */

/** FNV-1a of 32 bits over UTF-16, from a given start. */
const hash = (text: string, start: number): string => {
  let value = start
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, "0")
}

/**
 * An id of at most `longest` characters: itself if it is short enough, else its beginning and 64 bits of its hash, so
 * that a call and its result keep the same one, and different ids stay different.
 *
 * @since 0.1.0
 * @category conversions
 */
export const callId = (id: string, longest: number): string =>
  id.length <= longest ? id : `${id.slice(0, longest - 17)}_${hash(id, 0x811c9dc5)}${hash(id, 0x1000193)}`
