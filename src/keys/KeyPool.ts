/**
 * Several keys of one vendor as one vendor: each call gets the key that has the most room, a key that the vendor
 * refuses is left alone, and keys are replaced while requests run.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { KeyPool, KeySource } from "llmdispatcher"
 * import * as OpenAi from "llmdispatcher/vendor/OpenAi"
 *
 * export const OpenAiLive = OpenAi.OpenAi.layerOf(KeyPool.make({
 *   name: "openai",
 *   keys: KeySource.fromEnv("OPENAI_API_KEYS"),
 *   make: (apiKey) => OpenAi.make({ apiKey })
 * })).pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 */
import {
  Clock,
  Duration,
  Effect,
  Predicate,
  type Redacted,
  Schedule,
  type Scope,
  Semaphore,
  Stream,
  SubscriptionRef
} from "effect"
import { ConfigError } from "../config/ConfigError.ts"
import type { Vendor } from "../Vendor.ts"
import type { AttemptError } from "../VendorError.ts"
import * as Scrub from "../wire/Scrub.ts"
import * as Balance from "./Balance.ts"
import * as Failover from "./Failover.ts"
import * as Key from "./Key.ts"
import { type KeySource, nameOf } from "./KeySource.ts"
import type * as Ledger from "./Ledger.ts"
import * as Member from "./Member.ts"

const TypeId = "~llmdispatcher/KeyPool"

/**
 * How a pool is put together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R, R2> extends Ledger.Options {
  readonly name: string
  readonly keys: KeySource<R2>
  /** Makes the vendor of one key; each lives in a Scope of its own. They must differ in nothing but their key. */
  readonly make: (key: Redacted.Redacted<string>) => Effect.Effect<Vendor, E, R>
  /** Default `least-busy`. */
  readonly strategy?: Balance.Strategy | undefined
  /** How long calls that have begun may go on with a key that was replaced. Default 30 s. */
  readonly drain?: Duration.Input | undefined
}

/**
 * One key as it is now.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyState {
  /** 8 hexadecimal digits of the key's SHA-256. */
  readonly fingerprint: string
  readonly weight: number
  /** `rejected` and `exhausted` beyond `until` means that the next call tries the key once more. */
  readonly state: Ledger.State
  /** Epoch milliseconds. */
  readonly until?: number
  /** Those for which the state holds; absent where it holds for all. */
  readonly models?: ReadonlyArray<string>
  readonly inFlight: number
  readonly calls: number
  readonly failures: number
}

/**
 * A vendor of several keys.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyPool<E = never> extends Vendor {
  /**
   * Replaces the keys at once: those that stay keep their vendor and their state, those that go get no new call. Where a
   * key is no good, or its vendor cannot be made, nothing changes.
   */
  readonly rotate: (keys: ReadonlyArray<Key.KeyInput>) => Effect.Effect<void, E | ConfigError>
  /** Makes the key of this fingerprint usable again, or all of them. */
  readonly reset: (fingerprint?: string) => Effect.Effect<void>
  readonly states: Effect.Effect<ReadonlyArray<KeyState>>
  /** Now, and whenever a key came, went, became usable or stopped to be; not that a time has come. */
  readonly changes: Stream.Stream<ReadonlyArray<KeyState>>
  /** Why the keys could not be read or put to work the last time; the ones before go on. */
  readonly fault: Effect.Effect<string | undefined>
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isKeyPool = (vendor: Vendor): vendor is KeyPool<unknown> => Predicate.hasProperty(vendor, TypeId)

/** The place in the ledgers for the list of models, which a key may be denied and still be good. */
const listing = "(models)"

/** At once, then twice as late each time, up to half a minute. */
const backoff = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")]).pipe(Schedule.jittered)

const stateOf = ({ calls, failures, fingerprint, inFlight, ledger, weight }: Member.Member, now: number): KeyState => {
  const blocks = ledger.all(now)
  const counts = { inFlight, calls, failures }
  const whole = blocks.find(({ model }) => model === undefined)
  const [first] = blocks
  if (first === undefined) return { fingerprint, weight, state: "usable", ...counts }
  if (whole !== undefined) return { fingerprint, weight, state: whole.state, until: whole.until, ...counts }
  const { state, until } = blocks.reduce((last, block) => block.until > last.until ? block : last, first)
  return { fingerprint, weight, state, until, models: blocks.map(({ model }) => model!), ...counts }
}

/**
 * Reads the keys, makes a vendor of each and follows the source until the Scope closes; then the calls that have begun
 * get the time to end.
 *
 * Fails when the keys cannot be read, there is none, one is no good, or a vendor cannot be made. Later faults of the
 * source change nothing: they are logged, and the source is asked again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*<E, R, R2 = never>(
  options: Options<E, R, R2>
): Effect.fn.Return<KeyPool<E>, E | ConfigError, Exclude<R, Scope.Scope> | R2 | Scope.Scope> {
  const { keys: source, name } = options
  const drain = Duration.fromInputUnsafe(options.drain ?? "30 seconds")
  const context = yield* Effect.context<Exclude<R, Scope.Scope> | R2>()
  const scope = yield* Effect.scope
  const turn = yield* Semaphore.make(1)
  const version = yield* SubscriptionRef.make(0)
  const changed = SubscriptionRef.update(version, (number) => number + 1)
  let members: ReadonlyArray<Member.Member> = []
  let isClosed = false
  let fault: string | undefined

  const log = (member: Member.Member, error?: AttemptError) =>
    Effect.annotateLogs({
      "llmdispatcher.vendor": name,
      "llmdispatcher.key": member.fingerprint,
      ...(error === undefined ? undefined : { "error.type": error.reason._tag })
    })

  const pool: Failover.Members = {
    current: () => members,
    balance: Balance.make(options.strategy ?? "least-busy"),
    blocked: (member, error) =>
      Effect.andThen(
        error.reason._tag === "RateLimited"
          ? Effect.logDebug("a key cools down")
          : Effect.logWarning("a key was refused"),
        changed
      ).pipe(log(member, error)),
    restored: (member) => Effect.andThen(Effect.logInfo("a key is good again"), changed).pipe(log(member))
  }

  // -- Keys come and go

  const rotate = (inputs: ReadonlyArray<Key.KeyInput>) =>
    turn.withPermit(Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const keys = yield* restore(Key.make(inputs, name))
        if (isClosed) return yield* new ConfigError({ path: name, description: "is closed" })
        const known = new Map(members.map((member) => [member.id, member]))
        const built: Array<Member.Member> = []
        yield* Effect.forEach(keys.filter(({ id }) => !known.has(id)), (key) =>
          Effect.map(
            Member.make(key, (key) => restore(options.make(key)), { drain, ledger: options }),
            (member) => built.push(member)
          ), { discard: true }).pipe(Effect.onError(() => Effect.forEach(built, ({ end }) => end, { discard: true })))
        for (const member of built) known.set(member.id, member)
        const next = keys.map(({ id, weight }) => Object.assign(known.get(id)!, { weight }))
        const gone = members.filter((member) => !next.includes(member))
        members = next
        yield* Effect.forEach(gone, ({ end }) => Effect.forkIn(end, scope, { startImmediately: true }), {
          discard: true
        })
        if (built.length + gone.length > 0) yield* changed
      })
    )).pipe(Effect.provideContext(context))

  yield* Effect.addFinalizer(() =>
    turn.withPermit(Effect.suspend(() => {
      const last = members
      isClosed = true
      members = []
      return Effect.forEach(last, ({ end }) => end, { discard: true, concurrency: "unbounded" })
    }))
  )
  yield* Effect.flatMap(source.read, rotate)

  // -- The source is followed

  const report = (error: unknown) => {
    const description = error instanceof ConfigError ? Scrub.text(error.message, []) : nameOf(error)
    if (description === fault) return Effect.void
    fault = description
    return Effect.logWarning(`the keys of ${name} stay as they are: ${description}`)
  }
  const refresh = Effect.flatMap(source.read, rotate).pipe(
    Effect.catchDefect((defect) => Effect.fail(defect)),
    Effect.tapError(report),
    Effect.retry(backoff),
    Effect.andThen(Effect.suspend(() => {
      if (fault === undefined) return Effect.void
      fault = undefined
      return Effect.logInfo(`the keys of ${name} are read again`)
    }))
  )
  yield* source.changes.pipe(
    Stream.runForEach(() => refresh),
    Effect.tapDefect((defect) => Effect.logError(`the keys of ${name} are no longer followed: ${nameOf(defect)}`)),
    Effect.forkScoped
  )

  // -- The vendor

  const { address, capabilities, defaultModel, provider, serves } = members[0]!.vendor
  /** A limit that one key tells is not that of all. */
  const shared = <A extends object>(answer: A): A => members.length > 1 ? { ...answer, limits: undefined } : answer
  const states = Effect.map(Clock.currentTimeMillis, (now) => members.map((member) => stateOf(member, now)))
  const available = (member: Member.Member) =>
    Effect.acquireUseRelease(
      Effect.sync(member.enter),
      () => Effect.raceFirst(member.vendor.isAvailable, Effect.orElseSucceed(member.cut, () => false)),
      () => member.leave
    )

  const made: KeyPool<E> = {
    name,
    provider,
    address,
    defaultModel,
    capabilities,
    serves,
    send: (call) => Effect.map(Failover.whole(pool, call.model, (vendor) => vendor.send(call)), shared),
    stream: (call) => Effect.map(Failover.stream(pool, call.model, (vendor) => vendor.stream(call)), shared),
    embed: (call) => Failover.whole(pool, call.model, (vendor) => vendor.embed(call)),
    models: Failover.whole(pool, listing, (vendor) => vendor.models),
    isAvailable: Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      for (const member of members) {
        if (member.ledger.access(listing, now) !== "shut" && (yield* available(member))) return true
      }
      return false
    }),
    rotate,
    reset: (fingerprint) =>
      Effect.suspend(() => {
        const reset = members.filter((member) =>
          (fingerprint === undefined || member.fingerprint === fingerprint) && member.ledger.reset()
        )
        return reset.length > 0 ? changed : Effect.void
      }),
    states,
    changes: Stream.mapEffect(SubscriptionRef.changes(version), () => states),
    fault: Effect.sync(() => fault)
  }
  return Object.assign(made, { [TypeId]: TypeId })
})
