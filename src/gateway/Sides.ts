/**
 * What stands beside the answers: lists of models, vectors, counts of tokens.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { Use } from "../access/Access.ts"
import * as Catalog from "../catalog/Catalog.ts"
import type { Dispatcher } from "../Dispatcher.ts"
import * as ModelInfo from "../ModelInfo.ts"
import * as Request from "../Request.ts"
import { inputTokens } from "../router/Tokens.ts"
import type { Model, Vendor } from "../Vendor.ts"
import { type AttemptError, describe, type DispatchError } from "../VendorError.ts"
import * as Anthropic from "./anthropic/Anthropic.ts"
import * as AnthropicModels from "./anthropic/Models.ts"
import type { Call } from "./Call.ts"
import type { Dialect } from "./Dialect.ts"
import type { Endpoint, Family } from "./Endpoints.ts"
import { type Outcome, refuse } from "./Exchange.ts"
import * as Failure from "./Failure.ts"
import * as Google from "./google/Google.ts"
import * as GoogleEmbeddings from "./google/Embeddings.ts"
import * as GoogleModels from "./google/Models.ts"
import * as Ollama from "./ollama/Ollama.ts"
import * as OllamaEmbeddings from "./ollama/Embeddings.ts"
import * as OllamaModels from "./ollama/Models.ts"
import * as OpenAiEmbeddings from "./openai/Embeddings.ts"
import * as OpenAiModels from "./openai/Models.ts"
import * as OpenAiChat from "./openai-chat/OpenAiChat.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  readonly dispatcher: Pick<Dispatcher["Service"], "vendors" | "routes" | "embed">
  /** Each vendor's models, kept and refreshed. */
  readonly models: (vendor: Vendor) => Effect.Effect<ReadonlyArray<Model>, AttemptError>
  /** Of these names, those the caller may know of. By default all. */
  readonly visible?: ((names: Iterable<string>) => Effect.Effect<ReadonlyArray<string>, DispatchError>) | undefined
  /** Asked before vectors are made. By default everybody may. */
  readonly permitUse?: ((use: Use) => Effect.Effect<void, DispatchError>) | undefined
}

/**
 * How each API's SDKs know failures.
 *
 * @since 0.1.0
 * @category constants
 */
export const refusals: { readonly [F in Family]: Pick<Dialect, "refusal"> } = {
  openai: OpenAiChat.dialect,
  anthropic: Anthropic.dialect,
  google: Google.dialect,
  ollama: Ollama.chat
}

type Told = ModelInfo.ModelInfo

const unknown = Object.fromEntries(ModelInfo.features.map((name) => [name, null])) as Told["features"]

/** A route is a model to its callers; what is behind it may be of many kinds. */
const ofRoute = (name: string): Told => ({
  id: name,
  vendor: "",
  model: name,
  default: false,
  description: null,
  contextWindow: null,
  maxOutputTokens: null,
  rates: null,
  price: null,
  features: unknown,
  servedBy: []
})

const untold = ({ name }: Vendor, error: AttemptError): Effect.Effect<void> =>
  Effect.logWarning(`${name} does not list its models: ${describe(error)}`)

/** Every name that may be asked for: the routes first, then each vendor's models as `vendor/model`. */
const listed = Effect.fnUntraced(function*(surroundings: Surroundings, now: number) {
  const { dispatcher, models, visible = (names) => Effect.succeed(Array.from(names)) } = surroundings
  const vendors = yield* dispatcher.vendors
  const lists = yield* Effect.forEach(
    vendors,
    (vendor) =>
      // One vendor that does not answer hides no other.
      Effect.map(Effect.catch(models(vendor), (error) => Effect.as(untold(vendor, error), [])), (models) =>
        models.map((model) => ModelInfo.make(vendor, model, { catalog: Catalog.standard, vendors, now }))),
    { concurrency: "unbounded" }
  )
  const routes = Array.from(dispatcher.routes.keys()).filter((name) => !name.includes("*")).map(ofRoute)
  const all = new Map([...routes, ...lists.flat()].map((told) => [told.id, told]))
  return (yield* visible(all.keys())).flatMap((name) => all.get(name) ?? [])
})

const notFound = (name: string) => Failure.make("not-found", `there is no model "${name}"`, { field: "model" })

const one = (told: ReadonlyArray<Told>, name: string) => {
  const found = told.find(({ id }) => id === name) ?? told.find(({ model }) => model === name)
  return found === undefined ? Effect.fail(notFound(name)) : Effect.succeed({ ...found, id: name })
}

const models = Effect.fnUntraced(function*(
  surroundings: Surroundings,
  { family, model }: { readonly family: Family; readonly model?: string | undefined },
  now: number
) {
  const told = yield* listed(surroundings, now)
  if (model !== undefined) {
    const found = yield* one(told, model)
    return family === "anthropic"
      ? AnthropicModels.model(found)
      : family === "google"
      ? GoogleModels.model(found)
      : OpenAiModels.model(found)
  }
  switch (family) {
    case "anthropic":
      return AnthropicModels.list(told)
    case "google":
      return GoogleModels.list(told)
    case "ollama":
      return OllamaModels.tags(told)
    case "openai":
      return OpenAiModels.list(told)
  }
})

const decodeEmbeddings = (
  { family, form, model }: { readonly family: Family; readonly form?: string; readonly model?: string },
  body: unknown
) =>
  family === "google"
    ? GoogleEmbeddings.decode(body, model ?? "", form === "batchEmbedContents")
    : family === "ollama"
    ? OllamaEmbeddings.decode(body, form === "embeddings")
    : OpenAiEmbeddings.decode(model === undefined ? body : { ...(body as object), model })

const embeddings = Effect.fnUntraced(function*(
  { dispatcher, permitUse }: Surroundings,
  endpoint: { readonly family: Family; readonly form?: string; readonly model?: string },
  body: unknown
) {
  const asked = yield* Effect.fromResult(decodeEmbeddings(endpoint, body))
  if (permitUse !== undefined) yield* permitUse({ model: asked.model, features: ["embeddings"] })
  const { target, usage, vectors } = yield* dispatcher.embed({ model: asked.model, inputs: asked.inputs })
  return { body: asked.whole({ vectors, usage }), target }
})

/** As a tokenizer for all vendors would; the estimate that limits count by. */
const count = Effect.fnUntraced(function*(
  { family, model }: { readonly family: "anthropic" | "google"; readonly model?: string | undefined },
  body: unknown
) {
  const input = yield* Effect.fromResult(
    family === "google" ? Google.decodeCount(body, model ?? "") : Anthropic.decodeCount(body)
  )
  const request = yield* Request.decode(input)
  const tokens = inputTokens(request)
  return family === "google" ? Google.count(tokens) : Anthropic.count(tokens)
})

type Side = Exclude<Endpoint, { readonly _tag: "Answer" | "NotServed" }>

const bodyOf = (
  surroundings: Surroundings,
  call: Call,
  endpoint: Side,
  now: number
): Effect.Effect<{ readonly body: unknown; readonly target?: string }, Failure.Failure | DispatchError> => {
  switch (endpoint._tag) {
    case "Models":
      return Effect.map(models(surroundings, endpoint, now), (body) => ({ body }))
    case "Show":
      return Effect.gen(function*() {
        const name = OllamaModels.shown(yield* call.json)
        if (name === undefined) {
          return yield* Effect.fail(Failure.make("invalid-request", "model is missing", { field: "model" }))
        }
        return { body: OllamaModels.show(yield* one(yield* listed(surroundings, now), name)) }
      })
    case "Embeddings":
      return Effect.flatMap(call.json, (body) => embeddings(surroundings, endpoint, body))
    case "Count":
      return Effect.flatMap(call.json, (body) => Effect.map(count(endpoint, body), (body) => ({ body })))
    case "Constant":
      return Effect.succeed({ body: endpoint.body })
  }
}

/**
 * Answers a call that is not for an answer of a model.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (
  surroundings: Surroundings,
  conceal: (error: DispatchError) => Effect.Effect<DispatchError>,
  call: Call,
  endpoint: Side,
  now: number
): Effect.Effect<Outcome> =>
  bodyOf(surroundings, call, endpoint, now).pipe(
    Effect.map(({ body, target }): Outcome => {
      call.answer(
        200,
        "application/json",
        JSON.stringify(body),
        target === undefined ? {} : { "llmdispatcher-target": target }
      )
      return { status: 200, target }
    }),
    Effect.catch((error) =>
      Effect.map(
        "kind" in error ? Effect.succeed(error) : Effect.map(conceal(error), Failure.ofDispatchError),
        (failure) => refuse(call, refusals[endpoint.family], failure)
      )
    )
  )
