/**
 * Which vendors the environment gives: those whose key or address it holds, or else the embedded sandbox.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type * as Scope from "effect/Scope"
import type { HttpClient } from "effect/http"
import type { AnyService, Vendor } from "../Vendor.ts"
import { type Failure, usage } from "./ExitCode.ts"
import { say } from "./Output.ts"
import { suggestion } from "./Suggest.ts"

type Made = Effect.Effect<ReadonlyArray<Vendor>, unknown, Scope.Scope>

/** The services of a Layer. */
const build = <Id, E>(services: ReadonlyArray<AnyService>, layer: Layer.Layer<Id, E>): Made =>
  Effect.map(
    Layer.build(layer),
    (context) => services.map((service) => Context.getUnsafe(context, service))
  )

/** The same for those who need the HTTP client, which is loaded only for them: it is large. */
const buildOverHttp = <Id, E>(
  services: ReadonlyArray<AnyService>,
  layer: Layer.Layer<Id, E, HttpClient.HttpClient>
): Made =>
  Effect.flatMap(
    Effect.promise(() => import("../wire/NodeHttp.ts")),
    (http) => build(services, Layer.provide(layer, http.layer()))
  )

/** The variable that gives a vendor, in the order in which they are asked; a new vendor is an entry here. */
const sources: Readonly<Record<string, Made>> = {
  OPENAI_API_KEY: Effect.flatMap(
    Effect.promise(() => import("../vendor/openai/OpenAi.ts")),
    ({ layerConfig, OpenAi }) => buildOverHttp([OpenAi], layerConfig())
  ),
  OPENAI_COMPATIBLE_BASE_URL: Effect.flatMap(
    Effect.promise(() => import("../vendor/openai-compatible/OpenAiCompatible.ts")),
    ({ layerConfig, OpenAiCompatible }) => buildOverHttp([OpenAiCompatible], layerConfig())
  )
}

/**
 * The variables of the environment that give vendors.
 *
 * @since 0.1.0
 * @category constants
 */
export const variables: ReadonlyArray<string> = Object.keys(sources)

/** The flaky one first, so that who has no key yet sees a fallback. */
const sandboxes: Made = Effect.flatMap(
  Effect.promise(() => import("../vendor/sandbox/Sandbox.ts")),
  ({ Flaky, layerConfig, layerFlaky, Sandbox }) => build([Flaky, Sandbox], Layer.merge(layerFlaky(), layerConfig()))
)

const sandboxNames = ["flaky", "sandbox"]

/** A setting is named by its variable; the schema's own words around it say nothing to who set it. */
const configMessage = (error: Config.ConfigError): string => {
  const cause = error.cause
  if (!Schema.isSchemaError(cause)) return error.message
  return format(cause.issue).issues.map(({ message, path }) => `${(path ?? []).join("_")}: ${message}`).join("; ")
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const made = (vendors: Made): Effect.Effect<ReadonlyArray<Vendor>, Failure, Scope.Scope> =>
  Effect.catch(vendors, (error) =>
    error instanceof Config.ConfigError
      ? Effect.fail(usage(configMessage(error)))
      : Effect.die(error))

/** A vendor that is not there is said even where the others could answer. */
const unknownVendor = (names: ReadonlyArray<string>, asked: ReadonlyArray<string>): Failure | undefined => {
  const unknown = asked.find((name) => !names.includes(name))
  return unknown === undefined
    ? undefined
    : usage(`there is no vendor ${unknown}; there is ${names.join(", ")}${suggestion(unknown, names)}`)
}

/**
 * The vendors to dispatch to, in their order, given the names that the user wrote.
 *
 * The sandbox stands beside real vendors only when it is named: it must never answer in a real vendor's place.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnvironment = Effect.fnUntraced(function*(named: {
  readonly vendors: ReadonlyArray<string>
  readonly model?: string | undefined
}) {
  const given = variables.filter((variable) => process.env[variable] !== undefined)
  const empty = given.filter((variable) => process.env[variable]!.trim() === "")
  if (empty.length > 0) return yield* usage(`${empty.join(" and ")} must not be empty; set or unset it`)
  const isSandboxNamed = sandboxNames.some((name) =>
    named.vendors.includes(name) || named.model?.startsWith(`${name}/`) === true
  )
  const real = yield* Effect.forEach(given, (variable) => made(sources[variable]!))
  const vendors = [...real.flat(), ...(given.length === 0 || isSandboxNamed ? yield* made(sandboxes) : [])]
  const unknown = unknownVendor(vendors.map((vendor) => vendor.name), named.vendors)
  if (unknown !== undefined) return yield* unknown
  if (given.length === 0 && !isSandboxNamed) {
    yield* say(
      `No key found, so the sandbox inside llmdispatcher answers. For a real model set ${variables[0]}, or another \
variable of llmdispatcher --help.`
    )
  }
  return vendors
})
