/**
 * The way of a request through the cache: what was kept, who is asking the same just now, what means the same, and only
 * then the dispatcher.
 *
 * @since 0.1.0
 */
import { Clock, Deferred, Duration, Effect, Exit, type Scope, Stream } from "effect"
import { CurrentPrincipal } from "../access/CurrentPrincipal.ts"
import * as Request from "../Request.ts"
import * as Response from "../Response.ts"
import { type DispatchError, type Fatal, fatal } from "../VendorError.ts"
import * as Deadline from "./Deadline.ts"
import * as Entry from "./Entry.ts"
import * as Flight from "./Flight.ts"
import * as Hit from "./Hit.ts"
import * as Key from "./Key.ts"
import * as Recording from "./Recording.ts"
import * as Semantic from "./Semantic.ts"
import type { Dispatching, Settings, Surroundings } from "./Settings.ts"

type Wish = "on" | "only" | "refresh"

/** The question's vector and the bucket it is compared in. */
interface Vector {
  readonly bucket: string
  readonly vector: ReadonlyArray<number>
}

/** What was found for a request before anybody was called. */
type Looked = { readonly entry: Entry.Entry } | { readonly entry: undefined; readonly vector: Vector | undefined }

const notCached: Fatal<"NoCandidate"> = fatal({
  _tag: "NoCandidate",
  description: "the cache has no answer to this request, which is to be answered from there only",
  known: []
})

/** Failures that say something of who asked first, not of what was asked. */
const ownReasons: ReadonlySet<string> = new Set(["DeadlineExceeded", "Shed", "CallerLimited", "BudgetExceeded"])

const isOwn = (error: DispatchError): boolean => ownReasons.has(error.reason._tag)

/** Tells of an answer that has no span of a dispatch, since there was none. */
const trace = (
  { told }: Surroundings,
  { id, operation, request, startedAt }: Hit.Asked,
  from: "hit" | "similar" | "joined",
  answered: Pick<Response.Summary, "vendor" | "target" | "finishReason" | "usage">
) =>
  Effect.withSpan(
    told === undefined
      ? Effect.void
      : Effect.map(Clock.currentTimeMillis, (now) => told({ id, operation, request, startedAt, now, answered })),
    "llmdispatcher.dispatch",
    {
      kind: "internal",
      captureStackTrace: false,
      attributes: {
        "llmdispatcher.id": id,
        "llmdispatcher.operation": operation,
        "llmdispatcher.model": request.model,
        "llmdispatcher.cache": from,
        "llmdispatcher.attempts": 0,
        "llmdispatcher.vendor": answered.vendor,
        "llmdispatcher.target": answered.target,
        "llmdispatcher.cost": 0
      }
    }
  )

/**
 * Puts the cache before a dispatcher.
 *
 * Who joins a call waits no longer than its own deadline. Where the call fails for who began it (its deadline, its
 * limits, its budget), the others ask again, one of them calling; any other failure is theirs too, since the same request
 * would have met it. A stream is read along from its first part on.
 *
 * @since 0.1.0
 * @category combinators
 */
export const through = (settings: Settings, dispatcher: Dispatching, surroundings: Surroundings): Dispatching => {
  const { digest, figures, index, kept, pace, scope, store } = settings
  const admit = surroundings.admit ?? (() => Effect.void)

  const sends = Flight.make<Deferred.Deferred<Response.Response, DispatchError>, DispatchError>(scope, () => {
    const value = Deferred.makeUnsafe<Response.Response, DispatchError>()
    return {
      value,
      settle: Exit.match({
        onSuccess: () => {},
        onFailure: (cause) => Deferred.doneUnsafe(value, Exit.failCause(cause))
      })
    }
  })
  const streams = Flight.make<Recording.Recording<DispatchError>, DispatchError>(scope, () => {
    const value = Recording.make<DispatchError>()
    return { value, settle: value.end }
  })

  /** What was asked before all was forgotten is not waited for after. */
  const flightOf = ({ epoch, key }: Hit.Asked) => `${epoch} ${key}`

  const ask = Effect.fnUntraced(function*(operation: Hit.Asked["operation"], request: Request.Request) {
    const asked: Hit.Asked = {
      operation,
      request,
      epoch: settings.epoch(),
      allowed: request.deadline === undefined ? surroundings.deadline : Duration.toMillis(request.deadline),
      startedAt: yield* Clock.currentTimeMillis,
      id: yield* surroundings.newId,
      key: yield* Key.hash(digest, Key.textOf(request, settings.keyScope(request, (yield* CurrentPrincipal)?.id)))
    }
    return asked
  })

  /** An answer kept for a question that means the same, else the question's vector, for when it is answered. */
  const lookSimilar = Effect.fnUntraced(function*({ request }: Hit.Asked, index: Semantic.Index) {
    const none = { entry: undefined, vector: undefined }
    const question = Semantic.question(request)
    if (question === undefined) return none
    const vector = yield* index.embed(question.text)
    if (vector === undefined) return none
    const keyScope = settings.keyScope(request, (yield* CurrentPrincipal)?.id)
    const bucket = yield* Key.hash(digest, Key.textOf(request, keyScope, question.rest))
    const key = index.find(bucket, vector)
    const entry = key === undefined ? undefined : yield* store.get(key)
    if (entry !== undefined) return { entry }
    if (key !== undefined) index.remove(key)
    return { entry, vector: { bucket, vector } }
  })

  const count = (cost: number | undefined) => {
    if (cost !== undefined) figures.saved += cost
  }

  const hit = (asked: Hit.Asked, from: "hit" | "similar", entry: Entry.Entry) =>
    Effect.andThen(
      admit(asked.request),
      Effect.suspend(() => {
        figures.hits += 1
        if (from === "similar") figures.similar += 1
        count(entry.cost)
        return trace(surroundings, asked, from, entry)
      })
    )

  /** Looks for an answer, and fails where there must be one. */
  const look = (asked: Hit.Asked, wish: Wish, underWay: boolean): Effect.Effect<Looked, DispatchError> =>
    Effect.gen(function*() {
      if (wish === "refresh") return { entry: undefined, vector: undefined }
      const entry = yield* store.get(asked.key)
      if (entry !== undefined) {
        yield* hit(asked, "hit", entry)
        return { entry }
      }
      if (underWay) return { entry, vector: undefined }
      const looked: Looked = index === undefined ? { entry, vector: undefined } : yield* lookSimilar(asked, index)
      if (looked.entry !== undefined) yield* hit(asked, "similar", looked.entry)
      else if (wish === "only") return yield* notCached
      return looked
    })

  const keep = Effect.fnUntraced(function*(
    asked: Hit.Asked,
    vector: Vector | undefined,
    summary: Response.Summary,
    parts: ReadonlyArray<Response.Part | Response.StreamPart>
  ) {
    if (asked.epoch !== settings.epoch() || !Entry.isKept(summary.finishReason, parts, kept)) return
    const now = yield* Clock.currentTimeMillis
    if (!(yield* store.set(asked.key, Entry.make(asked.operation, summary, parts, now)))) return
    figures.stored += 1
    if (vector !== undefined) index?.add(vector.bucket, asked.key, vector.vector)
  })

  /** Takes a seat in the call under way or begins one. */
  const enter = <A>(
    flights: Flight.Flights<A, DispatchError>,
    asked: Hit.Asked,
    wish: Wish,
    run: (value: A, landed: () => void) => Effect.Effect<void, DispatchError>
  ): Effect.Effect<Flight.Seat<A>, DispatchError, Scope.Scope> =>
    Effect.gen(function*() {
      if (wish !== "refresh" && flights.has(flightOf(asked))) yield* admit(asked.request)
      const seat = wish === "only"
        ? yield* flights.join(flightOf(asked))
        : yield* flights.enter(flightOf(asked), run, { join: wish === "on" })
      if (seat === undefined) return yield* notCached
      figures[seat.joined ? "joined" : wish === "refresh" ? "refreshed" : "misses"] += 1
      return seat
    })

  /** The summary of who waited for another's call. */
  const share = (asked: Hit.Asked, theirs: Response.Summary, firstPartAt?: number): Effect.Effect<Response.Summary> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      count(theirs.cost)
      return Effect.as(
        trace(surroundings, asked, "joined", theirs),
        Hit.summary(asked, theirs, { id: theirs.id, age: 0 }, now, firstPartAt)
      )
    })

  const sendAsked = (asked: Hit.Asked, wish: Wish): Effect.Effect<Response.Response, DispatchError> =>
    Effect.scoped(Effect.gen(function*() {
      const looked = yield* look(asked, wish, sends.has(flightOf(asked)))
      if (looked.entry !== undefined) return yield* Hit.response(asked, looked.entry)
      const { joined, value } = yield* enter(
        sends,
        asked,
        wish,
        (value, landed) =>
          Effect.flatMap(Effect.flatMap(Deadline.callable(asked), dispatcher.send), (response) => {
            landed()
            Deferred.doneUnsafe(value, Exit.succeed(response))
            return keep(asked, looked.vector, response, response.parts)
          })
      )
      if (!joined) return yield* Deferred.await(value)
      let isLate = false
      return yield* Deadline.within(asked, Deferred.await(value), () => isLate = true).pipe(
        Effect.flatMap((response) =>
          Effect.map(share(asked, response), (summary) => Response.make(summary, response.parts))
        ),
        Effect.catchIf((error) => !isLate && isOwn(error), () => sendAsked(asked, wish))
      )
    }))

  const record =
    (asked: Hit.Asked, vector: Vector | undefined) =>
    (recording: Recording.Recording<DispatchError>, landed: () => void): Effect.Effect<void, DispatchError> =>
      Effect.flatMap(
        Deadline.callable(asked),
        (request) =>
          Stream.runForEachArray(dispatcher.stream(request), (parts) =>
            Effect.sync(() => {
              if (parts.some(({ type }) => type === "finish")) landed()
              recording.push(parts)
            }))
      ).pipe(
        Effect.andThen(Effect.suspend(() => {
          recording.end(Exit.void)
          const summary = recording.parts.map(Response.summaryOf).find((summary) => summary !== undefined)
          return summary === undefined ? Effect.void : keep(asked, vector, summary, recording.parts)
        }))
      )

  /** Reads another's stream along, from its first part on, with a finish part of one's own. */
  const readAlong = (asked: Hit.Asked, wish: Wish, recording: Recording.Recording<DispatchError>) => {
    let firstPartAt: number | undefined
    let isLate = false
    const read = recording.read()
    const own = (part: Response.StreamPart) => {
      const theirs = Response.summaryOf(part)
      return theirs === undefined
        ? Effect.succeed(part)
        : Effect.map(share(asked, theirs, firstPartAt), (summary) => Hit.withSummary(part, summary))
    }
    const first = Effect.tap(
      Deadline.within(asked, read, () => isLate = true),
      () => Effect.map(Clock.currentTimeMillis, (now) => firstPartAt = now)
    )
    const pull = Effect.flatMap(
      Effect.suspend(() => firstPartAt === undefined ? first : read),
      (parts) => Effect.forEach(parts, own)
    )
    return Stream.catchIf(
      Stream.fromPull(Effect.succeed(pull)),
      (error) => firstPartAt === undefined && !isLate && isOwn(error),
      () => streamAsked(asked, wish)
    )
  }

  const streamAsked = (asked: Hit.Asked, wish: Wish): Stream.Stream<Response.StreamPart, DispatchError> =>
    Stream.unwrap(Effect.gen(function*() {
      const looked = yield* look(asked, wish, streams.has(flightOf(asked)))
      if (looked.entry !== undefined) return Hit.stream(asked, looked.entry, pace)
      const { joined, value } = yield* enter(streams, asked, wish, record(asked, looked.vector))
      return joined ? readAlong(asked, wish, value) : Stream.fromPull(Effect.sync(value.read))
    }))

  /** The request made whole, and its wish; `off` goes straight on. */
  const decode = (input: Request.RequestInput) =>
    Effect.map(Request.decode(input, { maxSize: surroundings.maxRequestSize }), (request) => {
      const wish = request.cache ?? settings.wish
      if (wish === "off") figures.bypassed += 1
      return { request, wish }
    })

  return {
    send: (input) =>
      Effect.flatMap(decode(input), ({ request, wish }) =>
        wish === "off"
          ? dispatcher.send(request)
          : Effect.flatMap(ask("send", request), (asked) => sendAsked(asked, wish))),
    stream: (input) =>
      Stream.unwrap(Effect.flatMap(decode(input), ({ request, wish }) =>
        wish === "off"
          ? Effect.succeed(dispatcher.stream(request))
          : Effect.map(ask("stream", request), (asked) => streamAsked(asked, wish))))
  }
}
