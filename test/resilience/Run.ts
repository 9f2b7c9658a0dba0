/**
 * What happens in a world. Time is virtual and chance is seeded, so a world always runs the same way.
 */
import { Clock, Duration, Effect, Exit, Fiber, Random, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type StreamPart, summaryOf } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import {
  type AttemptError,
  type DispatchError,
  fatal,
  type FatalReason,
  retryable,
  type RetryableReason
} from "llmdispatcher/VendorError"
import { type Caller, fatalTags, own, type Script, steadyCallers, type Step, whole, type World } from "./World.ts"

/** A moment: virtual milliseconds, and its place among all moments. */
export interface Moment {
  readonly at: number
  readonly order: number
}

/** One call that a vendor got. */
export interface Call {
  readonly vendor: string
  readonly target: string
  readonly caller: number
  readonly started: Moment
  /** The beginning of the answer that the request gave it. */
  readonly given: string
  /** When the first meaningful part of a stream was handed out. */
  begun: Moment | undefined
  /** When it failed by itself, and with what. */
  failed: { readonly moment: Moment; readonly error: AttemptError | undefined } | undefined
  /** When it handed out the whole answer. */
  answered: Moment | undefined
  /** When its resources were let go. */
  closed: Moment | undefined
}

/** A target passed over. */
export interface Skip {
  readonly moment: Moment
  readonly target: string
  readonly caller: number
  readonly reason: string | undefined
  readonly retryAfter: number | undefined
}

/** What one caller saw. */
export interface Seen {
  readonly number: number
  readonly caller: Caller
  readonly started: Moment
  readonly ended: Moment
  readonly parts: ReadonlyArray<{ readonly part: StreamPart; readonly moment: Moment }>
  readonly text: string
  readonly outcome: "success" | "failure" | "left" | "defect"
  readonly error: DispatchError | undefined
  /** The calls that the answer or the error tells of. */
  readonly told: number | undefined
}

export interface Run {
  readonly world: World
  readonly calls: ReadonlyArray<Call>
  readonly skips: ReadonlyArray<Skip>
  readonly seen: ReadonlyArray<Seen>
  /** Calls under way by the dispatcher's own statistics, when all is over. */
  readonly inFlight: number
}

const usage = { inputTokens: { total: 3 }, outputTokens: { total: 6 } }
const finish = { type: "finish", reason: "stop", usage } as const

const errorOf = (step: Extract<Step, { does: "refuse" }>): AttemptError =>
  (fatalTags as ReadonlyArray<string>).includes(step.tag)
    ? fatal({ _tag: step.tag } as FatalReason) as AttemptError
    : retryable({ _tag: step.tag } as RetryableReason, {
      retryAfter: step.retryAfter === undefined ? undefined : Duration.millis(step.retryAfter)
    }) as AttemptError

const healthy: Step = { does: "answer", delay: 100, gap: 10 }

const broken = retryable({ _tag: "NetworkFault" })

const piecesOf = (text: string, length: number) =>
  Array.from(
    { length: Math.ceil(text.length / length) },
    (_, index) => text.slice(index * length, (index + 1) * length)
  )

/** What of the answer the request begins itself. */
const beginningOf = ({ prompt }: Vendor.Call["request"]): string => {
  const last = prompt.content[prompt.content.length - 1]
  return last?.role !== "assistant"
    ? ""
    : last.content.map((part) => part.type === "text" ? part.text : "").join("")
}

/** Runs a world to its end. */
const run = (world: World): Effect.Effect<Run> =>
  Effect.gen(function*() {
    const calls: Array<Call> = []
    const skips: Array<Skip> = []
    let order = 0
    const now = Effect.map(Clock.currentTimeMillis, (at): Moment => ({ at, order: order++ }))

    const fail = (call: Call, error: AttemptError) =>
      Effect.flatMap(now, (moment) => {
        call.failed = { moment, error }
        return Effect.fail(error)
      })

    const open = (vendor: string, { model, request }: Vendor.Call) =>
      Effect.map(now, (started): Call => {
        const call: Call = {
          vendor,
          target: `${vendor}/${model}`,
          caller: Number(request.user),
          started,
          given: beginningOf(request),
          begun: undefined,
          failed: undefined,
          answered: undefined,
          closed: undefined
        }
        calls.push(call)
        return call
      })

    const close = (call: Call) =>
      Effect.map(now, (moment) => {
        call.closed = moment
      })

    const send = (call: Call, script: Script, step: Step): Effect.Effect<Vendor.Answer, AttemptError> => {
      switch (step.does) {
        case "nothing":
          return Effect.never
        case "refuse":
          return Effect.andThen(Effect.sleep(step.delay), fail(call, errorOf(step)))
        case "break":
          return Effect.andThen(
            Effect.sleep(step.delay + step.gap * step.pieces),
            step.how === "stalls" ? Effect.never : fail(call, broken)
          )
        case "answer":
          return Effect.sleep(step.delay + step.gap * Math.ceil(whole.length / script.piece)).pipe(
            Effect.andThen(now),
            Effect.map((moment) => {
              call.answered = moment
              return { parts: [{ type: "text", text: script.differs ? own(whole) : whole }, finish], losses: [] }
            })
          )
      }
    }

    /** The parts as they come; the first comes at once, since `delay` was before. */
    const partsOf = (call: Call, script: Script, step: Extract<Step, { does: "answer" | "break" }>) => {
      const left = whole.slice(call.given.length)
      const pieces = piecesOf(script.differs ? own(left) : left, script.piece)
      const said = Stream.fromIterable(step.does === "answer" ? pieces : pieces.slice(0, step.pieces)).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((delta) =>
          Effect.sleep(step.gap).pipe(
            Effect.andThen(now),
            Effect.map((moment): StreamPart => {
              call.begun ??= moment
              return { type: "text-delta", id: "0", delta }
            })
          )
        )
      )
      const head = Stream.fromIterable<StreamPart>([
        { type: "response-metadata", id: `r${calls.indexOf(call)}` },
        { type: "text-start", id: "0" }
      ])
      const tail: Stream.Stream<StreamPart, AttemptError> = step.does === "answer"
        ? Stream.fromIterableEffect(Effect.map(now, (moment): ReadonlyArray<StreamPart> => {
          call.answered = moment
          return [{ type: "text-end", id: "0" }, finish]
        }))
        : step.how === "fails"
        ? Stream.fromEffect(fail(call, broken))
        : step.how === "stalls"
        ? Stream.never
        : Stream.fromEffect(Effect.map(now, (moment): StreamPart => {
          call.failed = { moment, error: undefined }
          return { type: "error", error: "drawn" }
        })).pipe(step.how === "ends" ? Stream.drain : (_) => _)
      return head.pipe(Stream.concat(said), Stream.concat(tail))
    }

    const stream = (
      call: Call,
      script: Script,
      step: Step
    ): Effect.Effect<Vendor.AnswerStream, AttemptError, Scope.Scope> => {
      switch (step.does) {
        case "nothing":
        case "refuse":
          return send(call, script, step) as Effect.Effect<never, AttemptError>
        case "break":
        case "answer":
          return Effect.as(Effect.sleep(step.delay), { losses: [], parts: partsOf(call, script, step) })
      }
    }

    const vendors = world.vendors.map((script, index) => {
      const { steps } = script
      const name = `v${index}`
      let next = 0
      const begin = (call: Vendor.Call) =>
        Effect.map(open(name, call), (record) => {
          const step = record.started.at >= world.healthyFrom ? healthy : steps[next++ % steps.length]!
          return { record, step }
        })
      return Vendor.make({
        name,
        defaultModel: "m",
        capabilities: () => ({ prefill: script.prefill }),
        send: (call) =>
          Effect.flatMap(begin(call), ({ record, step }) =>
            Effect.onExit(send(record, script, step), () => close(record))),
        stream: (call) =>
          Effect.flatMap(begin(call), ({ record, step }) =>
            Effect.andThen(
              Effect.addFinalizer(() =>
                close(record)
              ),
              stream(record, script, step)
            ))
      })
    })

    const { onInterrupted, strategy, ...options } = world.policies
    const dispatcher = yield* Dispatcher.make({
      vendors,
      routes: {
        default: {
          onInterrupted,
          strategy,
          targets: world.vendors.map((_, index) => `v${index}/m`)
        }
      },
      ...options
    })

    const ask = (caller: Caller, number: number): Effect.Effect<Seen> =>
      Effect.gen(function*() {
        yield* Effect.sleep(caller.at)
        const started = yield* now
        const parts: Array<{ readonly part: StreamPart; readonly moment: Moment }> = []
        let told: number | undefined
        let text = ""
        const count = (attempts: ReadonlyArray<{ readonly outcome: string }> | undefined) =>
          attempts?.filter(({ outcome }) => outcome !== "skipped").length
        const request = {
          prompt: "Hello",
          user: String(number),
          ...(caller.deadline === undefined ? undefined : { deadline: caller.deadline })
        }
        const asked: Effect.Effect<void, DispatchError> = caller.operation === "send"
          ? Effect.map(dispatcher.send(request), (response) => {
            told = count(response.attempts)
            text = response.text
          })
          : Stream.runForEach(
            caller.takes === undefined
              ? dispatcher.stream(request)
              : Stream.take(dispatcher.stream(request), caller.takes),
            (part) =>
              Effect.andThen(
                Effect.map(now, (moment) => {
                  parts.push({ part, moment })
                  if (part.type === "text-delta") text += part.delta
                  if (part.type === "finish") told = count(summaryOf(part)?.attempts)
                }),
                caller.pause === 0 ? Effect.void : Effect.sleep(caller.pause)
              )
          )
        const listening = Effect.provideService(
          asked,
          Dispatcher.CurrentListener,
          (line) =>
            line.outcome !== "skipped" ? Effect.void : Effect.map(now, (moment) => {
              const { reason, retryAfter, target } = line
              skips.push({ moment, target, caller: number, reason, retryAfter })
            })
        )
        const fiber = yield* Effect.forkChild(listening, { startImmediately: true })
        if (caller.patience !== undefined) {
          yield* Effect.forkChild(Effect.andThen(Effect.sleep(caller.patience), Fiber.interrupt(fiber)))
        }
        const exit = yield* Fiber.await(fiber)
        const ended = yield* now
        const error = Exit.isFailure(exit) ? Exit.findErrorOption(exit) : undefined
        const failure = error?._tag === "Some" ? error.value : undefined
        const isShort = caller.takes !== undefined && !parts.some(({ part }) => part.type === "finish")
        return {
          number,
          caller,
          started,
          ended,
          parts,
          text,
          outcome: Exit.isSuccess(exit)
            ? isShort ? "left" : "success"
            : failure !== undefined
            ? "failure"
            : Exit.hasInterrupts(exit)
            ? "left"
            : "defect",
          error: failure,
          told: failure === undefined ? told : count(failure.attempts)
        }
      })

    const fibers = yield* Effect.forEach(world.callers, (caller, number) => Effect.forkChild(ask(caller, number)))
    yield* TestClock.adjust("10 minutes")
    const seen = yield* Effect.forEach(fibers, Fiber.join)
    const inFlight = vendors.reduce((sum, { name }) => sum + dispatcher.load.of(`${name}/m`).inFlight, 0)
    return { world, calls, skips, seen, inFlight }
  }).pipe(
    Effect.scoped,
    Effect.orDie,
    Random.withSeed(world.seed),
    Effect.provide(TestClock.layer())
  )

const runs = new Map<string, Promise<Run>>()

/** Runs a world, once for all who look at it. */
export const runOnce = (world: World): Promise<Run> => {
  const key = JSON.stringify(world)
  let known = runs.get(key)
  if (known === undefined) runs.set(key, known = Effect.runPromise(run(world)))
  return known
}

/** Who came after the faults, in the order of coming. */
export const steady = ({ seen }: Run): ReadonlyArray<Seen> => seen.slice(-steadyCallers)
