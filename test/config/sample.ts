import { Effect, PlatformError, Schema, SchemaIssue, SchemaTransformation } from "effect"
import type { Environment } from "../../src/config/Interpolation.ts"

const units: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000 }
const expected = "must be a time with its unit, such as 30s"

/** Milliseconds, written `30s`. */
const Span = Schema.String.annotate({ message: expected }).pipe(
  Schema.decodeTo(
    Schema.Finite,
    SchemaTransformation.transformEffect({
      decode: (text: string, options) => {
        const match = /^(\d+)(ms|s|m)$/.exec(text)
        return match === null
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: expected }, text, options))
          : Effect.succeed(Number(match[1]) * units[match[2]!]!)
      },
      encode: (time: number) => Effect.succeed(`${time}ms`)
    })
  )
)

const above = (least: number) =>
  Schema.Finite.check(Schema.makeFilter((n: number) => n > least ? undefined : `must be above ${least}`))

const Target = Schema.Union([
  Schema.NonEmptyString,
  Schema.Struct({
    target: Schema.NonEmptyString,
    weight: Schema.optionalKey(above(0)).annotate({ description: "Its share among the others." }),
    tags: Schema.optionalKey(Schema.Array(Schema.String))
  })
])

const Vendor = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("openai"),
    apiKey: Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(8))),
    organization: Schema.optionalKey(Schema.String)
  }),
  Schema.Struct({
    kind: Schema.Literal("ollama"),
    address: Schema.optionalKey(
      Schema.String.check(
        Schema.makeFilter((text: string) =>
          /^https?:/.test(text) ? undefined : `must be an address, and "${text}" is none`
        )
      )
    ),
    port: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 })))
  }),
  Schema.Struct({
    kind: Schema.Literal("llama-cpp"),
    model: Schema.String,
    token: Schema.optionalKey(Schema.Redacted(Schema.String.check(Schema.isMinLength(4))))
  })
])

interface Rule {
  readonly model: string
  readonly else?: Rule
}

const Rule = Schema.Struct({
  model: Schema.String,
  else: Schema.optionalKey(Schema.suspend((): Schema.Codec<Rule> => Rule))
}).annotate({ identifier: "Rule" })

/** Something of everything that a configuration may be made of. */
export const Sample = Schema.Struct({
  name: Schema.optionalKey(Schema.String).annotate({ description: "What it is called.", examples: ["main"] }),
  maxAttempts: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)).annotate({ description: "Calls in all.", default: 3 })
  ),
  timeouts: Schema.optionalKey(Schema.Struct({
    total: Schema.optionalKey(Span),
    firstToken: Schema.optionalKey(Span)
  })),
  strategy: Schema.optionalKey(Schema.Literals(["ordered", "weighted", "fastest", "cheapest"])),
  cache: Schema.optionalKey(Schema.Union([
    Schema.Literal(false),
    Schema.Struct({ ttl: Schema.optionalKey(Span), size: Schema.optionalKey(above(0)) })
  ])),
  workers: Schema.optionalKey(Schema.Union([Schema.Int, Schema.Literal("auto")])),
  verbose: Schema.optionalKey(Schema.Boolean),
  vendors: Schema.optionalKey(Schema.Record(Schema.String, Vendor)),
  routes: Schema.optionalKey(Schema.Record(
    Schema.String,
    Schema.Struct({
      targets: Schema.NonEmptyArray(Target),
      strategy: Schema.optionalKey(Schema.Literals(["ordered", "weighted", "fastest", "cheapest"])),
      fallback: Schema.optionalKey(Schema.String)
    })
  )),
  limits: Schema.optionalKey(
    Schema.Struct({ least: Schema.Finite, most: Schema.Finite }).check(
      Schema.makeFilter(({ least, most }) =>
        least <= most ? undefined : { path: ["most"], issue: "must not be below `least`" }
      )
    )
  ),
  rule: Schema.optionalKey(Rule),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.Redacted(Schema.String)))
})

/** An environment of these variables and files. */
export const environment = (
  variables: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {}
): Environment => ({
  get: (name) => Object.hasOwn(variables, name) ? variables[name] : undefined,
  names: () => Object.keys(variables),
  readFile: (path) =>
    Object.hasOwn(files, path)
      ? Effect.succeed(files[path]!)
      : Effect.fail(
        PlatformError.systemError({
          _tag: "NotFound",
          module: "FileSystem",
          method: "readFile",
          pathOrDescriptor: path
        })
      )
})
