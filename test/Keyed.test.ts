import { describe, expect, it } from "@effect/vitest"
import * as Keyed from "../src/Keyed.ts"

const make = (options: Partial<Keyed.Options<{ readonly bornAt: number; used: boolean }>> = {}) =>
  Keyed.make<{ readonly bornAt: number; used: boolean }>({
    make: (now) => ({ bornAt: now, used: true }),
    isIdle: ({ used }) => !used,
    ...options
  })

describe("Keyed", () => {
  it("keeps one state for each key", () => {
    const keyed = make()
    expect(keyed.of("a", 1)).toBe(keyed.of("a", 2))
    expect(keyed.of("a", 1)).not.toBe(keyed.of("b", 1))
    expect(keyed.find("c", 1)).toBeUndefined()
  })

  it("forgets idle keys as others come, so that a hundred thousand of them leave few", () => {
    const keyed = make()
    const kept = keyed.of("kept", 0)
    for (let index = 0; index < 100_000; index++) keyed.of(`k${index}`, 0).used = false
    expect(keyed.size()).toBeLessThanOrEqual(1_024)
    expect(keyed.of("kept", 0)).toBe(kept)
  })

  it("begins anew with a key whose time is over", () => {
    const keyed = make({ isOver: ({ bornAt }, now) => now - bornAt >= 10 })
    const first = keyed.of("a", 0)
    expect(keyed.of("a", 9)).toBe(first)
    expect(keyed.find("a", 10)).toBeUndefined()
    expect(keyed.of("a", 10).bornAt).toBe(10)
  })

  it("forgets the oldest beyond its capacity", () => {
    const keyed = make({ capacity: 8 })
    for (let index = 0; index < 9; index++) keyed.of(`k${index}`, 0)
    expect(keyed.size()).toBe(8)
    expect(keyed.find("k0", 0)).toBeUndefined()
    expect(keyed.find("k1", 0)).toBeDefined()
  })

  it("gives all keys beyond its capacity one state where they are to share, and their own again when there is room", () => {
    const keyed = make({ capacity: 2, beyond: "share", isOver: ({ bornAt }, now) => now - bornAt >= 10 })
    const first = keyed.of("a", 0)
    keyed.of("b", 0)
    const shared = keyed.of("c", 0)
    expect(keyed.of("d", 0)).toBe(shared)
    expect(keyed.of("a", 0)).toBe(first)
    expect(keyed.of("c", 10)).not.toBe(keyed.of("d", 10))
  })
})
