/**
 * The width and height of an image, read from its first bytes.
 *
 * @since 0.1.0
 */

/**
 * In pixels.
 *
 * @since 0.1.0
 * @category models
 */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * How many of an image's first bytes are looked at: in a JPEG the size stands after a preview of up to 64 KB.
 *
 * @since 0.1.0
 * @category constants
 */
export const enough = 131_072

const has = (view: DataView, at: number, text: string): boolean => {
  if (view.byteLength < at + text.length) return false
  for (let index = 0; index < text.length; index++) {
    if (view.getUint8(at + index) !== text.charCodeAt(index)) return false
  }
  return true
}

const isLong = (view: DataView, length: number): boolean => view.byteLength >= length

const little24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16)

const webp = (view: DataView): Size | undefined => {
  if (!isLong(view, 30)) return undefined
  if (has(view, 12, "VP8X")) return { width: little24(view, 24) + 1, height: little24(view, 27) + 1 }
  if (has(view, 12, "VP8L")) {
    const bits = view.getUint32(21, true)
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
  }
  return has(view, 12, "VP8 ")
    ? { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
    : undefined
}

/** The markers C0 to CF begin a frame and tell its size, but for three that mean something else. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

const jpeg = (view: DataView): Size | undefined => {
  let at = 2
  while (isLong(view, at + 9)) {
    if (view.getUint8(at) !== 0xff) return undefined
    const marker = view.getUint8(at + 1)
    if (isFrame(marker)) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2)
  }
  return undefined
}

/**
 * Of a PNG, GIF, JPEG or WebP; `undefined` for anything else and where the bytes end too early.
 *
 * @since 0.1.0
 * @category accessors
 */
export const read = (bytes: Uint8Array): Size | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = has(view, 1, "PNG") && isLong(view, 24)
    ? { width: view.getUint32(16), height: view.getUint32(20) }
    : has(view, 0, "GIF8") && isLong(view, 10)
    ? { width: view.getUint16(6, true), height: view.getUint16(8, true) }
    : has(view, 0, "RIFF") && has(view, 8, "WEBP")
    ? webp(view)
    : has(view, 0, "\u00ff\u00d8")
    ? jpeg(view)
    : undefined
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined
}
