/**
 * One call over several keys: where one fails for a reason of its own, the next one is tried at once.
 *
 * @since 0.1.0
 */
import { type Array as Arr, Cause, Clock, Duration, Effect, Exit, Pull, Scope, Stream } from "effect"
import type { StreamPart } from "../Response.ts"
import type { AnswerStream, Vendor } from "../Vendor.ts"
import { type AttemptError, fatal, isVendorError, retryable } from "../VendorError.ts"
import { commit, type Committed } from "../wire/Commit.ts"
import type { Balance } from "./Balance.ts"
import { type Member, replaced } from "./Member.ts"

/**
 * The keys there are now, and who hears when one of them becomes usable or stops to be.
 *
 * @since 0.1.0
 * @category models
 */
export interface Members {
  readonly current: () => ReadonlyArray<Member>
  readonly balance: Balance
  readonly blocked: (member: Member, error: AttemptError) => Effect.Effect<void>
  readonly restored: (member: Member) => Effect.Effect<void>
}

/** Which keys one call has tried. */
interface Tried {
  readonly model: string
  readonly ids: Set<string>
  hasProbed: boolean
}

/** A key in the hands of one call. */
interface Taken {
  readonly member: Member
  isProbe: boolean
}

const begin = (model: string): Tried => ({ model, ids: new Set(), hasProbed: false })

/**
 * A key that is due goes before the usable ones, or it would never be tried while there are any; but one call pays for
 * one such trial at most as long as it has another choice.
 */
const take = ({ balance, current }: Members, tried: Tried, now: number): Taken | undefined => {
  const choose = (wanted: "open" | "due") =>
    balance(
      current(),
      ({ id, ledger }) => !tried.ids.has(id) && ledger.access(tried.model, now) === wanted
    )
  const due = tried.hasProbed ? undefined : choose("due")
  const member = due ?? choose("open") ?? choose("due")
  if (member === undefined) return undefined
  const isProbe = member.ledger.access(tried.model, now) === "due"
  if (isProbe) {
    tried.hasProbed = true
    member.ledger.probe(tried.model)
  }
  tried.ids.add(member.id)
  member.enter()
  return { member, isProbe }
}

/** The failure where no key is left: when the first will be back where that is known, else why the last one is gone. */
const refusal = ({ current }: Members, { model }: Tried, now: number): AttemptError => {
  let soonest: number | undefined
  let last: { readonly since: number; readonly error: AttemptError } | undefined
  for (const { ledger } of current()) {
    const blocks = ledger.blocks(model)
    if (blocks.every(({ state }) => state === "coolingDown")) {
      const until = blocks.reduce((latest, { until }) => Math.max(latest, until), now)
      soonest = Math.min(soonest ?? until, until)
    }
    for (const block of blocks) if (last === undefined || block.since >= last.since) last = block
  }
  if (soonest !== undefined) {
    return retryable({ _tag: "RateLimited", description: "every key that is good has reached its limit" }, {
      retryAfter: Duration.millis(soonest - now)
    })
  }
  if (last === undefined) return fatal({ _tag: "Unauthenticated", description: "there is no key" })
  const { reason, status } = last.error
  // Its request id is another request's.
  return last.error._tag === "FatalError" ? fatal(last.error.reason, { status }) : retryable(reason as any, { status })
}

const errorOf = (exit: Exit.Exit<unknown, unknown>): AttemptError | undefined => {
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" && isVendorError(error.value) ? error.value as AttemptError : undefined
}

/** Whether what became of a call concerns its key, which is then noted. */
const heard = (
  members: Members,
  { model }: Tried,
  { member }: Taken,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<boolean> => {
  const error = errorOf(exit)
  if (error === undefined) return Effect.succeed(false)
  member.failures += 1
  return Effect.flatMap(Clock.currentTimeMillis, (now) =>
    member.ledger.note(model, error, now)
      ? Effect.as(members.blocked(member, error), true)
      : Effect.succeed(false))
}

/** The trial of a key is over, once. */
const probed = (members: Members, { model }: Tried, taken: Taken, isGood: boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!taken.isProbe) return Effect.void
    taken.isProbe = false
    return taken.member.ledger.probed(model, isGood) ? members.restored(taken.member) : Effect.void
  })

const told = ({ fingerprint }: Member) => Effect.annotateCurrentSpan("llmdispatcher.key", fingerprint)

/**
 * Calls a vendor for a whole answer.
 *
 * @since 0.1.0
 * @category combinators
 */
export const whole = <A>(
  members: Members,
  model: string,
  use: (vendor: Vendor) => Effect.Effect<A, AttemptError>
): Effect.Effect<A, AttemptError> =>
  Effect.suspend(() => {
    const tried = begin(model)
    let goesOn = false
    const next: Effect.Effect<A, AttemptError> = Effect.suspend(() => {
      goesOn = false
      return Effect.acquireUseRelease(
        Effect.map(Clock.currentTimeMillis, (now) => take(members, tried, now) ?? refusal(members, tried, now)),
        (taken) =>
          isVendorError(taken)
            ? Effect.fail(taken)
            : Effect.andThen(
              told(taken.member),
              Effect.raceFirst(Effect.suspend(() => use(taken.member.vendor)), taken.member.cut)
            ),
        (taken, exit) =>
          isVendorError(taken)
            ? Effect.void
            : heard(members, tried, taken, exit).pipe(
              Effect.tap((concerns) => Effect.sync(() => goesOn = concerns)),
              Effect.andThen(probed(members, tried, taken, Exit.isSuccess(exit))),
              Effect.andThen(taken.member.leave)
            )
      )
    })
    const all: Effect.Effect<A, AttemptError> = Effect.catchIf(next, () => goesOn, () => all)
    return all
  })

/** A stream that a key's vendor has accepted. */
interface Opened {
  readonly answer: AnswerStream
  readonly taken: Taken
  readonly scope: Scope.Closeable
}

/** Asks key after key until a vendor accepts; what a key that failed has begun is closed before the next is asked. */
const open = (
  members: Members,
  tried: Tried,
  outer: Scope.Scope,
  ask: (vendor: Vendor) => Effect.Effect<AnswerStream, AttemptError, Scope.Scope>
): Effect.Effect<Opened, AttemptError> =>
  Effect.uninterruptibleMask((restore) => {
    const next: Effect.Effect<Opened, AttemptError> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const taken = take(members, tried, now)
      if (taken === undefined) return Effect.fail(refusal(members, tried, now))
      const scope = Scope.forkUnsafe(outer)
      const { member } = taken
      member.streams.add(scope)
      const closed = Effect.suspend(() => {
        member.streams.delete(scope)
        return Effect.andThen(probed(members, tried, taken, false), member.leave)
      })
      return Scope.addFinalizer(scope, closed).pipe(
        Effect.andThen(told(member)),
        Effect.andThen(
          Effect.exit(
            restore(Effect.raceFirst(Scope.provide(Effect.suspend(() => ask(member.vendor)), scope), member.cut))
          )
        ),
        Effect.flatMap((exit) =>
          Exit.isSuccess(exit)
            ? Effect.as(probed(members, tried, taken, true), { answer: exit.value, taken, scope })
            : Effect.flatMap(
              ended(members, tried, { taken, scope }, exit),
              (goesOn) => goesOn ? next : Effect.failCause(exit.cause)
            )
        )
      )
    })
    return next
  })

const ended = (
  members: Members,
  tried: Tried,
  { scope, taken }: Pick<Opened, "scope" | "taken">,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<boolean> => Effect.tap(heard(members, tried, taken, exit), () => Scope.close(scope, exit))

type Parts = Arr.NonEmptyReadonlyArray<StreamPart>

/**
 * Calls a vendor for a stream.
 *
 * Another key is tried when the vendor does not accept the call, and also when the stream fails before its first
 * meaningful part, as vendors do that tell of a limit inside it; after that part the answer belongs to its key.
 *
 * @since 0.1.0
 * @category combinators
 */
export const stream = (
  members: Members,
  model: string,
  ask: (vendor: Vendor) => Effect.Effect<AnswerStream, AttemptError, Scope.Scope>
): Effect.Effect<AnswerStream, AttemptError, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (outer) => {
    const tried = begin(model)
    const opening = open(members, tried, outer, ask)

    const committing = (opened: Opened): Effect.Effect<readonly [Opened, Committed], AttemptError> =>
      Effect.raceFirst(Scope.provide(commit(opened.answer), opened.scope), opened.taken.member.cut).pipe(
        Effect.map((committed) => [opened, committed] as const),
        Effect.catch((error) =>
          Effect.flatMap(
            Effect.uninterruptible(ended(members, tried, opened, Exit.fail(error))),
            (goesOn) => goesOn ? Effect.flatMap(opening, committing) : Effect.fail(error)
          )
        )
      )

    /**
     * What comes after the commit: its failures are noted and passed on. The race ends a pull that waits: a stream whose
     * Scope closes does not by itself.
     */
    const following = ({ taken }: Opened, { rest }: Committed): Pull.Pull<Parts, AttemptError> => {
      const { member } = taken
      const failed = (error: AttemptError) => heard(members, tried, taken, Exit.fail(error))
      return Effect.raceFirst(rest, member.cut).pipe(
        Effect.tapError((error) => Cause.isDone(error) || member.isOver ? Effect.void : failed(error)),
        Effect.catchCauseIf(() => member.isOver, () => Effect.andThen(failed(replaced), Effect.fail(replaced)))
      )
    }

    return Effect.map(opening, (first) => {
      let rest: Pull.Pull<Parts, AttemptError> | undefined
      const pull: Pull.Pull<Parts, AttemptError> = Effect.suspend(() =>
        rest ?? Effect.map(committing(first), ([opened, committed]) => {
          rest = following(opened, committed)
          return committed.head as Parts
        })
      )
      // Which call is under way changes with the key, so that no one of them can be cut.
      return { ...first.answer, cut: undefined, parts: Stream.fromPull(Effect.succeed(pull)) }
    })
  })
