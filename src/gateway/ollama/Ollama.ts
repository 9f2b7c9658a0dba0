/**
 * Ollama's own API, for local tools that speak nothing else: `POST /api/chat` and `/api/generate`.
 *
 * Fields that a request has no word for are carried to a vendor of this API as `options.ollama`.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type * as Dialect from "../Dialect.ts"
import { isObject, type Json } from "../Fields.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import { Events } from "./Events.ts"
import { refusal } from "./Refusal.ts"

const make = (form: Encode.Form, decode: typeof Decode.chat): Dialect.Dialect => ({
  name: "ollama",
  decode: ({ body }) =>
    Result.map(decode(body), ({ fieldOf, isStream, model, request }) => ({
      request,
      isStream,
      fieldOf,
      whole: (response, { now }) => Encode.whole(response, now, form),
      events: ({ now }) => new Events(model, now, form)
    })),
  immediate: (body, surroundings) => loaded(body, form, surroundings),
  refusal
})

/**
 * `POST /api/chat`.
 *
 * @since 0.1.0
 * @category dialects
 */
export const chat: Dialect.Dialect = make("chat", Decode.chat)

/**
 * `POST /api/generate`.
 *
 * @since 0.1.0
 * @category dialects
 */
export const generate: Dialect.Dialect = make("generate", Decode.generate)

/**
 * The answer to a body that asks for nothing but that its model be brought into memory, or out of it with a
 * `keep_alive` of 0: here no model is, and nobody is asked. `undefined` for any other body.
 *
 * @since 0.1.0
 * @category loading
 */
export const loaded = (body: unknown, form: Encode.Form, { now }: Dialect.Surroundings): Json | undefined => {
  if (!isObject(body) || typeof body["model"] !== "string") return undefined
  const { images, keep_alive, messages, model, prompt, suffix } = body
  const isEmpty = form === "chat"
    ? messages === undefined || messages === null || (Array.isArray(messages) && messages.length === 0)
    : !prompt && !suffix && !(Array.isArray(images) && images.length > 0)
  if (!isEmpty) return undefined
  return {
    model,
    created_at: Encode.time(now),
    ...(form === "chat" ? { message: { role: "assistant", content: "" } } : { response: "" }),
    done: true,
    done_reason: keep_alive === 0 ? "unload" : "load"
  }
}
