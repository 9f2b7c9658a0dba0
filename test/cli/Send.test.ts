import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { describe, expect, it } from "vitest"
import { beginStream, delta, end, openai, run, start } from "./run.ts"

const answer = /^This is the sandbox inside llmdispatcher.*“Hello”.*\n$/

describe.concurrent("llmdispatcher send", { timeout: 30_000 }, () => {
  it("without a key shows the fallback from the flaky vendor on stderr, and only the answer on stdout", async () => {
    const { code, stderr, stdout } = await run(["send", "Hello"])
    expect(stdout).toMatch(answer)
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^No key found, .* set OPENAI_API_KEY/),
      expect.stringMatching(/^attempt 1: flaky\/sandbox failed after .*: overloaded: .*\(status 529\)$/),
      expect.stringMatching(/^attempt 2: flaky\/sandbox .*failed after .*: overloaded: .*\(status 529\)$/),
      expect.stringMatching(/^attempt 3: sandbox\/sandbox answers, first token after .*$/),
      expect.stringMatching(/^answered by sandbox, model sandbox: tokens 2 in, \d+ out, .+$/)
    ])
    expect(code).toBe(0)
  })

  it("streams the same text that --no-stream prints at once, and reads - from stdin", async () => {
    const [streamed, whole] = await Promise.all([
      run(["send", "-", "--vendor", "sandbox"], {}, "Hello\n"),
      run(["send", "Hello", "--vendor", "sandbox", "--no-stream"])
    ])
    expect(streamed.stdout).toMatch(answer)
    expect(whole.stdout).toBe(streamed.stdout)
    expect(whole.stderr).toMatch(/^attempt 1: sandbox\/sandbox answered in .*\nanswered by sandbox/)
  })

  it("prints one JSON object with --json", async () => {
    const { code, stdout } = await run([
      "send",
      "Hello",
      "--vendor=sandbox,flaky",
      "--model",
      "sandbox/sandbox",
      "--json"
    ])
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(/^dsp_/),
      text: expect.stringContaining("“Hello”"),
      toolCalls: [],
      vendor: "sandbox",
      model: "sandbox",
      target: "sandbox/sandbox",
      finishReason: "stop",
      usage: { inputTokens: expect.anything(), outputTokens: expect.anything() },
      cost: null,
      attempts: [expect.objectContaining({ number: 1, target: "sandbox/sandbox", outcome: "answered" })],
      losses: [],
      timings: {
        startedAt: expect.any(Number),
        timeToFirstPart: expect.any(Number),
        total: expect.any(Number)
      }
    })
    expect(code).toBe(0)
  })

  it("passes the vendor's text on as it comes, and asks nobody but the vendor whose key there is", async () => {
    let response: ServerResponse | undefined
    await using server = await openai((begun) => {
      beginStream(begun)
      begun.write(delta("Hel"))
      response = begun
    })
    const running = start(["send", "Hi"], server.env)
    await running.saw("Hel")
    response!.end(delta("lo") + end)
    expect(await running.code).toBe(0)
    expect(running.stdout).toBe("Hello\n")
    expect(running.stderr).toMatch(
      /^attempt 1: openai\/gpt-5-mini answers, .*\nanswered by openai, model gpt-test: tokens 3 in, 2 out, .*\n$/
    )
    expect(server.requests.map(({ headers, url }) => [url, headers.authorization])).toEqual([
      ["/v1/chat/completions", "Bearer sk-test"]
    ])
  })

  it("never lets the sandbox answer in place of a real vendor that fails", async () => {
    await using server = await openai((response) =>
      response.writeHead(401, { "content-type": "application/json" })
        .end(JSON.stringify({ error: { message: "Incorrect API key provided: sk-test" } }))
    )
    const { code, stderr, stdout } = await run(["send", "Hello"], server.env)
    expect(stdout).toBe("")
    expect(stderr).toMatch(/\nllmdispatcher: openai\/gpt-5-mini: did not accept the key.*\n$/)
    expect(stderr).not.toMatch(/sandbox|sk-test/)
    expect(code).toBe(4)
  })

  it("ends by Ctrl-C with 130, and the vendor sees the request aborted", async () => {
    const aborted = Promise.withResolvers<void>()
    await using server = await openai((response) => {
      beginStream(response)
      response.on("close", () => aborted.resolve()).write(delta("Hel"))
    })
    const running = start(["send", "Hi"], server.env)
    await running.saw("Hel")
    running.child.kill("SIGINT")
    expect(await running.code).toBe(130)
    await aborted.promise
    expect(running.stdout).toBe("Hel\n")
    expect(running.stderr).toMatch(/\ninterrupted\n$/)
  })

  it("ends without a word when nobody reads its output any more", async () => {
    const running = start(["send", "Hello", "--vendor", "sandbox"], { SANDBOX_PER_WORD: "10 millis" })
    await once(running.child.stdout, "data")
    running.child.stdout.destroy()
    expect(await running.code).toBe(0)
    expect(running.stderr).toMatch(/^attempt 1: .*\n$/)
  })

  it("ends the line of an answer that breaks in the middle, and exits with 3", async () => {
    const { code, stderr, stdout } = await run(["send", "Hello", "--model", "sandbox/cut-off"])
    expect(stdout).toBe("This is the sandbox inside\n")
    expect(stderr).toMatch(/\nllmdispatcher: sandbox\/cut-off: broke off in the middle of its answer: .*\n$/)
    expect(code).toBe(3)
  })

  it("exits with 3 when the time runs out", async () => {
    const { code, stderr, stdout } = await run(["send", "Hello", "--model", "sandbox/silent", "--timeout", "20ms"])
    expect(stderr).toMatch(/(?:^|\n)llmdispatcher: the time allowed ran out \(20ms\)\n$/)
    expect(stdout).toBe("")
    expect(code).toBe(3)
  })

  it("exits with 4 on a failure that will not pass, without a stack unless asked", async () => {
    const [plain, debug] = await Promise.all([
      run(["send", "Hello", "--model", "sandbox/out-of-quota"]),
      run(["send", "Hello", "--model", "sandbox/out-of-quota", "--debug"])
    ])
    expect(plain.code).toBe(4)
    expect(plain.stderr).toMatch(/\nllmdispatcher: sandbox\/out-of-quota: has no quota or credit left: [^\n]*\n$/)
    expect(debug.code).toBe(4)
    expect(debug.stderr).toMatch(/\nllmdispatcher: .*\n.*FatalError: .*\n +at /)
  })

  it("colours stderr where asked, and never with NO_COLOR", async () => {
    const [plain, forced, both] = await Promise.all(
      [{}, { FORCE_COLOR: "1" }, { FORCE_COLOR: "1", NO_COLOR: "1" }].map((env: Record<string, string>) =>
        run(["send", "Hello", "--model", "sandbox/out-of-quota"], env)
      )
    )
    expect(plain!.stderr).not.toContain("\u001b")
    expect(forced!.stderr).toContain("\u001b[31mllmdispatcher: ")
    expect(both!.stderr).toContain("\nllmdispatcher: ")
    expect(both!.stderr).not.toContain("\u001b")
  })
})
