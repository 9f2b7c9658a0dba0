/** A vendor that answers every call with exactly the bytes it is told, which no well-behaved one would. */
import { Effect, type Scope } from "effect"
import { type AddressInfo, createServer, type Socket } from "node:net"

/** What is done with a connection once a call has come whole on it; `count` of the calls on that connection. */
export type Act = (socket: Socket, count: number) => void

export interface RawUpstream {
  readonly url: string
  readonly act: (act: Act) => void
  /** Connections on which a call is not over. */
  readonly busy: () => number
}

/** Whether a request's body has come whole. */
const isWhole = (text: string): boolean => {
  const end = text.indexOf("\r\n\r\n")
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
  return end >= 0 && Buffer.byteLength(text) >= end + 4 + length
}

/** Listens until the Scope closes. */
export const make: Effect.Effect<RawUpstream, never, Scope.Scope> = Effect.gen(function*() {
  const sockets = new Set<Socket>()
  let act: Act = (socket) => socket.destroy()
  const server = createServer((socket) => {
    let text = ""
    let count = 0
    sockets.add(socket)
    socket.on("error", () => {}).on("close", () => sockets.delete(socket))
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1")
      if (!isWhole(text)) return
      text = ""
      act(socket, count++)
    })
  })
  yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    })
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    act: (next) => act = next,
    busy: () => sockets.size
  }
})
