import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Runtime from "../../src/config/Runtime.ts"

/** What is said of a configuration, its directory left out; "valid" where nothing is. */
const said = (text: string, variables: Readonly<Record<string, string>> = {}, name = "llmdispatcher.yaml") =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const directory = yield* files.makeTempDirectoryScoped()
    yield* files.writeFileString(`${directory}/${name}`, text)
    const options = {
      file: `${directory}/${name}`,
      environment: {
        get: (name: string) => variables[name],
        names: () => Object.keys(variables),
        readFile: (path: string) => files.readFileString(path)
      }
    }
    const loaded = yield* Runtime.load(options)
    yield* Runtime.make(options, loaded)
    return "valid"
  }).pipe(
    Effect.catch(({ message }) => Effect.succeed(message)),
    Effect.map((message) =>
      message.replaceAll(/(?:file:\/\/)?\/\S*\/(?=llmdispatcher\.|key|mine|VendorPlugin)/g, "").split("\n")
    ),
    Effect.scoped
  )

const layer = Layer.merge(NodeServices.layer, FetchHttpClient.layer)

const broken: ReadonlyArray<readonly [what: string, text: string, ...lines: ReadonlyArray<string>]> = [
  [
    "an unknown section",
    "vendor:\n  openai: {}\n",
    "llmdispatcher.yaml:1: vendor: is not known here; did you mean `vendors`?"
  ],
  [
    "a misspelt strategy",
    "vendors: { sandbox: {} }\nroutes:\n  default:\n    targets: [sandbox/sandbox]\n    strategy: fastet\n",
    "llmdispatcher.yaml:5: routes.default.strategy: must be one of ordered, weighted, round-robin, random, least-busy, fastest, cheapest, dearest or sticky, got \"fastet\"; did you mean `fastest`?"
  ],
  [
    "a misspelt setting of a vendor",
    "vendors:\n  openai:\n    apikey: sk-1\n",
    "llmdispatcher.yaml:3: vendors.openai.apikey: is not known here; did you mean `apiKey`?"
  ],
  [
    "an unknown kind",
    "vendors:\n  mine:\n    kind: opnai\n",
    "llmdispatcher.yaml:3: vendors.mine.kind: must be one of openai, anthropic, google, azure-openai, bedrock, groq, mistral, deepseek, xai, together, fireworks, openrouter, cerebras, perplexity, cohere, vllm, lm-studio, ollama, openai-compatible, llama-cpp, sandbox or plugin, got \"opnai\"; did you mean `openai`?"
  ],
  [
    "a vendor without a kind",
    "vendors:\n  mine:\n    apiKey: sk-1\n",
    "llmdispatcher.yaml:2: vendors.mine.kind: is missing, must be one of openai, anthropic, google, azure-openai, bedrock, groq, mistral, deepseek, xai, together, fireworks, openrouter, cerebras, perplexity, cohere, vllm, lm-studio, ollama, openai-compatible, llama-cpp, sandbox or plugin"
  ],
  [
    "a route without targets",
    "vendors: { sandbox: {} }\nroutes:\n  default: []\n",
    "llmdispatcher.yaml:3: routes.default: must not be empty"
  ],
  [
    "a route to a vendor that is not there",
    "vendors: { sandbox: {} }\nroutes:\n  default: [sandbx/sandbox]\n",
    "llmdispatcher.yaml:3: routes.default.0: there is no vendor \"sandbx\"; did you mean `sandbox`?"
  ],
  [
    "a target without a model",
    "vendors: { sandbox: {} }\nroutes:\n  default: [sandbox]\n",
    "llmdispatcher.yaml:3: routes.default.0: must be a vendor and a model, as in openai/gpt-5-mini, got \"sandbox\""
  ],
  [
    "a time without its unit",
    "policies:\n  deadline: 30\n",
    "llmdispatcher.yaml:2: policies.deadline: must be a time with its unit, such as 300ms, 5s, 2m or 1h, got 30"
  ],
  [
    "a number out of range",
    "policies:\n  maxAttempts: 0\n",
    "llmdispatcher.yaml:2: policies.maxAttempts: must be a whole number above 0, got 0"
  ],
  [
    "a text where a number belongs",
    "policies:\n  maxAttempts: many\n",
    "llmdispatcher.yaml:2: policies.maxAttempts: must be a whole number, got \"many\""
  ],
  [
    "a variable that is not set",
    "vendors:\n  openai:\n    apiKey: ${OPENAI_KYE}\n",
    "llmdispatcher.yaml:3: vendors.openai.apiKey: `OPENAI_KYE` is not set; did you mean `OPENAI_KEY`?"
  ],
  [
    "a file that is not there",
    "vendors:\n  openai:\n    apiKey: ${file:key.txt}\n",
    "llmdispatcher.yaml:3: vendors.openai.apiKey: the file key.txt is not there"
  ],
  [
    "a port in a variable that is none",
    "gateway:\n  port: ${PORT}\n",
    "llmdispatcher.yaml:2: gateway.port: must be a whole number, got ${PORT}"
  ],
  [
    "a rule to a route that is not there",
    "vendors: { sandbox: {} }\nroutes:\n  cheap: [sandbox/sandbox]\nrules:\n  - when: { tools: true }\n    route: chaep\n",
    "llmdispatcher.yaml:4: rules.0.route: there is no route \"chaep\"; did you mean `cheap`?"
  ],
  [
    "a condition nobody knows",
    "rules:\n  - when: { tool: true }\n    route: a/b\n",
    "llmdispatcher.yaml:2: rules.0.when.tool: is not known here; did you mean `tools`?"
  ],
  [
    "an hour that is none",
    "rules:\n  - when: { hours: { from: 8, to: 25 } }\n    route: a/b\n",
    "llmdispatcher.yaml:2: rules.0.when.hours.to: must be an hour from 0 to 24, got 25"
  ],
  [
    "a broken address",
    "vendors:\n  openai:\n    apiKey: ${OPENAI_KEY}\n    baseUrl: localhost:8080\n",
    "llmdispatcher.yaml:4: vendors.openai.baseUrl: must begin with https:// or http://, got \"localhost:8080\""
  ],
  [
    "a key with a line break",
    "vendors:\n  openai:\n    apiKey: \"sk-secret\\nmore\"\n",
    "llmdispatcher.yaml:3: vendors.openai.apiKey: must not hold spaces around it, line breaks or other characters that headers cannot carry"
  ],
  [
    "a vendor without its key",
    "vendors:\n  eu:\n    kind: openai\n",
    "llmdispatcher.yaml:2: vendors.eu.apiKey: must be set and not empty"
  ],
  [
    "one key beside several",
    "vendors:\n  openai:\n    apiKey: ${OPENAI_KEY}\n    apiKeys: [sk-secret-1, sk-secret-2]\n",
    "llmdispatcher.yaml:4: vendors.openai.apiKeys: must not stand beside apiKey; leave one of them out"
  ],
  [
    "a negative price",
    "vendors: { sandbox: {} }\ntargets:\n  sandbox/sandbox:\n    price: { input: -1, output: 2 }\n",
    "llmdispatcher.yaml:4: targets.sandbox/sandbox.price.input: must be 0 or more, got -1"
  ],
  [
    "a limit of a vendor that is not there",
    "vendors: { sandbox: {} }\nlimits:\n  vendors:\n    sandpit: { requestsPerMinute: 5 }\n",
    "llmdispatcher.yaml:4: limits.vendors.sandpit: there is no vendor \"sandpit\"; there is sandbox"
  ],
  [
    "a budget below nothing",
    "budgets:\n  perCaller: -5\n",
    "llmdispatcher.yaml:2: budgets.perCaller: must be 0 or more, got -5"
  ],
  [
    "a store nobody knows",
    "cache:\n  store: disk\n",
    "llmdispatcher.yaml:2: cache.store: must be memory or a block of keys, got \"disk\""
  ],
  [
    "a list where a block belongs",
    "policies:\n  - maxAttempts: 3\n",
    "llmdispatcher.yaml:1: policies: must be a block of keys, got a list"
  ],
  [
    "a broken indentation",
    "policies:\n  maxAttempts: 3\n deadline: 5m\n",
    "llmdispatcher.yaml:3: unexpected indentation of 1 spaces"
  ],
  [
    "a key that stands twice",
    "policies:\n  maxAttempts: 3\n  maxAttempts: 4\n",
    "llmdispatcher.yaml:3: `maxAttempts` stands here twice"
  ],
  [
    "several faults",
    "policies:\n  maxAttempts: 0\n  retry: yes please\nstrateg: fastest\n",
    "llmdispatcher.yaml:2: policies.maxAttempts: must be a whole number above 0, got 0",
    "llmdispatcher.yaml:3: policies.retry: must be false or a block of keys, got \"yes please\"",
    "llmdispatcher.yaml:4: strateg: is not known here; did you mean `strategy`?"
  ],
  [
    "a plugin that is not there",
    "vendors:\n  mine:\n    kind: plugin\n    module: ./mine.js\n",
    "llmdispatcher.yaml:2: vendors.mine: the plugin mine.js (import): Cannot find module 'mine.js' imported from VendorPlugin.ts"
  ]
]

describe("a broken configuration", () => {
  it.layer(layer)((it) => {
    for (const [what, text, ...lines] of broken) {
      it.effect(`with ${what} is told line by line`, () =>
        Effect.map(said(text, { OPENAI_KEY: "sk-secret", PORT: "eighty" }), (found) => expect(found).toEqual(lines)))
    }
  })
})
