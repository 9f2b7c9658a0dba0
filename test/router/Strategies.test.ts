import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import type { Candidate } from "../../src/Policy.ts"
import * as Request from "../../src/Request.ts"
import { strategies } from "../../src/router/Strategies.ts"
import { inputTokens, outputTokens } from "../../src/router/Tokens.ts"
import * as Stats from "../../src/stats/Stats.ts"
import type { Draw } from "../../src/Strategy.ts"
import * as Target from "../../src/Target.ts"
import * as Vendor from "../../src/Vendor.ts"

const vendor = Vendor.make({ name: "v", send: () => Effect.never })

const candidates = (targets: ReadonlyArray<Partial<Target.Target>>): ReadonlyArray<Candidate> =>
  targets.map((target, index) => ({ vendor, target: { ...Target.make(`v/m${index}`), ...target } }))

/** A generator of its own, so that a failure can be run again. */
const randomOf = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const ask = (input: Partial<Request.RequestInput> = {}): Request.Request =>
  Effect.runSync(Request.decode(("messages" in input ? input : { prompt: "Hello", ...input }) as Request.RequestInput))

const drawOf = (request = ask(), seed = 1): Draw => ({
  request,
  operation: "stream",
  now: 1_000,
  random: randomOf(seed)
})

const names = Object.keys(strategies) as ReadonlyArray<keyof typeof strategies>

describe("every strategy", () => {
  it.each(names)("%s picks each candidate once before none is left", (name) => {
    fc.assert(fc.property(
      fc.array(fc.record({ weight: fc.double({ min: 0, max: 10, noNaN: true }), price: fc.nat(50) }), {
        minLength: 1,
        maxLength: 30
      }),
      fc.integer(),
      (targets, seed) => {
        const all = candidates(
          targets.map(({ price, weight }) => ({ weight, price: { input: price, output: price * 3 } }))
        )
        const pick = strategies[name](all, Stats.make())
        const draw = drawOf(ask(), seed)
        const taken = new Set<number>()
        while (taken.size < all.length) {
          const position = pick(draw, taken)
          expect(taken.has(position)).toBe(false)
          expect(all[position]).toBeDefined()
          taken.add(position)
        }
      }
    ))
  })
})

/** How often each position is picked first. */
const shares = (name: keyof typeof strategies, all: ReadonlyArray<Candidate>, stats = Stats.make(), times = 20_000) => {
  const pick = strategies[name](all, stats)
  const draw = drawOf()
  const counts = all.map(() => 0)
  for (let time = 0; time < times; time++) counts[pick(draw, new Set())]! += 1
  return counts.map((count) => Math.round(count / times * 100) / 100)
}

describe("ordered", () => {
  it("keeps to the order of the route", () => {
    expect(shares("ordered", candidates([{}, {}, {}]))).toEqual([1, 0, 0])
  })
})

describe("round-robin", () => {
  it("gives each its turn, and after a failure the one that follows", () => {
    const pick = strategies["round-robin"](candidates([{}, {}, {}]), Stats.make())
    const first = () => pick(drawOf(), new Set())
    expect([first(), first(), first(), first()]).toEqual([0, 1, 2, 0])
    expect(pick(drawOf(), new Set([1]))).toBe(2)
  })
})

describe("random", () => {
  it("makes each as likely", () => {
    expect(shares("random", candidates([{}, {}, {}, {}]))).toEqual([0.25, 0.25, 0.25, 0.25])
  })
})

describe("weighted", () => {
  it("makes each as likely as its weight", () => {
    expect(shares("weighted", candidates([{ weight: 6 }, { weight: 3 }, {}]))).toEqual([0.6, 0.3, 0.1])
  })

  it("takes one of weight 0 only when no other is left", () => {
    const all = candidates([{ weight: 0 }, { weight: 1 }])
    expect(shares("weighted", all)).toEqual([0, 1])
    expect(strategies.weighted(all, Stats.make())(drawOf(), new Set([1]))).toBe(0)
  })
})

describe("least-busy", () => {
  it("never picks the busiest, and favours the least busy", () => {
    const all = candidates([{}, {}, {}])
    const stats = Stats.make()
    ;[0, 5, 9].forEach((inFlight, index) => stats.of(`v/m${index}`).inFlight = inFlight)
    const [least, middle, most] = shares("least-busy", all, stats)
    expect([least! > 0.6, middle! < 0.4, most]).toEqual([true, true, 0])
  })
})

describe("fastest", () => {
  it("favours the one that began sooner, times the calls under way", () => {
    const all = candidates([{}, {}])
    const stats = Stats.make()
    stats.sample("v/m0", "stream", 200, 1_000)
    stats.sample("v/m1", "stream", 300, 1_000)
    expect(shares("fastest", all, stats)).toEqual([1, 0])
    stats.of("v/m0").inFlight = 1
    expect(shares("fastest", all, stats)).toEqual([0, 1])
  })

  it("tries one of which nothing is known", () => {
    const stats = Stats.make()
    stats.sample("v/m0", "stream", 200, 1_000)
    expect(shares("fastest", candidates([{}, {}]), stats)).toEqual([0, 1])
  })
})

describe("cheapest", () => {
  it("is the one that costs least for the estimated tokens, whatever the prices", () => {
    fc.assert(fc.property(
      fc.array(fc.record({ input: fc.nat(20), output: fc.nat(20) }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 1, max: 400 }),
      (prices, characters, maxTokens) => {
        const request = ask({ prompt: "x".repeat(characters), maxTokens } as Partial<Request.RequestInput>)
        const cost = ({ input, output }: { readonly input: number; readonly output: number }) =>
          input * inputTokens(request) + output * outputTokens(request)
        const picked = strategies.cheapest(candidates(prices.map((price) => ({ price }))), Stats.make())(
          drawOf(request),
          new Set()
        )
        expect(cost(prices[picked]!)).toBe(Math.min(...prices.map(cost)))
      }
    ))
  })

  it("takes one without a price last", () => {
    const pick = strategies.cheapest(candidates([{}, { price: { input: 9, output: 9 } }]), Stats.make())
    expect([pick(drawOf(), new Set()), pick(drawOf(), new Set([1]))]).toEqual([1, 0])
  })
})

describe("dearest", () => {
  it("is the one with the highest price of output", () => {
    const all = candidates([{}, { price: { input: 1, output: 2 } }, { price: { input: 3, output: 15 } }])
    const pick = strategies.dearest(all, Stats.make())
    expect([pick(drawOf(), new Set()), pick(drawOf(), new Set([2])), pick(drawOf(), new Set([1, 2]))]).toEqual([
      2,
      1,
      0
    ])
  })
})

describe("sticky", () => {
  const all = candidates(Array.from({ length: 10 }, () => ({})))
  const conversation = (index: number) =>
    ask({
      messages: [{ role: "system", content: "Be brief." }, { role: "user", content: `Question ${index}` }]
    } as any)
  const homes = (all: ReadonlyArray<Candidate>) => {
    const pick = strategies.sticky(all, Stats.make())
    return Array.from(
      { length: 500 },
      (_, index) => all[pick(drawOf(conversation(index), index), new Set())]!.target.id
    )
  }

  it("keeps a conversation where it is as it grows", () => {
    const pick = strategies.sticky(all, Stats.make())
    const longer = ask({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Question 7" },
        { role: "assistant", content: "Yes." },
        { role: "user", content: "And then?" }
      ]
    } as any)
    expect(pick(drawOf(longer, 5), new Set())).toBe(pick(drawOf(conversation(7), 9), new Set()))
  })

  it("moves only the share of a target that goes", () => {
    const before = homes(all)
    const after = homes(all.slice(1))
    before.forEach((home, index) => home === "v/m0" || expect(after[index]).toBe(home))
    expect(new Set(before).size).toBe(10)
  })
})
