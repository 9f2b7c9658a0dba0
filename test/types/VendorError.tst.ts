import { Effect, type Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type * as Request from "llmdispatcher/Request"
import type * as Response from "llmdispatcher/Response"
import type { AttemptError, DispatchError, FatalError, RetryableError } from "llmdispatcher/VendorError"
import { describe, expect, test } from "tstyche"

type Dispatch = Dispatcher.Dispatcher["Service"]
type Tags<E> = E extends { readonly reason: { readonly _tag: infer Tag } } ? Tag : never

const send = Effect.flatMap(Dispatcher.Dispatcher, (dispatcher) => dispatcher.send({ prompt: "Hello" }))

describe("the error channel", () => {
  test("has the two classes and nothing else", () => {
    expect<Effect.Error<ReturnType<Dispatch["send"]>>>().type.toBe<DispatchError>()
    expect<DispatchError>().type.toBeAssignableTo<RetryableError | FatalError>()
    expect<ReturnType<Dispatch["stream"]>>().type.toBe<Stream.Stream<Response.StreamPart, DispatchError>>()
  })

  test("holds no open circuit, since the fallback removed it", () => {
    expect<"CircuitOpen">().type.not.toBeAssignableTo<Tags<DispatchError>>()
    expect<"AllCandidatesFailed">().type.toBeAssignableTo<Tags<DispatchError>>()
  })

  test("of an attempt holds nothing that only a dispatch can say", () => {
    expect<"NoCandidate" | "AllCandidatesFailed" | "DeadlineExceeded" | "CircuitOpen">().type.not
      .toBeAssignableTo<Tags<AttemptError>>()
    expect<"RateLimited">().type.toBeAssignableTo<Tags<AttemptError>>()
  })

  test("hands out a reason as its own type, and loses it once it is caught", () => {
    const caught = send.pipe(
      Effect.asVoid,
      Effect.unwrapReason("FatalError"),
      Effect.catchTag("ContextLengthExceeded", (reason) => {
        expect(reason._tag).type.toBe<"ContextLengthExceeded">()
        return Effect.void
      })
    )
    expect<"ContextLengthExceeded">().type.not.toBeAssignableTo<Effect.Error<typeof caught>["_tag"]>()
    expect<"ContentFiltered" | "RetryableError">().type.toBeAssignableTo<Effect.Error<typeof caught>["_tag"]>()
  })

  test("lets one reason be caught inside its class", () => {
    const caught = Effect.catchReason(send, "FatalError", "ContextLengthExceeded", (reason) => {
      expect(reason._tag).type.toBe<"ContextLengthExceeded">()
      return Effect.succeed(reason.description ?? "too long")
    })
    expect<string>().type.toBeAssignableTo<Effect.Success<typeof caught>>()
  })

  test("loses a class that was caught", () => {
    const caught = send.pipe(Effect.asVoid, Effect.catchTag("RetryableError", () => Effect.void))
    expect<Effect.Error<typeof caught>>().type.toBeAssignableTo<FatalError>()
  })
})

describe("a request", () => {
  test("has a short form", () => {
    expect<{ model: string; prompt: string }>().type.toBeAssignableTo<Request.RequestInput>()
    expect<{ messages: [{ role: "user"; content: string }] }>().type.toBeAssignableTo<Request.RequestInput>()
  })

  test("needs a prompt or messages, of known roles", () => {
    expect<{ model: string }>().type.not.toBeAssignableTo<Request.RequestInput>()
    expect<{ messages: [{ role: "robot"; content: string }] }>().type.not.toBeAssignableTo<Request.RequestInput>()
  })
})
