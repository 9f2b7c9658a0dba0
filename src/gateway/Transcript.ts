/**
 * A conversation as it is read from a body, and where in the body each message and part stood.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"

interface Place {
  readonly path: string
  readonly parts: ReadonlyArray<string>
}

/**
 * The messages of a request; the dialects' own messages may become several or none.
 *
 * @since 0.1.0
 * @category models
 */
export class Transcript {
  readonly messages: Array<Prompt.MessageEncoded> = []
  private readonly places: Array<Place> = []

  /** Adds a message that stood at `path`, its parts at `parts`; one without content is left out. */
  add(message: Prompt.MessageEncoded, path: string, parts: ReadonlyArray<string> = []): void {
    if (message.content.length === 0) return
    this.messages.push(message)
    this.places.push({ path, parts })
  }

  /** The body's name of a field of the request's conversation, `undefined` for what is none. */
  fieldOf(field: string): string | undefined {
    const [root, index, content, part, ...rest] = field.split(".")
    if (index === undefined || (root !== "messages" && root !== "prompt")) return undefined
    const place = this.places[Number(index)]
    if (place === undefined) return undefined
    if (part === undefined) return content === undefined ? place.path : `${place.path}.${content}`
    const at = place.parts[Number(part)]
    if (at === undefined) return place.path
    // Only a text's name is the same everywhere, and one that is a whole content has none.
    return rest[0] === "text" && /\d$/.test(at) ? `${at}.text` : at
  }
}
