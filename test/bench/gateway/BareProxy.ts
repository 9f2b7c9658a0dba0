/**
 * The reference: `node:http` in front, undici's lowest call behind, bytes passed on as they come, nothing looked at.
 */
import { Agent } from "@effect/platform-node/Undici"
import { createServer } from "node:http"

const upstream = process.argv[2]!
const agent = new Agent({ connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })

const server = createServer({ noDelay: true }, (request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    agent.dispatch({
      origin: upstream,
      path: request.url!,
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer bench" },
      body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    }, {
      onRequestStart: (controller) => {
        response.on("close", () => {
          if (!response.writableFinished) controller.abort(new Error("the caller went"))
        })
      },
      onResponseStart: (_, status, headers) => {
        const length = headers["content-length"]
        const told: Record<string, string> = { "content-type": String(headers["content-type"]) }
        if (length !== undefined) told["content-length"] = String(length)
        response.writeHead(status, told)
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return
        controller.pause()
        response.once("drain", () => controller.resume())
      },
      onResponseEnd: () => response.end(),
      onResponseError: () => response.destroy()
    })
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  console.error(`listens on http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`)
})
