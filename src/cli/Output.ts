/**
 * The two outputs: the answer goes to stdout, everything said about it to stderr.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { WriteStream } from "node:tty"

/**
 * Nobody reads the output any more, as after `| head -1`.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutputClosed extends Data.TaggedError("OutputClosed") {}

/**
 * One output, which knows whether it stands at the start of a line.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly isTerminal: boolean
  readonly write: (text: string) => Effect.Effect<void, OutputClosed>
  /** Ends the line that was begun, if one was. */
  readonly endLine: Effect.Effect<void, OutputClosed>
}

/** C0 and C1 controls, but for tab and newline: what a model says must not steer the terminal it is shown on. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/**
 * The text without control characters.
 *
 * @since 0.1.0
 * @category accessors
 */
export const printable = (text: string): string => text.replace(controls, "")

const make = (stream: WriteStream): Output => {
  let last = "\n"
  // A failed write is told by its callback; without a listener the event would end the process with a stack.
  stream.on("error", () => {})
  const write = (text: string): Effect.Effect<void, OutputClosed> =>
    text === "" ? Effect.void : Effect.callback((resume) => {
      last = text.slice(-1)
      stream.write(text, (error) => resume(error ? Effect.fail(new OutputClosed()) : Effect.void))
    })
  return {
    isTerminal: stream.isTTY === true,
    write,
    endLine: Effect.suspend(() => last === "\n" ? Effect.void : write("\n"))
  }
}

/**
 * Holds the answer and nothing else.
 *
 * @since 0.1.0
 * @category constants
 */
export const stdout: Output = make(process.stdout)

/**
 * @since 0.1.0
 * @category constants
 */
export const stderr: Output = make(process.stderr)

/**
 * Writes one line to stderr; that nobody reads it is no reason to stop.
 *
 * @since 0.1.0
 * @category combinators
 */
export const say = (line: string): Effect.Effect<void> =>
  Effect.ignore(Effect.andThen(stderr.endLine, stderr.write(`${line}\n`)))

const { FORCE_COLOR, NO_COLOR, TERM } = process.env

/** https://no-color.org: any value but the empty one asks for none, and it wins. */
const isColoured = !NO_COLOR && TERM !== "dumb" &&
  (stderr.isTerminal || FORCE_COLOR !== undefined && !["", "0", "false"].includes(FORCE_COLOR))

const style = (code: number) => (text: string): string => isColoured ? `\u001b[${code}m${text}\u001b[0m` : text

/**
 * @since 0.1.0
 * @category styles
 */
export const dim: (text: string) => string = style(2)

/**
 * @since 0.1.0
 * @category styles
 */
export const red: (text: string) => string = style(31)
