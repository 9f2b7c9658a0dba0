/**
 * All that a dispatcher, its statistics and its faces can be told by a file: one Schema.
 *
 * Times are texts with their unit, as in `30s`; money is in US dollars.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Overlay } from "../catalog/Catalog.ts"
import { Price } from "../Target.ts"
import { BaseUrl } from "../wire/Settings.ts"
import { Count, NotNegative, OnInterrupted, PolicyConfig, Share, StrategyName } from "./PolicyConfig.ts"
import { Span, Time } from "./Time.ts"
import { VendorsConfig } from "./VendorConfig.ts"

const count = (description: string) => Schema.optionalKey(Count.annotate({ description }))
const money = (description: string) => Schema.optionalKey(NotNegative.annotate({ description }))
const span = (description: string) => Schema.optionalKey(Span.annotate({ description }))
const text = (description: string) => Schema.optionalKey(Schema.NonEmptyString.annotate({ description }))
const flag = (description: string) => Schema.optionalKey(Schema.Boolean.annotate({ description }))
const secretText = (description: string) => Schema.optionalKey(Schema.Redacted(Schema.String).annotate({ description }))

const TargetId = Schema.String.check(
  Schema.makeFilter((id: string) =>
    /^[^/\s]+\/\S+$/.test(id) ? undefined : "must be a vendor and a model, as in openai/gpt-5-mini"
  )
)

const ofTarget = {
  contextWindow: count("In tokens."),
  price: Schema.optionalKey(Price),
  weight: money("How often it is chosen against the others, where that is by weight. Default 1."),
  priority: Schema.optionalKey(
    Schema.Int.annotate({
      description: "Targets with a larger number are tried after all with a smaller one. Default 0."
    })
  )
}

const Target = Schema.Union([
  TargetId,
  Schema.Struct({ vendor: Schema.NonEmptyString, model: Schema.NonEmptyString, ...ofTarget })
])

const Targets = Schema.NonEmptyArray(Target)

const Route = Schema.Union([
  Targets,
  Schema.Struct({
    targets: Targets,
    strategy: Schema.optionalKey(
      StrategyName.annotate({ description: "How one of the targets is chosen. Default ordered." })
    ),
    onInterrupted: Schema.optionalKey(
      OnInterrupted.annotate({ description: "What becomes of a stream that breaks after it began. Default fail." })
    )
  })
])

const hour = Schema.Int.check(
  Schema.makeFilter((n: number) => n >= 0 && n <= 24 ? undefined : "must be an hour from 0 to 24")
)

const Condition = Schema.Struct({
  model: text("A name or a pattern with *; a request without a model has its mode here, or default."),
  user: text("A name or a pattern with *."),
  metadata: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  tools: flag("Whether the request has tools."),
  images: flag("Whether the conversation holds an image."),
  minTokens: money("Of the conversation, estimated."),
  maxTokens: money("Of the conversation, estimated."),
  minPriority: money("The request's priority, 5 where it has none."),
  hours: Schema.optionalKey(
    Schema.Struct({ from: hour, to: hour, timeZone: text("As in Europe/Vienna. Default UTC.") })
  )
})

const Rule = Schema.Struct({
  when: Condition.annotate({ description: "All that is given must hold." }),
  route: Schema.NonEmptyString.annotate({ description: "The name of a route, or a vendor and a model." })
})

const PerMinute = Schema.Struct({
  requestsPerMinute: count("Requests in a minute."),
  tokensPerMinute: count("Tokens in a minute, input and output together.")
})

const Concurrency = Schema.Union([
  Count,
  Schema.Struct({
    initial: count("Before anything is known. Default 20."),
    min: count("Default 1."),
    max: count("Default 200.")
  })
])

const Limits = Schema.Struct({
  targets: Schema.optionalKey(Schema.Record(TargetId, PerMinute)),
  vendors: Schema.optionalKey(Schema.Record(Schema.String, PerMinute)),
  learn: flag("Whether to hear what vendors tell of their limits. Default true."),
  concurrency: Schema.optionalKey(Schema.Struct({
    limit: Schema.optionalKey(
      Concurrency.annotate({ description: "Calls under way at each target, or how to find it out." })
    ),
    targets: Schema.optionalKey(Schema.Record(TargetId, Concurrency)),
    maxWait: span("The longest wait for a slot where nobody else is left. Default 10s."),
    maxWaiting: count("Calls waiting for one target at most. Default 100.")
  })),
  callers: Schema.optionalKey(
    Schema.Struct({
      ...PerMinute.fields,
      single: Schema.optionalKey(Schema.Record(Schema.String, PerMinute))
    }).annotate({ description: "What each caller may ask, and single ones in the place of that." })
  ),
  queue: Schema.optionalKey(Schema.Struct({
    concurrency: Count.annotate({ description: "Dispatches under way at most." }),
    capacity: Schema.optionalKey(
      Schema.Int.check(Schema.makeFilter((n: number) => n >= 0 ? undefined : "must be 0 or more"))
    ),
    maxWait: span("The longest wait. Default the request's deadline.")
  }))
}).annotate({ identifier: "Limits" })

const Budgets = Schema.Struct({
  perCaller: money("US dollars that each caller may spend in a period. Default any."),
  callers: Schema.optionalKey(Schema.Record(Schema.String, NotNegative)),
  period: Schema.optionalKey(Schema.Literals(["day", "month"]).annotate({ description: "Default month." })),
  unpriced: Schema.optionalKey(
    Schema.Literals(["free", "estimate"]).annotate({
      description: "What an answer without a price counts. Default free."
    })
  )
}).annotate({ identifier: "Budgets" })

const Store = Schema.Union([
  Schema.Literal("memory"),
  Schema.Struct({ sqlite: Schema.NonEmptyString.annotate({ description: "The file." }) }),
  Schema.Struct({
    redis: Schema.Redacted(Schema.NonEmptyString).annotate({ description: "As in redis://localhost:6379." })
  })
])

const Cache = Schema.Struct({
  store: Schema.optionalKey(Store.annotate({ description: "Where answers are kept. Default memory." })),
  default: Schema.optionalKey(
    Schema.Literals(["on", "off"]).annotate({ description: "What becomes of requests that do not say. Default on." })
  ),
  timeToLive: span("How long an answer is given again. Default 1h."),
  maxEntries: count("Answers kept. Default 10000."),
  maxBytes: count("What all answers may take. Default 67108864."),
  maxEntryBytes: count("A larger answer is not kept. Default 1048576."),
  shared: flag("Whether one caller is given what another was answered. Default false."),
  toolCalls: flag("Whether answers with tool calls are kept. Default false."),
  truncated: flag("Whether answers cut at their length are kept. Default false."),
  pace: Schema.optionalKey(
    Time.annotate({ description: "Between two parts of a stream that is given again. Default none." })
  ),
  semantic: Schema.optionalKey(Schema.Struct({
    embedding: TargetId.annotate({ description: "Who makes vectors of questions." }),
    threshold: Schema.optionalKey(Share.annotate({ description: "How alike two questions must be." })),
    maxEntries: count("Vectors kept.")
  }))
}).annotate({ identifier: "Cache" })

const Context = Schema.Struct({
  trim: flag("Whether a conversation too long for every target loses its oldest turns. Default false."),
  maxInputTokens: count("A longer request is refused."),
  maxOutputTokens: count("The longest answer that may be asked for.")
}).annotate({ identifier: "Context" })

const Statistics = Schema.Struct({
  database: Schema.optionalKey(
    Schema.Union([
      Schema.Literal(false),
      Schema.Struct({ sqlite: Schema.NonEmptyString.annotate({ description: "The file." }) }),
      Schema.Struct({
        postgres: Schema.Redacted(Schema.NonEmptyString).annotate({
          description: "As in postgres://user:password@host/name."
        })
      })
    ]).annotate({ description: "Where every dispatch is written down, without what was said. Default nowhere." })
  ),
  keep: span("How long rows are kept. Default 30d.")
}).annotate({ identifier: "Statistics" })

const Telemetry = Schema.Struct({
  metrics: flag("Whether counts and times are kept. Default true."),
  otlp: Schema.optionalKey(Schema.Struct({
    endpoint: BaseUrl.annotate({ description: "As in http://localhost:4318." }),
    headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.Redacted(Schema.String))),
    serviceName: text("Default llmdispatcher."),
    interval: span("Between two exports. Default 10s.")
  })),
  capture: Schema.optionalKey(Schema.Struct({
    prompts: flag("Whether spans tell what was asked. Default false."),
    answers: flag("Whether spans tell what was answered. Default false."),
    maxLength: count("The most characters of one text. Default 16384.")
  })),
  logLevel: Schema.optionalKey(Schema.Literals(["debug", "info", "warn", "error", "none"]))
}).annotate({ identifier: "Telemetry" })

const Gateway = Schema.Struct({
  host: text("Default 127.0.0.1."),
  port: Schema.optionalKey(
    Schema.Int.check(Schema.makeFilter((n: number) => n >= 0 && n <= 65_535 ? undefined : "must be from 0 to 65535"))
      .annotate({ description: "Default 8080." })
  ),
  open: flag("Whether callers need no key, on the loopback only. Default false."),
  adminKey: secretText("Opens the admin API."),
  maxBodySize: count("Bytes of a request. Default 33554432."),
  maxConnections: count("Connections at once. Default 10000."),
  requestTimeout: span("Until a request has come whole. Default 60s."),
  drain: span("How long streams may go on when the gateway stops. Default 30s.")
}).annotate({ identifier: "Gateway" })

/**
 * The Schema of `llmdispatcher.yaml`.
 *
 * @since 0.1.0
 * @category models
 */
export const DispatcherConfig = Schema.Struct({
  $schema: text("Where editors find this Schema."),
  vendors: Schema.optionalKey(
    VendorsConfig.annotate({ description: "Who can be asked. Default those of the environment." })
  ),
  targets: Schema.optionalKey(
    Schema.Record(TargetId, Schema.Struct(ofTarget)).annotate({
      description: "What is true of targets in every route."
    })
  ),
  prices: Schema.optionalKey(Overlay.annotate({ description: "Prices and windows that go before the catalogue's." })),
  routes: Schema.optionalKey(
    Schema.Record(Schema.NonEmptyString, Route).annotate({
      description: "Names that callers use, and the targets behind them; default serves who names none."
    })
  ),
  rules: Schema.optionalKey(
    Schema.Array(Rule).annotate({ description: "The first that holds for a request chooses its route." })
  ),
  strategy: Schema.optionalKey(StrategyName.annotate({ description: "Of routes that name none. Default ordered." })),
  onInterrupted: Schema.optionalKey(
    OnInterrupted.annotate({ description: "Of routes that say nothing. Default fail." })
  ),
  policies: Schema.optionalKey(PolicyConfig),
  limits: Schema.optionalKey(Limits),
  budgets: Schema.optionalKey(Budgets),
  context: Schema.optionalKey(Context),
  cache: Schema.optionalKey(Schema.Union([Schema.Literal(false), Cache])),
  statistics: Schema.optionalKey(Statistics),
  telemetry: Schema.optionalKey(Telemetry),
  gateway: Schema.optionalKey(Gateway)
}).annotate({ identifier: "DispatcherConfig" })

/**
 * @since 0.1.0
 * @category models
 */
export type DispatcherConfig = typeof DispatcherConfig.Type
