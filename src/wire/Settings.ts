/**
 * What every vendor reads from the configuration: keys and addresses.
 *
 * @since 0.1.0
 */
import { Config, Option, Redacted, Schema } from "effect"

/**
 * Whether a header can carry the key as it is: one of files of secrets often ends in a line break.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isCarried = (key: string): boolean => /^[\x20-\x7e]+$/.test(key) && key.trim() === key

const keyFault = (key: string): string | undefined =>
  key.trim() === ""
    ? "must be set and not empty"
    : isCarried(key)
    ? undefined
    : "must not hold spaces around it, line breaks or other characters that headers cannot carry"

/** effect's `Config` takes an empty value for a missing one. */
const Text = Schema.String.annotate({ message: "must be set and not empty" })

/**
 * A key that a header can carry; faults do not show it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApiKey = Schema.Redacted(Text.check(Schema.makeFilter(keyFault)))

const urlFault = (url: string): string | undefined => {
  if (!URL.canParse(url)) return "must be a URL"
  const { password, protocol, username } = new URL(url)
  if (protocol !== "https:" && protocol !== "http:") return "must begin with https:// or http://"
  return username === "" && password === "" ? undefined : "must not hold a user or password"
}

/**
 * A key; an empty one, or one that a header cannot carry (a line break from a file of secrets), is a `ConfigError`
 * that does not show it.
 *
 * @since 0.1.0
 * @category configs
 */
export const apiKey = (name: string): Config.Config<Redacted.Redacted<string>> => Config.schema(ApiKey, name)

/**
 * A key that may be absent where an address of one's own is configured: a server on one's own machine wants none, and is
 * sent the word "none".
 *
 * @since 0.1.0
 * @category configs
 */
export const apiKeyUnless = (name: string, address: string): Config.Config<Redacted.Redacted<string>> =>
  Config.all([Config.option(Config.String(name)), Config.option(Config.String(address))]).pipe(
    Config.flatMap(([key, base]) =>
      Option.isNone(key) && Option.isSome(base) ? Config.succeed(Redacted.make("none")) : apiKey(name)
    )
  )

/**
 * An `https` or `http` address without credentials in it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const BaseUrl = Text.check(Schema.makeFilter(urlFault))

/**
 * The same of the configuration.
 *
 * @since 0.1.0
 * @category configs
 */
export const baseUrl = (name: string): Config.Config<string> => Config.schema(BaseUrl, name)

/**
 * A text that may be absent; an empty one is absent too, as `NAME=` in a file of settings means.
 *
 * @since 0.1.0
 * @category configs
 */
export const optionalText = (name: string): Config.Config<string | undefined> =>
  Config.option(Config.String(name)).pipe(Config.map(Option.getOrUndefined))

/**
 * What was given, else what the configuration says, which is then not required.
 *
 * @since 0.1.0
 * @category combinators
 */
export const orElse = <A>(given: A | undefined, config: Config.Config<A>): Config.Config<A> =>
  given === undefined ? config : Config.succeed(given)

/**
 * The value of an `authorization` header.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bearer = (key: Redacted.Redacted<string>): Redacted.Redacted<string> =>
  Redacted.make(`Bearer ${Redacted.value(key)}`)
