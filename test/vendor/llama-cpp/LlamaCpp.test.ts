/**
 * A real model in this process, over the package `node-llama-cpp` where it is installed, else from the folder that
 * LLMDISPATCHER_NODE_LLAMA_CPP names; skipped where neither it nor the model is.
 */
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import * as Conformance from "../../../src/testing/Conformance.ts"
import type { Vendor } from "../../../src/Vendor.ts"
import * as LlamaCpp from "../../../src/vendor/llama-cpp/LlamaCpp.ts"

const modelPath = fileURLToPath(new URL("../../../../shared/models/stories260K.gguf", import.meta.url))

const folder = process.env["LLMDISPATCHER_NODE_LLAMA_CPP"]
const packageName: string = "node-llama-cpp"

const found: unknown = await import(packageName).catch(() =>
  folder === undefined ? undefined : import(pathToFileURL(NodePath.join(folder, "dist", "index.js")).href)
)

const why = found === undefined
  ? "node-llama-cpp is not installed, and LLMDISPATCHER_NODE_LLAMA_CPP names no folder of it"
  : NodeFs.existsSync(modelPath)
  ? undefined
  : "the model stories260K.gguf is not there"

if (why !== undefined) console.log(`llama-cpp: skipped, ${why}`)

const library = Effect.succeed(found)

const make = (options: Partial<LlamaCpp.Options> = {}) =>
  LlamaCpp.make({ modelPath, library, contextSize: 512, ...options })

const decode = (input: Record<string, unknown>) => Request.decode({ prompt: "Once upon a time", ...input })

const send = (vendor: Vendor, input: Record<string, unknown> = {}) =>
  Effect.flatMap(decode(input), (request) => vendor.send({ model: vendor.defaultModel!, request }))

const textOf = (parts: ReadonlyArray<Response.Part>) =>
  parts.map((part) => part.type === "text" ? part.text : "").join("")

const finishOf = (parts: ReadonlyArray<Response.Part>) => {
  const finish = parts.at(-1)
  if (finish?.type !== "finish") throw new Error("no finish part at the end")
  return { reason: finish.reason, usage: finish.usage }
}

const test = (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope>) => it.live(name, effect, 30_000)

describe.skipIf(why !== undefined)("a real model", () => {
  test("tells a story", () =>
    Effect.gen(function*() {
      const vendor = yield* make()
      const { losses, parts } = yield* send(vendor, { maxTokens: 40, temperature: 0 })
      expect(losses).toEqual([])
      expect(parts.map(({ type }) => type)).toEqual(["response-metadata", "text", "finish"])
      expect(textOf(parts)).toMatch(/^, there was a little (?:girl|boy) named /)
      expect(vendor).toMatchObject({ name: "llama-cpp", defaultModel: "stories260K" })
      expect(vendor.capabilities("stories260K")).toMatchObject({ tools: false, contextWindow: 512 })
      expect(yield* vendor.models).toEqual([{ id: "stories260K" }])
    }))

  test("streams token by token and counts the tokens", () =>
    Effect.gen(function*() {
      const vendor = yield* make()
      const request = yield* decode({ maxTokens: 30, temperature: 0 })
      const { parts } = yield* vendor.stream({ model: "stories260K", request })
      const streamed = yield* Stream.runCollect(parts)
      const deltas = streamed.filter(({ type }) => type === "text-delta")
      expect(deltas.length).toBeGreaterThan(20)
      expect(finishOf(Response.fold(streamed))).toEqual({
        reason: "length",
        usage: { inputTokens: { total: 5 }, outputTokens: { total: 30 } }
      })
      expect(textOf(Response.fold(streamed))).toBe(
        textOf((yield* send(vendor, { maxTokens: 30, temperature: 0 })).parts)
      )
    }))

  test("ends by itself where the story does, or where the context is full, and never shifts it", () =>
    Effect.gen(function*() {
      const vendor = yield* make({ contextSize: 64 })
      const { reason, usage } = finishOf((yield* send(vendor, { temperature: 0 })).parts)
      expect(reason).toBe("length")
      expect(usage).toEqual({ inputTokens: { total: 5 }, outputTokens: { total: 59 } })
    }))

  test("stops before a stop text, wherever in a token it begins", () =>
    Effect.gen(function*() {
      const vendor = yield* make()
      for (const stop of ["named", "amed", "irl", "ittle g"]) {
        const { parts } = yield* send(vendor, { maxTokens: 60, temperature: 0, stop: [stop, "never said"] })
        const [before] = ", there was a little girl named Lily".split(stop)
        expect(textOf(parts)).toBe(before)
        expect(finishOf(parts).reason).toBe("stop")
      }
    }))

  test("says the same again with the same seed, and not with another", () =>
    Effect.gen(function*() {
      const vendor = yield* make()
      const told = (seed: number) =>
        Effect.map(send(vendor, { maxTokens: 40, temperature: 1.2, topP: 0.95, topK: 50, seed }), ({ parts }) =>
          textOf(parts))
      const first = yield* told(1)
      expect(yield* told(1)).toBe(first)
      expect(yield* told(2)).not.toBe(first)
    }))

  test("stops within a token when the Scope of its stream closes, and its place is free again", () =>
    Effect.gen(function*() {
      const vendor = yield* make({ maxConcurrent: 1 })
      const scope = yield* Scope.make()
      const request = yield* decode({ maxTokens: 400, temperature: 1 })
      const { parts } = yield* Scope.provide(vendor.stream({ model: "m", request }), scope)
      yield* Stream.runHead(Stream.filter(parts, Response.isMeaningful))
      yield* Scope.close(scope, Exit.void)
      const { usage } = finishOf((yield* send(vendor, { maxTokens: 5 })).parts)
      expect(usage.outputTokens.total).toBe(5)
    }))

  test("lets a waiting call be interrupted without harm to the one that runs", () =>
    Effect.gen(function*() {
      const vendor = yield* make({ maxConcurrent: 1 })
      const running = yield* Effect.forkChild(send(vendor, { maxTokens: 200, seed: 1 }), { startImmediately: true })
      const waiting = yield* Effect.forkChild(send(vendor, { maxTokens: 5 }), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      expect((yield* Fiber.join(running)).parts.at(-1)).toMatchObject({ type: "finish" })
      expect((yield* send(vendor, { maxTokens: 3 })).parts.at(-1)).toMatchObject({ type: "finish" })
    }))

  test("gives two answers at once, and more than its sequences one after the other", () =>
    Effect.gen(function*() {
      const vendor = yield* make({ maxConcurrent: 2 })
      const alone = yield* send(vendor, { maxTokens: 30, temperature: 0 })
      const asked = ["Once upon a time", "Lily and Tom", "Once upon a time", "One day", "Once upon a time"]
      const answers = yield* Effect.forEach(
        asked,
        (prompt) => send(vendor, { prompt, maxTokens: 30, temperature: 0 }),
        { concurrency: "unbounded" }
      )
      expect(answers).toHaveLength(5)
      for (const at of [0, 2, 4]) expect(textOf(answers[at]!.parts)).toBe(textOf(alone.parts))
    }))

  test("refuses a conversation longer than its context as ContextLengthExceeded, with its name", () =>
    Effect.gen(function*() {
      const vendor = yield* make({ contextSize: 64, name: "tiny" })
      const error = yield* Effect.flip(send(vendor, { prompt: "word ".repeat(500) }))
      expect(error).toMatchObject({ _tag: "FatalError", vendor: "tiny", reason: { _tag: "ContextLengthExceeded" } })
    }))

  test("writes JSON after a schema", () =>
    Effect.gen(function*() {
      const vendor = yield* make()
      const schema = {
        type: "object",
        properties: { kind: { type: "string", enum: ["cat", "dog"] }, happy: { type: "boolean" } },
        required: ["kind", "happy"],
        additionalProperties: false
      }
      const responseFormat = { type: "json-schema", name: "pet", schema }
      const { parts } = yield* send(vendor, { responseFormat, maxTokens: 80, seed: 1, temperature: 0.5 })
      expect(Object.keys(JSON.parse(textOf(parts)))).toEqual(["kind", "happy"])
      expect(finishOf(parts).reason).toBe("stop")
    }))

  /** The same model with a chat template, as the files of chat models have. */
  const templated = Effect.succeed({
    ...found as object,
    getLlama: async (options: unknown) => {
      const llama = await (found as any).getLlama(options)
      const loadModel = llama.loadModel.bind(llama)
      llama.loadModel = async (file: unknown) => {
        const model = await loadModel(file)
        model.fileInfo.metadata.tokenizer.chat_template =
          "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n" +
          "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        return model
      }
      return llama
    }
  })

  test("speaks by the model's chat template, tool calls of others included", () =>
    Effect.gen(function*() {
      const vendor = yield* make({ library: templated })
      const messages = [
        { role: "system", content: "Tell stories." },
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: [{ type: "tool-call", id: "c", name: "look", params: { at: "Paris" }, providerExecuted: false }]
        },
        { role: "tool", content: [{ type: "tool-result", id: "c", name: "look", isFailure: false, result: "sun" }] },
        { role: "assistant", content: "It is sunny." },
        { role: "user", content: "Once upon a time" }
      ]
      const plain = finishOf((yield* send(vendor, { maxTokens: 5, seed: 1 })).parts)
      const { losses, parts } = yield* send(vendor, { prompt: undefined, messages, maxTokens: 5, seed: 1 })
      expect(losses).toEqual([])
      const { usage } = finishOf(parts)
      expect(usage.outputTokens.total).toBe(5)
      expect(plain.usage.inputTokens.total).toBeGreaterThan(10)
      expect(usage.inputTokens.total).toBeGreaterThan(plain.usage.inputTokens.total! + 30)
      expect(vendor.capabilities("m").systemRole).toBe(true)
    }))

  test("continues what the conversation ends with", () =>
    Effect.gen(function*() {
      const messages = [
        { role: "user", content: "Tell a story." },
        { role: "assistant", content: "Once upon a time, there was a little girl named" }
      ]
      const vendor = yield* make({ library: templated })
      const { parts } = yield* send(vendor, { prompt: undefined, messages, maxTokens: 5, temperature: 0 })
      expect(textOf(parts)).toMatch(/^ Lily\./)
    }))

  test("makes embeddings", () =>
    Effect.gen(function*() {
      const { usage, vectors } = yield* (yield* make()).embed({ model: "stories260K", inputs: ["a cat", "a dog"] })
      expect(vectors.map((vector) => vector.length)).toEqual([64, 64])
      expect(usage.inputTokens.total).toBeGreaterThan(2)
    }))

  test("tells what it cannot carry, and refuses tools and images", () =>
    Effect.gen(function*() {
      const vendor = yield* make()
      const rich = {
        maxTokens: 3,
        user: "u",
        metadata: { a: "b" },
        reasoningEffort: "high",
        frequencyPenalty: 0.5,
        parallelToolCalls: true,
        options: { "llama-cpp": { minP: 0.05, mirostat: 2 } }
      }
      const { losses } = yield* send(vendor, rich)
      expect(losses.map(({ field }) => field)).toEqual([
        "options.llama-cpp.mirostat",
        "parallelToolCalls",
        "user",
        "metadata",
        "reasoningEffort"
      ])
      const tools = [{ name: "look", parameters: { type: "object" } }]
      expect((yield* Effect.flip(send(vendor, { tools }))).reason._tag).toBe("UnsupportedFeature")
      const content = [{ type: "text", text: "What?" }, { type: "file", mediaType: "image/png", data: "aGk=" }]
      const image = { prompt: undefined, messages: [{ role: "user", content }] }
      expect((yield* Effect.flip(send(vendor, image))).reason).toEqual({
        _tag: "UnsupportedFeature",
        description: "prompt.0.content.1: a local model takes text only"
      })
    }))

  test("fails with BrokenFile for files that are no models, and MissingFile for none", () =>
    Effect.gen(function*() {
      const directory = NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "llama-cpp-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => NodeFs.rmSync(directory, { recursive: true })))
      const file = (name: string, content: Uint8Array | string) => {
        const path = NodePath.join(directory, name)
        NodeFs.writeFileSync(path, content)
        return path
      }
      const reasonOf = (modelPath: string) => Effect.map(Effect.flip(make({ modelPath })), ({ reason }) => reason)
      const whole = NodeFs.readFileSync(modelPath)
      expect(yield* reasonOf(file("garbage.gguf", "this is no model at all"))).toBe("BrokenFile")
      expect(yield* reasonOf(file("empty.gguf", ""))).toBe("BrokenFile")
      expect(yield* reasonOf(file("head.gguf", whole.subarray(0, 5_000)))).toBe("BrokenFile")
      expect(yield* reasonOf(file("half.gguf", whole.subarray(0, whole.length / 2)))).toBe("BrokenFile")
      expect(yield* reasonOf(NodePath.join(directory, "none.gguf"))).toBe("MissingFile")
    }))

  test("reads the environment", () =>
    Effect.gen(function*() {
      const build = (env: Record<string, string>) =>
        Effect.map(Layer.build(LlamaCpp.layerConfig({ library })), (context) => context).pipe(
          Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
        )
      const context = yield* build({ LLAMA_CPP_MODEL_PATH: modelPath, LLAMA_CPP_CONTEXT_SIZE: "96" })
      const vendor = yield* Effect.provide(LlamaCpp.LlamaCpp, context)
      expect(vendor.capabilities("m").contextWindow).toBe(96)
      expect((yield* Effect.flip(build({}))).message).toContain("LLAMA_CPP_MODEL_PATH")
      const broken = { LLAMA_CPP_MODEL_PATH: modelPath, LLAMA_CPP_THREADS: "many" }
      expect((yield* Effect.flip(build(broken)))._tag).toBe("ConfigError")
    }))

  describe("the suite for every vendor", () => {
    const cases = Conformance.cases({
      vendor: () => Effect.orDie(make({ maxConcurrent: 1 })),
      without: ["system", "tools", "parallelTools", "jsonSchema", "json"],
      // A model of 260 thousand parameters tells stories and nothing else; it is only held to the shape of an answer.
      fixtures: ["plain", "multi-turn", "unicode"].map((name) => ({
        name,
        request: { prompt: "Once upon a time", maxTokens: 30 },
        expected: { text: /\w/ }
      }))
    })
    for (const { name, run } of cases) it.live(name, () => run, 30_000)
  })
})

describe("without the package", () => {
  it.effect("fails with MissingPackage and says what to install", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(make({ library: Effect.fail("Cannot find package") }))
      expect(error).toMatchObject({ _tag: "LlamaCppError", reason: "MissingPackage" })
      expect(error.message).toContain("npm i node-llama-cpp")
      expect((yield* Effect.flip(make({ library: Effect.succeed({}) }))).reason).toBe("MissingPackage")
    }).pipe(Effect.scoped))

  it.effect("fails with NotUsable where the package finds no binary for this machine", () =>
    Effect.gen(function*() {
      const getLlama = () => Promise.reject(new Error("NoBinaryFound"))
      const error = yield* Effect.flip(make({ library: Effect.succeed({ getLlama }) }))
      expect(error).toMatchObject({ reason: "NotUsable", message: "node-llama-cpp cannot run here: NoBinaryFound" })
    }).pipe(Effect.scoped))
})
