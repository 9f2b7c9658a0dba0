/**
 * A vendor that is only a model of one: it answers as late, as often and at such a price as its scenario says, and is
 * hit by the scenario's incidents. To the dispatcher it is a vendor like any other.
 *
 * @since 0.1.0
 */
import { Cause, Clock, Duration, Effect, type Random, Scope, Stream } from "effect"
import type { Prompt } from "effect/ai"
import type { Request } from "../Request.ts"
import type { Part, StreamPart, Usage } from "../Response.ts"
import * as Vendor from "../Vendor.ts"
import { type AttemptError, retryable } from "../VendorError.ts"
import * as Capacity from "./Capacity.ts"
import { type Condition, conditions, type Incident } from "./Incident.ts"
import type { Ledger, VendorCall } from "./Ledger.ts"
import type { VendorModel } from "./Scenario.ts"
import { type Arrival, normal } from "./Traffic.ts"

/**
 * Where the requests' metadata tells which arrival they stand for.
 *
 * @since 0.1.0
 * @category constants
 */
export const arrivalKey = "simulation.arrival"

/** From the dispatcher to the vendor and back, in milliseconds: what an answer that costs no work takes. */
const roundTrip = 30

/**
 * The longest gap between two parts in milliseconds, well under any idle limit; a real stream has a part a token, which
 * would only make the simulation slow.
 */
const longestGap = 5_000

/**
 * What a simulated vendor lives in.
 *
 * @since 0.1.0
 * @category models
 */
export interface World {
  readonly arrivals: ReadonlyArray<Arrival>
  readonly incidents: ReadonlyArray<Incident>
  readonly ledger: Ledger
  /** Epoch milliseconds of the beginning. */
  readonly epoch: number
  /** Lives as long as the simulation. */
  readonly scope: Scope.Scope
}

/** An answer that has been let in: what it will take, and how it ends. */
interface Service {
  readonly line: VendorCall
  readonly place: Capacity.Place
  readonly output: number
  readonly input: number
  /** Milliseconds from when it has its slot. */
  readonly firstToken: number
  readonly rest: number
  /** The share of the answer after which it breaks. */
  readonly cut: number | undefined
  readonly ending: Condition["ending"]
  startedAt: number
}

/** The answer's beginning that the caller asks to be continued, as its characters. */
const prefixOf = ({ prompt }: Request): number => {
  const last: Prompt.Message | undefined = prompt.content[prompt.content.length - 1]
  if (last?.role !== "assistant") return 0
  return last.content.reduce((sum, part) => part.type === "text" ? sum + part.text.length : sum, 0)
}

const usage = (input: number, output: number): Usage => ({
  inputTokens: { uncached: input, total: input },
  outputTokens: { text: output, total: output }
})

const sleep = (millis: number) => millis <= 0 ? Effect.void : Effect.sleep(Duration.millis(Math.round(millis)))

/**
 * Makes the vendor at a position of the scenario.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  model: VendorModel,
  position: number,
  world: World,
  random: Random.Random
): Vendor.Vendor => {
  const { arrivals, epoch, ledger } = world
  const { jitter = 0.25, perInputToken = 0.05, perOutputToken = 15 } = model
  const conditionAt = conditions(world.incidents, model)
  const slots = Capacity.slots(model.slots, model.queue ?? 0)
  const requests = Capacity.bucket(model.requestsPerMinute)
  const tokens = Capacity.bucket(model.tokensPerMinute)
  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis - epoch)
  const next = () => random.nextDoubleUnsafe()
  const factor = () => jitter === 0 ? 1 : Math.exp(jitter * normal(next))

  const failing = (down: NonNullable<Condition["down"]>): Effect.Effect<never, AttemptError> => {
    switch (down) {
      case "error":
        return Effect.fail(retryable({ _tag: "Overloaded", description: "the service is down" }, { status: 503 }))
      case "refused":
        return Effect.fail(retryable({ _tag: "NetworkFault", description: "the connection is refused" }))
      case "silence":
        return Effect.never
    }
  }

  /** Refusals that come before any work is done. */
  const refusal = (condition: Condition, amount: number, time: number): Effect.Effect<void, AttemptError> => {
    if (condition.down !== undefined) return failing(condition.down)
    const refused = (wait: number | undefined) =>
      Effect.fail(retryable({ _tag: "RateLimited" }, {
        status: 429,
        retryAfter: wait === undefined ? undefined : Duration.seconds(Math.ceil(wait / 1_000))
      }))
    if (condition.refusals > 0 && next() < condition.refusals) return refused(condition.retryAfter)
    const wait = Math.max(requests.wait(1, time), tokens.wait(amount, time))
    if (wait > 0) return refused(model.retryAfter === false ? undefined : wait)
    requests.take(1, time)
    tokens.take(amount, time)
    if (next() < Math.max(model.errors ?? 0.001, condition.errors)) {
      return Effect.andThen(
        sleep((model.firstToken ?? 300) * factor()),
        Effect.fail(retryable({ _tag: "ServerFault" }, { status: 500 }))
      )
    }
    return Effect.void
  }

  /** What became of a call; a vendor that works on for a caller who has gone keeps the slot until it is done. */
  const end = (service: Service, outcome: string) =>
    Effect.flatMap(now, (time) => {
      const { firstToken, line, place, rest } = service
      const served = place.hasSlot() && service.startedAt >= 0
      line.endedAt = time
      line.outcome = outcome
      line.input = served ? service.input : 0
      const done = rest === 0 ? 1 : (time - service.startedAt - firstToken) / rest
      line.output = !served || done < 0 ? 0 : Math.min(service.output, Math.ceil(service.output * done))
      if (outcome !== "aborted" || model.abandoned !== "finish") return Effect.sync(place.leave)
      if (served) line.output = service.output
      const left = served ? service.startedAt + firstToken + rest - time : firstToken + rest
      return Effect.asVoid(Effect.forkIn(
        Effect.andThen(Effect.andThen(place.wait, sleep(left)), Effect.sync(place.leave)),
        world.scope
      ))
    })

  /** Lets a call in, or fails as the vendor would; the Scope's end is the call's. */
  const begin = Effect.fnUntraced(function*(
    call: Vendor.Call
  ): Effect.fn.Return<Service, AttemptError, Scope.Scope> {
    const scope = yield* Scope.Scope
    const request = Number(call.request.metadata?.[arrivalKey])
    const { input, output } = arrivals[request]!
    const prefix = Math.min(prefixOf(call.request), output - 1)
    const startedAt = yield* now
    const line: VendorCall = {
      request,
      vendor: position,
      startedAt,
      endedAt: startedAt,
      outcome: "aborted",
      input: 0,
      output: 0
    }
    ledger.calls.push(line)
    yield* Scope.addFinalizerExit(scope, () =>
      Effect.map(now, (time) => {
        if (line.endedAt === startedAt) line.endedAt = time
      }))
    const told = <A>(effect: Effect.Effect<A, AttemptError>) =>
      Effect.tapError(effect, (error) =>
        Effect.map(now, (time) => {
          line.outcome = error.reason._tag
          line.endedAt = time
        }))
    yield* sleep(roundTrip)
    const condition = conditionAt(startedAt)
    yield* told(refusal(condition, input + prefix + output, startedAt))
    const place = slots.enter()
    if (place === undefined) return yield* told(Effect.fail(retryable({ _tag: "Overloaded" }, { status: 529 })))
    const slower = condition.slower * (1 + (model.slowdown ?? 0) * slots.load())
    const left = output - prefix
    const service: Service = {
      line,
      place,
      input: input + prefix,
      output: left,
      firstToken: ((model.firstToken ?? 300) + perInputToken * (input + prefix)) * factor() * slower *
        condition.firstToken,
      rest: perOutputToken * (left - 1) * factor() * slower,
      cut: condition.cuts > 0 && next() < condition.cuts ? next() : undefined,
      ending: condition.ending,
      startedAt: -1
    }
    yield* Scope.addFinalizerExit(scope, () => end(service, line.outcome))
    yield* place.wait
    service.startedAt = yield* now
    return service
  })

  const broken = (service: Service, ending: Condition["ending"]): Effect.Effect<never, AttemptError> =>
    Effect.suspend(() => {
      if (ending === "stall") return Effect.never
      service.line.outcome = "StreamInterrupted"
      return Effect.fail(retryable({ _tag: "StreamInterrupted", description: "the connection was reset" }))
    })

  /** Whoever is down breaks the answers it had begun. */
  const alive = (service: Service): Effect.Effect<void, AttemptError> =>
    Effect.flatMap(now, (time) => {
      const { down } = conditionAt(time)
      return down === undefined ? Effect.void : broken(service, down === "silence" ? "stall" : "reset")
    })

  const send: Vendor.Vendor["send"] = (call) =>
    Effect.scoped(Effect.gen(function*() {
      const service = yield* begin(call)
      const { cut, firstToken, input, line, output, rest } = service
      yield* sleep(firstToken + rest * (cut ?? 1))
      yield* cut === undefined ? alive(service) : broken(service, service.ending)
      line.outcome = "answered"
      const parts: ReadonlyArray<Part> = [
        { type: "text", text: letter(next()).repeat(output) },
        { type: "finish", reason: "stop", usage: usage(input, output) }
      ]
      return { parts, losses: [] }
    }))

  const partsOf = (service: Service) => {
    const { cut, firstToken, input, line, output, rest } = service
    const text = letter(next())
    const count = Math.max(1, Math.ceil(rest / longestGap))
    let sent = 0
    let step = 0
    const delta = (upTo: number): StreamPart => {
      const part: StreamPart = { type: "text-delta", id: "0", delta: text.repeat(upTo - sent) }
      sent = upTo
      return part
    }
    return Effect.suspend((): Effect.Effect<[StreamPart, ...Array<StreamPart>], AttemptError | Cause.Done> => {
      if (step > count) return Cause.done()
      const at = step++
      if (at === 0) {
        return Effect.map(
          Effect.andThen(sleep(firstToken), alive(service)),
          () => [{ type: "text-start", id: "0" }, delta(1)]
        )
      }
      const share = at / count
      if (cut !== undefined && cut <= share) {
        return Effect.andThen(sleep(rest * (cut - (at - 1) / count)), broken(service, service.ending))
      }
      const upTo = at === count ? output : Math.max(sent, Math.floor(output * share))
      return Effect.map(Effect.andThen(sleep(rest / count), alive(service)), () => {
        if (at < count) return [delta(upTo)]
        line.outcome = "answered"
        return [
          delta(upTo),
          { type: "text-end", id: "0" },
          { type: "finish", reason: "stop", usage: usage(input, output) }
        ]
      })
    })
  }

  const stream: Vendor.Vendor["stream"] = (call) =>
    Effect.map(begin(call), (service) => ({ parts: Stream.fromPull(Effect.succeed(partsOf(service))), losses: [] }))

  const capabilities: Vendor.Capabilities = {
    ...(model.prefill === undefined ? undefined : { prefill: model.prefill }),
    ...(model.contextWindow === undefined ? undefined : { contextWindow: model.contextWindow })
  }
  const name = model.model ?? "model"
  return Vendor.make({
    name: model.name,
    provider: "simulated",
    defaultModel: name,
    capabilities: () => capabilities,
    serves: (asked) => asked === name,
    send,
    stream
  })
}

/** Each answer in a letter of its own: two answers to one request never read the same, as with real models. */
const letter = (random: number): string => String.fromCharCode(97 + Math.floor(random * 26))
