/**
 * What really happened: every call that reached a vendor, and what came of every request.
 *
 * Kept by the simulated vendors and callers themselves, so that it says the same of a policy whatever that policy says
 * of itself.
 *
 * @since 0.1.0
 */

/**
 * One call that a vendor received; times are in milliseconds from the beginning, tokens are those that are billed.
 *
 * @since 0.1.0
 * @category models
 */
export interface VendorCall {
  /** The request's position in the traffic. */
  readonly request: number
  /** The vendor's position in the scenario. */
  readonly vendor: number
  readonly startedAt: number
  endedAt: number
  /** `answered`, `aborted` by the caller's side, or the reason of its failure. */
  outcome: string
  input: number
  output: number
}

/**
 * What a caller got; times are in milliseconds from the request's arrival.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  readonly class: "answered" | "retryable" | "fatal"
  /** Of the failure. */
  readonly reason: string | undefined
  readonly firstToken: number | undefined
  readonly total: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Ledger {
  readonly calls: Array<VendorCall>
  /** By the request's position in the traffic. */
  readonly outcomes: Array<Outcome | undefined>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (requests: number): Ledger => ({
  calls: [],
  outcomes: Array.from({ length: requests }, () => undefined)
})
