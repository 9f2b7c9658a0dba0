/**
 * `llmdispatcher keys`: its subcommands and their flags. What they do is loaded when one of them runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { config, debug, on, parseDuration } from "./Flags.ts"

/** Holds the key of whoever administers, so that it stands in no list of processes. */
const variable = "LLMDISPATCHER_ADMIN_KEY"

const optional = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.withMetavar(metavar), Flag.optional)

const time = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(description),
    Flag.withMetavar("TIME"),
    Flag.filterMap(parseDuration, () => "Expected a time above 0, as in 30m, 12h or 90d"),
    Flag.optional
  )

const fromEnvironment = (): Option.Option<Redacted.Redacted> => {
  const text = process.env[variable]?.trim()
  return text === undefined || text === "" ? Option.none() : Option.some(Redacted.make(text))
}

const common = {
  url: optional("url", "URL", "A gateway that runs; left out, the configuration's database is opened"),
  key: Flag.Redacted("key").pipe(
    Flag.withDescription(`The key to come with, better given by ${variable}`),
    Flag.withMetavar("KEY"),
    Flag.optional,
    Flag.map((given) => Option.orElse(given, fromEnvironment))
  ),
  config,
  json: on("json", "Print JSON"),
  debug
}

const grant = optional("grant", "JSON", "What it may do, as JSON or @FILE; left out, all that its parent may ask")
const principal = optional("principal", "ID", "Whose key it is")

const id = Argument.String("id").pipe(Argument.withDescription("Its id, as the list has it"))
const name = Argument.String("name").pipe(Argument.withDescription("For people to know it by"))

/**
 * @since 0.1.0
 * @category models
 */
export interface Common {
  readonly url: Option.Option<string>
  readonly key: Option.Option<Redacted.Redacted>
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly debug: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ById {
  readonly id: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Issue {
  readonly name: string
  readonly principal: Option.Option<string>
  readonly grant: Option.Option<string>
  readonly expires: Option.Option<Duration.Duration>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface List {
  readonly principal: Option.Option<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Rotate extends ById {
  readonly grace: Option.Option<Duration.Duration>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ListPrincipals {
  readonly parent: Option.Option<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface CreatePrincipal {
  readonly name: string
  readonly kind: "organisation" | "team" | "person" | "service"
  readonly parent: Option.Option<string>
  readonly grant: Option.Option<string>
  readonly id: Option.Option<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface UpdatePrincipal extends ById {
  readonly name: Option.Option<string>
  readonly grant: Option.Option<string>
}

const commands = Effect.promise(() => import("./KeyCommands.ts"))

const issue = Command.make(
  "issue",
  { ...common, name, principal, grant, expires: time("expires", "After which it is no longer good. Default never") },
  (flags) => Effect.flatMap(commands, ({ issue }) => issue(flags))
).pipe(
  Command.withDescription("Make a key, and print it this once"),
  Command.withExamples([
    { command: "llmdispatcher keys issue my-app", description: "A key for a program that may ask everything" },
    {
      command: "llmdispatcher keys issue my-app --grant '{\"models\":[\"gpt-*\"],\"budget\":{\"month\":\"50\"}}'",
      description: "For these models and at most 50 dollars a month"
    },
    {
      command: "llmdispatcher keys issue laptop --principal team-a --expires 90d --url https://gateway.example",
      description: "One more key of a principal that is there, at a gateway that runs"
    }
  ])
)

const list = Command.make(
  "list",
  { ...common, principal },
  (flags) => Effect.flatMap(commands, ({ list }) => list(flags))
).pipe(Command.withDescription("List the keys of a principal, by default one's own"))

const rotate = Command.make(
  "rotate",
  { ...common, id, grace: time("grace", "How long the old one goes on. Default 1h") },
  (flags) => Effect.flatMap(commands, ({ rotate }) => rotate(flags))
).pipe(Command.withDescription("Make another key in the place of one, and print it this once"))

const revoke = Command.make(
  "revoke",
  { ...common, id },
  (flags) => Effect.flatMap(commands, ({ revoke }) => revoke(flags))
).pipe(
  Command.withDescription("End a key from the next call on")
)

const listPrincipals = Command.make(
  "list",
  { ...common, parent: optional("parent", "ID", "Directly below whom. Default oneself") },
  (flags) => Effect.flatMap(commands, ({ listPrincipals }) => listPrincipals(flags))
).pipe(Command.withDescription("List those directly below a principal"))

const createPrincipal = Command.make(
  "create",
  {
    ...common,
    name,
    kind: Flag.Literals("kind", ["organisation", "team", "person", "service"]).pipe(
      Flag.withDescription("organisation, team, person or service. Default team"),
      Flag.withDefault("team" as const)
    ),
    parent: optional("parent", "ID", "Below whom. Default oneself"),
    grant,
    id: optional("id", "ID", "An id of your choice, for the operator alone")
  },
  (flags) => Effect.flatMap(commands, ({ createPrincipal }) => createPrincipal(flags))
).pipe(Command.withDescription("Make a principal, and print its id"))

const showPrincipal = Command.make(
  "show",
  { ...common, id },
  (flags) => Effect.flatMap(commands, ({ showPrincipal }) => showPrincipal(flags))
).pipe(
  Command.withDescription("Print a principal with its grant, as JSON")
)

const updatePrincipal = Command.make(
  "update",
  { ...common, id, name: optional("name", "NAME", "Another name"), grant },
  (flags) => Effect.flatMap(commands, ({ updatePrincipal }) => updatePrincipal(flags))
).pipe(Command.withDescription("Change a principal's name or grant"))

const revokePrincipal = Command.make(
  "revoke",
  { ...common, id },
  (flags) => Effect.flatMap(commands, ({ revokePrincipal }) => revokePrincipal(flags))
).pipe(
  Command.withDescription("End a principal and all below it, for ever")
)

const principals = Command.make("principals").pipe(
  Command.withDescription("Look after those whom the keys speak for"),
  Command.withSubcommands([listPrincipals, createPrincipal, showPrincipal, updatePrincipal, revokePrincipal])
)

/**
 * @since 0.1.0
 * @category commands
 */
export const keys = Command.make("keys").pipe(
  Command.withDescription("Look after the keys of callers, at a gateway that runs or in its database"),
  Command.withSubcommands([issue, list, rotate, revoke, principals])
)
