import { describe, expect, it } from "@effect/vitest"
import { Headers } from "effect/http"
import * as Failure from "../../../src/vendor/ollama/Failure.ts"

const read = (status: number, body: unknown) =>
  Failure.fromResponse({
    status,
    headers: Headers.empty,
    body: typeof body === "string" ? body : JSON.stringify(body),
    now: 0
  })

const told: ReadonlyArray<readonly [number, string, string]> = [
  [404, "model 'llama9' not found", "ModelNotFound"],
  [404, "model \"llama9\" not found, try pulling it first", "ModelNotFound"],
  [400, "invalid option provided: num_gtx", "InvalidRequest"],
  [400, "\"llama3.2\" does not support thinking", "UnsupportedFeature"],
  [400, "registry.ollama.ai/library/gemma3:4b does not support tools", "UnsupportedFeature"],
  [400, "the input length exceeds the context length", "ContextLengthExceeded"],
  [400, "the request exceeds the available context size (4096 tokens), try increasing it", "ContextLengthExceeded"],
  [500, "input length (9000 tokens) exceeds the model's maximum context length (8192 tokens)", "ContextLengthExceeded"],
  [401, "unauthorized", "Unauthenticated"],
  [403, "this model requires a subscription, upgrade for access", "PermissionDenied"],
  [429, "too many requests", "RateLimited"],
  [429, "you've reached your hourly usage limit, please upgrade to continue", "QuotaExhausted"],
  [500, "model requires more system memory (5.6 GiB) than is available (3.2 GiB)", "Overloaded"],
  [500, "llama runner process has terminated: cudaMalloc failed: out of memory", "Overloaded"],
  [503, "server busy, please try again.  maximum pending requests exceeded", "Overloaded"],
  [500, "llama runner process has terminated: exit status 2", "ServerFault"],
  [502, "bad gateway", "ServerFault"],
  [504, "gateway timeout", "TimedOut"]
]

describe("failures", () => {
  it.each(told)("reads %i \"%s\" as %s", (status, error, tag) => {
    expect(read(status, { error })).toMatchObject({ reason: { _tag: tag, description: error }, status })
  })

  it("reads the objects of gateways before it", () => {
    expect(read(429, { error: { message: "Slow down.", type: "rate_limit" } })).toMatchObject({
      reason: { _tag: "RateLimited", description: "Slow down." }
    })
  })

  it.each([[404, "404 page not found"], [404, "{}"], [404, "null"]])("reads %i %s by its status", (status, body) => {
    expect(read(status, body).reason).toEqual({ _tag: "ModelNotFound" })
  })

  it.each(told.filter(([status]) => status === 500))("reads a line after %i \"%s\" as %s", (_, error, tag) => {
    expect(Failure.fromLine({ error }).reason).toEqual({ _tag: tag, description: error })
  })
})
