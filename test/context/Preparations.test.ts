import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { summaryOf } from "llmdispatcher/Response"
import type * as Vendor from "llmdispatcher/Vendor"
import { limit } from "../../src/context/Limit.ts"
import * as Summarise from "../../src/context/Summarise.ts"
import { trim } from "../../src/context/Trim.ts"
import { answer, overloaded, sequence, stream, textParts } from "../support/vendors.ts"
import { assistant, characters, request, told, user } from "./conversations.ts"

const counter = characters
const chat = [user("one"), assistant("1"), user("two"), assistant("2"), user("three")]
const seen = ({ calls }: { readonly calls: ReadonlyArray<Vendor.Call> }) => calls.map(({ request }) => told(request))

describe("Dispatcher with preparations", () => {
  it.effect("every attempt at every vendor gets the trimmed conversation, whole or as a stream", () =>
    Effect.gen(function*() {
      const first = sequence("a", [Effect.fail(overloaded)])
      const second = sequence("b", [answer("Hi"), stream(textParts("Hi"))])
      const dispatcher = yield* Dispatcher.make({
        vendors: [first.vendor, second.vendor],
        retry: false,
        cooldown: false,
        prepare: [trim({ window: 30, reserve: 0, counter })]
      })
      const response = yield* dispatcher.send(request(chat))
      const parts = yield* Stream.runCollect(dispatcher.stream(request(chat)))
      expect(response.text).toBe("Hi")
      expect(summaryOf(parts.at(-1)!)?.vendor).toBe("b")
      const trimmed = ["user two", "assistant 2", "user three"]
      expect(seen(first)).toEqual([trimmed, trimmed])
      expect(seen(second)).toEqual([trimmed, trimmed])
    }))

  it.effect("nothing is sent of a request that is refused, and the error is the dispatch's own", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        prepare: [limit({ counter, input: 40 }), trim({ window: 10, reserve: 0, counter })]
      })
      const tooLong = yield* Effect.flip(dispatcher.send({ prompt: "x".repeat(4) }))
      const refused = yield* Effect.flip(dispatcher.send({ prompt: "x".repeat(40) }))
      expect([tooLong.reason._tag, refused.reason._tag]).toEqual(["ContextLengthExceeded", "InvalidRequest"])
      expect(calls).toEqual([])
    }))

  it.effect("a cheap vendor sums up what the other then gets, once for all turns", () =>
    Effect.gen(function*() {
      const cheap = sequence("cheap", [answer("They counted.")])
      const good = sequence("good", [answer("Four")])
      const cheapOnly = yield* Dispatcher.make({ vendors: [cheap.vendor] })
      const dispatcher = yield* Dispatcher.make({
        vendors: [good.vendor],
        prepare: [
          yield* Summarise.make({
            window: 160,
            reserve: 0,
            counter,
            summary: (messages, maxTokens) => Effect.map(cheapOnly.send({ messages, maxTokens }), ({ text }) => text)
          })
        ]
      })
      const long = [user("one ".repeat(15)), assistant("1 ".repeat(15)), user("two"), assistant("2".repeat(50))]
      const first = yield* dispatcher.send(request([...long, user("three")]))
      yield* dispatcher.send(request([...long, user("three"), assistant("3"), user("four")]))
      expect(first.text).toBe("Four")
      expect(cheap.calls.map(({ request }) => request.maxTokens)).toEqual([40])
      expect(seen(cheap)[0]![1]).toBe(
        `user User: ${"one ".repeat(15)}\n\nAssistant: ${"1 ".repeat(15)}`
      )
      expect(seen(good).map((messages) => messages[0])).toEqual([
        "user Summary of our conversation so far, which is not shown in full:\nThey counted.",
        "user Summary of our conversation so far, which is not shown in full:\nThey counted."
      ])
    }))
})
