import { describe, expect, it } from "@effect/vitest"
import * as Models from "../../../src/gateway/anthropic/Models.ts"
import { judge } from "../Specifications.ts"

const models = [
  { id: "anthropic/claude-haiku-5-5", description: "Claude Haiku", contextWindow: 1_000_000, maxOutputTokens: 128_000 },
  { id: "m", description: null, contextWindow: null, maxOutputTokens: null }
]

const judged = judge("anthropic.core.json")

describe("the list of models", () => {
  it("tells what is known", () => {
    expect(Models.list(models)).toMatchObject({
      data: [
        { id: "anthropic/claude-haiku-5-5", display_name: "Claude Haiku", max_input_tokens: 1_000_000 },
        { id: "m", display_name: "m", max_tokens: null }
      ],
      has_more: false,
      first_id: "anthropic/claude-haiku-5-5",
      last_id: "m"
    })
    expect(Models.list([])).toEqual({ data: [], has_more: false, first_id: null, last_id: null })
  })

  it.skipIf(judged === undefined)("has the API's form", () => {
    expect(judged!("ListResponse_ModelInfo_", Models.list(models))).toEqual([])
  })
})
