import { describe, expect, it } from "vitest"
import { openai, run } from "./run.ts"

describe.concurrent("llmdispatcher models", { timeout: 30_000 }, () => {
  it("lists the sandbox without a key, each vendor's default marked", async () => {
    const { code, stdout } = await run(["models"])
    expect(stdout).toMatch(/^flaky\/sandbox +flaky +default +\S/m)
    expect(stdout).toMatch(/^sandbox\/sandbox +sandbox +default +\S/m)
    expect(stdout).toMatch(/^sandbox\/slow +sandbox +\S/m)
    expect(code).toBe(0)
  })

  it("prints JSON of what a vendor lists, and of the sandbox only when it is named", async () => {
    await using server = await openai((response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
        object: "list",
        data: ["gpt-5-mini", "o9"].map((id) => ({ id, object: "model", created: 1, owned_by: "openai" }))
      }))
    )
    const [real, both] = await Promise.all([
      run(["models", "--json"], server.env),
      run(["models", "--json", "--vendor", "openai", "--vendor", "sandbox"], server.env)
    ])
    expect(JSON.parse(real.stdout)).toEqual([
      { id: "openai/gpt-5-mini", vendor: "openai", model: "gpt-5-mini", default: true, description: null },
      { id: "openai/o9", vendor: "openai", model: "o9", default: false, description: null }
    ])
    expect(new Set(JSON.parse(both.stdout).map((row: { vendor: string }) => row.vendor)))
      .toEqual(new Set(["openai", "sandbox"]))
  })

  it("tells of a vendor that cannot list, with its exit code", async () => {
    await using server = await openai((response) => response.writeHead(401).end("{}"))
    const { code, stderr, stdout } = await run(["models"], server.env)
    expect(stderr).toMatch(/^llmdispatcher: openai: did not accept the key/)
    expect(stdout).toBe("")
    expect(code).toBe(4)
  })
})
