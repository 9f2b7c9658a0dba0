import * as NodeServices from "@effect/platform-node/NodeServices"
import { Context, Effect, FileSystem, Layer, Logger, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as AccessKeys from "../../../src/access/AccessKeys.ts"
import * as Audit from "../../../src/access/Audit.ts"
import { CurrentPrincipal } from "../../../src/access/CurrentPrincipal.ts"
import type { Grant } from "../../../src/access/Grant.ts"
import * as Principals from "../../../src/access/Principals.ts"
import * as Spending from "../../../src/access/Spending.ts"
import * as Runtime from "../../../src/config/Runtime.ts"
import type * as App from "../../../src/gateway/admin/App.ts"
import * as ConfigurationAudit from "../../../src/gateway/admin/ConfigurationAudit.ts"
import * as Client from "../../../src/gateway/admin/Client.ts"
import * as Authentication from "../../../src/gateway/Authentication.ts"
import * as Gateway from "../../../src/gateway/Gateway.ts"
import * as NodeAdmin from "../../../src/gateway/NodeAdmin.ts"
import * as NodeServer from "../../../src/gateway/NodeServer.ts"
import * as Open from "../../../src/gateway/Open.ts"

export const adminKey = "an-admin-key-of-more-than-32-characters"

export const vendorKeys = ["sk-canary-first-0123456789", "sk-canary-second-0123456789"] as const

export const text = `
vendors:
  openai:
    apiKeys: [${vendorKeys.join(", ")}]
    headers: { x-team: header-canary }
  sandbox: { firstWord: 1ms, perWord: 1ms }
routes:
  default: { targets: [sandbox/sandbox, openai/gpt-5-mini], strategy: ordered }
gateway:
  adminKey: ${adminKey}
`

export const layer = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer, Logger.layer([]))

const access = Layer.mergeAll(AccessKeys.layerMemory()).pipe(
  Layer.provideMerge(Principals.layerMemory()),
  Layer.provideMerge(Layer.merge(Audit.layerMemory(), Spending.layerMemory))
)

const asRoot = Effect.provideService(CurrentPrincipal, { id: "root" })

/** A gateway on a port of its own, of a file of its own. */
export const serve = Effect.fnUntraced(function*(options: {
  readonly isOpen?: boolean
  readonly text?: string
  readonly more?: Partial<App.Options>
} = {}) {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const write = (text: string) => files.writeFileString(`${directory}/llmdispatcher.yaml`, text)
  yield* write(options.text ?? text)
  const variables: Readonly<Record<string, string>> = { SECRET_NUMBER: "canary-of-the-environment" }
  const from: Runtime.Options = {
    directory,
    environment: {
      get: (name) => variables[name],
      names: () => Object.keys(variables),
      readFile: (path) => files.readFileString(path)
    }
  }
  const runtime = yield* Runtime.make(from, yield* Runtime.load(from))
  const services = yield* Layer.build(access)
  const principals = Context.get(services, Principals.Principals)
  const keys = Context.get(services, AccessKeys.AccessKeys)
  const audit = Context.get(services, Audit.Audit)
  const spending = Context.get(services, Spending.Spending)
  yield* ConfigurationAudit.follow(runtime, audit)
  const authenticate = yield* Authentication.make({ keys, adminKey: Redacted.make(adminKey) })
  const logged: Array<Gateway.Access> = []
  const state = { isReady: true }
  const otherwise = yield* NodeAdmin.make({
    runtime,
    options: from,
    isReady: () => state.isReady,
    version: "1.2.3",
    log: (access) => logged.push(access),
    ...(options.isOpen === true ? undefined : { access: { authenticate, principals, keys, audit, spending } }),
    ...options.more
  })
  const gateway = Gateway.make({
    dispatcher: runtime.dispatcher,
    models: () => Effect.succeed([]),
    authenticate: options.isOpen === true ? () => Effect.undefined : authenticate
  })
  const server = yield* NodeServer.serve(gateway, {
    port: 0,
    drain: "1 second",
    otherwise,
    ...(options.isOpen === true ? { guard: Open.guard } : undefined)
  })
  const url = `http://127.0.0.1:${server.port}`

  const call = (method: string, path: string, more?: {
    readonly key?: string
    readonly body?: unknown
    readonly headers?: Record<string, string>
  }) =>
    Effect.promise(async () => {
      const body = more?.body
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(more?.key === undefined ? undefined : { authorization: `Bearer ${more.key}` }),
          ...(body === undefined ? undefined : { "content-type": "application/json" }),
          ...more?.headers
        },
        body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body)
      })
      const answer = await response.text()
      const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
      return {
        status: response.status,
        headers: response.headers,
        text: answer,
        json: isJson ? JSON.parse(answer) : undefined
      }
    })

  /** A principal with that grant, and a key of its own. */
  const caller = (name: string, grant: Grant, parent?: string) =>
    Effect.gen(function*() {
      const principal = yield* principals.create({
        name,
        kind: "team",
        grant,
        ...(parent === undefined ? {} : { parent })
      })
      const { key, token } = yield* keys.issue({ principal: principal.id, name })
      return { principal, key, token: Redacted.value(token) }
    }).pipe(asRoot)

  const client = (key: string | undefined) =>
    Client.make({ url, key: key === undefined ? undefined : Redacted.make(key) })

  return { audit, call, caller, client, keys, logged, principals, runtime, server, spending, state, url, write }
})
