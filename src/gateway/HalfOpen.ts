/**
 * Callers that close their own half of a connection once they have asked, and still read.
 *
 * On the wire they look the same as callers that are gone. Only writing tells: whoever is gone answers it with a reset,
 * whoever reads passes over what says nothing. Before an answer has begun that is an interim response, which HTTP/1.0
 * does not have; in each kind of an API's streams it is an empty line.
 *
 * @since 0.1.0
 */
import { Effect, Schedule } from "effect"

interface Response {
  readonly req: { readonly httpVersion: string; readonly socket: { readonly destroy: () => unknown } }
  readonly destroyed: boolean
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly write: (text: string) => unknown
  readonly writeProcessing: () => unknown
}

/** The first write makes whoever is gone reset the connection, the second hears of it. */
const often = Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("1 second")])

/**
 * Finds out again and again whether the caller of an answer still reads, until that is over. Where it cannot be found
 * out, the caller counts as gone. An answer that is no stream of an API's is written into by nobody else once it has
 * begun: its own next bytes tell.
 *
 * @since 0.1.0
 * @category combinators
 */
export const watch = (response: Response, isStream: boolean): Effect.Effect<void> => {
  const { httpVersion, socket } = response.req
  const isOver = () => response.destroyed || response.writableEnded
  const ask = Effect.sync(() => {
    if (isOver()) return
    if (response.headersSent) {
      if (isStream) response.write("\n")
    } else if (httpVersion === "1.0") socket.destroy()
    else response.writeProcessing()
  })
  // Most answers that were asked for so are short, and over by then.
  return Effect.delay(Effect.asVoid(Effect.repeat(ask, { schedule: often, until: isOver })), "10 millis")
}
