/**
 * A vendor under the conformance suite: how to make it, and how its API would answer.
 *
 * A new vendor is a new file in `subjects/` and an entry in `subjects/index.ts`, no test.
 */
import type { Effect, Scope } from "effect"
import type { HttpClient } from "effect/http"
import type { FinishReason } from "llmdispatcher/Response"
import type { Vendor } from "llmdispatcher/Vendor"
import type { AttemptError } from "llmdispatcher/VendorError"
import type { Content } from "./Content.ts"

/** Why a case is not there for a vendor; shown in the table instead of a blank. */
export interface Absent {
  readonly absent: string
}

export interface Answer {
  /** The JSON of a whole answer. */
  readonly whole: unknown
  /** The stream, cut where its events end. */
  readonly stream: ReadonlyArray<string | Uint8Array>
}

export interface FailureAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** The wait that must be understood, in milliseconds. */
  readonly retryAfter?: number
}

/** The reasons that an API can give by its answer; what a network gives is the same for all. */
export type FailureTag = Extract<
  AttemptError["reason"]["_tag"],
  | "RateLimited"
  | "Overloaded"
  | "ServerFault"
  | "TimedOut"
  | "QuotaExhausted"
  | "Unauthenticated"
  | "PermissionDenied"
  | "InvalidRequest"
  | "ContextLengthExceeded"
  | "ContentFiltered"
  | "ModelNotFound"
>

/** Features that a case asks for; a vendor without one says why. */
export type Feature =
  | "system"
  | "unicode"
  | "tools"
  | "tool choice"
  | "parallel tools"
  | "tool result with image"
  | "structured output"
  | "reasoning"
  | "reasoning round trip"
  | "images"
  | "cached usage"
  | "reasoning usage"
  | "content filter"
  | "models"

export interface Subject {
  readonly name: string
  /** A few lines over another vendor's protocol. */
  readonly preset?: true
  /** Where its answers come from: "synthetic", written by hand after the vendor's document; or a public origin. */
  readonly origin: string
  /** The vendor's document that they follow. */
  readonly document: string
  readonly model: string
  /** Over a client that answers as the suite says, at this address. */
  readonly make: (baseUrl: string) => Effect.Effect<Vendor, never, HttpClient.HttpClient | Scope.Scope>
  readonly streamType: string
  readonly answer: (content: Content) => Answer
  /** How many of the last entries of a stream may be missing while the answer is still whole: usage, `[DONE]`. */
  readonly epilogue: number
  readonly without: Partial<Readonly<Record<Feature, string>>>
  /** More words for an answer's end than the four that all know: the vendor's own word and what it means. */
  readonly finishes: Readonly<Record<string, { readonly answer: Answer; readonly reason: FinishReason }>>
  readonly failures: Readonly<Record<FailureTag, ReadonlyArray<FailureAnswer> | Absent>>
  /** Failures after a 200, as the last entries of a stream, after some text. */
  readonly streamFailures: ReadonlyArray<{
    readonly name: string
    readonly entries: ReadonlyArray<string | Uint8Array>
    readonly reason: AttemptError["reason"]["_tag"]
  }>
  /** The list of its models, and their ids; absent with a reason in `without`. */
  readonly models?: { readonly body: unknown; readonly ids: ReadonlyArray<string> }
  /** What is wrong with a body by the vendor's published contract; not there where the contract is not. */
  readonly contract?: (body: unknown, options: { readonly stream: boolean }) => ReadonlyArray<string>
}
