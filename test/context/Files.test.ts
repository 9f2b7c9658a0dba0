import { describe, expect, it } from "@effect/vitest"
import { Prompt } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"
import { familyOf } from "../../src/context/Family.ts"
import * as Files from "../../src/context/Files.ts"
import * as ImageSize from "../../src/context/ImageSize.ts"

const ascii = (text: string) => Array.from(text, (each) => each.charCodeAt(0))
const be32 = (n: number) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255]
const le16 = (n: number) => [n & 255, n >>> 8]
const le24 = (n: number) => [n & 255, n >>> 8 & 255, n >>> 16]

const png = (width: number, height: number) =>
  new Uint8Array([
    137,
    ...ascii("PNG\r\n\u001a\n"),
    ...be32(13),
    ...ascii("IHDR"),
    ...be32(width),
    ...be32(height),
    8,
    6
  ])

const jpeg = (width: number, height: number) => {
  const be16 = (n: number) => [n >>> 8, n & 255]
  const preview = [0xff, 0xe1, ...be16(1_002), ...Array.from({ length: 1_000 }, () => 0xc0)]
  const tables = [0xff, 0xc4, ...be16(6), 1, 2, 3, 4]
  return new Uint8Array([
    0xff,
    0xd8,
    ...preview,
    ...tables,
    0xff,
    0xff,
    0xc2,
    ...be16(11),
    8,
    ...be16(height),
    ...be16(width),
    1
  ])
}

const riff = (kind: string, body: ReadonlyArray<number>) =>
  new Uint8Array([
    ...ascii("RIFF"),
    0,
    0,
    0,
    0,
    ...ascii("WEBP"),
    ...ascii(kind),
    0,
    0,
    0,
    0,
    ...body,
    0,
    0,
    0,
    0,
    0,
    0,
    0
  ])

const file = (data: Uint8Array | string | URL, mediaType = "image/png") => Prompt.filePart({ mediaType, data })

const tokens = (part: Prompt.FilePart, model?: string) =>
  Files.tokens(part, familyOf(model), model, (text) => text.length)

describe("ImageSize", () => {
  it("reads the size of a PNG, a GIF, a JPEG behind its preview, and the three kinds of WebP", () => {
    const images = [
      png(300, 70_000),
      new Uint8Array([...ascii("GIF89a"), ...le16(640), ...le16(480)]),
      jpeg(1_234, 567),
      riff("VP8X", [0, 0, 0, 0, ...le24(4_999), ...le24(99)]),
      riff("VP8L", [0x2f, ...be32((511 | 255 << 14) >>> 0).toReversed()]),
      riff("VP8 ", [0, 0, 0, 0x9d, 0x01, 0x2a, ...le16(320), ...le16(200)])
    ]
    expect(images.map(ImageSize.read)).toEqual([
      { width: 300, height: 70_000 },
      { width: 640, height: 480 },
      { width: 1_234, height: 567 },
      { width: 5_000, height: 100 },
      { width: 512, height: 256 },
      { width: 320, height: 200 }
    ])
  })

  it("knows no size of what is no image or is cut short, at any byte", () => {
    const images = [png(1, 1).slice(0, 24), jpeg(1, 1), riff("VP8X", [0, 0, 0, 0, ...le24(1), ...le24(1)]).slice(0, 30)]
    for (const image of images) {
      for (let length = 0; length < image.length - 2; length++) {
        expect(ImageSize.read(image.subarray(0, length))).toBeUndefined()
      }
    }
    expect(ImageSize.read(new TextEncoder().encode("%PDF-1.7 and more than thirty bytes"))).toBeUndefined()
    expect(ImageSize.read(png(0, 5))).toBeUndefined()
  })
})

describe("Files", () => {
  it("counts images by the examples in the vendors' own guides", () => {
    // OpenAI: "Images and vision"; Anthropic: "Vision"; Google: "Understand and count tokens".
    expect(tokens(file(png(1_024, 1_024)), "gpt-4o")).toBe(765)
    expect(tokens(file(png(2_048, 4_096)), "gpt-4o")).toBe(1_105)
    expect(tokens(file(png(1_024, 1_024)), "openai/gpt-4.1-mini")).toBe(Math.ceil(1_024 * 1.62))
    expect(tokens(file(png(4_096, 4_096)), "gpt-5-nano")).toBe(Math.ceil(1_536 * 2.46))
    expect(tokens(file(png(1_024, 1_024)), "gpt-5")).toBe(70 + 4 * 140)
    expect(tokens(file(png(200, 200)), "claude-sonnet-4-5")).toBe(64)
    expect(tokens(file(png(1_000, 1_000)), "claude-sonnet-4-5")).toBe(1_296)
    expect(tokens(file(png(4_000, 4_000)), "claude-3-5-sonnet-20241022")).toBe(1_568)
    expect(tokens(file(png(4_000, 4_000)), "claude-opus-4-7")).toBe(4_784)
    expect(tokens(file(png(384, 384)), "gemini-2.5-flash")).toBe(258)
    expect(tokens(file(png(800, 700)), "gemini-2.5-flash")).toBe(516)
    expect(tokens(file(png(800, 700)), "google/gemini-3-pro")).toBe(1_120)
  })

  it("counts an image alike as bytes, as base64 and as a data URL", () => {
    const bytes = jpeg(1_000, 1_000)
    const base64 = Base64.encode(bytes)
    const url = `data:image/jpeg;base64,${base64}`
    const forms = [bytes, base64, url, new URL(url)].map((data) => tokens(file(data, "image/jpeg"), "gpt-4o"))
    expect(forms).toEqual([765, 765, 765, 765])
  })

  it("counts an image of which only the address is there, or that cannot be read, as a large one", () => {
    expect(tokens(file("https://example.com/a.png"), "gpt-4o")).toBe(765)
    expect(tokens(file("not base64 !"), "gpt-4o")).toBe(765)
  })

  it("counts for an unknown vendor what the dearest takes", () => {
    expect(tokens(file(png(1_000, 1_000)), "llava")).toBe(1_296)
    expect(tokens(file(png(100, 100)))).toBe(1_120)
  })

  it("counts documents by their pages, sound by its length and texts as texts", () => {
    const bytes = (length: number) => new Uint8Array(length).fill(120)
    expect(tokens(file(bytes(50_001), "application/pdf"))).toBe(6_000)
    expect(tokens(file(bytes(50_000), "audio/mp3"))).toBe(100)
    expect(tokens(file(bytes(5_000), "text/plain"))).toBe(5_000)
    expect(tokens(file(bytes(500_000), "text/plain"))).toBe(500_000)
    expect(tokens(file("https://example.com/a.pdf", "application/pdf"))).toBe(30_000)
  })
})
