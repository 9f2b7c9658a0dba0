import { describe, expect, it } from "vitest"
import { run } from "./run.ts"

describe.concurrent("what the user gives", { timeout: 30_000 }, () => {
  it.for<[args: string, message: RegExp, env?: Record<string, string>]>([
    ["send Hello --colour", /^llmdispatcher: Unrecognized flag: --colour .*\nSee llmdispatcher send --help\n$/],
    ["snd Hello", /^llmdispatcher: Unknown subcommand "snd"[^]*send\nSee llmdispatcher --help\n$/],
    ["send", /^llmdispatcher: there is no prompt; give one, or - to read it from stdin\n$/],
    ["send -", /^llmdispatcher: the prompt on stdin is empty\n$/],
    ["send Hello --timeout soon", /^llmdispatcher: .*--timeout: "soon"\. Expected a time above 0, as in 30s/],
    [
      "send Hello --temperature 5 --max-tokens 0",
      /^llmdispatcher: --max-tokens must be from 1 .*; --temperature must be from 0 to 2, got 5\n$/
    ],
    ["send Hello --vendor flaky,sandbx", /^llmdispatcher: there is no vendor sandbx; .*\nDid you mean sandbox\?\n$/],
    ["send Hello --model slwo", /the model "slwo" is served by none.*\nDid you mean flaky\/slow or sandbox\/slow\?/],
    ["send Hello", /^llmdispatcher: OPENAI_API_KEY must not be empty; set or unset it\n$/, { OPENAI_API_KEY: "" }],
    ["send Hello", /^llmdispatcher: OPENAI_BASE_URL: must be a URL\n$/, { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "x" }]
  ])("%s is refused with 2, saying what is wrong", async ([args, message, env]) => {
    const { code, stderr, stdout } = await run(args.split(" "), env)
    expect(stderr).toMatch(message)
    expect(stdout).toBe("")
    expect(code).toBe(2)
  })

  it("a mistyped model of a known vendor is that vendor's failure, with the nearest name", async () => {
    const { code, stderr } = await run(["send", "Hello", "--model", "sandbox/slaw"])
    expect(stderr).toMatch(/\nDid you mean sandbox\/slow\?\nSee llmdispatcher models\n$/)
    expect(code).toBe(4)
  })

  it("--help shows examples and exit codes on stdout", async () => {
    const { code, stderr, stdout } = await run(["send", "--help"])
    expect(stdout).toContain("git diff | llmdispatcher send -")
    expect(stderr).toBe("")
    expect(code).toBe(0)
  })
})
