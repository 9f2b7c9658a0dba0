/** A whole gateway with a database is killed under load and begun again: what it had answered holds. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Path, Redacted, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { setTimeout as pause } from "node:timers/promises"
import * as Database from "../../src/sql/Database.ts"
import { type Run, start } from "../cli/run.ts"
import { databases } from "../stats/sql/databases.ts"
import * as Upstream from "./attack/Upstream.ts"
import { until } from "./attack/wait.ts"

const adminKey = "an-admin-key-of-more-than-32-characters"

/** In milliseconds: a batch waits one second for others, and has as long again to be written on a busy machine. */
const batch = 2_000

/** What callers and an operator were told while the gateway ran. */
interface Load {
  /** The model each whole answer was asked by, which no other call has, and when the answer was there. */
  readonly answered: Map<string, number>
  readonly asked: Set<string>
  /** What was neither an answer nor a connection that broke. */
  readonly odd: Array<string>
  /** Streams that ended as if they were whole, and were not. */
  readonly torn: Array<string>
  readonly issued: Array<{ readonly id: string; readonly token: string }>
  readonly revoked: Set<string>
  isOver: boolean
}

const begin = (file: string, port: number): Effect.Effect<Run & { readonly url: string }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const run = start(["serve", "--port", String(port), "--config", file])
      await run.saw("llmdispatcher listens on ")
      return Object.assign(run, { url: /listens on (http:\/\/\S+)/.exec(run.stderr)![1]! })
    }),
    (run) =>
      Effect.promise(() => {
        run.child.kill("SIGKILL")
        return run.code
      })
  )

const admin = async (url: string, method: string, path: string, body: unknown = {}) => {
  const response = await fetch(`${url}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    ...(method === "GET" ? undefined : { body: JSON.stringify(body) })
  })
  return { status: response.status, json: await response.json() as any }
}

const issue = async (url: string, name: string) => {
  const made = await admin(url, "POST", "/principals", { name, kind: "service", grant: { models: ["chat/*"] } })
  const { json, status } = await admin(url, "POST", "/keys", { name, principal: made.json.id })
  expect([status, json.message]).toEqual([201, undefined])
  return { id: json.key.id as string, token: json.token as string }
}

/** The status alone says whether a key is good. */
const ask = async (url: string, token: string, model: string, stream = false) => {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: `chat/${model}`, messages: [{ role: "user", content: "!words3 Hello" }], stream })
  })
  return { status: response.status, text: await response.text() }
}

const newLoad = (): Load => ({
  answered: new Map(),
  asked: new Set(),
  odd: [],
  torn: [],
  issued: [],
  revoked: new Set(),
  isOver: false
})

/** Asks until it is over; a connection that breaks then is what was meant to be. */
const asking = async (url: string, token: string, name: string, load: Load) => {
  for (let count = 0; !load.isOver; count++) {
    const model = `${name}-${count}`
    const isStream = count % 2 === 1
    load.asked.add(model)
    try {
      const { status, text } = await ask(url, token, model, isStream)
      if (status !== 200) load.odd.push(`${status}: ${text}`)
      else if (isStream && !text.endsWith("data: [DONE]\n\n")) load.torn.push(text)
      else load.answered.set(model, performance.now())
    } catch (error) {
      if (!load.isOver) load.odd.push(String(error))
    }
    await pause(5)
  }
}

/** Makes keys without end, and ends every third of them. */
const administering = async (url: string, load: Load) => {
  for (let count = 0; !load.isOver; count++) {
    try {
      const key = await issue(url, `under load ${count}`)
      load.issued.push(key)
      if (count % 3 === 0 && (await admin(url, "POST", `/keys/${key.id}/revoke`)).status === 200) {
        load.revoked.add(key.id)
      }
    } catch (error) {
      if (!load.isOver) load.odd.push(String(error))
    }
    await pause(50)
  }
}

const rows = (database: Database.Database) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const dispatches = yield* sql<{ readonly model: string; readonly attempts: number }>`
      SELECT model, attempts FROM llmdispatcher_dispatch`
    const torn = yield* sql`
      SELECT dispatch.id FROM llmdispatcher_dispatch AS dispatch
      WHERE attempts <> (SELECT count(*) FROM llmdispatcher_attempt WHERE dispatch_id = dispatch.id)`
    const lost = yield* sql`
      SELECT dispatch_id FROM llmdispatcher_attempt
      WHERE dispatch_id NOT IN (SELECT id FROM llmdispatcher_dispatch)`
    return { models: dispatches.map(({ model }) => model.replace("chat/", "")), torn: [...torn, ...lost] }
  }).pipe(Effect.provide(Database.layer(database)), Effect.orDie)

const callers = 4

describe.concurrent.each(databases)("a gateway with $name", ({ skip, start: makeFresh }) => {
  const fresh = makeFresh()

  it.live.skipIf(skip)(
    "loses no key and no row beyond the last batch at SIGKILL, and none at SIGTERM",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const upstream = yield* Upstream.make
        const database = yield* fresh
        const file = path.join(yield* files.makeTempDirectoryScoped(), "llmdispatcher.yaml")
        const setting = "sqlite" in database
          ? `sqlite: ${database.sqlite}`
          : `postgres: "${Redacted.value(database.postgres)}"`
        yield* files.writeFileString(
          file,
          `vendors: { chat: { kind: openai, apiKey: sk-none, baseUrl: "${upstream.url}/v1" } }
statistics: { database: { ${setting} } }
gateway: { adminKey: ${adminKey}, drain: 10s }
`
        )
        const first = yield* begin(file, 0)
        const keys = yield* Effect.promise(() =>
          Promise.all(Array.from({ length: callers }, (_, at) => issue(first.url, `caller ${at}`)))
        )
        const gone = yield* Effect.promise(() => issue(first.url, "revoked before"))
        yield* Effect.promise(() => admin(first.url, "POST", `/keys/${gone.id}/revoke`))

        const load = newLoad()
        const busy = [
          ...keys.map(({ token }, at) => asking(first.url, token, `first-${at}`, load)),
          administering(first.url, load)
        ]
        const settledAt = (now: number) =>
          Array.from(load.answered).flatMap(([model, at]) => now - at > batch ? [model] : [])
        yield* until(() => settledAt(performance.now()).length > 100 && load.issued.length > 3 && load.revoked.size > 1)
        load.isOver = true
        const killedAt = performance.now()
        first.child.kill("SIGKILL")
        yield* Effect.promise(() => Promise.all([first.code, ...busy]))
        expect([load.odd, load.torn]).toEqual([[], []])

        const second = yield* begin(file, 0)
        expect(load.issued.length).toBeGreaterThan(3)
        expect(load.revoked.size).toBeGreaterThan(0)
        const all = [...keys, gone, ...load.issued]
        const revoked = new Set([gone.id, ...load.revoked])
        const told = yield* Effect.promise(() =>
          Promise.all(all.map(async ({ id, token }) => {
            const { status } = await ask(second.url, token, "is-it-good")
            return [id, status]
          }))
        )
        // A revocation that was asked for and not answered may hold or not.
        const last = load.issued.at(-1)!.id
        const isKnown = ([id]: ReadonlyArray<unknown>) => id !== last
        expect(told.filter(isKnown)).toEqual(
          all.map(({ id }) => [id, revoked.has(id) ? 401 : 200]).filter(isKnown)
        )
        const audit = yield* Effect.promise(() => admin(second.url, "GET", "/audit?action=key.issue&limit=1000"))
        expect(audit.json.filter((event: any) => event.outcome === "done").length).toBeGreaterThanOrEqual(all.length)

        const after = yield* rows(database)
        const settled = settledAt(killedAt)
        expect(settled.length).toBeGreaterThan(20)
        const own = after.models.filter((model) => model !== "is-it-good")
        expect(settled.filter((model) => !own.includes(model))).toEqual([])
        expect(own.filter((model) => !load.asked.has(model))).toEqual([])
        expect([new Set(own).size, after.torn]).toEqual([own.length, []])

        const again = newLoad()
        const busyAgain = keys.map(({ token }, at) => asking(second.url, token, `second-${at}`, again))
        yield* until(() => again.answered.size > 20)
        again.isOver = true
        second.child.kill("SIGTERM")
        yield* Effect.promise(() => Promise.all(busyAgain))
        expect(yield* Effect.promise(() => second.code)).toBe(0)
        expect([again.odd, again.torn]).toEqual([[], []])
        const end = yield* rows(database)
        const answered = Array.from(again.answered.keys())
        expect(answered.length).toBeGreaterThan(20)
        expect(answered.filter((model) => !end.models.includes(model))).toEqual([])
        expect(end.torn).toEqual([])
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    60_000
  )
})
