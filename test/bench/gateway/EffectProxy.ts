/**
 * A proxy as effect's own documentation would have it: its server, its router, its client, no policy at all.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

const upstream = process.argv[2]!

const Routes = HttpRouter.add("POST", "/v1/chat/completions", (request) =>
  Effect.gen(function*() {
    const body = yield* request.text
    const response = yield* HttpClientRequest.post(`${upstream}/v1/chat/completions`).pipe(
      HttpClientRequest.bearerToken("bench"),
      HttpClientRequest.bodyText(body, "application/json"),
      HttpClient.execute
    )
    return HttpServerResponse.stream(response.stream, {
      status: response.status,
      contentType: response.headers["content-type"] ?? "application/json"
    })
  }).pipe(Effect.orDie))

const Told = Layer.effectDiscard(HttpServer.addressFormattedWith((address) => Console.error(`listens on ${address}`)))

const Server = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.merge(Told),
  Layer.provide(NodeHttpServer.layer(() => createServer({ noDelay: true }), { port: 0, host: "127.0.0.1" })),
  Layer.provide(
    NodeHttpClient.layerUndiciOptions({ connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  )
)

NodeRuntime.runMain(Layer.launch(Server))
