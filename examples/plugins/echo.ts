// A vendor as a plugin: its name, its version, what can be configured, and the Layer that makes it.
import { Effect, Schema } from "effect"
import { Vendor, VendorPlugin } from "llmdispatcher"

class Echo extends Vendor.Service<Echo>()("echo") {}

const usage = { inputTokens: {}, outputTokens: {} }

export default VendorPlugin.make({
  name: "echo",
  version: "1.0.0",
  config: Schema.Struct({ prefix: Schema.String }),
  service: Echo,
  layer: ({ prefix }) =>
    Echo.layerOf(Vendor.make({
      name: "echo",
      defaultModel: "echo-1",
      send: ({ request }) => {
        const said = request.prompt.content.flatMap((message) =>
          message.role === "user" ? message.content.map((part) => part.type === "text" ? part.text : "") : []
        )
        const text = `${prefix} ${said.join(" ")}`
        return Effect.succeed({
          parts: [{ type: "text", text }, { type: "finish", reason: "stop", usage }],
          losses: []
        })
      }
    }))
})
