import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Option, Path } from "effect"
import * as Locate from "../../src/config/Locate.ts"

/** A directory of three levels, with these files in it. */
const tree = Effect.fnUntraced(function*(...files: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = yield* fs.makeTempDirectoryScoped()
  yield* fs.makeDirectory(path.join(root, "a/b"), { recursive: true })
  for (const file of files) yield* fs.writeFileString(path.join(root, file), "")
  return { root, at: (...pieces: ReadonlyArray<string>) => path.join(root, ...pieces) }
})

const live = <A, E>(
  name: string,
  effect: Effect.Effect<A, E, NodeServices.NodeServices | import("effect").Scope.Scope>
) => it.live(name, () => Effect.provide(effect, NodeServices.layer))

describe("locate", () => {
  live(
    "finds the nearest file upward",
    Effect.gen(function*() {
      const { at } = yield* tree("llmdispatcher.json", "a/llmdispatcher.yml")
      expect([
        yield* Locate.locate({ directory: at("a", "b") }),
        yield* Locate.locate({ directory: at() })
      ]).toEqual([Option.some(at("a", "llmdispatcher.yml")), Option.some(at("llmdispatcher.json"))])
    })
  )

  live(
    "finds nothing where there is none up to the root",
    Effect.gen(function*() {
      expect(yield* Locate.locate({ directory: "/" })).toEqual(Option.none())
    })
  )

  live(
    "takes no directory for a file",
    Effect.gen(function*() {
      const { at } = yield* tree("llmdispatcher.json")
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(at("a", "llmdispatcher.yaml"))
      expect(yield* Locate.locate({ directory: at("a") })).toEqual(Option.some(at("llmdispatcher.json")))
    })
  )

  live(
    "refuses to choose between two in one directory",
    Effect.gen(function*() {
      const { at } = yield* tree("a/llmdispatcher.yaml", "a/llmdispatcher.json")
      const error = yield* Effect.flip(Locate.locate({ directory: at("a", "b") }))
      expect([error.reason, error.message]).toEqual([
        "Ambiguous",
        `${at("a")}: holds llmdispatcher.yaml and llmdispatcher.json; keep one of them, or name one`
      ])
    })
  )

  live(
    "takes the named file before any other, the flag's before the variable's",
    Effect.gen(function*() {
      const { at } = yield* tree("llmdispatcher.yaml", "one.yaml", "a/two.yaml")
      expect([
        yield* Locate.locate({ directory: at(), file: "one.yaml", named: "a/two.yaml" }),
        yield* Locate.locate({ directory: at(), named: "a/two.yaml" }),
        yield* Locate.locate({ directory: at(), named: "" })
      ]).toEqual([at("one.yaml"), at("a", "two.yaml"), at("llmdispatcher.yaml")].map(Option.some))
    })
  )

  live(
    "says which named file is not there, and who named it",
    Effect.gen(function*() {
      const { at } = yield* tree("llmdispatcher.yaml")
      const flag = yield* Effect.flip(Locate.locate({ directory: at(), file: "x.yaml" }))
      const variable = yield* Effect.flip(Locate.locate({ directory: at(), named: "x.yaml" }))
      expect([flag.message, variable.message]).toEqual([
        `${at("x.yaml")}: there is no such file`,
        `${at("x.yaml")}: there is no such file, which LLMDISPATCHER_CONFIG names`
      ])
    })
  )
})
