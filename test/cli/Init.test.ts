import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { beginStream, delta, end, type Env, openai, run } from "./run.ts"

const directory = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "llmdispatcher-init-"))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

const init = async (env: Env) => {
  const file = join(await directory(), "llmdispatcher.yaml")
  const said = await run(["init", "--config", file], env)
  return { ...said, file, text: await readFile(file, "utf8") }
}

/** The lines from a key of the top to the next blank one, without comments. */
const section = (text: string, name: string): ReadonlyArray<string> => {
  const lines = text.split("\n")
  const from = lines.indexOf(`${name}:`)
  return lines.slice(from, lines.indexOf("", from)).filter((line) => !line.trim().startsWith("#"))
}

describe("init, then check", { timeout: 30_000 }, () => {
  test("without a key the sandbox is written, and holds", async () => {
    const { code, file, stderr, text } = await init({})
    expect({ code, stderr: stderr.replace(file, "FILE") }).toEqual({
      code: 0,
      stderr: "wrote FILE with the sandbox, since no key was found; see llmdispatcher --help for the variables\n" +
        "next: llmdispatcher check\n"
    })
    expect(section(text, "vendors")).toEqual([
      "vendors:",
      "  flaky:",
      "    kind: sandbox",
      "    behaviour: overloaded",
      "  sandbox: {}"
    ])
    const checked = await run(["check", "--config", file, "--json"])
    expect(checked.code).toBe(0)
    expect(JSON.parse(checked.stdout)).toMatchObject({
      file,
      vendors: [
        { vendor: "flaky", kind: "sandbox", status: "answers", models: 15 },
        { vendor: "sandbox", kind: "sandbox", status: "answers", models: 15 }
      ],
      routes: [{ route: "default", strategy: "ordered", targets: ["flaky/sandbox", "sandbox/sandbox"] }]
    })
  })

  test("one key is named and not copied, and its vendor is asked", async () => {
    await using server = await openai((response) => {
      response.writeHead(200, { "content-type": "application/json" })
        .end(
          "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-a\",\"object\":\"model\"},{\"id\":\"gpt-b\",\"object\":\"model\"}]}"
        )
    })
    const env = { ...server.env, OPENAI_API_KEY: "sk-very-secret" }
    const { file, stderr, stdout, text } = await init(env)
    expect(section(text, "vendors")).toEqual([
      "vendors:",
      "  openai:",
      "    apiKey: ${OPENAI_API_KEY}",
      "    baseUrl: ${OPENAI_BASE_URL}"
    ])
    const checked = await run(["check", "--config", file], env)
    expect(checked.code).toBe(0)
    expect(checked.stdout).toMatch(/^openai +127\.0\.0\.1:\d+ +2 +\d+ ms +answers$/m)
    expect(checked.stderr).toBe("the configuration is valid\n")
    for (const said of [text, stderr, stdout, checked.stdout, checked.stderr]) expect(said).not.toContain("very-secret")
  })

  test("four keys are four vendors, and a default route over all of them", async () => {
    const env = { OPENAI_API_KEY: "a", ANTHROPIC_API_KEY: "b", GEMINI_API_KEY: "c", GROQ_API_KEY: "d" }
    const { file, text } = await init(env)
    expect(section(text, "vendors")).toEqual([
      "vendors:",
      "  openai:",
      "    apiKey: ${OPENAI_API_KEY}",
      "  anthropic:",
      "    apiKey: ${ANTHROPIC_API_KEY}",
      "  google:",
      "    apiKey: ${GEMINI_API_KEY}",
      "  groq:",
      "    apiKey: ${GROQ_API_KEY}"
    ])
    const { code, stdout } = await run(["check", "--offline", "--json", "--config", file], env)
    const { routes, vendors } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(vendors.map(({ status, vendor }: any) => [vendor, status])).toEqual([
      ["openai", "not asked"],
      ["anthropic", "not asked"],
      ["google", "not asked"],
      ["groq", "not asked"]
    ])
    expect(routes[0].targets).toEqual([
      "openai/gpt-5-mini",
      "anthropic/claude-haiku-5-5",
      "google/gemini-2.5-flash",
      "groq/openai/gpt-oss-120b"
    ])
  })

  test("what is there already is never written over", async () => {
    const file = join(await directory(), "llmdispatcher.yaml")
    await writeFile(file, "mine")
    const { code, stderr } = await run(["init", "--config", file])
    expect({ code, stderr, text: await readFile(file, "utf8") }).toEqual({
      code: 2,
      stderr:
        `llmdispatcher: ${file} is there already, and is left as it is; llmdispatcher check says whether it holds\n`,
      text: "mine"
    })
  })
})

describe("check", { timeout: 30_000 }, () => {
  test("ends with 2 and every line that is wrong", async () => {
    const file = join(await directory(), "llmdispatcher.yaml")
    await writeFile(file, "vendors: { sandbox: {} }\npolicies: { maxAttempts: 0 }\nrouts: {}\n")
    const { code, stderr, stdout } = await run(["check", "--config", file])
    expect({ code, stderr, stdout }).toEqual({
      code: 2,
      stdout: "",
      stderr: `llmdispatcher: ${file}:2: policies.maxAttempts: must be a whole number above 0, got 0\n` +
        `llmdispatcher: ${file}:3: routs: is not known here; did you mean \`routes\`?\n`
    })
  })

  test("tells of a vendor that refuses, and ends with what that means", async () => {
    await using server = await openai((response) => {
      response.writeHead(401, { "content-type": "application/json" })
        .end("{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}")
    })
    const { code, stderr, stdout } = await run(["check"], server.env)
    expect(code).toBe(4)
    expect(stdout).toContain("no file, so the environment counts")
    expect(stderr).toBe("llmdispatcher: the configuration is valid, but openai does not answer\n")
  })

  test("send goes by the file", async () => {
    await using server = await openai((response) => {
      beginStream(response)
      response.end(delta("From the file") + end)
    })
    const file = join(await directory(), "llmdispatcher.yaml")
    await writeFile(
      file,
      `vendors:\n  mine: { kind: openai, apiKey: sk-1, baseUrl: ${
        server.env["OPENAI_BASE_URL"]
      } }\nroutes: { chat: [mine/gpt-x] }\n`
    )
    const { code, stderr, stdout } = await run(["send", "Hi", "--model", "chat", "--config", file])
    expect([code, stdout]).toEqual([0, "From the file\n"])
    expect(stderr).toContain("mine/gpt-x")
  })
})
