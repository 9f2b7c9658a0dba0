/**
 * The way of a request, from top to bottom: {@link make} puts the policies in their order and says of each why it stands
 * where it stands.
 *
 * @since 0.1.0
 */
import { Channel, Clock, Duration, Effect, Exit, type Fiber, Random, Result, Scope, Stream } from "effect"
import type * as Cache from "./cache/Cache.ts"
import type { Learned } from "./Learned.ts"
import * as Account from "./policy/Account.ts"
import { attempt } from "./policy/Attempt.ts"
import * as Capable from "./policy/Capable.ts"
import * as Deadline from "./policy/Deadline.ts"
import { fallback } from "./policy/Fallback.ts"
import { Lifetime } from "./policy/Lifetime.ts"
import { observer } from "./policy/Observe.ts"
import * as Reach from "./policy/Reach.ts"
import { observer as recording, ofHit } from "./policy/Record.ts"
import * as Resume from "./policy/Resume.ts"
import * as Retry from "./policy/Retry.ts"
import * as StreamRules from "./policy/StreamRules.ts"
import * as Timeout from "./policy/Timeout.ts"
import { traceAttempt, traceDispatch } from "./policy/Trace.ts"
import type { Options, TargetPolicy } from "./Policies.ts"
import type { AttemptObserver, Call, Candidates, Dispatch, DispatchObserver, Handler } from "./Policy.ts"
import * as Request from "./Request.ts"
import * as Response from "./Response.ts"
import * as RouteName from "./router/RouteName.ts"
import * as Router from "./router/Router.ts"
import * as Telemetry from "./telemetry/Telemetry.ts"
import type { AttemptError, DispatchError, Fatal } from "./VendorError.ts"
import type { Committed } from "./wire/Commit.ts"

/** What a dispatch reached, and how it goes on when that breaks. */
interface Dispatched<A> {
  readonly reached: Reach.Reached<A>
  readonly again: (text: string, broken: Call) => Effect.Effect<Reach.Reached<A>, DispatchError>
}

interface Chosen {
  readonly dispatch: Dispatch
  readonly candidates: Candidates
}

/** The router's candidates but for those that lack what the request needs, each of which gets its line. */
const candidates = (
  fiber: Fiber.Fiber<unknown, unknown>,
  router: Router.Router,
  dispatch: Dispatch
): Result.Result<Candidates, Fatal<"NoCandidate">> => {
  const { operation, request } = dispatch
  const random = fiber.getRef(Random.Random)
  const capable = Capable.make(dispatch)
  const draw = { request, operation, now: dispatch.journal.startedAt, random: () => random.nextDoubleUnsafe() }
  return Result.map(router.select(draw, capable.keep), ({ left, next, restrict }) => ({
    next: Effect.suspend(() => {
      const candidate = next()
      const told = capable.tell()
      return told === undefined ? Effect.succeed(candidate) : Effect.as(told, candidate)
    }),
    left,
    restrict,
    nobody: capable.nobody
  }))
}

const pass = <A, E>(next: Handler<A, E>): Handler<A, E> => next

/**
 * Texts to make vectors of, and what of a request may stand beside them.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbedRequest extends
  Pick<
    Exclude<Request.RequestInput, Request.Request>,
    "model" | "vendors" | "user" | "metadata" | "priority" | "deadline"
  >
{
  readonly inputs: ReadonlyArray<string>
}

/**
 * A vector for each text, in their order, and how it came about.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbedResponse extends Omit<Response.Summary, "finishReason"> {
  readonly vectors: ReadonlyArray<ReadonlyArray<number>>
}

/**
 * The ways to ask.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ways {
  readonly send: (request: Request.RequestInput) => Effect.Effect<Response.Response, DispatchError>
  readonly stream: (request: Request.RequestInput) => Stream.Stream<Response.StreamPart, DispatchError>
  readonly embed: (request: EmbedRequest) => Effect.Effect<EmbedResponse, DispatchError>
  /** Who may be asked, at a time in epoch milliseconds. */
  readonly targets: Router.Router["targets"]
}

/**
 * What a way is made for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  readonly directory: Router.Directory
  /** What outlives this way, where the next one wants it as well. */
  readonly learned: Learned
  readonly cache?: Cache.Cache["Service"] | undefined
  /** A dispatch begins, and later it ends. */
  readonly begin: () => void
  readonly ended: () => Effect.Effect<void> | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ begin, cache, directory, ended, learned }: Surroundings, options: Options): Ways => {
  const { admission = [], maxAttempts = 3, prepare = [], recorders = [] } = options
  const { stats } = learned
  const router = Router.make(directory)
  const limits = Timeout.limits(options.timeouts)
  const deadline = Duration.toMillis(Duration.fromInputUnsafe(options.deadline ?? "10 minutes"))
  const budget = options.retryBudget === false ? undefined : learned.retryBudget(options.retryBudget)
  const retry = options.retry === false
    ? () => pass
    : Retry.retry({ ...options.retry, maxAttempts, take: budget?.take })
  const hedge = options.hedge === undefined ? undefined : learned.hedge({ ...options.hedge, maxAttempts })
  const timeout = Timeout.timeout(limits)
  const own = (options.target ?? []).reduceRight<TargetPolicy>((inner, outer) => (next) => outer(inner(next)), pass)
  const cooldown = options.cooldown === false ? undefined : learned.cooldown(options.cooldown)
  const check = cooldown?.check ?? pass
  const recheck = cooldown?.recheck ?? pass
  const breaker = options.circuit === false ? undefined : learned.circuit(options.circuit)
  const circuit = breaker?.circuit ?? pass
  const reclose = breaker?.recheck ?? pass
  const withinCalls = Retry.withinCalls(maxAttempts)
  const routeOf = RouteName.make(directory.routes, directory.rules)
  const telemetry = Telemetry.make({
    routeOf,
    targets: Array.from(directory.routes.values()).flatMap(({ targets }) => targets.map(({ id }) => id))
  }, options)

  /** Who hears of attempts: they cost no step of their own, and none depends on another. */
  const attempts: ReadonlyArray<AttemptObserver> = [
    observer(stats),
    ...cooldown === undefined ? [] : [cooldown.observer],
    ...budget === undefined ? [] : [budget.observer],
    ...telemetry.attempts
  ]
  const dispatches: ReadonlyArray<DispatchObserver> = [
    ...telemetry.dispatches,
    ...recorders.length === 0 ? [] : [recording(recorders, { routeOf, caller: options.caller })]
  ]

  /** The policies around one vendor's call, outermost first. */
  const through = <A>(vendorCall: Handler<A, AttemptError>) =>
    // Outermost, since it alone knows the other candidates: what is inside speaks to one target.
    fallback({ maxAttempts, hedge, onContentFiltered: options.onContentFiltered })<A>(
      // Before the circuit: who asked to be left alone is not a probe.
      check(
        // Around the retries, so that it counts one outcome a dispatch, and an open circuit costs no wait.
        circuit(
          // Outside the attempt: each retry is an attempt of its own, with its own line, limits and span.
          retry(
            // A circuit that opened while a retry waited is open for the retry too, and others may have made the calls.
            (next) => reclose(withinCalls(next))
          )(
            // Each call counts against what the user's own limits allow.
            own(
              // Inside those, for a target may ask to be left alone while a call waits for its turn.
              recheck(
                // Gives the attempt its Scope and its line in the journal, so that all inside it is told and closed.
                attempt(attempts)(
                  // Inside the journal, so that a limit passed is told as this attempt's failure.
                  timeout(
                    // Next to the vendor, so that the times are the vendor's time.
                    traceAttempt(vendorCall)
                  )
                )
              )
            )
          )
        )
      )
    )

  /** The dispatch that may go on, its request made ready. */
  const admitted = admission.length === 0 && prepare.length === 0 ?
    undefined :
    Effect.fnUntraced(function*(dispatch: Dispatch): Effect.fn.Return<Dispatch, DispatchError> {
      for (const admit of admission) yield* admit(dispatch)
      let { request } = dispatch
      // After admission: a summary costs tokens, and who is refused shall cost none.
      for (const change of prepare) request = yield* change(request)
      return request === dispatch.request ? dispatch : { ...dispatch, request }
    })

  const dispatch = <A>(operation: Dispatch["operation"], vendorCall: Handler<Reach.Reached<A>, AttemptError>) => {
    const reach = through(vendorCall)

    /** Goes on with an answer that broke: at a candidate not tried yet, else at any that may do better now. */
    const again = ({ candidates: first, dispatch }: Chosen) => (text: string, broken: Call) => {
      const goOn = Effect.fnUntraced(function*(prefill: boolean, candidates: Candidates) {
        const resumed = { ...dispatch, resumed: { text, prefill } }
        if (candidates.left() > 1) candidates.restrict(({ target }) => target.id !== broken.candidate.target.id)
        return yield* reach(resumed, candidates).pipe(Deadline.within(resumed))
      })
      const anew = (prefill: boolean) =>
        Effect.withFiber((fiber) => {
          const found = candidates(fiber, router, dispatch)
          if (Result.isFailure(found)) return Effect.fail(found.failure)
          const hopeless = Resume.hopeless(dispatch.journal, prefill)
          found.success.restrict(({ target }) => !hopeless.has(target.id))
          return goOn(prefill, found.success)
        })
      return (first.left() > 0 ? goOn(true, first) : anew(true)).pipe(
        // A target that will not continue a text may still answer the question.
        Effect.catchReason("FatalError", "InvalidRequest", () => anew(false))
      )
    }

    /** Asks whoever the request may be asked of. */
    const ask = (dispatch: Dispatch, lifetime: Lifetime): Effect.Effect<Dispatched<A>, DispatchError> =>
      Effect.withFiber((fiber) => {
        const found = candidates(fiber, router, dispatch)
        if (Result.isFailure(found)) return Effect.fail(found.failure)
        const { context } = fiber
        return Effect.map(reach(dispatch, found.success), (reached): Dispatched<A> => {
          lifetime.reached = reached.call
          return {
            reached,
            // Under the span of this dispatch, wherever the stream is read.
            again: (text, broken) =>
              again({ dispatch, candidates: found.success })(text, broken).pipe(
                Effect.tap((reached) => Effect.sync(() => lifetime.reached = reached.call)),
                Effect.provideContext(context)
              )
          }
        })
      })

    /** The dispatch through all policies; `lifetime` is told of it, and of the call that answered. */
    return (
      input: Request.RequestInput,
      lifetime: Lifetime,
      inputs?: ReadonlyArray<string>
    ): Effect.Effect<Dispatched<A>, DispatchError> =>
      // First of all: nothing invalid is routed, counted or traced.
      Effect.flatMap(Request.decode(input, { maxSize: options.maxRequestSize }), (request) =>
        Effect.withFiber((fiber) => {
          const dispatch = Deadline.begin(fiber, operation, request, lifetime.scope, deadline, inputs)
          lifetime.begun(dispatch, fiber)
          const asked = admitted === undefined
            ? ask(dispatch, lifetime)
            : Effect.flatMap(admitted(dispatch), (dispatch) =>
              ask(dispatch, lifetime))
          // Around every attempt and every wait between them: one deadline for all of it.
          const bounded = Deadline.within(dispatch)(asked)
          // Around the routing too, so that a request nobody serves is seen in the traces.
          return traceDispatch(dispatch, () => lifetime.reached)(bounded)
        }))
  }

  /** Asks for a whole answer in a Scope of its own, and makes of it what the caller gets. */
  const whole = <A, B>(
    ask: (lifetime: Lifetime) => Effect.Effect<Dispatched<A>, DispatchError>,
    answer: (reached: Reach.Reached<A>, now: number) => B
  ): Effect.Effect<B, DispatchError> =>
    Effect.suspend(() => {
      let lifetime: Lifetime | undefined
      return Effect.onExitPrimitive(
        Effect.withFiber((fiber) => {
          lifetime = new Lifetime(dispatches)
          begin()
          const clock = fiber.getRef(Clock.Clock)
          return Effect.map(ask(lifetime), ({ reached }) => answer(reached, clock.currentTimeMillisUnsafe()))
        }),
        (exit) => {
          if (lifetime === undefined) return undefined
          const closed = lifetime.close(exit)
          return closed === undefined ? ended() : Effect.andThen(closed, Effect.suspend(() => ended() ?? Effect.void))
        }
      )
    })

  const sendDispatch = dispatch("send", telemetry.send(Reach.send))
  const send = (input: Request.RequestInput) =>
    whole(
      (lifetime) => sendDispatch(input, lifetime),
      ({ call, value }, now) => Response.make(Account.summarise(call, value.losses, now), value.parts)
    )

  const embedDispatch = dispatch("send", Reach.embed)
  const embed = ({ inputs, ...request }: EmbedRequest) =>
    whole(
      // Admission and the limits count what goes with it, as they do with any prompt.
      (lifetime) => embedDispatch({ ...request, prompt: inputs.join("\n\n") }, lifetime, inputs),
      ({ call, value }, now): EmbedResponse => {
        const { finishReason: _, ...summary } = Account.summarise(call, [], now)
        return { ...summary, vectors: value.vectors }
      }
    )

  const streamDispatch = dispatch("stream", telemetry.stream(Reach.stream(limits)))
  /** The parts that follow one another to the caller, whoever sends them. */
  const partsOf = ({ again, reached }: Dispatched<Committed>, lifetime: Lifetime) => {
    const close = (exit: Exit.Exit<unknown, unknown>) => lifetime.close(exit) ?? Effect.void
    const { call, value } = reached
    if (router.onInterrupted(call.request, call.journal.startedAt) === "fail") {
      return StreamRules.live(call, value, limits, close)
    }
    const begun = ({ call, value }: Reach.Reached<Committed>): Resume.Begun => ({
      call,
      // A broken answer ends its candidate, and the dispatch only when nobody goes on.
      live: StreamRules.live(
        call,
        value,
        limits,
        (exit) => Exit.isSuccess(exit) ? close(exit) : Effect.void
      ),
      leave: (error) => Scope.close(call.candidateScope, Exit.fail(error)),
      giveUp: Scope.close(call.candidateScope, Exit.interrupt())
    })
    return Resume.resuming(
      begun(reached),
      (text, call) => Effect.map(again(text, call), begun),
      (error) => close(Exit.fail(error))
    )
  }
  const stream = (input: Request.RequestInput) =>
    Stream.fromChannel(Channel.fromTransform((_, streamScope) =>
      Effect.suspend(() => {
        let lifetime: Lifetime | undefined
        // When the caller goes, the dispatch ends as interrupted, unless the stream told its fate before.
        const left = Effect.suspend(() => {
          if (lifetime === undefined) return Effect.void
          const closed = lifetime.close(Exit.interrupt()) ?? Effect.void
          return Effect.andThen(closed, Effect.suspend(() => ended() ?? Effect.void))
        })
        const asked = Effect.suspend(() => {
          const lived = lifetime = new Lifetime(dispatches)
          begin()
          return Effect.map(
            Effect.onExitPrimitive(
              streamDispatch(input, lived),
              (exit) => Exit.isSuccess(exit) ? undefined : lived.close(exit)
            ),
            (dispatched) => partsOf(dispatched, lived)
          )
        })
        // What counts it back stands before what counts it: an interruption may come between any two steps.
        return Effect.andThen(Scope.addFinalizer(streamScope, left), asked)
      })
    ))

  // Before anything else: an answer that is there already takes no place, no budget and no call.
  return cache === undefined
    ? { send, stream, embed, targets: router.targets }
    : {
      embed,
      targets: router.targets,
      ...cache.through({ send, stream }, {
        newId: Deadline.newId,
        deadline,
        maxRequestSize: options.maxRequestSize,
        admit: options.permit,
        told: (hit) => {
          const told = ofHit({ routeOf, caller: options.caller }, hit)
          for (const recorder of recorders) recorder.record(told)
        }
      })
    }
}
