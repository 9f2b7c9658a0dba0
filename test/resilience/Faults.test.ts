/**
 * Each fault × whole and streamed × one vendor and two, over real sockets: how often each vendor was asked, and what the
 * caller got.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import * as FaultServer from "../wire/FaultServer.ts"
import {
  ask,
  chunk,
  completion,
  counted,
  deltas,
  done,
  type Operation,
  type Options,
  outcome,
  over,
  refusal,
  role,
  stop,
  told,
  whole
} from "./sockets.ts"

type Script = readonly [FaultServer.Handler, ...Array<FaultServer.Handler>]

/** Calls of each vendor, joined by a plus, and what the caller got. */
interface Expected {
  readonly alone: string
  readonly beside: string
}

interface Fault {
  /** What the first vendor does; the second is healthy. */
  readonly script: Script
  readonly options?: Options
  /** What the second vendor does where it is not simply healthy. */
  readonly second?: Script
  readonly onInterrupted?: "fail" | "resume"
  /** Whether the vendors say that they go on with a text that a request begins. */
  readonly prefill?: boolean
  /** Tokens, of each vendor. */
  readonly windows?: readonly [number, number]
  readonly send: Expected
  readonly stream: Expected
}

/** The same whether whole or streamed. */
const both = (alone: string, beside: string) => ({ send: { alone, beside }, stream: { alone, beside } })

const json = JSON.stringify(completion)
const begun = [role, ...deltas.slice(0, 2)]
const halfJson = json.slice(0, json.length / 2)

/** Whether the request begins the answer itself. */
const isBegun = ({ body }: FaultServer.Received) => {
  const { messages }: { readonly messages: ReadonlyArray<{ readonly role: string }> } = JSON.parse(body)
  return messages[messages.length - 1]?.role === "assistant"
}

/** Goes on with a text that the request begins, and else answers whole. */
const goingOn: FaultServer.Handler = (response, request) =>
  (isBegun(request) ? FaultServer.stream(role, chunk({ content: " jumps." }), stop, counted, done) : whole)(
    response,
    request
  )

/** Answers whole, unless the request begins the answer. */
const rejecting: FaultServer.Handler = (response, request) =>
  (isBegun(request) ? refusal(400, "assistant_prefill_not_supported") : whole)(response, request)

/** Limits that a healthy vendor on a busy machine keeps. */
const limit = "200 millis"
const beyond = 5_000

const waitMillis = 250
const rateLimited = (headers?: Readonly<Record<string, string>>) => refusal(429, "rate_limit_exceeded", headers)

const faults: Readonly<Record<string, Fault>> = {
  "429 with Retry-After, then healthy": {
    script: [rateLimited({ "retry-after": String(waitMillis / 1000) }), whole],
    ...both("2 whole", "1+1 whole")
  },
  "429 without Retry-After, then healthy": {
    script: [rateLimited(), whole],
    ...both("2 whole", "2+0 whole")
  },
  "429 for good": {
    script: [rateLimited()],
    ...both("3 RateLimited", "2+1 whole")
  },
  "500, then healthy": {
    script: [refusal(500, "server_error"), whole],
    ...both("2 whole", "2+0 whole")
  },
  "503 for good": {
    script: [refusal(503, "server_error")],
    ...both("2 ServerFault", "2+1 whole")
  },
  "a reset before headers, then healthy": {
    script: [FaultServer.reset, whole],
    ...both("2 whole", "2+0 whole")
  },
  "resets before headers for good": {
    script: [FaultServer.reset],
    ...both("3 NetworkFault", "2+1 whole")
  },
  "silence, then healthy": {
    script: [FaultServer.silence, whole],
    options: { timeouts: { connect: limit, total: limit } },
    ...both("2 whole", "2+0 whole")
  },
  "silence for good": {
    script: [FaultServer.silence],
    options: { timeouts: { connect: limit, total: limit } },
    ...both("2 TimedOut", "2+1 whole")
  },
  "a first token that is slow but in time": {
    script: [
      FaultServer.either(
        FaultServer.late(30, FaultServer.json(200, completion)),
        FaultServer.paced(30, role, role, ...deltas, stop + counted + done)
      )
    ],
    options: { timeouts: { firstPart: "2 seconds" } },
    ...both("1 whole", "1+0 whole")
  },
  "a first token that is too slow": {
    script: [
      FaultServer.either(
        FaultServer.late(beyond, FaultServer.json(200, completion)),
        FaultServer.paced(beyond, role, ...deltas, stop + done)
      ),
      whole
    ],
    options: { timeouts: { firstPart: limit, total: limit } },
    ...both("2 whole", "2+0 whole")
  },
  "a cut mid-answer": {
    script: [FaultServer.either(FaultServer.cut(halfJson), FaultServer.cut(...begun)), whole],
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "1 StreamInterrupted after a part", beside: "1+0 StreamInterrupted after a part" }
  },
  "a stall mid-answer": {
    script: [FaultServer.either(FaultServer.stall(halfJson), FaultServer.stall(...begun)), whole],
    options: { timeouts: { idle: limit, total: "300 millis" } },
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "1 TimedOut after a part", beside: "1+0 TimedOut after a part" }
  },
  "a malformed first chunk": {
    script: [FaultServer.either(FaultServer.text(200, "{not json"), FaultServer.stream("data: {not json\n\n")), whole],
    ...both("2 whole", "2+0 whole")
  },
  "a malformed chunk mid-answer": {
    script: [
      FaultServer.either(FaultServer.text(200, `${halfJson}}`), FaultServer.stream(...begun, "data: {not json\n\n")),
      whole
    ],
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "1 MalformedResponse after a part", beside: "1+0 MalformedResponse after a part" }
  },
  "no [DONE] after a whole answer": {
    script: [
      FaultServer.either(FaultServer.json(200, completion), FaultServer.stream(role, ...deltas, stop, counted))
    ],
    ...both("1 whole", "1+0 whole")
  },
  "no [DONE] and no finish reason": {
    script: [
      FaultServer.either(
        FaultServer.json(200, { ...completion, choices: [] }),
        FaultServer.stream(...begun)
      ),
      whole
    ],
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "1 StreamInterrupted after a part", beside: "1+0 StreamInterrupted after a part" }
  },
  "a conversation that is too long": {
    script: [refusal(400, "context_length_exceeded")],
    ...both("1 ContextLengthExceeded", "1+0 ContextLengthExceeded")
  },
  "a conversation that is too long for all but a larger window": {
    script: [refusal(400, "context_length_exceeded")],
    windows: [1_000, 2_000],
    ...both("1 ContextLengthExceeded", "1+1 whole")
  },
  "a cut mid-answer that may be gone on with": {
    script: [FaultServer.either(FaultServer.cut(halfJson), FaultServer.cut(...begun)), whole],
    onInterrupted: "resume",
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "2 whole", beside: "1+1 whole" }
  },
  "a stall mid-answer that may be gone on with": {
    script: [FaultServer.either(FaultServer.stall(halfJson), FaultServer.stall(...begun)), whole],
    options: { timeouts: { idle: limit, total: "500 millis" } },
    onInterrupted: "resume",
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "2 whole", beside: "1+1 whole" }
  },
  "a malformed chunk mid-answer that may be gone on with": {
    script: [
      FaultServer.either(FaultServer.text(200, `${halfJson}}`), FaultServer.stream(...begun, "data: {not json\n\n")),
      whole
    ],
    onInterrupted: "resume",
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "2 whole", beside: "1+1 whole" }
  },
  "cuts mid-answer for good, each gone on with": {
    script: [FaultServer.either(FaultServer.cut(halfJson), FaultServer.cut(...begun))],
    onInterrupted: "resume",
    send: { alone: "3 NetworkFault", beside: "2+1 whole" },
    stream: { alone: "3 StreamInterrupted after a part", beside: "1+1 whole" }
  },
  "a cut mid-answer, gone on with by a beginning that the fallback takes": {
    script: [FaultServer.either(FaultServer.cut(halfJson), FaultServer.cut(...begun)), goingOn],
    second: [goingOn],
    onInterrupted: "resume",
    prefill: true,
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "2 whole", beside: "1+1 whole" }
  },
  "a cut mid-answer and a fallback that rejects a beginning": {
    script: [FaultServer.either(FaultServer.cut(halfJson), FaultServer.cut(...begun)), rejecting],
    second: [rejecting],
    onInterrupted: "resume",
    prefill: true,
    send: { alone: "2 whole", beside: "2+0 whole" },
    stream: { alone: "3 whole", beside: "1+2 whole" }
  },
  "a cut mid-answer and a fallback that answers otherwise": {
    script: [FaultServer.either(FaultServer.cut(halfJson), FaultServer.cut(...begun))],
    second: [
      FaultServer.either(
        FaultServer.json(200, completion),
        FaultServer.stream(role, chunk({ content: "No." }), stop, done)
      )
    ],
    onInterrupted: "resume",
    send: { alone: "3 NetworkFault", beside: "2+1 whole" },
    stream: { alone: "3 StreamInterrupted after a part", beside: "2+1 StreamInterrupted after a part" }
  },
  "503 for good from everybody": {
    script: [refusal(503, "server_error")],
    second: [refusal(503, "server_error")],
    ...both("2 ServerFault", "2+1 AllCandidatesFailed")
  },
  "silence from everybody": {
    script: [FaultServer.silence],
    second: [FaultServer.silence],
    options: { timeouts: { connect: limit, total: limit } },
    ...both("2 TimedOut", "2+1 AllCandidatesFailed")
  },
  "a first token that is slow, where a second vendor may be asked": {
    script: [FaultServer.late(600, whole)],
    options: { hedge: { after: "50 millis" } },
    ...both("1 whole", "1+1 whole")
  },
  "a content filter that others may be asked round": {
    script: [refusal(400, "content_filter")],
    options: { onContentFiltered: "elsewhere" },
    ...both("1 ContentFiltered", "1+1 whole")
  },
  "a content filter": {
    script: [refusal(400, "content_filter")],
    ...both("1 ContentFiltered", "1+0 ContentFiltered")
  }
}

interface Cell {
  readonly sentence: string
  readonly fault: Fault
  readonly operation: Operation
  readonly expected: string
  readonly isAlone: boolean
}

const promise = (expected: string) => {
  const [calls, got = ""] = expected.split(/ (.*)/)
  const caller = got === "whole" ? "the whole answer" : `one ${got}`
  return `gives ${caller} by ${calls} calls`
}

const cells = Object.entries(faults).flatMap(([name, fault]) =>
  (["send", "stream"] as const).flatMap((operation) =>
    [true, false].map((isAlone): Cell => {
      const expected = fault[operation][isAlone ? "alone" : "beside"]
      const where = `${operation === "send" ? "sent" : "streamed"}, ${isAlone ? "one vendor" : "a healthy one beside"}`
      return { sentence: `${promise(expected)} after ${name} (${where})`, fault, operation, expected, isAlone }
    })
  )
)

/** Milliseconds that no request may take; the deadline is half a second before. */
const budget = 3_500

/** Milliseconds by which our clock and a timer's may differ. */
const tick = 5

/** Milliseconds that a circuit stays open. */
const openMillis = 100

describe.concurrent("Over real sockets the dispatcher", () => {
  const keeps = (cell: Cell) =>
    Effect.gen(function*() {
      const { expected, fault, isAlone, operation } = cell
      const first = yield* FaultServer.make(...fault.script)
      const second = yield* FaultServer.make(...fault.second ?? [whole])
      const servers = isAlone ? [first] : [first, second]
      const targets = servers.map((_, index) => ({
        vendor: `v${index}`,
        model: "m",
        ...(fault.windows === undefined ? undefined : { contextWindow: fault.windows[index]! })
      }))
      const dispatcher = yield* over(
        servers,
        { ...fault.options, routes: { default: { targets, onInterrupted: fault.onInterrupted } } },
        fault.prefill === undefined ? {} : { prefill: fault.prefill }
      )
      const got = yield* ask(dispatcher, operation)
      expect(`${servers.map(({ requests }) => requests.length).join("+")} ${outcome(got)}`).toBe(expected)
      const calls = servers.reduce((sum, { requests }) => sum + requests.length, 0)
      expect(told(got)).toBe(calls)
      expect(calls).toBeLessThanOrEqual(3)
      expect(got.took).toBeLessThan(budget)
    })
  for (const cell of cells) {
    it.live(cell.sentence, () => keeps(cell))
  }
})

interface Kind {
  readonly operation: Operation
  readonly isAlone: boolean
  readonly name: string
}

const kinds = (["send", "stream"] as const).flatMap((operation) =>
  [true, false].map((isAlone): Kind => ({
    operation,
    isAlone,
    name: `${operation === "send" ? "sent" : "streamed"}, ${isAlone ? "one vendor" : "a healthy one beside"}`
  }))
)

/** The first server does what `state` says now, the second is healthy. */
const changing = (state: { now: FaultServer.Handler }, isAlone: boolean, options: Options) =>
  Effect.gen(function*() {
    const first = yield* FaultServer.make((response, request) => state.now(response, request))
    const second = yield* FaultServer.make(whole)
    const dispatcher = yield* over(isAlone ? [first] : [first, second], options)
    return { first, dispatcher }
  })

describe.each(kinds)("With requests $name the dispatcher", ({ isAlone, operation }) => {
  it.live("leaves a vendor alone until its Retry-After, however many ask, and is back with it then", () =>
    Effect.gen(function*() {
      const state = { now: rateLimited({ "retry-after": String(waitMillis / 1000) }) }
      const { dispatcher, first } = yield* changing(state, isAlone, { retry: false })
      const refused = yield* ask(dispatcher, operation)
      expect(outcome(refused)).toBe(isAlone ? "RateLimited" : "whole")
      state.now = whole
      const others = yield* Effect.forEach(Array.from({ length: 8 }), () => ask(dispatcher, operation), {
        concurrency: 4
      })
      expect(others.map(outcome)).toEqual(others.map(() => "whole"))
      const later = first.requests.slice(1).map(({ at }) => at - first.requests[0]!.at)
      expect(later.filter((wait) => wait < waitMillis - tick)).toEqual([])
      yield* Effect.sleep(waitMillis)
      expect((yield* ask(dispatcher, operation)).summary?.vendor).toBe("v0")
    }))

  it.live("seldom asks a vendor that is down, and is back with it soon after it recovers", () =>
    Effect.gen(function*() {
      const state = { now: refusal(503, "server_error") }
      const { dispatcher, first } = yield* changing(state, isAlone, {
        circuit: { failures: 2, openDuration: openMillis, maxOpenDuration: openMillis }
      })
      const startedAt = performance.now()
      for (let time = 0; time < 30; time++) {
        const got = yield* ask(dispatcher, operation)
        expect(outcome(got)).toMatch(isAlone ? /^(?:ServerFault|AllCandidatesFailed)$/ : /^whole$/)
      }
      // Two requests with a retry each open it, and each opening ends with such a request; the jitter takes a fifth.
      const openings = Math.floor((performance.now() - startedAt) / (openMillis * 0.8))
      expect(first.requests.length).toBeLessThanOrEqual(4 + 2 * openings)
      state.now = whole
      const back = yield* ask(dispatcher, operation).pipe(
        Effect.tap((got) => Effect.sync(() => isAlone || expect(outcome(got)).toBe("whole"))),
        Effect.repeat({
          schedule: Schedule.spaced("10 millis"),
          until: ({ summary }) => summary?.vendor === "v0"
        }),
        Effect.timeout("3 seconds")
      )
      expect(outcome(back)).toBe("whole")
    }))
})
