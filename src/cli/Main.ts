/**
 * The command line: `llmdispatcher send`, `models`, `init`, `check` and `simulate`.
 *
 * What answers is loaded only when it is needed, and the modules of effect one by one, so that help, version and
 * complaints come at once.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Runtime from "effect/Runtime"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { createRequire } from "node:module"
import { badInput, ExitCode } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { keys } from "./Keys.ts"
import { red, say } from "./Output.ts"
import { variables } from "./Vendors.ts"

const { version }: { readonly version: string } = createRequire(import.meta.url)("../../package.json")

const send = Command.make(
  "send",
  Flags.send,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Send.ts")), ({ send }) => send(flags))
).pipe(
  Command.withDescription("Ask, and print the answer as it comes"),
  Command.withExamples([
    { command: "llmdispatcher send \"Why is the sky blue?\"", description: "Ask each vendor's default model in turn" },
    { command: "git diff | llmdispatcher send - --system \"Write a commit message\"", description: "Read from stdin" },
    {
      command: "llmdispatcher send Hello --model openai/gpt-5-mini --timeout 30s --json",
      description: "Ask one model, and get text, usage, cost and attempts as JSON"
    }
  ])
)

const models = Command.make(
  "models",
  Flags.models,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Models.ts")), ({ models }) => models(flags))
).pipe(
  Command.withDescription("List what can be asked"),
  Command.withExamples([
    { command: "llmdispatcher models", description: "Every model that the keys in the environment give" },
    { command: "llmdispatcher models gpt --sort price", description: "Those of this name, the cheapest first" },
    {
      command: "llmdispatcher models --vendor openai --json",
      description: "One vendor's with all that is known, as JSON"
    }
  ])
)

const simulate = Command.make(
  "simulate",
  Flags.simulate,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Simulate.ts")), ({ simulate }) => simulate(flags))
).pipe(
  Command.withDescription("Run a scenario of traffic, vendors and incidents, and tell what each policy comes to"),
  Command.withExamples([
    { command: "llmdispatcher simulate examples/outage.yaml", description: "What if the first vendor dies?" },
    {
      command: "llmdispatcher simulate examples/outage.yaml --compare default,fastest,official-sdk --seed 7",
      description: "Compare policies on the same traffic"
    },
    {
      command: "llmdispatcher simulate examples/outage.yaml --trace traffic.csv --out report",
      description: "The same with your own traffic"
    }
  ])
)

const check = Command.make(
  "check",
  Flags.check,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Check.ts")), ({ check }) => check(flags))
).pipe(
  Command.withDescription("Say whether the configuration holds, and whether its vendors answer"),
  Command.withExamples([
    { command: "llmdispatcher check", description: "The nearest llmdispatcher.yaml, or the environment" },
    { command: "llmdispatcher check --config production.yaml --offline", description: "Without asking anybody" }
  ])
)

const init = Command.make(
  "init",
  Flags.init,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Init.ts")), ({ init }) => init(flags))
).pipe(
  Command.withDescription("Write a first llmdispatcher.yaml of the keys in the environment"),
  Command.withExamples([{ command: "llmdispatcher init && llmdispatcher check", description: "Begin" }])
)

const serve = Command.make(
  "serve",
  Flags.serve,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Serve.ts")), ({ serve }) => serve(flags))
).pipe(
  Command.withDescription("Answer any client's HTTP calls: OpenAI's, Anthropic's, Gemini's and Ollama's"),
  Command.withExamples([
    { command: "llmdispatcher serve --open", description: "For the programs of this machine, without keys" },
    { command: "OPENAI_BASE_URL=http://127.0.0.1:8080/v1 python app.py", description: "An app that speaks to it" }
  ])
)

const stats = Command.make(
  "stats",
  Flags.stats,
  (flags) => Effect.flatMap(Effect.promise(() => import("./Stats.ts")), ({ stats }) => stats(flags))
).pipe(
  Command.withDescription("Tell what was asked, what it took and what it cost, out of the statistics' database"),
  Command.withExamples([
    { command: "llmdispatcher stats --since 7d --by caller", description: "Who asked for how much in a week" }
  ])
)

const root = Command.make("llmdispatcher").pipe(
  Command.withDescription(
    `Asks the vendors whose settings stand in the environment, the next one when one fails.

  Vendors: ${variables.join(", ")}; without any, a sandbox answers.
  Exit codes: 0 answered, 2 bad input, 3 failed but may succeed later, 4 failed for good, 130 interrupted.`
  ),
  Command.withSubcommands([send, serve, keys, models, init, check, stats, simulate]),
  Command.withExamples([
    { command: "llmdispatcher send \"Hello\"", description: "Ask" },
    { command: "llmdispatcher models", description: "List what can be asked" },
    { command: "llmdispatcher simulate examples/outage.yaml", description: "See what an outage would do" }
  ])
)

/** Complaints are a line or two on stderr: the whole help would hide them, and stdout is the answer's. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag !== "InvalidInvocation"
      ? CliOutput.defaultPresenter.present(event)
      : Effect.andThen(
        Effect.forEach(event.errors, (error) => say(red(`llmdispatcher: ${error.message}`)), { discard: true }),
        say(`See ${event.commandPath.join(" ")} --help`)
      )
}

const layer = Layer.mergeAll(
  NodeServices.layer,
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])
)

/**
 * Runs the command line of this process.
 *
 * @since 0.1.0
 * @category running
 */
export const main = (): void => {
  // The first Ctrl-C ends in good order, a second one at once.
  process.once("SIGINT", () => process.once("SIGINT", () => process.exit(130)))
  Command.run(root, { version }).pipe(
    Effect.catchTag(
      "ShowHelp",
      ({ errors }) => errors.length === 0 ? Effect.void : Effect.fail(new ExitCode({ code: badInput }))
    ),
    Effect.provide(layer),
    NodeRuntime.runMain({
      // To be stopped is how a server ends, and no failure of it.
      teardown: (exit, onExit) =>
        Runtime.defaultTeardown(exit, (code) => onExit(code === 130 && process.exitCode === 0 ? 0 : code))
    })
  )
}
