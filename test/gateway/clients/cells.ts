/** One cell: one case of one client against one vendor family, over a gateway of its own. */
import { Effect, Redacted, Schedule, Schema } from "effect"
import { KeyRejected } from "llmdispatcher/access/AccessKey"
import type { AccessKeys } from "llmdispatcher/access/AccessKeys"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Authentication from "llmdispatcher/gateway/Authentication"
import * as Gateway from "llmdispatcher/gateway/Gateway"
import * as NodeServer from "llmdispatcher/gateway/NodeServer"
import * as Open from "llmdispatcher/gateway/Open"
import type { Vendor } from "llmdispatcher/Vendor"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import type { Client, Question, Session, Told } from "./Client.ts"
import * as Memory from "./Memory.ts"
import * as Questions from "./questions.ts"
import type { Seen } from "./Seen.ts"
import type { Situation, Upstream } from "./Upstream.ts"
import type { Side } from "./sides.ts"
import type { Family } from "./vendors.ts"

export class CellFailure extends Schema.TaggedError<CellFailure>("CellFailure")("CellFailure", {
  message: Schema.String
}) {}

/** What came of a case, and what should have. */
export interface Outcome {
  readonly actual: unknown
  readonly expected: unknown
}

export interface Cell {
  readonly client: Client
  readonly family: Family
  readonly name: string
  /** Why it is not there for this pair. */
  readonly absent?: string | undefined
  readonly run: Effect.Effect<Outcome, CellFailure>
}

interface Surroundings {
  readonly client: Client
  readonly family: Family
  readonly upstream: Upstream
  readonly session: Session
  readonly server: NodeServer.Listening
  readonly inFlight: () => number
}

type Case = {
  readonly name: string
  readonly situation: Situation
  readonly absent?: (client: Client, family: Family) => string | undefined
  readonly run: (surroundings: Surroundings) => Effect.Effect<Outcome, CellFailure>
}

const failed = (error: unknown) =>
  new CellFailure({ message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })

const call = <A>(use: () => Promise<A>): Effect.Effect<A, CellFailure> => Effect.tryPromise({ try: use, catch: failed })

/** What the SDK throws. */
const thrown = (use: () => Promise<unknown>): Effect.Effect<unknown, CellFailure> =>
  Effect.flatMap(
    Effect.promise(() => use().then((told) => ({ told }), (error: unknown) => ({ error }))),
    (outcome) =>
      "error" in outcome
        ? Effect.succeed(outcome.error)
        : Effect.fail(new CellFailure({ message: `it succeeded with ${JSON.stringify(outcome.told)}` }))
  )

const asked = (
  { family, upstream }: Surroundings,
  question: Question,
  more: Partial<Seen> = {}
): Seen => ({
  model: upstream.model,
  texts: [
    ...(question.system === undefined ? [] : [question.system]),
    ...(question.earlier ?? []).flatMap(({ role, text }) => role === "user" ? [text] : []),
    question.text
  ],
  tools: question.tool === undefined ? [] : [{ name: question.tool.name, parameters: bare(question.tool.parameters) }],
  images: question.image === undefined
    ? []
    : [`${family.tellsMediaTypes ? `${question.image.mediaType};base64,` : ""}${question.image.base64}`],
  documents: question.document === undefined
    ? []
    : [`${question.document.mediaType};base64,${question.document.base64}`],
  said: (question.earlier ?? []).flatMap(({ role, text }) => role === "assistant" ? [text] : []),
  calls: [],
  results: [],
  proofs: [],
  schema: undefined,
  ...more
})

/** What of a schema is the same in every vendor's words. */
const bare = (schema: Readonly<Record<string, unknown>>): unknown => {
  const { additionalProperties: _, ...told } = schema
  return told
}

const told = (client: Client, answer: ReturnType<Upstream["answers"]>[number] | undefined): Told | undefined =>
  answer && { ...answer, finish: answer.calls.length > 0 ? client.finish.calls : client.finish.stop }

const plainQuestion: Question = { system: Questions.system, text: Questions.hello }
const toolQuestion = { text: Questions.weatherQuestion, tool: Questions.weather }
const thinkingQuestion = { ...toolQuestion, thinks: true } as const
const citiesQuestion = {
  system: Questions.system,
  earlier: Questions.earlier,
  text: Questions.citiesQuestion,
  tool: Questions.weather
}
const documentQuestion: Question = { text: Questions.documentQuestion, document: Questions.document }
const imageQuestion: Question = { text: Questions.imageQuestion, image: Questions.image }

const noReasoning = (client: Client, family: Family) => family.noReasoning ?? client.noReasoning
const noDocuments = (client: Client, family: Family) => client.noDocuments ?? family.noDocuments

const whole = (question: Question): Case["run"] => (surroundings) =>
  Effect.gen(function*() {
    const { client, session, upstream } = surroundings
    const answer = yield* call(() => session.whole(question))
    return {
      actual: { answer, seen: upstream.seen() },
      expected: { answer: told(client, upstream.answers()[0]), seen: [asked(surroundings, question)] }
    }
  })

const tools = (
  stream: boolean,
  question: Parameters<Session["tools"]>[0] = toolQuestion
): Case["run"] =>
(surroundings) =>
  Effect.gen(function*() {
    const { client, family, session, upstream } = surroundings
    const answers = yield* call(() => session.tools(question, Questions.resultOf, stream))
    const [first, second] = upstream.answers()
    const isLost = question.thinks === undefined || client.noProofs !== undefined
    const { said } = asked(surroundings, question)
    return {
      actual: { answers, seen: upstream.seen() },
      expected: {
        answers: [told(client, first), told(client, second)],
        seen: [
          asked(surroundings, question),
          asked(surroundings, question, {
            said: first === undefined || first.text === "" ? said : [...said, first.text],
            calls: first?.calls ?? [],
            results: first?.calls.map(({ name, params }) => ({ name, result: Questions.resultOf(params) })) ?? [],
            proofs: isLost ? [] : family.proofs ?? []
          })
        ]
      }
    }
  })

/** Status and class; `retry-after` where the SDK shows it. */
const refusal = (common: number, stream: boolean): Case["run"] => ({ client, session, upstream }) =>
  Effect.gen(function*() {
    const status = common === 503 ? client.overloaded ?? common : common
    const error = yield* thrown(() => stream ? session.stream(plainQuestion) : session.whole(plainQuestion))
    const { retryAfter, ...refused } = client.refused(error)
    const isLimited = status === 429 && client.showsHeaders
    return {
      actual: { ...refused, ...(isLimited ? { retryAfter } : undefined), seen: upstream.seen().length },
      expected: {
        error: client.errorOf(status),
        status,
        ...(isLimited ? { retryAfter: String(upstream.retryAfter) } : undefined),
        seen: 1
      }
    }
  })

/** Nothing of a call that is over is left in the gateway. */
const settled = ({ inFlight, server }: Surroundings): Effect.Effect<Outcome, CellFailure> =>
  Effect.suspend(() =>
    server.running() === 0 && inFlight() === 0
      ? Effect.succeed({ actual: "settled", expected: "settled" })
      : Effect.fail(
        new CellFailure({ message: `${server.running()} calls run and ${inFlight()} attempts are in flight` })
      )
  ).pipe(Effect.retry({ schedule: Schedule.spaced("10 millis"), times: 200 }))

const cases: ReadonlyArray<Case> = [
  { name: "plain", situation: "answering", run: whole(plainQuestion) },
  {
    name: "stream",
    situation: "answering",
    run: (surroundings) =>
      Effect.gen(function*() {
        const { client, session, upstream } = surroundings
        const { pieces, ...answer } = yield* call(() => session.stream(plainQuestion))
        return {
          actual: { answer, inPieces: pieces > 2, seen: upstream.seen() },
          expected: {
            answer: told(client, upstream.answers()[0]),
            inPieces: true,
            seen: [asked(surroundings, plainQuestion)]
          }
        }
      })
  },
  { name: "tools", situation: "answering", run: tools(false) },
  { name: "tools streamed", situation: "answering", run: tools(true) },
  { name: "parallel tools", situation: "answering", run: tools(false, citiesQuestion) },
  { name: "parallel tools streamed", situation: "answering", run: tools(true, citiesQuestion) },
  {
    name: "structured output",
    situation: "answering",
    run: (surroundings) =>
      Effect.gen(function*() {
        const { client, session, upstream } = surroundings
        const question = { text: Questions.placeQuestion }
        const object = yield* call(() => session.object(question, Questions.placeSchema))
        const schema = bare(Questions.placeSchema)
        const isByTool = client.objectByTool?.(upstream.model) === true
        const [answer] = upstream.answers()
        const seen = upstream.seen()
        return {
          actual: {
            object,
            seen: isByTool
              ? seen.map((one) => ({ ...one, tools: one.tools.map(({ parameters }) => ({ parameters })) }))
              : seen
          },
          expected: {
            object: family(surroundings) === "sandbox"
              ? isByTool ? answer?.calls[0]?.params : JSON.parse(answer?.text ?? "null")
              : Questions.place,
            seen: [asked(
              surroundings,
              question,
              isByTool ? { tools: [{ parameters: schema }] as never } : { schema }
            )]
          }
        }
      })
  },
  { name: "reasoning", situation: "thinking", absent: noReasoning, run: tools(false, thinkingQuestion) },
  { name: "reasoning streamed", situation: "thinking", absent: noReasoning, run: tools(true, thinkingQuestion) },
  { name: "image", situation: "answering", run: whole(imageQuestion) },
  { name: "document", situation: "answering", absent: noDocuments, run: whole(documentQuestion) },
  { name: "error 429", situation: "limited", run: refusal(429, false) },
  { name: "error 429, streamed", situation: "limited", run: refusal(429, true) },
  { name: "error 400", situation: "invalid", run: refusal(400, false) },
  { name: "error 404", situation: "missing", run: refusal(404, false) },
  { name: "error 503", situation: "overloaded", run: refusal(503, false) },
  {
    name: "broken stream",
    situation: "breaking",
    run: (surroundings) =>
      Effect.gen(function*() {
        const error = yield* thrown(() => surroundings.session.stream(plainQuestion))
        const message = error instanceof Error ? error.message : JSON.stringify(error)
        return {
          actual: { message, isTold: /broke off in the middle of its answer/.test(message) },
          expected: { message, isTold: true }
        }
      })
  },
  {
    name: "abort",
    situation: "endless",
    run: ({ session, upstream }) =>
      Effect.gen(function*() {
        const ended = yield* call(() => session.abort(plainQuestion))
        yield* upstream.aborted
        return { actual: ended, expected: true }
      })
  }
]

const family = (surroundings: Surroundings): string => surroundings.family.name

const nobody: AccessKeys["Service"]["verify"] = () => Effect.fail(new KeyRejected({ because: "unknown" }))

/** A gateway over one vendor, and where it listens; calls are watched by the name. With a key it asks for that one. */
const serve = (name: string, vendor: Vendor, key?: string) =>
  Effect.gen(function*() {
    const authenticate = key === undefined
      ? () => Effect.undefined
      : yield* Effect.orDie(Authentication.make({ keys: { verify: nobody }, adminKey: Redacted.make(key) }))
    const dispatcher = yield* Effect.orDie(
      Dispatcher.make({ vendors: [vendor], maxAttempts: 1, metrics: false })
    )
    const gateway = Gateway.make({
      dispatcher,
      models: ({ models }) => models,
      authenticate
    })
    const watched: Gateway.Gateway = {
      ...gateway,
      handle: (call, endpoint) => {
        Memory.watch(name, call)
        return gateway.handle(call, endpoint)
      }
    }
    const server = yield* Effect.orDie(NodeServer.serve(watched, {
      port: 0,
      drain: 0,
      guard: key === undefined ? Open.guard : undefined,
      otherwise: (_, response) => void response.writeHead(404).end("{}")
    }))
    return { dispatcher, server, url: `http://127.0.0.1:${server.port}` }
  })

const surround = (client: Client, family: Family, situation: Situation) =>
  Effect.gen(function*() {
    const upstream = yield* family.start(situation)
    const { dispatcher, server, url } = yield* serve(`${client.name} → ${family.name}`, upstream.vendor)
    const target = `${upstream.vendor.name}/${upstream.model}`
    const surroundings: Surroundings = {
      client,
      family,
      upstream,
      session: client.make(url, client.modelOf?.(target) ?? target),
      server,
      inFlight: () => dispatcher.load.of(target).inFlight
    }
    return surroundings
  })

const runOf = (client: Client, family: Family, { run, situation }: Case): Effect.Effect<Outcome, CellFailure> =>
  surround(client, family, situation).pipe(
    Effect.flatMap((surroundings) => Effect.tap(run(surroundings), () => settled(surroundings))),
    Effect.scoped,
    Effect.provide(NodeHttp.layer()),
    Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () => Effect.fail(new CellFailure({ message: "it is not over after 15 seconds" }))
    })
  ) as Effect.Effect<Outcome, CellFailure>

/** All cells of a pair, in the order of the table's rows. */
export const cells = (client: Client, family: Family): ReadonlyArray<Cell> =>
  cases.map((item) => ({
    client,
    family,
    name: item.name,
    absent: item.absent?.(client, family),
    run: runOf(client, family, item)
  }))

/** What is asked beside answers. */
export const runSide = ({ ask, expected, key, name }: Side): Effect.Effect<Outcome, CellFailure> =>
  serve(name, Sandbox.make({ firstWord: 0, perWord: 0 }), key).pipe(
    Effect.flatMap(({ url }) => call(() => ask(url))),
    Effect.map((actual) => ({ actual, expected })),
    Effect.scoped
  )
