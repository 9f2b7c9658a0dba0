/**
 * Small worlds drawn at random: scripted vendors whose every call's outcome, delay and retry-after are given, callers who
 * come, wait, read slowly and leave, and the policies of the dispatcher between them.
 */
import * as fc from "fast-check"
import type * as Dispatcher from "llmdispatcher/Dispatcher"
import type { StrategyName } from "llmdispatcher/Route"

/** All answers are this text, but for those of a vendor with words of its own, who says `x` for `w`. */
export const whole = "w0 w1 w2 w3 w4 w5"
export const own = (text: string) => text.replaceAll("w", "x")

const retryableTags = ["RateLimited", "Overloaded", "ServerFault", "NetworkFault", "MalformedResponse"] as const
export const fatalTags = [
  "Unauthenticated",
  "PermissionDenied",
  "QuotaExhausted",
  "InvalidRequest",
  "ContextLengthExceeded",
  "ContentFiltered",
  "ModelNotFound",
  "UnsupportedFeature"
] as const

/** What one call to one vendor comes to; times in milliseconds. */
export type Step =
  | { readonly does: "answer"; readonly delay: number; readonly gap: number }
  | {
    readonly does: "refuse"
    readonly delay: number
    readonly tag: typeof retryableTags[number] | typeof fatalTags[number]
    readonly retryAfter: number | undefined
  }
  | { readonly does: "nothing" }
  | {
    readonly does: "break"
    readonly delay: number
    readonly gap: number
    readonly pieces: number
    readonly how: "fails" | "ends" | "tells an error" | "stalls"
  }

const longestRetryAfter = 12_000
/** Mostly `undefined`. */
const seldom = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary, weight: 1 })

const delay = fc.oneof({ arbitrary: fc.nat({ max: 500 }), weight: 4 }, { arbitrary: fc.nat({ max: 4_000 }), weight: 1 })
const gap = fc.constantFrom(0, 1, 10, 10, 100, 1_500)

const answering = fc.record({ does: fc.constant("answer" as const), delay, gap })
const refusing = fc.record({
  does: fc.constant("refuse" as const),
  delay,
  tag: fc.oneof(
    { arbitrary: fc.constantFrom(...retryableTags), weight: 4 },
    { arbitrary: fc.constantFrom(...fatalTags), weight: 1 }
  ),
  retryAfter: fc.option(fc.nat({ max: longestRetryAfter }), { nil: undefined })
})
const breaking = fc.record({
  does: fc.constant("break" as const),
  delay,
  gap,
  pieces: fc.nat({ max: 8 }),
  how: fc.constantFrom("fails", "ends", "tells an error", "stalls")
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: answering, weight: 5 },
  { arbitrary: refusing, weight: 3 },
  { arbitrary: breaking, weight: 5 },
  { arbitrary: fc.constant({ does: "nothing" as const }), weight: 1 }
)

/** One caller. */
export interface Caller {
  readonly at: number
  readonly operation: "send" | "stream"
  readonly deadline: number | undefined
  /** Goes after so long, whatever has come. */
  readonly patience: number | undefined
  /** Takes so many parts of a stream and no more. */
  readonly takes: number | undefined
  /** Thinks so long about each part. */
  readonly pause: number
}

const caller = (last: number): fc.Arbitrary<Caller> =>
  fc.record({
    at: fc.nat({ max: last }),
    operation: fc.constantFrom("send", "stream"),
    deadline: seldom(fc.integer({ min: 1, max: 20_000 })),
    patience: seldom(fc.nat({ max: 8_000 })),
    takes: seldom(fc.integer({ min: 1, max: 6 })),
    pause: fc.constantFrom(0, 0, 0, 300)
  })

type Options = Omit<Parameters<typeof Dispatcher.make>[0], "vendors" | "registry" | "routes" | "rules">

/** What a world's dispatcher is made with; all times in milliseconds, so that a world can be printed and run again. */
export interface Policies extends Options {
  readonly maxAttempts: number
  readonly strategy: StrategyName
  readonly onInterrupted: "fail" | "resume"
}

const millis = (min: number, max: number) => fc.integer({ min, max })

const policies: fc.Arbitrary<Policies> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 5 }),
  deadline: millis(5_000, 30_000),
  strategy: fc.constantFrom<StrategyName>(
    "ordered",
    "weighted",
    "round-robin",
    "random",
    "least-busy",
    "fastest",
    "sticky"
  ),
  onInterrupted: fc.constantFrom("fail", "resume"),
  retry: fc.option(fc.record({ base: millis(1, 1_000), cap: millis(1, 4_000), patience: millis(0, 8_000) }), {
    nil: false as const,
    freq: 5
  }),
  circuit: fc.option(
    fc.record({ failures: millis(1, 3), openDuration: millis(100, 4_000), maxOpenDuration: millis(4_000, 8_000) }),
    { nil: false as const, freq: 5 }
  ),
  cooldown: fc.option(
    fc.record({
      rateLimit: millis(0, 5_000),
      disabled: millis(0, 20_000),
      patience: fc.oneof(fc.constant(0), millis(1, 8_000))
    }),
    {
      nil: false as const,
      freq: 5
    }
  ),
  retryBudget: fc.option(fc.record({ most: fc.integer({ min: 0, max: 4 }), ratio: fc.constantFrom(0, 0.2, 0.5, 1) }), {
    nil: false as const,
    freq: 3
  }),
  hedge: fc.option(fc.record({ after: millis(0, 2_000), budget: fc.constantFrom(0.05, 0.3, 1) }), { nil: undefined }),
  timeouts: fc.record({
    connect: millis(500, 4_000),
    firstPart: millis(500, 4_000),
    idle: millis(500, 4_000),
    total: millis(2_000, 12_000)
  })
})

/** One vendor. */
export interface Script {
  /** What its calls come to, in turn and again from the start. */
  readonly steps: ReadonlyArray<Step>
  /** Characters of one piece of a stream. */
  readonly piece: number
  /** Whether it goes on with a text that the request begins. */
  readonly prefill: boolean
  /** Whether it says the same in other words. */
  readonly differs: boolean
}

export interface World {
  readonly seed: number
  readonly policies: Policies
  readonly vendors: ReadonlyArray<Script>
  readonly callers: ReadonlyArray<Caller>
  /** From then on all vendors answer well and soon. */
  readonly healthyFrom: number
}

const script: fc.Arbitrary<Script> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  piece: fc.integer({ min: 1, max: 7 }),
  prefill: fc.boolean(),
  differs: fc.oneof({ arbitrary: fc.constant(false), weight: 3 }, { arbitrary: fc.constant(true), weight: 1 })
})

const vendors = fc.array(script, { minLength: 1, maxLength: 3 })

/** Any world at all. */
export const world: fc.Arbitrary<World> = fc.record({
  seed: fc.nat(),
  policies,
  vendors,
  callers: fc.array(caller(15_000), { minLength: 1, maxLength: 10 }),
  healthyFrom: fc.constant(Number.MAX_SAFE_INTEGER)
})

/** The longest rest that a target can be given, after the last of its calls that can still fail. */
const longestRest = ({ circuit, cooldown, timeouts }: Policies): number => {
  // The jitter makes an opening a fifth longer.
  const open = typeof circuit === "object" ? Number(circuit.maxOpenDuration) * 1.2 : 0
  const rest = typeof cooldown === "object"
    ? Math.max(Number(cooldown.disabled), Number(cooldown.rateLimit), longestRetryAfter)
    : 0
  return Number(timeouts!.total) + Math.max(open, rest)
}

export const steadyCallers = 6

/** A world whose faults end, and callers who come steadily as soon as every target has had its longest rest. */
export const recovering: fc.Arbitrary<World> = fc.record({
  world,
  healthyFrom: fc.integer({ min: 1_000, max: 15_000 })
}).map(({ healthyFrom, world }) => {
  const first = healthyFrom + longestRest(world.policies) + 1
  // Who reads slowly holds up his own answer.
  const before = world.callers.map((caller) => ({ ...caller, pause: 0 }))
  const steady = Array.from({ length: steadyCallers }, (_, index): Caller => ({
    at: first + index * 1_000,
    operation: index % 2 === 0 ? "send" : "stream",
    deadline: undefined,
    patience: undefined,
    takes: undefined,
    pause: 0
  }))
  return { ...world, healthyFrom, callers: [...before, ...steady] }
})
