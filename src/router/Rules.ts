/**
 * Rules over the request: the first that holds chooses the route, whatever model was asked for.
 *
 * @since 0.1.0
 */
import { DateTime, Option } from "effect"
import type { Request } from "../Request.ts"
import * as Pattern from "./Pattern.ts"
import { inputTokens } from "./Tokens.ts"

/**
 * All that is given must hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface Condition {
  /** A name or a pattern with `*`; a request that names no model has its mode here, or `default`. */
  readonly model?: string | undefined
  /** A name or a pattern with `*`. */
  readonly user?: string | undefined
  /** Each of these entries of the request's metadata, by value or pattern. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Whether the request has tools. */
  readonly tools?: boolean | undefined
  /** Whether the conversation holds an image. */
  readonly images?: boolean | undefined
  /** Of the conversation, estimated; from this number on. */
  readonly minTokens?: number | undefined
  /** Of the conversation, estimated; up to this number. */
  readonly maxTokens?: number | undefined
  /** The request's priority, 5 where it has none; from this number on. */
  readonly minPriority?: number | undefined
  /** Hours of the day, from the first up to the second, which may lie behind midnight; UTC where no zone is given. */
  readonly hours?: { readonly from: number; readonly to: number; readonly timeZone?: string | undefined } | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Rule {
  readonly when: Condition | ((request: Request) => boolean)
  /** The name of a route, or a `vendor/model`. */
  readonly route: string
}

/**
 * The name under which a request looks for its route.
 *
 * @since 0.1.0
 * @category accessors
 */
export const nameOf = (request: Request): string => request.model ?? request.mode ?? "default"

const hasImage = (request: Request): boolean =>
  request.prompt.content.some((message) =>
    typeof message.content !== "string" &&
    message.content.some((part) => part.type === "file" && part.mediaType.startsWith("image/"))
  )

const hourIn = (now: number, timeZone: string | undefined): number => {
  const zone = timeZone === undefined ? Option.none() : DateTime.zoneFromString(timeZone)
  const moment = DateTime.makeUnsafe(now)
  return Option.match(zone, {
    onNone: () => DateTime.toPartsUtc(moment).hour,
    onSome: (zone) => DateTime.toParts(DateTime.setZone(moment, zone)).hour
  })
}

const isWithin = (hour: number, from: number, to: number): boolean =>
  from <= to ? hour >= from && hour < to : hour >= from || hour < to

const holds = (condition: Condition, request: Request, now: number): boolean => {
  const { hours, images, maxTokens, metadata, minPriority, minTokens, model, tools, user } = condition
  if (model !== undefined && !Pattern.matches(model, nameOf(request))) return false
  if (user !== undefined && !Pattern.matches(user, request.user ?? "")) return false
  if (tools !== undefined && tools !== ((request.tools?.length ?? 0) > 0)) return false
  if (images !== undefined && images !== hasImage(request)) return false
  if (minPriority !== undefined && (request.priority ?? 5) < minPriority) return false
  if (hours !== undefined && !isWithin(hourIn(now, hours.timeZone), hours.from, hours.to)) return false
  for (const [key, pattern] of Object.entries(metadata ?? {})) {
    const value = request.metadata?.[key]
    if (value === undefined || !Pattern.matches(pattern, value)) return false
  }
  if (minTokens === undefined && maxTokens === undefined) return true
  const tokens = inputTokens(request)
  return tokens >= (minTokens ?? 0) && tokens <= (maxTokens ?? Infinity)
}

/**
 * The route that a rule chooses for the request, `undefined` where none holds.
 *
 * @since 0.1.0
 * @category routing
 */
export const choose = (rules: ReadonlyArray<Rule>, request: Request, now: number): string | undefined =>
  rules.find(({ when }) => typeof when === "function" ? when(request) : holds(when, request, now))?.route
