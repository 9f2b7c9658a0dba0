import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Schedule } from "effect"
import { adminKey, layer, serve } from "../gateway/admin/gateway.ts"
import { type Env, run, start } from "./run.ts"

const keys = (args: ReadonlyArray<string>, env?: Env) => Effect.promise(() => run(["keys", ...args], env))

const form = /^lld_[0-9a-f]{20}_[\w-]{43}\n$/

const idOf = (token: string): string => token.slice(4, 24)

/** A configuration with a database of its own. */
const local = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const config = `${directory}/llmdispatcher.yaml`
  yield* files.writeFileString(config, "vendors: { sandbox: {} }\nstatistics: { database: { sqlite: keys.db } }\n")
  return ["--config", config]
})

/** A gateway as a process of its own, until the Scope closes. */
const serving = (args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const running = start(["serve", ...args])
      await running.saw("llmdispatcher listens on ")
      const url = /listens on (http:\/\/\S+)/.exec(running.stderr)![1]!
      return { url, stdout: () => running.stdout, stderr: () => running.stderr, running }
    }),
    ({ running }) =>
      Effect.promise(() => {
        running.child.kill("SIGTERM")
        return running.code
      })
  )

describe("llmdispatcher keys", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    describe("at a gateway that runs", () => {
      it.effect("prints a new key alone on stdout, and it is good", () =>
        Effect.gen(function*() {
          const { call, url } = yield* serve()
          const { code, stderr, stdout } = yield* keys(["issue", "app", "--url", url], {
            LLMDISPATCHER_ADMIN_KEY: adminKey
          })
          expect(stdout).toMatch(form)
          expect(stderr).toMatch(/^key [0-9a-f]{20} of prn_\w+; it is not shown again\n$/)
          expect(stderr).not.toContain(stdout.trim().slice(-43))
          expect(code).toBe(0)
          const me = yield* call("GET", "/admin/v1/me", { key: stdout.trim() })
          expect(me.json).toMatchObject({ principal: { name: "app", kind: "service", grant: {} }, scopes: [] })
        }), 180_000)

      it.effect("makes principals with grants, and keys below them", () =>
        Effect.gen(function*() {
          const { call, url } = yield* serve()
          const at = ["--url", url, "--key", adminKey]
          const grant = JSON.stringify({ models: ["sandbox/*"], scopes: ["keys:write", "keys:read"] })
          const made = yield* keys(["principals", "create", "team", "--grant", grant, ...at])
          expect(made.stdout).toMatch(/^prn_\w+\n$/)
          const id = made.stdout.trim()
          const issued = yield* keys(["issue", "app", "--principal", id, "--expires", "30d", "--json", ...at])
          const { key, token } = JSON.parse(issued.stdout)
          expect(key.expiresAt - key.createdAt).toBeGreaterThan(29 * 86_400_000)
          const shown = yield* keys(["principals", "show", id, ...at])
          expect(JSON.parse(shown.stdout)).toMatchObject({ id, name: "team", grant: JSON.parse(grant) })
          const own = yield* keys(["list", "--url", url], { LLMDISPATCHER_ADMIN_KEY: token })
          expect(own.stdout).toContain(`${key.id}  app   good`)
          const rotated = yield* keys(["rotate", key.id, "--grace", "1s", "--url", url, "--key", token])
          expect(rotated.stdout).toMatch(form)
          const revoked = yield* keys(["revoke", idOf(rotated.stdout), ...at])
          expect([revoked.code, revoked.stdout]).toEqual([0, ""])
          expect((yield* call("GET", "/admin/v1/me", { key: rotated.stdout.trim() })).status).toBe(401)
          yield* keys(["principals", "revoke", id, ...at])
          const list = yield* keys(["principals", "list", "--json", ...at])
          expect(JSON.parse(list.stdout)).toMatchObject([{ id, revokedAt: expect.any(Number) }])
        }), 180_000)

      it.effect("says what is wrong and how it ends, without the key", () =>
        Effect.gen(function*() {
          const { caller, url } = yield* serve()
          const { token } = yield* caller("own", {})
          const ended = (args: ReadonlyArray<string>, env?: Env) =>
            Effect.map(keys(args, env), ({ code, stderr, stdout }) => ({ code, stderr, stdout }))
          const at = ["--url", url, "--key", adminKey]
          expect(yield* ended(["revoke", "nobody", ...at])).toEqual({
            code: 2,
            stderr: "llmdispatcher: there is no key \"nobody\"\n",
            stdout: ""
          })
          expect(yield* ended(["list", "--url", url, "--key", token])).toEqual({
            code: 4,
            stderr: "llmdispatcher: the scope is not granted (keys:read)\n",
            stdout: ""
          })
          expect(yield* ended(["list", "--url", url, "--key", "wrong"])).toMatchObject({
            code: 4,
            stderr: "llmdispatcher: the key is not known\n"
          })
          expect(yield* ended(["list", "--url", url])).toMatchObject({ code: 2 })
          expect(yield* ended(["list", "--url", "http://127.0.0.1:1", "--key", adminKey])).toMatchObject({
            code: 3,
            stderr: "llmdispatcher: the gateway at http://127.0.0.1:1 cannot be reached\n"
          })
          expect(yield* ended(["issue", "a", "--grant", "{\"admin\":true}", ...at])).toMatchObject({ code: 2 })
          expect(yield* ended(["principals", "create", "a", "--grant", "{\"models\":[\"\"]}", ...at]))
            .toMatchObject({ code: 2 })
        }), 180_000)
    })

    describe("in a database of the configuration", () => {
      it.effect("keeps what it made, from one command to the next, and no secret of it", () =>
        Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          const at = yield* local
          const first = yield* keys(["issue", "app", ...at])
          expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(form)])
          const principals = yield* keys(["principals", "list", "--json", ...at])
          const [{ id }] = JSON.parse(principals.stdout)
          const list = yield* keys(["list", "--principal", id, ...at])
          expect(list.stdout).toContain(`${idOf(first.stdout)}  app   good`)
          const again = yield* keys(["issue", "app", ...at])
          expect(again).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("there is a principal") })
          yield* keys(["revoke", idOf(first.stdout), ...at])
          expect((yield* keys(["list", "--principal", id, ...at])).stdout).toContain("revoked")
          const directory = at[1]!.replace(/[^/]*$/, "")
          for (const name of yield* files.readDirectory(directory)) {
            const bytes = new TextDecoder("latin1").decode(yield* files.readFile(`${directory}${name}`))
            expect(bytes).not.toContain(first.stdout.trim().slice(-43))
          }
        }), 180_000)

      it.effect("says where keys could be kept, where there is none", () =>
        Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          const config = yield* files.makeTempFileScoped({ suffix: ".yaml" })
          yield* files.writeFileString(config, "vendors: { sandbox: {} }\n")
          const { code, stderr } = yield* keys(["list", "--config", config])
          expect([code, stderr]).toEqual([2, expect.stringContaining("statistics.database")])
        }), 180_000)
    })

    describe("beside a gateway that serves from the same database", () => {
      it.effect(
        "opens it with a key of a command, for what is granted, until the key is revoked",
        () =>
          Effect.gen(function*() {
            const at = yield* local
            const grant = JSON.stringify({ models: ["sandbox/*"], scopes: ["keys:read"] })
            const { stdout } = yield* keys(["issue", "app", "--grant", grant, ...at])
            const key = stdout.trim()
            const running = yield* serving([...at, "--port", "0"])
            const chat = (model: string, key: string) =>
              Effect.promise(() =>
                fetch(`${running.url}/v1/chat/completions`, {
                  method: "POST",
                  headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
                  body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] })
                }).then(async (response) => ({ status: response.status, text: await response.text() }))
              )
            const answer = yield* chat("sandbox/sandbox", key)
            expect([answer.status, JSON.parse(answer.text).choices.length]).toEqual([200, 1])
            expect((yield* chat("other/model", key)).status).toBe(403)
            expect((yield* chat("sandbox/sandbox", `${key}x`)).status).toBe(401)
            const list = yield* keys(["list", "--url", running.url], { LLMDISPATCHER_ADMIN_KEY: key })
            expect(list.stdout).toContain(idOf(key))
            yield* keys(["revoke", idOf(key), ...at])
            // What was read of a key is good for some seconds in another process.
            const refused = yield* chat("sandbox/sandbox", key).pipe(
              Effect.repeat({ schedule: Schedule.spaced("200 millis"), until: ({ status }) => status !== 200 }),
              Effect.timeout("60 seconds")
            )
            expect(refused.status).toBe(401)
            const lines = running.stdout().split("\n").filter((line) => line.includes("path=/v1/chat/completions"))
            expect(lines[0]).toMatch(
              /^time=\S+ id=\w+ method=POST path=\S+ status=200 duration=\S+ principal=prn_\w+ target=sandbox\/sandbox$/
            )
            expect(running.stdout() + running.stderr()).not.toContain(key.slice(-43))
          }),
        180_000
      )

      it.effect("does not start with an admin key that could be guessed", () =>
        Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          const config = yield* files.makeTempFileScoped({ suffix: ".yaml" })
          yield* files.writeFileString(config, "vendors: { sandbox: {} }\ngateway: { adminKey: hunter2 }\n")
          const { code, stderr } = yield* Effect.promise(() => run(["serve", "--port", "0", "--config", config]))
          expect([code, stderr]).toEqual([
            2,
            "llmdispatcher: gateway.adminKey must have at least 32 characters, for it opens everything\n"
          ])
        }), 180_000)
    })
  })
})
