import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import type { Attempt } from "llmdispatcher/Response"
import * as VendorError from "llmdispatcher/VendorError"

const attempt = (target: string, fields: Partial<Attempt>): Attempt => ({
  number: 1,
  vendor: target.split("/")[0]!,
  target,
  model: "m",
  outcome: "failed",
  startedAfter: 0,
  duration: 1,
  ...fields
})

const attempts = [attempt("a/m", { reason: "Overloaded" }), attempt("b/n", { outcome: "skipped" })]

const retryableReasons: { readonly [Tag in VendorError.RetryableReason["_tag"]]: VendorError.RetryableReason } = {
  RateLimited: { _tag: "RateLimited" },
  Overloaded: { _tag: "Overloaded" },
  ServerFault: { _tag: "ServerFault" },
  NetworkFault: { _tag: "NetworkFault" },
  TimedOut: { _tag: "TimedOut", phase: "firstPart", after: 30_000 },
  StreamInterrupted: { _tag: "StreamInterrupted" },
  MalformedResponse: { _tag: "MalformedResponse" },
  CircuitOpen: { _tag: "CircuitOpen" },
  CoolingDown: { _tag: "CoolingDown" },
  Busy: { _tag: "Busy" },
  Shed: { _tag: "Shed" },
  CallerLimited: { _tag: "CallerLimited" },
  DeadlineExceeded: { _tag: "DeadlineExceeded", after: 5_000 },
  AllCandidatesFailed: { _tag: "AllCandidatesFailed", attempts }
}

const fatalReasons: { readonly [Tag in VendorError.FatalReason["_tag"]]: VendorError.FatalReason } = {
  Unauthenticated: { _tag: "Unauthenticated" },
  PermissionDenied: { _tag: "PermissionDenied" },
  QuotaExhausted: { _tag: "QuotaExhausted" },
  InvalidRequest: { _tag: "InvalidRequest", issues: [{ field: "topP", message: "must be from 0 to 1, got 2" }] },
  ContextLengthExceeded: { _tag: "ContextLengthExceeded" },
  ContentFiltered: { _tag: "ContentFiltered" },
  ModelNotFound: { _tag: "ModelNotFound" },
  UnsupportedFeature: { _tag: "UnsupportedFeature" },
  BudgetExceeded: { _tag: "BudgetExceeded" },
  NoCandidate: { _tag: "NoCandidate", description: "no target serves \"x\"", known: ["a/m"] },
  AllCandidatesFailed: { _tag: "AllCandidatesFailed", attempts }
}

const errors: ReadonlyArray<VendorError.VendorError> = [
  ...Object.values(retryableReasons).map((reason) => VendorError.retryable(reason)),
  ...Object.values(fatalReasons).map((reason) => VendorError.fatal(reason))
]

describe("every reason", () => {
  const sentences: { readonly [Tag in VendorError.Reason["_tag"]]: string } = {
    RateLimited: "rate limited",
    Overloaded: "overloaded",
    ServerFault: "failed inside",
    NetworkFault: "could not be reached",
    TimedOut: "took too long to begin its answer (30s)",
    StreamInterrupted: "broke off in the middle of its answer",
    MalformedResponse: "sent an answer that breaks its own protocol",
    CircuitOpen: "failed too often and is left alone for a while",
    CoolingDown: "asked to be left alone for a while",
    Busy: "has as many calls under way as it is allowed",
    Shed: "the dispatcher has too much to do just now",
    CallerLimited: "the caller asks more often than it may",
    BudgetExceeded: "the caller has spent what it may",
    DeadlineExceeded: "the time allowed ran out (5s)",
    Unauthenticated: "did not accept the key",
    PermissionDenied: "does not permit this",
    QuotaExhausted: "has no quota or credit left",
    InvalidRequest: "the request is not valid: topP must be from 0 to 1, got 2",
    ContextLengthExceeded: "the conversation is longer than the model's window",
    ContentFiltered: "refused the content",
    ModelNotFound: "does not know the model",
    UnsupportedFeature: "cannot do what the request asks for",
    NoCandidate: "nobody serves this request: no target serves \"x\"",
    AllCandidatesFailed: "every candidate failed: a/m Overloaded, b/n skipped"
  }
  for (const error of errors) {
    it(`${error._tag} ${error.reason._tag} has a sentence`, () =>
      assert.strictEqual(error.message, sentences[error.reason._tag]))
  }

  it("has a disposition that makes sense", () => {
    assert.sameMembers(Object.keys(VendorError.dispositions), Object.keys(sentences))
    for (const error of errors) {
      const { action, health, retries } = VendorError.disposition(error)
      assert.strictEqual(VendorError.dispositions[error.reason._tag], VendorError.disposition(error))
      // The official SDKs retry twice; only what is retryable is retried, and what is not says nothing of the health.
      assert.isAtMost(retries, 2)
      assert.strictEqual(retries > 0, action === "retry")
      if (error._tag === "FatalError") {
        assert.notStrictEqual(action, "retry")
        assert.strictEqual(health, "ignored")
      }
    }
  })

  it("means what the vendors' table says", () => {
    const actions = new Map(errors.map((error) => [error.reason._tag, VendorError.disposition(error).action]))
    const of = (action: VendorError.Disposition["action"]) =>
      [...actions].flatMap(([tag, own]) => own === action ? [tag] : [])
    assert.sameMembers(of("bigger"), ["ContextLengthExceeded"])
    assert.sameMembers(of("disable"), ["Unauthenticated", "QuotaExhausted"])
    assert.sameMembers(of("elsewhere"), [
      "CircuitOpen",
      "CoolingDown",
      "Busy",
      "PermissionDenied",
      "ModelNotFound",
      "UnsupportedFeature"
    ])
    assert.includeMembers(of("stop"), ["InvalidRequest", "ContentFiltered", "DeadlineExceeded"])
    assert.strictEqual(VendorError.dispositions.RateLimited.health, "capacity")
  })

  for (const error of errors) {
    it(`${error._tag} ${error.reason._tag} goes through JSON and back`, () => {
      const full = VendorError.withContext(error, {
        vendor: "openai",
        target: "openai/gpt-5-mini",
        status: 503,
        requestId: "req_1",
        attempts
      })
      const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(VendorError.VendorError)(full)))
      const again = Schema.decodeUnknownSync(VendorError.VendorError)(wire)
      assert.strictEqual(again.constructor, full.constructor)
      assert.deepStrictEqual(again.reason, full.reason)
      assert.strictEqual(again.message, full.message)
      assert.deepStrictEqual(Schema.encodeSync(VendorError.VendorError)(again), wire)
    })
  }
})

describe("the message", () => {
  it("says who, what, the vendor's words and code, and when to try again", () => {
    const reason = { _tag: "RateLimited", description: "slow down", code: "rate_limit_exceeded" } as const
    const context = { vendor: "openai", retryAfter: Duration.millis(1_500) }
    assert.strictEqual(
      VendorError.retryable(reason, context).message,
      "openai: rate limited: slow down [rate_limit_exceeded], try again in 1s 500ms"
    )
    assert.strictEqual(
      VendorError.retryable(reason, { ...context, target: "openai/gpt-5-mini" }).message,
      "openai/gpt-5-mini: rate limited: slow down [rate_limit_exceeded], try again in 1s 500ms"
    )
  })

  it("names the phase of a timeout", () => {
    const phases = (["connect", "firstPart", "idle", "total", "vendor"] as const).map((phase) =>
      VendorError.retryable({ _tag: "TimedOut", phase }).message
    )
    assert.deepStrictEqual(phases, [
      "took too long to accept the request",
      "took too long to begin its answer",
      "took too long between two parts of its answer",
      "took too long for one attempt",
      "took too long by its own clock"
    ])
  })

  it("a wait that is none is left out", () => {
    for (const retryAfter of [Duration.infinity, Duration.days(400), Duration.millis(-1)]) {
      const error = VendorError.retryable({ _tag: "RateLimited" }, { retryAfter })
      assert.isFalse("retryAfter" in error && error.retryAfter !== undefined)
      Schema.encodeSync(VendorError.VendorError)(error)
    }
    assert.deepStrictEqual(
      VendorError.retryable({ _tag: "RateLimited" }, { retryAfter: Duration.zero }).retryAfter,
      Duration.zero
    )
  })
})

describe("the constructors", () => {
  it("leave out what is undefined", () => {
    const error = VendorError.retryable({ _tag: "Overloaded" }, {
      vendor: undefined,
      status: undefined,
      retryAfter: undefined
    })
    assert.deepStrictEqual(Schema.encodeSync(VendorError.VendorError)(error), {
      _tag: "RetryableError",
      reason: { _tag: "Overloaded" }
    })
  })

  it("are known by their guard", () => {
    for (const error of errors) assert.isTrue(VendorError.isVendorError(error))
    assert.isFalse(VendorError.isVendorError(new Error("x")))
    assert.isFalse(VendorError.isVendorError({ _tag: "RetryableError" }))
  })

  it("withContext adds what is not known, keeps what is, and the stack", () => {
    const error = VendorError.retryable({ _tag: "RateLimited" }, { vendor: "a", retryAfter: Duration.seconds(1) })
    const more = VendorError.withContext(error, { vendor: "b", target: "b/n", status: 429 })
    assert.strictEqual(more.vendor, "a")
    assert.strictEqual(more.target, "b/n")
    assert.strictEqual(more.status, 429)
    assert.deepStrictEqual(more.retryAfter, Duration.seconds(1))
    assert.strictEqual(more.stack, error.stack)
    assert.deepStrictEqual(more.reason, error.reason)
    const fatal = VendorError.withContext(VendorError.fatal({ _tag: "Unauthenticated" }), { vendor: "a" })
    assert.instanceOf(fatal, VendorError.FatalError)
    assert.strictEqual(fatal.vendor, "a")
  })
})

describe("catching", () => {
  const fails = (error: VendorError.AttemptError): Effect.Effect<string, VendorError.AttemptError> => Effect.fail(error)

  it.effect("by reason", () =>
    Effect.gen(function*() {
      const shorten = (error: VendorError.AttemptError) =>
        fails(error).pipe(
          Effect.catchReason(
            "FatalError",
            "ContextLengthExceeded",
            (reason, error) => Effect.succeed(`${reason._tag} of ${error.vendor}`)
          )
        )
      const long = VendorError.fatal({ _tag: "ContextLengthExceeded" }, { vendor: "a" })
      assert.strictEqual(yield* shorten(long), "ContextLengthExceeded of a")
      const other = VendorError.fatal({ _tag: "Unauthenticated" })
      assert.strictEqual(yield* Effect.flip(shorten(other)), other)
    }))

  it.effect("by class", () =>
    Effect.gen(function*() {
      const answer = yield* fails(VendorError.retryable({ _tag: "Overloaded" })).pipe(
        Effect.catchTag("RetryableError", (error) => Effect.succeed(error.reason._tag))
      )
      assert.strictEqual(answer, "Overloaded")
    }))
})
