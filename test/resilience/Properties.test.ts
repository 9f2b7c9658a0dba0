/**
 * What holds in every world: over random policies, faults and interleavings, in virtual time.
 *
 * A failure prints the seed and the smallest world that shows it; `PROPERTY_SEED=… PROPERTY_RUNS=…` searches elsewhere
 * and longer.
 */
import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import * as fc from "fast-check"
import { dispositions, type Reason } from "llmdispatcher/VendorError"
import { isMeaningful } from "llmdispatcher/Response"
import * as RetryBudget from "../../src/policy/RetryBudget.ts"
import { type Call, type Moment, type Run, runOnce, type Seen, steady } from "./Run.ts"
import { recovering, whole, type World, world } from "./World.ts"

const seed = Number(process.env["PROPERTY_SEED"] ?? 4)
const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 300)

/** Milliseconds that a failure is given to become small, and then that a law is given in all. */
const shrinking = 25_000
const limit = 60_000

/** What of a run a law speaks of, and where it was broken. */
interface Verdict {
  readonly looked: number
  readonly broken: ReadonlyArray<string>
}

type Law = (run: Run) => Verdict

const verdict = <A>(cases: Iterable<A>, fault: (one: A) => string | undefined): Verdict => {
  const broken: Array<string> = []
  let looked = 0
  for (const one of cases) {
    looked += 1
    const words = fault(one)
    if (words !== undefined) broken.push(words)
  }
  return { looked, broken }
}

const isAfter = (a: Moment, b: Moment) => a.order > b.order
const callsOf = ({ calls }: Run, { number }: Seen) => calls.filter(({ caller }) => caller === number)
const tell = (call: Call) => `the call of caller ${call.caller} to ${call.target} at ${call.started.at}`
const retryAfterOf = (call: Call): number | undefined =>
  call.failed?.error?._tag === "RetryableError" && call.failed.error.retryAfter !== undefined
    ? Duration.toMillis(call.failed.error.retryAfter)
    : undefined
const actionOf = (call: Call) =>
  call.failed?.error && dispositions[call.failed.error.reason._tag as Reason["_tag"]].action

const isFailing = ({ world }: Run) => world.policies.onInterrupted === "fail"

/** The calls for the same request that were under way when this one began. */
const underWay = ({ calls }: Run, { caller, started }: Call) =>
  calls.filter((other) =>
    other.caller === caller && isAfter(started, other.started) &&
    (other.closed === undefined || isAfter(other.closed, started))
  )

/** Whether the same target was called for the same request before. */
const isRepeated = ({ calls }: Run, { caller, started, target }: Call) =>
  calls.some((other) => other.caller === caller && other.target === target && isAfter(started, other.started))

/** Pairs of which the later call was not a retry: those do not hear yet what others are told while they wait. */
const beginnings = (run: Run) => Array.from(following(run)).filter(([, later]) => !isRepeated(run, later))

/** Every two calls to one target of which the first had failed before the second began. */
function* following(run: Run): Iterable<readonly [failed: Call, later: Call]> {
  for (const failed of run.calls) {
    if (failed.failed?.error === undefined) continue
    for (const later of run.calls) {
      if (later.vendor === failed.vendor && isAfter(later.started, failed.failed.moment)) yield [failed, later]
    }
  }
}

const withinDispatch = (pairs: Iterable<readonly [Call, Call]>) =>
  Array.from(pairs).filter(([failed, later]) => failed.caller === later.caller)

const laws: Readonly<Record<string, Law>> = {
  "makes no more calls for a request than its cap": (run) =>
    verdict(run.seen, (seen) => {
      const made = callsOf(run, seen).length
      return made <= run.world.policies.maxAttempts ? undefined : `caller ${seen.number} cost ${made} calls`
    }),

  "makes no call after the deadline, nor after the caller has gone or been answered": (run) =>
    verdict(run.calls, (call) => {
      const seen = run.seen[call.caller]!
      const allowed = seen.caller.deadline ?? Number(run.world.policies.deadline)
      return call.started.at <= seen.started.at + allowed && isAfter(seen.ended, call.started)
        ? undefined
        : tell(call)
    }),

  "ends every request by its deadline": (run) =>
    verdict(run.seen.filter(({ caller }) => caller.pause === 0), (seen) => {
      const took = seen.ended.at - seen.started.at
      return took <= (seen.caller.deadline ?? Number(run.world.policies.deadline))
        ? undefined
        : `caller ${seen.number} waited ${took}`
    }),

  "never calls a target again for the same request before its retry-after": (run) =>
    verdict(
      withinDispatch(following(run)).filter(([failed]) => retryAfterOf(failed) !== undefined),
      ([failed, later]) =>
        later.started.at >= failed.failed!.moment.at + retryAfterOf(failed)! ? undefined : tell(later)
    ),

  "never begins with a target before the retry-after told to any request, where there is a cooldown": (run) =>
    verdict(
      run.world.policies.cooldown === false
        ? []
        : beginnings(run).filter(([failed]) => retryAfterOf(failed) !== undefined && failed.begun === undefined),
      ([failed, later]) =>
        later.started.at >= failed.failed!.moment.at + retryAfterOf(failed)! ? undefined : tell(later)
    ),

  "never tries a target again for the same request after a failure that is not of a kind that passes": (run) =>
    verdict(
      run.calls.filter((call) => call.failed?.error !== undefined && actionOf(call) !== "retry"),
      (refused) => {
        const again = run.calls.find(({ caller, started, target }) =>
          caller === refused.caller && target === refused.target && isAfter(started, refused.failed!.moment)
        )
        return again === undefined ? undefined : `${tell(again)} after ${refused.failed!.error!.reason._tag}`
      }
    ),

  "calls nobody more for a request after a failure that says to stop": (run) =>
    verdict(run.calls.filter((call) => actionOf(call) === "stop"), (stopped) => {
      const more = run.calls.find(({ caller, started }) =>
        caller === stopped.caller && isAfter(started, stopped.failed!.moment)
      )
      return more === undefined ? undefined : tell(more)
    }),

  "begins with no vendor that does not take the key, where there is a cooldown": (run) => {
    const { cooldown } = run.world.policies
    const disabled = typeof cooldown === "object" ? Number(cooldown.disabled) : 0
    return verdict(
      beginnings(run).filter(([failed]) => disabled > 0 && actionOf(failed) === "disable"),
      ([failed, later]) => later.started.at >= failed.failed!.moment.at + disabled ? undefined : tell(later)
    )
  },

  "never retries a target beyond what its answers have earned": (run) => {
    const { retryBudget } = run.world.policies
    if (typeof retryBudget !== "object") return verdict([], () => undefined)
    // Who goes on with an answer that broke asks again, but not because of a retry.
    const isRetry = (call: Call) =>
      isRepeated(run, call) && !run.calls.some(({ begun, caller, failed }) => {
        const broke = begun ?? (failed?.error === undefined ? failed?.moment : undefined)
        return caller === call.caller && broke !== undefined && isAfter(call.started, broke)
      })
    return verdict(run.calls.filter(isRetry), (retry) => {
      const of = run.calls.filter(({ target }) => target === retry.target)
      const retries = of.filter((call) => isRetry(call) && !isAfter(call.started, retry.started)).length
      const answers = of.filter(({ answered, begun }) => {
        const moment = begun ?? answered
        return moment !== undefined && isAfter(retry.started, moment)
      }).length
      return retries <= retryBudget.most! + answers * retryBudget.ratio! + 1e-9 ? undefined : tell(retry)
    })
  },

  "has one probe at a time at a target that is left alone, and besides at most one call a second": (run) => {
    const broken: Array<string> = []
    let looked = 0
    for (const skip of run.skips.filter(({ reason }) => reason === "CircuitOpen")) {
      const calls = run.calls.filter(({ target }) => target === skip.target)
      const closes = calls.flatMap(({ answered, begun }) => begun ?? answered ?? [])
        .filter((moment) => isAfter(moment, skip.moment))
        .reduce((least, { order }) => Math.min(least, order), Infinity)
      const during = calls.filter(({ started }) => isAfter(started, skip.moment) && started.order < closes)
      // The last of several that were all passed over is called in spite of its circuit, once a second.
      const isPanic = (call: Call) =>
        run.world.vendors.length > 1 &&
        run.skips.filter(({ caller, moment }) => caller === call.caller && isAfter(call.started, moment)).length ===
          run.world.vendors.length - 1
      // A retry belongs to the call before it, which was let through.
      const first = during.filter((call) => !isRepeated(run, call))
      const probes = first.filter((call) => !isPanic(call))
      const panics = first.filter(isPanic)
      looked += during.length
      const isOpenAt = (call: Call, moment: Moment) =>
        !isAfter(call.started, moment) && (call.closed === undefined || isAfter(call.closed, moment))
      for (const probe of probes) {
        if (probes.filter((call) => isOpenAt(call, probe.started)).length > 1) broken.push(tell(probe))
      }
      for (const panic of panics) {
        const close = panics.filter(({ started }) =>
          !isAfter(started, panic.started) && panic.started.at - started.at < 1_000
        )
        // One of them may be the probe itself.
        if (new Set(close.map(({ caller }) => caller)).size > 2) broken.push(tell(panic))
      }
    }
    return { looked, broken }
  },

  "has one call at a time for a request, and two only where a second may be asked": (run) =>
    verdict(run.calls, (call) => {
      const others = underWay(run, call).length
      return others <= (run.world.policies.hedge === undefined ? 0 : 1) ? undefined : `${tell(call)}, beside ${others}`
    }),

  "asks second vendors within its budget": (run) => {
    const { hedge } = run.world.policies
    const seconds = run.calls.filter((call) => !isRepeated(run, call) && underWay(run, call).length > 0)
    return verdict(seconds, (second) => {
      const asked = seconds.filter(({ started }) => !isAfter(started, second.started)).length
      const requests = run.seen.filter(({ started }) => !isAfter(started, second.started)).length
      return asked <= 1 + Number(hedge?.budget) * requests + 1e-9 ? undefined : tell(second)
    })
  },

  "makes no other call once the answer has begun, unless it may be gone on with": (run) =>
    verdict(
      isFailing(run) ? run.seen.filter(({ parts }) => parts.some(({ part }) => isMeaningful(part))) : [],
      (seen) => {
        const first = seen.parts.find(({ part }) => isMeaningful(part))!
        const later = callsOf(run, seen).find(({ started }) => isAfter(started, first.moment))
        return later === undefined ? undefined : tell(later)
      }
    ),

  "ends every stream with exactly one finish or one error, and nothing after it": (run) =>
    verdict(run.seen.filter(({ caller }) => caller.operation === "stream"), (seen) => {
      const finishes = seen.parts.filter(({ part }) => part.type === "finish").length
      const isLast = seen.parts[seen.parts.length - 1]?.part.type === "finish"
      switch (seen.outcome) {
        case "success":
          return finishes === 1 && isLast ? undefined : `caller ${seen.number}: ${finishes} ends and success`
        case "failure":
          return finishes === 0 ? undefined : `caller ${seen.number}: ${finishes} ends and a failure`
        case "left":
          return finishes === 0 || finishes === 1 && isLast ? undefined : `caller ${seen.number}: ${finishes} ends`
        case "defect":
          return `caller ${seen.number}: a defect`
      }
    }),

  "gives the whole text with every success, and no text twice or out of place before a failure": (run) =>
    verdict(run.seen, (seen) => {
      const text = seen.text.replaceAll("x", "w")
      return (seen.outcome === "success" ? text === whole : whole.startsWith(text))
        ? undefined
        : `caller ${seen.number}: ${seen.outcome} with "${seen.text}"`
    }),

  "makes one whole of an answer that was gone on with": (run) =>
    verdict(
      run.seen.filter((seen) =>
        seen.outcome === "success" && callsOf(run, seen).filter(({ begun }) => begun !== undefined).length > 1
      ),
      (seen) => seen.text.replaceAll("x", "w") === whole ? undefined : `caller ${seen.number}: "${seen.text}"`
    ),

  "puts two vendors' words together only where the second was given those of the first": (run) =>
    verdict(
      run.seen.filter(({ text }) => text !== ""),
      (seen) =>
        !/w.*x|x.*w/.test(seen.text) || callsOf(run, seen).some(({ given }) => given !== "")
          ? undefined
          : `caller ${seen.number}: "${seen.text}"`
    ),

  "opens and closes each block of a stream once, with its text between": (run) =>
    verdict(
      run.seen.filter(({ caller, outcome }) => caller.operation === "stream" && outcome === "success"),
      (seen) => {
        const open = new Set<string>()
        const all = new Set<string>()
        for (const { part } of seen.parts) {
          if (part.type === "text-start") {
            if (all.has(part.id)) return `caller ${seen.number}: ${part.id} opened twice`
            open.add(part.id)
            all.add(part.id)
          } else if (part.type === "text-end") {
            if (!open.delete(part.id)) return `caller ${seen.number}: ${part.id} closed but not open`
          } else if (part.type === "text-delta" && !open.has(part.id)) {
            return `caller ${seen.number}: text of ${part.id}, which is not open`
          }
        }
        return open.size === 0 ? undefined : `caller ${seen.number}: ${Array.from(open).join()} not closed`
      }
    ),

  "lets go of every upstream call before the caller is told of the end": (run) =>
    verdict(run.calls, (call) => {
      const seen = run.seen[call.caller]!
      return call.closed !== undefined && isAfter(seen.ended, call.closed) ? undefined : tell(call)
    }),

  "lets go of the upstream in the same moment in which the caller goes": (run) =>
    verdict(run.seen.filter(({ caller, outcome }) => outcome === "left" && caller.patience !== undefined), (seen) => {
      const left = callsOf(run, seen).find(({ closed }) => closed === undefined || closed.at > seen.ended.at)
      return left === undefined ? undefined : tell(left)
    }),

  "tells of every call that was made": (run) =>
    verdict(run.seen.filter(({ told }) => told !== undefined), (seen) => {
      const made = callsOf(run, seen).length
      return made === seen.told ? undefined : `caller ${seen.number}: ${seen.told} told of ${made}`
    }),

  "knows of no call under way when all are over": (run) =>
    verdict([run], ({ inFlight }) => inFlight === 0 ? undefined : `${inFlight} under way`)
}

const hold = async (worlds: fc.Arbitrary<World>, name: string, law: Law) => {
  let looked = 0
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const run = await runOnce(world)
      const found = law(run)
      looked += found.looked
      expect(found.broken).toEqual([])
    }),
    { seed, numRuns, interruptAfterTimeLimit: shrinking }
  )
  // A law that never had anything to say would hold for the wrong reason.
  expect(looked).toBeGreaterThan(0)
}

describe("In every world the dispatcher", () => {
  it.each(Object.entries(laws))("%s", (name, law) => hold(world, name, law), limit)
})

const recovery: Readonly<Record<string, Law>> = {
  "answers everybody once the faults are over and the longest rest is": (run) =>
    verdict(
      steady(run),
      (seen) => seen.outcome === "success" ? undefined : `caller ${seen.number}: ${seen.outcome} ${seen.error?.message}`
    ),

  "answers by one call then": (run) =>
    verdict(
      run.world.policies.hedge === undefined ? steady(run) : [],
      (seen) => seen.told === 1 ? undefined : `caller ${seen.number}: ${seen.told} calls`
    ),

  "is back on the first of an order then": (run) =>
    verdict(run.world.policies.strategy === "ordered" ? steady(run) : [], (seen) => {
      const [call] = callsOf(run, seen)
      return call?.vendor === "v0" ? undefined : `caller ${seen.number}: ${call?.vendor}`
    })
}

describe("In every world that gets well the dispatcher", () => {
  it.each(Object.entries(recovery))("%s", (name, law) => hold(recovering, name, law), limit)
})

describe("A retry budget", () => {
  it("stays between nothing and its most, and gives a retry exactly while it has a whole one", () => {
    const target = { id: "v0/m" }
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.array(fc.boolean(), { maxLength: 50 }),
        (most, ratio, events) => {
          const budget = RetryBudget.make({ most, ratio })
          for (const isRetry of events) {
            const before = budget.left(target.id)
            if (isRetry) expect(budget.take(target.id)).toBe(before >= 1)
            else budget.observer.answered?.({ call: { candidate: { target } } } as any, 0)
            expect(budget.left(target.id)).toBeGreaterThanOrEqual(0)
            expect(budget.left(target.id)).toBeLessThanOrEqual(most)
          }
        }
      ),
      { seed }
    )
  })
})
