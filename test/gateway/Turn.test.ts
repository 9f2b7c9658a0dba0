import { describe, expect, it } from "@effect/vitest"
import { EventEmitter } from "node:events"
import { inTurn } from "../../src/gateway/Turn.ts"

const connection = () => {
  const socket = { destroyed: false, destroy: () => socket.destroyed = true }
  return socket
}

const make = () => {
  const handled: Array<string> = []
  const handle = inTurn<{ readonly socket: ReturnType<typeof connection>; readonly name: string }, EventEmitter>(
    ({ name }) => handled.push(name)
  )
  const call = (socket: ReturnType<typeof connection>, name: string) => {
    const response = new EventEmitter()
    handle({ socket, name }, response)
    return () => response.emit("close")
  }
  return { call, handled }
}

describe("turns", () => {
  it("of one connection come one after the other, those of others at once", () => {
    const { call, handled } = make()
    const [one, other] = [connection(), connection()]
    const endA = call(one, "a")
    const endB = call(one, "b")
    call(one, "c")
    call(other, "x")
    expect(handled).toEqual(["a", "x"])
    endA()
    expect(handled).toEqual(["a", "x", "b"])
    endB()
    expect(handled).toEqual(["a", "x", "b", "c"])
  })

  it("begin at once where nobody is before", () => {
    const { call, handled } = make()
    const socket = connection()
    for (const name of ["a", "b", "c"]) call(socket, name)()
    expect(handled).toEqual(["a", "b", "c"])
  })

  it("never come once the connection is gone", () => {
    const { call, handled } = make()
    const socket = connection()
    const end = call(socket, "a")
    call(socket, "b")
    socket.destroy()
    end()
    expect(handled).toEqual(["a"])
  })

  it("beyond 32 that wait close the connection", () => {
    const { call, handled } = make()
    const socket = connection()
    for (let at = 0; at <= 32; at++) call(socket, String(at))
    expect(socket.destroyed).toBe(false)
    call(socket, "one too many")
    expect([socket.destroyed, handled]).toEqual([true, ["0"]])
  })
})
