import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { body, call, dot, encoded, failure, losses, pdf, result, text, user } from "./support.ts"

const assistant = (...content: ReadonlyArray<unknown>) => ({ role: "assistant", content })
const says = (...content: ReadonlyArray<unknown>) => ({ role: "user", content })
const tool = (...content: ReadonlyArray<unknown>) => ({ role: "tool", content })
const system = (content: string, options?: object) => ({
  role: "system",
  content,
  ...(options === undefined ? undefined : { options: { anthropic: options } })
})
const block = (text: string) => ({ type: "text", text })
const ephemeral = { type: "ephemeral" }

describe("system messages", () => {
  it("stand in front of all, in their order", () => {
    const sent = body({ prompt: [system("One."), system("Two."), says(text("Hi"))] })
    expect(sent.system).toEqual([block("One."), block("Two.")])
    expect(sent.messages).toEqual([{ role: "user", content: [block("Hi")] }])
  })

  it("stand in front though they come after the user's first words", () => {
    const input = { prompt: [says(text("Hi")), system("Be short."), assistant(text("Hello.")), says(text("So?"))] }
    expect(body(input).system).toEqual([block("Be short.")])
    expect(losses(input)).toEqual([])
  })

  it("keep their place as the user's text once the assistant has spoken, and tell it", () => {
    const input = { prompt: [says(text("Hi")), assistant(text("Hello.")), system("In French."), says(text("So?"))] }
    expect(body(input).system).toBeUndefined()
    expect(body(input).messages[2]).toEqual({
      role: "user",
      content: [block("<system>\nIn French.\n</system>"), block("So?")]
    })
    expect(losses(input)).toEqual(["prompt.2"])
  })
})

describe("a text that stands for a block of the API", () => {
  const own = { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "found" }] }

  it("is sent as that block, wherever it is", () => {
    const standIn = text("found", { block: own })
    const sent = body({
      prompt: [
        says(standIn, text("So?")),
        assistant(call("1"), text("Hm.", { block: { type: "mcp_tool_use", id: "m" } })),
        tool(result("1", "x", { modelOutput: [standIn] }))
      ]
    })
    expect(sent.messages.map(({ content }: any) => content)).toEqual([
      [own, block("So?")],
      [expect.objectContaining({ type: "tool_use" }), { type: "mcp_tool_use", id: "m" }],
      [{ type: "tool_result", tool_use_id: "1", content: [own] }]
    ])
  })

  it("is sent as a text where there is no such block", () => {
    expect(body({ prompt: [says(text("found", { block: "search" }))] }).messages[0].content).toEqual([block("found")])
  })
})

describe("turns", () => {
  it("merge where one role speaks twice", () => {
    const { messages } = body({
      prompt: [says(text("a")), says(text("b")), assistant(text("c")), assistant(text("d")), says(text("e"))]
    })
    expect(messages).toEqual([
      { role: "user", content: [block("a"), block("b")] },
      { role: "assistant", content: [block("c"), block("d")] },
      { role: "user", content: [block("e")] }
    ])
  })

  it("begin with the user's, made up where there is none", () => {
    const input = { prompt: [assistant(text("Hello, what can I do?")), says(text("Sing."))] }
    expect(body(input).messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant", "user"])
    expect(losses(input)).toEqual(["prompt.0"])
  })

  it("leave out texts of white space alone", () => {
    const { messages } = body({ prompt: [says(text("a"), text(" \n")), assistant(text("")), says(text("b"))] })
    expect(messages).toEqual([{ role: "user", content: [block("a"), block("b")] }])
  })
})

describe("tools", () => {
  const both = [
    says(text("Weather?")),
    assistant(text("I look."), call("c1"), call("c2", "now", null)),
    tool(result("c1")),
    tool(result("c2", { hour: 12 }, { isFailure: true })),
    says(text("Well?"))
  ]

  it("are answered in one user turn, before all else in it", () => {
    expect(body({ prompt: both }).messages).toEqual([
      { role: "user", content: [block("Weather?")] },
      {
        role: "assistant",
        content: [
          block("I look."),
          { type: "tool_use", id: "c1", name: "weather", input: { city: "Bern" } },
          { type: "tool_use", id: "c2", name: "now", input: {} }
        ]
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "c1", content: "sunny" },
          { type: "tool_result", tool_use_id: "c2", content: "{\"hour\":12}", is_error: true },
          block("Well?")
        ]
      }
    ])
    expect(losses({ prompt: both })).toEqual([])
  })

  it("are answered first though the user spoke before the result", () => {
    const { messages } = body({ prompt: [says(text("a")), assistant(call("c1")), says(text("b")), tool(result("c1"))] })
    expect(messages[2].content.map(({ type }: { type: string }) => type)).toEqual(["tool_result", "text"])
  })

  it("are answered right after their call though another turn stands between", () => {
    const { messages } = body({
      prompt: [says(text("a")), assistant(call("c1")), says(text("b")), assistant(text("c")), tool(result("c1"))]
    })
    expect(messages[2].content[0]).toEqual({ type: "tool_result", tool_use_id: "c1", content: "sunny" })
  })

  it("split the assistant's words before and after a result", () => {
    const { messages } = body({
      prompt: [says(text("a")), assistant(call("c1")), tool(result("c1")), assistant(text("b"))]
    })
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant", "user", "assistant"])
  })

  it("keep ids of other vendors by a mapping that both sides share", () => {
    const { messages } = body({
      prompt: [
        says(text("a")),
        assistant(call("fc:1/ä")),
        tool(result("fc:1/ä")),
        assistant(call("fc:1/ä")),
        tool(result("fc:1/ä", "rain"))
      ]
    })
    expect(messages.flatMap(({ content }: any) => content.map((each: any) => each.id ?? each.tool_use_id))).toEqual([
      undefined,
      "fc_1__",
      "fc_1__",
      "fc_1___2",
      "fc_1___2"
    ])
  })

  it("without a result are told not to have run", () => {
    const input = { prompt: [says(text("a")), assistant(call("c1")), says(text("b"))] }
    expect(body(input).messages[2].content[0]).toMatchObject({ tool_use_id: "c1", is_error: true })
    expect(losses(input)).toEqual(["prompt.1.content.0"])
  })

  it("turn a result without a call into the user's text", () => {
    const input = { prompt: [says(text("a")), tool(result("c9"))] }
    expect(body(input).messages).toEqual([
      { role: "user", content: [block("a"), block("Result of the tool \"weather\":\nsunny")] }
    ])
    expect(losses(input)).toEqual(["prompt.1.content.0"])
  })

  it("wrap params that are no object", () => {
    const input = { prompt: [says(text("a")), assistant(call("c1", "f", [1])), tool(result("c1"))] }
    expect(body(input).messages[1].content[0].input).toEqual({ value: [1] })
    expect(losses(input)).toEqual(["prompt.1.content.0.params"])
  })

  it("give images and documents to the model", () => {
    const modelOutput = [
      { type: "text", text: "The map:" },
      { type: "file", mediaType: "image/png", data: dot },
      { type: "file", mediaType: "application/pdf", data: pdf }
    ]
    const { messages } = body({
      prompt: [says(text("a")), assistant(call("c1")), tool(result("c1", {}, { modelOutput }))]
    })
    expect(messages[2].content[0].content).toEqual([
      block("The map:"),
      { type: "image", source: { type: "base64", media_type: "image/png", data: dot } },
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf } }
    ])
  })

  it("have no content for a result of nothing", () => {
    const { messages } = body({ prompt: [says(text("a")), assistant(call("c1")), tool(result("c1", ""))] })
    expect(messages[2].content).toEqual([{ type: "tool_result", tool_use_id: "c1" }])
  })
})

describe("files", () => {
  const file = (mediaType: string, data: unknown, rest: object = {}) => ({ type: "file", mediaType, data, ...rest })
  const sent = (part: object) => body(user(text("What?"), part)).messages[0].content[1]

  it("are images by data, by data URL and by address", () => {
    expect(sent(file("image/*", dot)).source).toEqual({ type: "base64", media_type: "image/jpeg", data: dot })
    expect(sent(file("image/*", `data:image/webp;base64,${dot}`)).source.media_type).toBe("image/webp")
    expect(sent(file("image/png", new URL("https://x.test/a.png"))).source).toEqual({
      type: "url",
      url: "https://x.test/a.png"
    })
  })

  it("are PDFs by data and address, with title, context and citations", () => {
    const options = { anthropic: { citations: true, context: "A report." } }
    expect(sent(file("application/pdf", pdf, { fileName: "r.pdf", options }))).toEqual({
      type: "document",
      source: { type: "base64", media_type: "application/pdf", data: pdf },
      title: "r.pdf",
      context: "A report.",
      citations: { enabled: true }
    })
    expect(sent(file("application/pdf", "https://x.test/a.pdf")).source).toEqual({
      type: "url",
      url: "https://x.test/a.pdf"
    })
  })

  it("are texts", () => {
    expect(sent(file("text/markdown", new TextEncoder().encode("# Grüße"))).source).toEqual({
      type: "text",
      media_type: "text/plain",
      data: "# Grüße"
    })
  })

  it.each([
    ["audio/wav", "UklGRg=="],
    ["image/tiff", dot],
    ["application/zip", "UEsDBA=="],
    ["text/plain", new URL("https://x.test/a.txt")],
    ["text/plain", "not base64!"]
  ])("of the kind %s that cannot be sent are an UnsupportedFeature", (mediaType, data) => {
    expect(failure(user(text("What?"), file(mediaType, data)))?._tag).toBe("UnsupportedFeature")
  })

  it("are not cited beside structured outputs", () => {
    const input = {
      ...user(text("What?"), file("application/pdf", pdf, { options: { anthropic: { citations: true } } })),
      responseFormat: { type: "json-schema", name: "a", schema: { type: "object", properties: {} } }
    }
    expect(body(input).messages[0].content[1].citations).toBeUndefined()
    expect(losses(input)).toEqual(["prompt.0.content.1.options.anthropic.citations"])
  })
})

describe("thinking", () => {
  const reasoning = (text: string, options?: object) => ({ type: "reasoning", text, ...(options && { options }) })

  it("goes back exactly, signed or redacted, in its place", () => {
    const { messages } = body({
      prompt: [
        says(text("a")),
        assistant(
          reasoning("hm ", { anthropic: { signature: "sig==" } }),
          reasoning("", { anthropic: { redactedData: "xyz" } }),
          reasoning("", { anthropic: { signature: "empty" } }),
          text("b"),
          call("c1")
        ),
        tool(result("c1"))
      ]
    })
    expect(messages[1].content.slice(0, 4)).toEqual([
      { type: "thinking", thinking: "hm ", signature: "sig==" },
      { type: "redacted_thinking", data: "xyz" },
      { type: "thinking", thinking: "", signature: "empty" },
      block("b")
    ])
  })

  it("of another vendor is lost", () => {
    const input = {
      prompt: [says(text("a")), assistant(reasoning("hm", { openai: { encrypted: "x" } }), text("b")), says(text("c"))]
    }
    expect(body(input).messages[1].content).toEqual([block("b")])
    expect(losses(input)).toEqual(["prompt.1.content.0"])
  })
})

describe("tools that Anthropic runs", () => {
  const search = {
    type: "tool-call",
    id: "srvtoolu_1",
    name: "web_search",
    params: { query: "x" },
    providerExecuted: true
  }
  const found = {
    type: "tool-result",
    id: "srvtoolu_1",
    name: "web_search",
    isFailure: false,
    providerExecuted: true,
    result: [{ type: "web_search_result", url: "https://x.test", title: "X", encrypted_content: "e", page_age: null }],
    options: { anthropic: { type: "web_search_tool_result" } }
  }
  const use = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "x" } }
  const gave = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: found.result }

  it("go back with their results", () => {
    const input = { prompt: [says(text("a")), assistant(search, found, text("b")), says(text("c"))] }
    expect(body(input).messages[1].content).toEqual([use, gave, block("b")])
    expect(losses(input)).toEqual([])
  })

  it("go on where the turn was paused, on models that continue no text too", () => {
    const input = { prompt: [says(text("a")), assistant(text("I search."), search)] }
    expect(body(input, "claude-opus-5-5").messages[1].content).toEqual([block("I search."), use])
  })

  it("keep a result that came after the pause", () => {
    const { messages } = body({
      prompt: [says(text("a")), assistant(search), assistant(found, text("b")), says(text("c"))]
    })
    expect(messages[1].content).toEqual([use, gave, block("b")])
  })

  it("are lost when another vendor ran them", () => {
    const foreign = [{ ...search, id: "ws_1" }, { ...found, id: "ws_1", options: {} }]
    const input = { prompt: [says(text("a")), assistant(...foreign, text("b")), says(text("c"))] }
    expect(body(input).messages[1].content).toEqual([block("b")])
    expect(losses(input)).toEqual(["prompt.1.content.0", "prompt.1.content.1"])
  })

  it("keep the citations of a text, without what requests refuse", () => {
    const citation = {
      type: "char_location",
      cited_text: "x",
      document_index: 0,
      document_title: null,
      start_char_index: 0,
      end_char_index: 1
    }
    const input = {
      prompt: [
        says(text("a")),
        assistant(text("b", { citations: [{ ...citation, file_id: "f" }, { type: "?" }] })),
        says(text("c"))
      ]
    }
    expect(body(input).messages[1].content[0].citations).toEqual([citation])
    expect(losses(input)).toEqual(["prompt.1.content.0.options.anthropic.citations.1"])
  })
})

describe("cache marks", () => {
  it("stand on the system, a message's last block, a part and a result", () => {
    const { messages, system: front } = body({
      prompt: [
        system("Be short.", { cacheControl: { type: "ephemeral", ttl: "1h" } }),
        { ...says(text("a"), text("b")), options: { anthropic: { cacheControl: true } } },
        assistant(call("c1")),
        tool(result("c1", "sunny", { options: { anthropic: { cacheControl: ephemeral } } })),
        assistant(text("c", { cacheControl: ephemeral })),
        says(text("d"))
      ]
    })
    expect(front).toEqual([{ ...block("Be short."), cache_control: { type: "ephemeral", ttl: "1h" } }])
    expect(messages[0].content).toEqual([block("a"), { ...block("b"), cache_control: ephemeral }])
    expect(messages[2].content[0].cache_control).toEqual(ephemeral)
    expect(messages[3].content[0].cache_control).toEqual(ephemeral)
  })

  it("are at most four: the first are lost", () => {
    const input = {
      prompt: [
        system("s", { cacheControl: true }),
        says(...["a", "b", "c", "d"].map((each) => text(each, { cacheControl: true })))
      ]
    }
    expect(body(input).system[0].cache_control).toBeUndefined()
    expect(body(input).messages[0].content.every((each: any) => each.cache_control !== undefined)).toBe(true)
    expect(losses(input)).toEqual(["prompt"])
  })

  it("inside of a result count too", () => {
    const part = (each: string) => text(each, { cacheControl: true })
    const modelOutput = ["a", "b", "c"].map(part)
    const marked = { modelOutput, options: { anthropic: { cacheControl: true } } }
    const input = {
      prompt: [says(text("a")), assistant(call("c1")), tool(result("c1", {}, marked)), says(part("d"))]
    }
    const [given] = body(input).messages[2].content
    expect(given.content.map((each: any) => each.cache_control)).toEqual([undefined, ephemeral, ephemeral])
    expect(given.cache_control).toEqual(ephemeral)
    expect(losses(input)).toEqual(["prompt"])
  })

  it("that are none are lost, and so are other vendors' options", () => {
    const input = user({
      type: "text",
      text: "a",
      options: { anthropic: { cacheControl: "yes", x: 1 }, openai: { y: 2 } }
    })
    expect(losses(input)).toEqual([
      "prompt.0.content.0.options.anthropic.x",
      "prompt.0.content.0.options.openai",
      "prompt.0.content.0.options.anthropic.cacheControl"
    ])
  })
})

describe("a text to be continued", () => {
  const begun = { prompt: [says(text("Sing.")), assistant(text("La la \n"))] }

  it("goes without white space at its end", () => {
    expect(body(begun).messages[1].content).toEqual([block("La la")])
    expect(losses(begun)).toEqual(["prompt"])
  })

  it("is an UnsupportedFeature where the model takes none, or a format is asked for", () => {
    expect(failure(begun, "claude-opus-4-6")?._tag).toBe("UnsupportedFeature")
    const responseFormat = { type: "json-schema", name: "a", schema: { type: "object", properties: {} } }
    expect(failure({ ...begun, responseFormat })?._tag).toBe("UnsupportedFeature")
  })

  it("does not end with thinking", () => {
    const thought = { type: "reasoning", text: "hm", options: { anthropic: { signature: "s" } } }
    const input = { prompt: [says(text("Sing.")), assistant(thought)] }
    expect(body(input, "claude-opus-5-5").messages).toEqual([{ role: "user", content: [block("Sing.")] }])
  })
})

describe("any conversation", () => {
  const words = fc.constantFrom("a", "b ", " ", "é\n")
  const id = fc.constantFrom("c1", "c:1", "c_1", "ü")
  const options = fc.constantFrom(undefined, { anthropic: { signature: "s" } }, { openai: { x: 1 } })
  const message = fc.oneof(
    words.map((content) => system(`s${content}`)),
    fc.array(words, { minLength: 1, maxLength: 3 }).map((all) => says(...all.map((each) => text(each)), text("x"))),
    fc.array(
      fc.oneof(
        words.map((each) => text(each)),
        id.map((each) => call(each)),
        id.map((each) => result(each)),
        options.map((options) => ({ type: "reasoning", text: "hm", ...(options && { options }) }))
      ),
      { minLength: 1, maxLength: 4 }
    ).map((all) => assistant(...all)),
    fc.array(id.map((each) => result(each)), { minLength: 1, maxLength: 3 }).map((all) => tool(...all))
  )

  it("alternates, begins with the user, and answers every call at the beginning of the next turn", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 9 }), (prompt) => {
        const { messages } = encoded({ prompt }).body
        expect(messages.length).toBeGreaterThan(0)
        const seen = new Set<string>()
        for (const [index, { content, role }] of messages.entries()) {
          expect(role).toBe(index % 2 === 0 ? "user" : "assistant")
          expect(content.length).toBeGreaterThan(0)
          for (const each of content) if (each.type === "text") expect(each.text.trim()).not.toBe("")
          const ids = content.flatMap((each) => each.type === "tool_use" ? [each.id] : [])
          for (const each of ids) {
            expect(each).toMatch(/^[a-zA-Z0-9_-]+$/)
            expect(seen.has(each)).toBe(false)
            seen.add(each)
          }
          const next = messages[index + 1]?.content ?? []
          const results = next.slice(0, ids.length).flatMap((each) =>
            each.type === "tool_result" ? [each.tool_use_id] : []
          )
          expect(results.toSorted()).toEqual(ids.toSorted())
          expect(next.slice(ids.length).some((each) => each.type === "tool_result")).toBe(false)
        }
      }),
      { numRuns: 300 }
    )
  })
})
