import { describe, expect, it } from "@effect/vitest"
import type { Headers } from "../../src/gateway/Call.ts"
import * as Open from "../../src/gateway/Open.ts"

const json = "application/json"
const refused = (headers: Headers, method = "POST") => Open.guard(headers, method)?.status

describe("open mode", () => {
  it("listens on addresses of this machine alone", () => {
    for (const host of ["127.0.0.1", "127.255.255.254", "localhost", "::1", "[::1]"]) {
      expect([host, Open.isLoopback(host)]).toEqual([host, true])
    }
    for (
      const host of [
        "0.0.0.0",
        "::",
        "",
        "192.168.1.1",
        "example.test",
        "localhost.example.test",
        "128.0.0.1",
        "127.0.0.1.example.test",
        "1127.0.0.1"
      ]
    ) {
      expect([host, Open.isLoopback(host)]).toEqual([host, false])
    }
  })

  it("answers this machine's own programs under each of its names", () => {
    for (
      const host of ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3:1", "[::1]", "[::1]:8080"]
    ) {
      expect([host, refused({ host, "content-type": json })]).toEqual([host, undefined])
      expect([host, refused({ host }, "GET")]).toEqual([host, undefined])
    }
  })

  it("refuses a name that was bound to this machine by somebody else, and every other forged host", () => {
    const hosts = [
      "evil.test",
      "evil.test:8080",
      "localhost.evil.test",
      "127.0.0.1.evil.test",
      "127.0.0.1.nip.io:80",
      "evil.test:127.0.0.1",
      "0.0.0.0",
      "[::]",
      "192.168.0.1",
      "169.254.169.254",
      "[::ffff:127.0.0.1]",
      "127.1",
      "2130706433",
      "0x7f.0.0.1",
      "localhost, evil.test",
      "localhost@evil.test",
      "user@localhost",
      " localhost",
      "",
      "localhost\u0000.evil.test",
      "127.0.0.1:80:80"
    ]
    for (const host of hosts) expect([host, refused({ host, "content-type": json })]).toEqual([host, 403])
  })

  it("believes no header that tells of another host or address", () => {
    const forged = {
      "x-forwarded-host": "localhost",
      "x-forwarded-for": "127.0.0.1",
      forwarded: "for=127.0.0.1;host=localhost"
    }
    expect(refused({ host: "evil.test", "content-type": json, ...forged })).toBe(403)
    const evil = { "x-forwarded-host": "evil.test", "x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6" }
    expect(refused({ host: "localhost", "content-type": json, ...evil })).toBeUndefined()
  })

  it("refuses pages of every origin but its own", () => {
    const host = "127.0.0.1:8080"
    for (
      const origin of [
        "http://evil.test",
        "null",
        "",
        "https://127.0.0.1:8080",
        "http://127.0.0.1:3000",
        "http://localhost:8080",
        "file://"
      ]
    ) {
      expect([origin, refused({ host, origin, "content-type": json })]).toEqual([origin, 403])
      expect([origin, refused({ host, origin }, "OPTIONS")]).toEqual([origin, 403])
      expect([origin, refused({ host, origin }, "GET")]).toEqual([origin, 403])
    }
    expect(refused({ host, origin: `http://${host}`, "content-type": json })).toBeUndefined()
  })

  it("refuses bodies that browsers send for any page without asking", () => {
    const types = [
      undefined,
      "",
      "text/plain",
      "text/plain;application/json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=application/json",
      "text/json",
      "x application/json",
      "application/jsonp"
    ]
    for (const type of types) expect([type, refused({ host: "localhost", "content-type": type })]).toEqual([type, 415])
    for (const type of [json, "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"]) {
      expect([type, refused({ host: "localhost", "content-type": type })]).toEqual([type, undefined])
    }
  })

  it("takes no time over a type made to be looked at for long", () => {
    const begun = performance.now()
    expect(refused({ host: "localhost", "content-type": `application/${"+a".repeat(15_000)}` })).toBe(415)
    expect(performance.now() - begun).toBeLessThan(1_000)
  })
})
