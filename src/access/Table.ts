/**
 * Rows by their id, as every store of access keeps them; one in SQL is a table with an index over `owner`.
 *
 * @since 0.1.0
 */
import { Effect, Semaphore } from "effect"
import type { StoreUnavailable } from "./AccessError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Table<A> {
  readonly get: (id: string) => Effect.Effect<A | undefined, StoreUnavailable>
  /** The rows of an owner, in the order in which they came. */
  readonly list: (owner: string) => Effect.Effect<ReadonlyArray<A>, StoreUnavailable>
  /** The owner's row of this name, of several the latest. */
  readonly find: (owner: string, name: string) => Effect.Effect<A | undefined, StoreUnavailable>
  /** Puts a row in the place of the one with its id, or adds it. */
  readonly put: (row: A) => Effect.Effect<void, StoreUnavailable>
  /**
   * All of the effect or nothing, and nothing of another in between: a transaction, which the audit's record belongs to
   * where both stand in one database.
   */
  readonly atomically: <B, E, R>(effect: Effect.Effect<B, E, R>) => Effect.Effect<B, E | StoreUnavailable, R>
}

/**
 * A table in memory. It takes nothing back: an effect that is to be atomic puts its rows last, which never fails here.
 *
 * @since 0.1.0
 * @category constructors
 */
export const memory = <A extends { readonly id: string; readonly name: string }>(
  ownerOf: (row: A) => string
): Table<A> => {
  const rows = new Map<string, A>()
  const owned = new Map<string, Set<string>>()
  const named = new Map<string, string>()
  const turn = Semaphore.makeUnsafe(1)
  const nameKey = (owner: string, name: string) => JSON.stringify([owner, name])
  return {
    get: (id) => Effect.sync(() => rows.get(id)),
    list: (owner) => Effect.sync(() => Array.from(owned.get(owner) ?? [], (id) => rows.get(id)!)),
    find: (owner, name) =>
      Effect.sync(() => {
        const id = named.get(nameKey(owner, name))
        return id === undefined ? undefined : rows.get(id)
      }),
    put: (row) =>
      Effect.sync(() => {
        const owner = ownerOf(row)
        const before = rows.get(row.id)
        if (before !== undefined && before.name !== row.name && named.get(nameKey(owner, before.name)) === row.id) {
          named.delete(nameKey(owner, before.name))
        }
        rows.set(row.id, row)
        if (before?.name !== row.name) named.set(nameKey(owner, row.name), row.id)
        const ids = owned.get(owner) ?? new Set()
        owned.set(owner, ids.add(row.id))
      }),
    // Interruptible while it waits for its turn, and then no longer.
    atomically: (effect) => turn.withPermit(Effect.uninterruptible(effect))
  }
}
