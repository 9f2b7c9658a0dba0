import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, References } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { fatal } from "llmdispatcher/VendorError"
import * as AttemptLog from "../../src/telemetry/AttemptLog.ts"
import { answer, sequence, serverFault } from "../support/vendors.ts"

describe("AttemptLog", () => {
  it.effect("tells each attempt by its level, with its target and reason and without what was said", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        const annotations = fiber.getRef(References.CurrentLogAnnotations)
        lines.push([logLevel, message, annotations["llmdispatcher.target"], annotations["error.type"]])
      })
      const dispatcher = yield* Dispatcher.make({
        vendors: [
          sequence("a", [Effect.fail(serverFault)]).vendor,
          sequence("b", [Effect.fail(fatal({ _tag: "Unauthenticated" }))]).vendor,
          sequence("c", [answer("a secret answer")]).vendor
        ],
        retry: false
      })
      const Log = Layer.mergeAll(
        AttemptLog.layer,
        Logger.layer([logger]),
        Layer.succeed(References.MinimumLogLevel, "Debug")
      )
      yield* Effect.provide(
        Effect.andThen(
          dispatcher.send({ prompt: "a secret question" }),
          dispatcher.send({ prompt: "a secret question", vendors: ["b", "c"] })
        ),
        Log
      )
      expect(lines).toEqual([
        ["Warn", ["attempt failed"], "a/m", "ServerFault"],
        ["Warn", ["attempt failed"], "b/m", "Unauthenticated"],
        ["Debug", ["attempt answered"], "c/m", undefined],
        ["Info", ["attempt skipped"], "b/m", "CoolingDown"],
        ["Debug", ["attempt answered"], "c/m", undefined]
      ])
    }))
})
