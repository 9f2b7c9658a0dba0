/**
 * Messages of HTTP/1.1 read from a socket's bytes, as little as the bench needs: what shares a core with the load must
 * cost less than what is measured.
 */

export interface Events {
  /** All that stands before the body, in ASCII. */
  readonly head: (text: string) => void
  /** A piece of the body, without what frames it. */
  readonly data: (bytes: Buffer) => void
  readonly end: () => void
}

const emptyLine = Buffer.from("\r\n\r\n")
const lineEnd = Buffer.from("\r\n")

type State = "head" | "body" | "size" | "chunk" | "after" | "trailer"

export class HttpReader {
  private readonly events: Events
  private rest: Buffer | undefined
  private state: State = "head"
  private left = 0

  constructor(events: Events) {
    this.events = events
  }

  feed(bytes: Buffer): void {
    let buffer = this.rest === undefined ? bytes : Buffer.concat([this.rest, bytes])
    this.rest = undefined
    while (buffer.length > 0) {
      const taken = this.step(buffer)
      if (taken < 0) {
        this.rest = buffer
        return
      }
      buffer = buffer.subarray(taken)
    }
  }

  /** How many bytes were used; below 0 where more have to come first. */
  private step(buffer: Buffer): number {
    switch (this.state) {
      case "head": {
        const at = buffer.indexOf(emptyLine)
        if (at < 0) return -1
        this.onHead(buffer.toString("latin1", 0, at + 2))
        return at + 4
      }
      case "body":
      case "chunk": {
        const size = Math.min(buffer.length, this.left)
        this.left -= size
        this.events.data(buffer.subarray(0, size))
        if (this.left === 0) {
          if (this.state === "body") this.end()
          else this.state = "after"
        }
        return size
      }
      case "after":
        if (buffer.length < 2) return -1
        this.state = "size"
        return 2
      case "size": {
        const at = buffer.indexOf(lineEnd)
        if (at < 0) return -1
        this.left = Number.parseInt(buffer.toString("latin1", 0, at), 16)
        this.state = this.left === 0 ? "trailer" : "chunk"
        return at + 2
      }
      case "trailer": {
        const at = buffer.indexOf(lineEnd)
        if (at < 0) return -1
        if (at === 0) this.end()
        return at + 2
      }
    }
  }

  private onHead(text: string): void {
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)
    this.left = length === null ? 0 : Number(length[1])
    this.state = /\r\ntransfer-encoding: *chunked/i.test(text) ? "size" : "body"
    this.events.head(text)
    if (this.state === "body" && this.left === 0) this.end()
  }

  private end(): void {
    this.state = "head"
    this.events.end()
  }
}
