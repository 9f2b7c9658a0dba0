/** AWS's binary event stream as a server writes it, with checksums that are not the reader's own. */
import { crc32 } from "node:zlib"

const header = (name: string, value: string): Buffer => {
  const text = Buffer.from(value)
  const lengths = Buffer.alloc(3)
  lengths.writeUInt8(7, 0)
  lengths.writeUInt16BE(text.length, 1)
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), lengths, text])
}

/** `headersSize` is what the frame says of itself, by default the truth; the checksums are right in any case. */
export const frame = (
  headers: Readonly<Record<string, string>>,
  payload: string,
  headersSize?: number
): Uint8Array => {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)))
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + head.length + body.length, 0)
  prelude.writeUInt32BE(headersSize ?? head.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const most = Buffer.concat([prelude, head, body])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(most))
  return new Uint8Array(Buffer.concat([most, checksum]))
}

/** Events are padded, so that their length does not tell what is in them. */
export const event = (type: string, payload: object): Uint8Array =>
  frame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    JSON.stringify({ ...payload, p: "abcdefghijklm" })
  )

export const exception = (type: string, payload: object): Uint8Array =>
  frame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    JSON.stringify(payload)
  )

export const error = (code: string, message: string): Uint8Array =>
  frame({ ":error-code": code, ":error-message": message, ":message-type": "error" }, "")
