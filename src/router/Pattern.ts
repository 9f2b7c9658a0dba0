/**
 * Names in which `*` stands for any text.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category predicates
 */
export const isPattern = (text: string): boolean => text.includes("*")

/**
 * What the first `*` stands for in the name, `undefined` where the name does not match.
 *
 * @since 0.1.0
 * @category matching
 */
export const match = (pattern: string, name: string): string | undefined => {
  const star = pattern.indexOf("*")
  if (star < 0) return pattern === name ? "" : undefined
  const head = pattern.slice(0, star)
  if (!name.startsWith(head)) return undefined
  const [tail = "", ...more] = pattern.slice(star + 1).split("*")
  if (more.length === 0) {
    return name.length >= head.length + tail.length && name.endsWith(tail)
      ? name.slice(head.length, name.length - tail.length)
      : undefined
  }
  for (let at = name.indexOf(tail, head.length); at >= 0; at = name.indexOf(tail, at + 1)) {
    if (match(`*${more.join("*")}`, name.slice(at + tail.length)) !== undefined) return name.slice(head.length, at)
    if (at === name.length) break
  }
  return undefined
}

/**
 * @since 0.1.0
 * @category matching
 */
export const matches = (pattern: string, name: string): boolean => match(pattern, name) !== undefined
