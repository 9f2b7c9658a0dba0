/**
 * Works on the stores of access until it is killed: `node --conditions=source child.ts DATABASE issue` prints each key
 * that it issues, `… spend` what it knows to be written of what it spends, `… revoke KEY` ends one key and then itself.
 */
import { Effect, Layer, Redacted } from "effect"
import { writeSync } from "node:fs"
import * as AccessKeys from "../../../../src/access/AccessKeys.ts"
import { CurrentPrincipal } from "../../../../src/access/CurrentPrincipal.ts"
import * as Spending from "../../../../src/access/Spending.ts"
import * as Stores from "../../../../src/access/sql/Stores.ts"
import * as Database from "../../../../src/sql/Database.ts"

const [database = "", work = "", key = ""] = process.argv.slice(2)

/** At once: what is printed must not be lost with the process. */
const tell = (text: string) => Effect.sync(() => writeSync(1, `${text}\n`))

const byRoot = Effect.provideService(CurrentPrincipal, { id: "root" })

const issue = AccessKeys.AccessKeys.use(({ issue }) => issue({ principal: "app", name: "a" })).pipe(
  byRoot,
  Effect.flatMap(({ token }) => tell(Redacted.value(token))),
  Effect.forever
)

const spend = Effect.gen(function*() {
  const { reserve, spent } = yield* Spending.Spending
  for (let at = 0;; at++) {
    const { settle } = yield* reserve([{ principal: "app", period: "total", limit: 10n ** 12n }], 1n)
    yield* settle(1n, 0)
    if (at % 10 === 9) yield* tell(String((yield* spent("app", "total")).spent))
  }
})

const revoke = AccessKeys.AccessKeys.use(({ revoke }) => revoke(key)).pipe(byRoot)

const layer = Stores.layer().pipe(Layer.provide(Database.layer(Database.parse(database))))
const program: Effect.Effect<unknown, unknown, AccessKeys.AccessKeys | Spending.Spending> = work === "issue"
  ? issue
  : work === "spend"
  ? spend
  : revoke

await Effect.runPromise(Effect.provide(program, layer))
