/**
 * A client under the suite: an SDK as its users write it, told in common words.
 *
 * A new client is a new file and an entry in `clients.ts`, no test.
 */

export interface Tool {
  readonly name: string
  readonly description: string
  readonly parameters: Readonly<Record<string, unknown>>
}

export interface Image {
  readonly mediaType: string
  readonly base64: string
}

export interface Document extends Image {
  readonly name: string
}

/** What is asked; the SDK's own way to say it is the client's matter. */
export interface Question {
  readonly system?: string
  readonly text: string
  /** What was said before. */
  readonly earlier?: ReadonlyArray<{ readonly role: "user" | "assistant"; readonly text: string }>
  readonly image?: Image
  readonly document?: Document
  readonly tool?: Tool
  /** Asks the model to think, and to tell what it thought. */
  readonly thinks?: true
}

/** What the SDK told of an answer. */
export interface Told {
  readonly text: string
  readonly reasoning: string
  readonly calls: ReadonlyArray<{ readonly name: string; readonly params: unknown }>
  readonly finish: string | null | undefined
  readonly usage: { readonly input: number | undefined; readonly output: number | undefined }
}

export interface Streamed extends Told {
  /** Pieces of text. */
  readonly pieces: number
}

export interface Refused {
  readonly error: string
  readonly status: number | undefined
  /** As its header has it; absent where the SDK shows no headers. */
  readonly retryAfter?: string | null | undefined
}

/** One user's conversations; every call makes one attempt. */
export interface Session {
  readonly whole: (question: Question) => Promise<Told>
  readonly stream: (question: Question) => Promise<Streamed>
  /** Asks, answers each call with its `result`, and asks again. */
  readonly tools: (
    question: Question & { readonly tool: Tool },
    result: (params: unknown) => string,
    stream: boolean
  ) => Promise<readonly [first: Told, second: Told]>
  /** An answer of this form, parsed. */
  readonly object: (question: Question, schema: Readonly<Record<string, unknown>>) => Promise<unknown>
  /** Reads the first piece of a stream and aborts it; `true` where the SDK then ended its iteration. */
  readonly abort: (question: Question) => Promise<boolean>
}

export interface Client {
  readonly name: string
  /** Its words for an answer's end. */
  readonly finish: {
    readonly stop: string
    readonly calls: string
  }
  /** What shows an error of the gateway: the class by its name, and the status. */
  readonly refused: (error: unknown) => Refused
  /** The name of the class for a status, as the SDK's document has it. */
  readonly errorOf: (status: number) => string
  /** Where its API has another status than HTTP's own for a service that is overloaded. */
  readonly overloaded?: number
  /** Whether the SDK shows the headers of a refusal. */
  readonly showsHeaders: boolean
  /** Why its user sees no reasoning. */
  readonly noReasoning?: string
  /** Why it brings back nothing with the reasoning that it was told. */
  readonly noProofs?: string
  /** Why its user can send no document. */
  readonly noDocuments?: string
  /** Whether it asks this model for a form by a tool that has to be called, and by no format. */
  readonly objectByTool?: (model: string) => boolean
  /** The model as its user writes it for the gateway's `vendor/model`. */
  readonly modelOf?: (model: string) => string
  /** With a key of its user's, else with any. */
  readonly make: (url: string, model: string, key?: string) => Session
}

export const parsed = (text: string): unknown => text === "" ? undefined : JSON.parse(text)
