import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted, type Scope } from "effect"
import * as Access from "../../../src/access/Access.ts"
import * as AccessKeys from "../../../src/access/AccessKeys.ts"
import * as Audit from "../../../src/access/Audit.ts"
import { CurrentPrincipal } from "../../../src/access/CurrentPrincipal.ts"
import type { Grant } from "../../../src/access/Grant.ts"
import * as Principals from "../../../src/access/Principals.ts"
import * as Spending from "../../../src/access/Spending.ts"
import * as Authentication from "../../../src/gateway/Authentication.ts"
import * as Fairness from "../../../src/gateway/Fairness.ts"
import * as Gate from "./Gate.ts"
import * as Socket from "./Socket.ts"
import { json, until } from "./wait.ts"

const { voices } = Gate

const memory = Layer.mergeAll(Access.layer(), AccessKeys.layerMemory()).pipe(
  Layer.provideMerge(Principals.layerMemory()),
  Layer.provideMerge(Layer.mergeAll(Audit.layerMemory(), Spending.layerMemory))
)

/** A gateway that asks for keys, and the keys of two principals, one of whom may ask one model only. */
const keyed = Effect.fnUntraced(function*(options: Gate.Options = {}) {
  const access = yield* Access.Access
  const keys = yield* AccessKeys.AccessKeys
  const principals = yield* Principals.Principals
  const issue = (id: string, grant: Grant) =>
    Effect.gen(function*() {
      yield* principals.create({ id, name: id, kind: "service", parent: "root", grant })
      const { key, token } = yield* keys.issue({ principal: id, name: id })
      return { id: key.id, token: Redacted.value(token) }
    }).pipe(Effect.provideService(CurrentPrincipal, { id: "root" }))
  const all = yield* issue("all", {})
  const one = yield* issue("one", { models: ["chat/gpt-5-mini"] })
  const { conceal, permit, permitUse, visible } = access
  const gate = yield* Gate.make({
    ...options,
    guard: undefined,
    gateway: { authenticate: yield* Authentication.make({ keys }), conceal, permitUse, visible, ...options.gateway },
    dispatcher: { admission: [access.admission], prepare: [access.prepare], permit }
  })
  return { gate, all, one, keys, principals }
})

type Needs = Scope.Scope | Access.Access | AccessKeys.AccessKeys | Principals.Principals

const test = (name: string, body: Effect.Effect<void, unknown, Needs>) =>
  it.live(name, () => Effect.provide(Effect.scoped(body), memory))

describe("callers with keys", () => {
  test(
    "are served by any of the headers that SDKs send keys in",
    Effect.gen(function*() {
      const { all: { token }, gate } = yield* keyed()
      for (
        const headers of [{ authorization: `Bearer ${token}` }, { "x-api-key": token }, { "api-key": token }, {
          "x-goog-api-key": token
        }]
      ) {
        for (const voice of voices) {
          const answer = yield* gate.post(voice.path(false), voice.body("Hi"), headers)
          expect([voice.name, answer?.status]).toEqual([voice.name, 200])
        }
      }
    })
  )

  test(
    "whose key is none get one and the same refusal, whatever stands in its place, and nobody is called",
    Effect.gen(function*() {
      const { gate, one: { token } } = yield* keyed()
      const last = token.at(-1) === "A" ? "B" : "A"
      const tokens = [
        "",
        "x",
        "'; DROP TABLE keys; --",
        "' OR '1'='1",
        "\" OR 1=1 --",
        "admin",
        "root",
        "null",
        "undefined",
        "__proto__",
        "x".repeat(20_000),
        "\u00ff\u00fe",
        "%00",
        "${jndi:ldap://x}",
        "../../keys",
        "{\"$ne\":null}",
        "Bearer",
        token.slice(0, -1),
        token.slice(0, -1) + last,
        `${token}A`,
        token.slice(0, 20),
        token.toUpperCase(),
        ` ${token} x`,
        `${token},${token}`
      ]
      const wrong: Array<unknown> = []
      const refusals = new Map<string, Set<string>>()
      for (const voice of voices) {
        for (const given of tokens) {
          for (const name of ["authorization", "x-api-key", "x-goog-api-key"]) {
            const value = Buffer.from(name === "authorization" ? `Bearer ${given}` : given).toString("latin1")
            const answer = yield* gate.post(voice.path(false), voice.body("Hi"), { [name]: value })
            if (answer?.status !== 401) wrong.push([voice.name, name, given.slice(0, 40), answer?.status])
            if (answer?.body.includes(token.slice(10))) wrong.push([voice.name, name, "tells the key"])
            const told = refusals.get(voice.name) ?? refusals.set(voice.name, new Set()).get(voice.name)!
            told.add(answer?.body ?? "")
          }
        }
      }
      expect(wrong).toEqual([])
      // That there is no key, or that it is none of ours: how near it came cannot be told.
      for (const [name, told] of refusals) expect([name, told.size <= 2]).toEqual([name, true])
      expect(gate.upstream.received).toEqual([])
    })
  )

  test(
    "get what they are granted and nothing else, by whatever name they ask",
    Effect.gen(function*() {
      const { gate, one: { token } } = yield* keyed()
      const headers = { "x-api-key": token }
      const chat = voices[0]!
      expect((yield* gate.post(chat.path(false), chat.body("Hi"), headers))?.status).toBe(200)
      const { length } = gate.upstream.received
      const statuses: Array<readonly [string, number | undefined]> = []
      for (const voice of voices.slice(1)) {
        statuses.push([voice.name, (yield* gate.post(voice.path(false), voice.body("Hi"), headers))?.status])
        statuses.push([voice.name, (yield* gate.post(voice.path(true), voice.body("Hi", true), headers))?.status])
      }
      const ways: Readonly<Record<string, Effect.Effect<Socket.Answer | undefined>>> = {
        header: gate.post(chat.path(false), chat.body("Hi"), { ...headers, "llmdispatcher-route": "chat/gpt-5" }),
        wish: gate.post(chat.path(false), { ...chat.body("Hi"), llmdispatcher: { route: "chat/gpt-5" } }, headers),
        vendors: gate.post(chat.path(false), chat.body("Hi"), {
          ...headers,
          "llmdispatcher-vendors": "responses",
          "llmdispatcher-route": "gpt-5"
        }),
        twice: gate.post(
          chat.path(false),
          JSON.stringify(chat.body("Hi")).replace("}", "},\"x\":1").replace(/.$/, ",\"model\":\"chat/gpt-5\"}"),
          headers
        ),
        deployment: gate.post("/openai/deployments/chat%2Fgpt-5/chat/completions", chat.body("Hi"), headers),
        mode: gate.post(chat.path(false), { ...chat.body("Hi"), llmdispatcher: { mode: "fast" } }, headers),
        raw: gate.post(chat.path(false), { ...chat.body("Hi"), Model: "gpt-5", models: ["gpt-5"] }, headers),
        embeddings: gate.post("/v1/embeddings", { model: "chat/text-embedding-3-small", input: "Hi" }, headers)
      }
      for (const [name, way] of Object.entries(ways)) statuses.push([name, (yield* way)?.status])
      const isRefused = ([name, status]: readonly [string, number | undefined]) =>
        // A body that is not one of its API is refused for that.
        status === 403 || (["raw", "twice"].includes(name) && status === 400)
      const wrong = statuses.filter((each) => !isRefused(each))
      expect(wrong).toEqual([])
      expect(gate.upstream.received.length).toBe(length)
    })
  )

  test(
    "are refused from the next call on when their key or they themselves are revoked",
    Effect.gen(function*() {
      const { all, gate, keys, one, principals } = yield* keyed()
      const ask = (token: string) =>
        Effect.map(
          gate.post(voices[0]!.path(false), voices[0]!.body("Hi"), { "x-api-key": token }),
          (answer) => answer?.status
        )
      expect([yield* ask(all.token), yield* ask(one.token)]).toEqual([200, 200])
      yield* keys.revoke(all.id).pipe(Effect.provideService(CurrentPrincipal, { id: "root" }))
      yield* principals.revoke("one").pipe(Effect.provideService(CurrentPrincipal, { id: "root" }))
      expect([yield* ask(all.token), yield* ask(one.token)]).toEqual([401, 401])
    })
  )

  test(
    "find themselves in what is told of a call, and no key",
    Effect.gen(function*() {
      const { gate, one: { token } } = yield* keyed()
      yield* gate.post(voices[0]!.path(false), voices[0]!.body("Hi"), { "x-api-key": token })
      yield* gate.post(`${voices[0]!.path(false)}?key=${token}`, voices[0]!.body("Hi"), { "x-api-key": `${token}x` })
      yield* until(() => gate.accesses.length === 2)
      expect(gate.accesses.map(({ principal, status }) => [principal, status])).toEqual([["one", 200], [
        undefined,
        401
      ]])
      expect(JSON.stringify(gate.accesses)).not.toContain(token.slice(-20))
    })
  )

  test(
    "that flood leave the others served, and are told so in the words of their API",
    Effect.gen(function*() {
      const fairness = Fairness.make({ most: 20 })
      const { all, gate, one } = yield* keyed({ gateway: { fairness } })
      const flood = yield* Effect.forEach(
        Array.from({ length: 60 }),
        (_, at) =>
          Effect.map(Socket.open(gate.port), (socket) => {
            const voice = voices[at % voices.length]!
            const headers = { ...json, "x-api-key": all.token }
            socket.write(Socket.request("POST", voice.path(true), headers, JSON.stringify(voice.body("!hold", true))))
            return socket
          })
      )
      yield* until(() => gate.accesses.length === 50)
      const refused = flood.flatMap((socket) => Socket.answers(socket.text()))
      expect(
        refused.map(({ headers, status }) => [status, headers.get("retry-after"), headers.get("llmdispatcher-reason")])
      )
        .toEqual(Array.from({ length: 50 }, () => [429, "1", "CallerLimited"]))
      expect([fairness.taken("all"), gate.server.running()]).toEqual([10, 10])
      for (let count = 0; count < 3; count++) {
        expect((yield* gate.post(voices[0]!.path(false), voices[0]!.body("Hi"), { "x-api-key": one.token }))?.status)
          .toBe(200)
      }
      for (const { node } of flood) node.destroy()
      yield* until(() => fairness.taken() === 0)
      expect([fairness.taken(), fairness.taken("all"), gate.server.running()]).toEqual([0, 0, 0])
    })
  )
})

describe("a fault of whoever looks at keys", () => {
  it.live("is told as ours, without its words, and nobody waits for an answer", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ gateway: { authenticate: () => Effect.die(new Error("secret inside")) } })
      const paths = [...voices.map(({ path }) => path(true)), "/v1/embeddings", "/api/show"]
      const answers = yield* Effect.forEach(paths, (path) => gate.post(path, voices[0]!.body("Hi", true)))
      expect(answers.map((answer) => [answer?.status, answer?.body.includes("secret")])).toEqual(
        paths.map(() => [500, false])
      )
    }).pipe(Effect.scoped))
})
