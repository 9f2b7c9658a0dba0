/**
 * What `llmdispatcher keys` does: the token goes to stdout once, everything said about it to stderr.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Grant from "../access/Grant.ts"
import { Principal } from "../access/Principal.ts"
import { type Issued, Key } from "../gateway/admin/Models.ts"
import { type ExitCode, type Failure, usage } from "./ExitCode.ts"
import * as Keyring from "./Keyring.ts"
import type * as Flags from "./Keys.ts"
import { dim, type OutputClosed, say, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Table from "./Table.ts"

type Command<Options> = (
  flags: Flags.Common & Options
) => Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path>

const command = <Options>(
  act: (
    keyring: Keyring.Keyring,
    flags: Flags.Common & Options
  ) => Effect.Effect<void, Failure | OutputClosed, FileSystem.FileSystem>
): Command<Options> =>
(flags) => failures(flags.debug)(Effect.scoped(Effect.flatMap(Keyring.open(flags), (keyring) => act(keyring, flags))))

const width = (): number => stdout.isTerminal ? process.stdout.columns || 80 : Infinity

const moment = (millis: number | undefined): string =>
  millis === undefined ? "" : DateTime.formatIso(DateTime.makeUnsafe(millis)).slice(0, 16).replace("T", " ")

const encodeKey = Schema.encodeSync(Schema.toCodecJson(Key))
const encodePrincipal = Schema.encodeSync(Schema.toCodecJson(Principal))

const json = (value: unknown) => stdout.write(`${JSON.stringify(value)}\n`)

const stateOf = ({ expiresAt, replacedBy, revokedAt }: Key, now: number): string =>
  revokedAt !== undefined
    ? "revoked"
    : expiresAt !== undefined && expiresAt <= now
    ? "expired"
    : replacedBy !== undefined
    ? "replaced"
    : "good"

/** The only time at which it can be read. */
const tell = ({ key, token }: Issued, isJson: boolean) =>
  isJson
    ? json({ token: Redacted.value(token), key: encodeKey(key) })
    : Effect.andThen(
      stdout.write(`${Redacted.value(token)}\n`),
      say(dim(
        `key ${key.id} of ${key.principal}${
          key.expiresAt === undefined ? "" : `, good until ${moment(key.expiresAt)} UTC`
        }; it is not shown again`
      ))
    )

const decodeGrant = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.toCodecJson(Grant.Grant)), {
  errors: "all",
  onExcessProperty: "error"
})

const grantOf = Effect.fnUntraced(function*(
  given: Option.Option<string>
): Effect.fn.Return<Grant.Grant | undefined, Failure, FileSystem.FileSystem> {
  if (Option.isNone(given)) return undefined
  const text = given.value
  const files = yield* FileSystem.FileSystem
  const written = text.startsWith("@")
    ? yield* Effect.mapError(
      files.readFileString(text.slice(1)),
      ({ reason }) => usage(`${text.slice(1)} could not be read (${reason._tag})`)
    )
    : text
  return yield* Effect.mapError(
    decodeGrant(written),
    ({ message }) => usage(`--grant must be a grant as JSON, as in {"models":["gpt-*"]}: ${message}`)
  )
})

/** One name for two programs would be one bill for both. */
const hint = (failure: Failure): Failure =>
  Predicate.isTagged(failure.cause, "Duplicate") || Predicate.isTagged(failure.cause, "Conflict")
    ? usage(
      `${failure.message}; another key for it is made with --principal and its id, which keys principals list tells`
    )
    : failure

/**
 * Makes a key; where no principal is named, a program of the key's own name that may ask everything and administer
 * nothing, or what the grant says.
 *
 * @since 0.1.0
 * @category commands
 */
export const issue = command<Flags.Issue>(Effect.fnUntraced(function*(keyring, flags) {
  const { json, name } = flags
  const grant = yield* grantOf(flags.grant)
  if (grant !== undefined && Option.isSome(flags.principal)) {
    return yield* usage("--grant is for a principal that is made with the key; this one has a grant of its own")
  }
  const expiresAt = Option.isNone(flags.expires)
    ? undefined
    : (yield* Clock.currentTimeMillis) + Duration.toMillis(flags.expires.value)
  const principal = Option.isSome(flags.principal)
    ? flags.principal.value
    : (yield* Effect.mapError(
      keyring.createPrincipal({ name, kind: "service", grant: grant ?? {} }),
      hint
    )).id
  yield* tell(yield* keyring.issue({ name, principal, expiresAt }), json)
}))

const keyColumns = (now: number): ReadonlyArray<Table.Column<Key>> => [
  { title: "KEY", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "STATE", text: (key) => stateOf(key, now) },
  { title: "CREATED", text: ({ createdAt }) => moment(createdAt), spare: 3 },
  { title: "USED", text: ({ lastUsedAt }) => moment(lastUsedAt), spare: 1 },
  { title: "EXPIRES", text: ({ expiresAt }) => moment(expiresAt), spare: 2 }
]

/**
 * @since 0.1.0
 * @category commands
 */
export const list = command<Flags.List>(Effect.fnUntraced(function*(keyring, flags) {
  const keys = yield* keyring.list(Option.getOrUndefined(flags.principal))
  if (flags.json) return yield* json(keys.map((key) => encodeKey(key)))
  if (keys.length === 0) return yield* say(dim("no keys"))
  yield* stdout.write(Table.render(keyColumns(yield* Clock.currentTimeMillis), keys, width()))
}))

/**
 * @since 0.1.0
 * @category commands
 */
export const rotate = command<Flags.Rotate>(Effect.fnUntraced(function*(keyring, { grace, id, json }) {
  yield* tell(yield* keyring.rotate(id, Option.getOrUndefined(grace)), json)
  yield* say(dim(`key ${id} goes on for ${Duration.format(Option.getOrElse(grace, () => Duration.hours(1)))}`))
}))

/**
 * @since 0.1.0
 * @category commands
 */
export const revoke = command<Flags.ById>(Effect.fnUntraced(function*(keyring, flags) {
  const key = yield* keyring.revoke(flags.id)
  if (flags.json) return yield* json(encodeKey(key))
  yield* say(dim(`key ${key.id} of ${key.principal} is revoked`))
}))

const principalColumns: ReadonlyArray<Table.Column<Principal>> = [
  { title: "PRINCIPAL", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "KIND", text: ({ kind }) => kind, spare: 1 },
  { title: "STATE", text: ({ revokedAt }) => revokedAt === undefined ? "" : "revoked" },
  { title: "CREATED", text: ({ createdAt }) => moment(createdAt), spare: 2 }
]

const shown = (principal: Principal) => stdout.write(`${JSON.stringify(encodePrincipal(principal), null, 2)}\n`)

/**
 * @since 0.1.0
 * @category commands
 */
export const listPrincipals = command<Flags.ListPrincipals>(Effect.fnUntraced(function*(keyring, flags) {
  const principals = yield* keyring.principals(Option.getOrUndefined(flags.parent))
  if (flags.json) return yield* json(principals.map((principal) => encodePrincipal(principal)))
  if (principals.length === 0) return yield* say(dim("no principals"))
  yield* stdout.write(Table.render(principalColumns, principals, width()))
}))

/**
 * @since 0.1.0
 * @category commands
 */
export const createPrincipal = command<Flags.CreatePrincipal>(Effect.fnUntraced(function*(keyring, flags) {
  const { kind, name } = flags
  const principal = yield* keyring.createPrincipal({
    name,
    kind,
    grant: (yield* grantOf(flags.grant)) ?? {},
    parent: Option.getOrUndefined(flags.parent),
    id: Option.getOrUndefined(flags.id)
  })
  if (flags.json) return yield* json(encodePrincipal(principal))
  yield* stdout.write(`${principal.id}\n`)
  yield* say(dim(`${kind} ${name} is made; llmdispatcher keys issue NAME --principal ${principal.id} gives it a key`))
}))

/**
 * @since 0.1.0
 * @category commands
 */
export const showPrincipal = command<Flags.ById>((keyring, { id }) => Effect.flatMap(keyring.principal(id), shown))

/**
 * @since 0.1.0
 * @category commands
 */
export const updatePrincipal = command<Flags.UpdatePrincipal>(Effect.fnUntraced(function*(keyring, flags) {
  const grant = yield* grantOf(flags.grant)
  const name = Option.getOrUndefined(flags.name)
  if (grant === undefined && name === undefined) return yield* usage("nothing is to be changed: give --name or --grant")
  yield* shown(yield* keyring.updatePrincipal(flags.id, { name, grant }))
}))

/**
 * @since 0.1.0
 * @category commands
 */
export const revokePrincipal = command<Flags.ById>(Effect.fnUntraced(function*(keyring, flags) {
  const principal = yield* keyring.revokePrincipal(flags.id)
  if (flags.json) return yield* json(encodePrincipal(principal))
  yield* say(dim(`${principal.kind} ${principal.name} is revoked, and all below it`))
}))
