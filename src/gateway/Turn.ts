/**
 * One call at a time on a connection: what is sent behind it waits until that is answered, as its answer would have to
 * anyway. A server that hands out all at once would let one connection have any number of calls done.
 *
 * @since 0.1.0
 */

interface Connection {
  readonly destroyed: boolean
  readonly destroy: () => unknown
}

interface Request {
  readonly socket: Connection
}

interface Response {
  readonly once: (event: "close", listener: () => void) => unknown
}

/** Calls that a connection may send before the first of them is answered; hardly any client sends a second. */
const mostWaiting = 32

/**
 * Handles the calls of each connection one after the other; a connection with more than 32 that wait is closed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const inTurn = <Q extends Request, R extends Response>(handle: (request: Q, response: R) => void) => {
  const connections = new WeakMap<Connection, { last: R | undefined; waiting: number }>()
  return (request: Q, response: R): void => {
    const { socket } = request
    const connection = connections.get(socket) ?? { last: undefined, waiting: 0 }
    connections.set(socket, connection)
    const { last: before } = connection
    connection.last = response
    response.once("close", () => {
      // A connection that waits for its next call holds nothing of the one before.
      if (connection.last === response) connection.last = undefined
    })
    if (before === undefined) return handle(request, response)
    connection.waiting += 1
    if (connection.waiting > mostWaiting) return void socket.destroy()
    before.once("close", () => {
      connection.waiting -= 1
      if (!socket.destroyed) handle(request, response)
    })
  }
}
