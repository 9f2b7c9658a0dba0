/**
 * The load: a number of connections, each of which asks again as soon as it has its answer, and looks at every answer.
 *
 * A process of its own; told what to do by its parent, a {@link Task} at a time.
 */
import { connect, type Socket } from "node:net"
import { HttpReader } from "./HttpReader.ts"
import { body, mark, type Script, Words } from "./Script.ts"

export interface Task {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly script: Script
  readonly connections: number
  /** Milliseconds until nothing more is asked; absent where each connection asks once. */
  readonly duration?: number | undefined
  /** Milliseconds over which the connections begin. */
  readonly ramp: number
  /** Milliseconds that are waited for answers after the last was asked for. */
  readonly patience: number
}

export interface Result {
  /** Answers that came whole while the measure ran. */
  readonly answers: number
  readonly events: number
  /** All that came, also after the measure: answers, or the events of streams. */
  readonly units: number
  /** Answers that came with another status, or not as they were sent. */
  readonly wrong: number
  /** Answers that had not ended when patience did, or whose connection broke. */
  readonly lost: number
  /** What the first wrong or lost one was. */
  readonly complaint: string | undefined
  /** Milliseconds. */
  readonly elapsed: number
  /** Milliseconds until the whole answer, and until its first word. */
  readonly latency: Quantiles
  readonly first: Quantiles
}

export interface Quantiles {
  readonly p50: number
  readonly p99: number
}

const quantiles = (samples: Array<number>): Quantiles => {
  const sorted = Float64Array.from(samples).sort()
  const at = (quantile: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? NaN
  return { p50: at(0.5), p99: at(0.99) }
}

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.removeListener("error", reject)
      resolve(socket)
    })
  })

/** A server's queue of connections that it has not taken yet is short. */
const openAll = async (port: number, count: number): Promise<ReadonlyArray<Socket>> => {
  const sockets: Array<Socket> = []
  while (sockets.length < count) {
    sockets.push(
      ...await Promise.all(Array.from({ length: Math.min(100, count - sockets.length) }, () => opened(port)))
    )
  }
  return sockets
}

const run = async (task: Task): Promise<Result> => {
  const { connections, duration, headers, path, patience, port, ramp, script } = task
  const text = body(script)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n${lines}content-length: ${
      Buffer.byteLength(text)
    }\r\n\r\n${text}`
  )
  const latencies: Array<number> = []
  const firsts: Array<number> = []
  let answers = 0
  let events = 0
  let units = 0
  let wrong = 0
  let lost = 0
  let complaint: string | undefined
  let last = 0
  const sockets = await openAll(port, connections)
  const start = performance.now()
  const until = duration === undefined ? Infinity : start + duration

  await new Promise<void>((resolve) => {
    let open = connections
    const closed = () => {
      open -= 1
      if (open === 0) {
        clearTimeout(timer)
        resolve()
      }
    }
    const giveUp = () => {
      for (const socket of sockets) socket.destroy()
    }
    const timer = setTimeout(giveUp, (duration ?? ramp) + patience)

    const drive = (socket: Socket) => {
      let asked = 0
      let isWaiting = false
      let isFine = false
      let status = ""
      let words = new Words()
      let first = 0
      let tail = ""
      const ask = () => {
        words = new Words()
        first = 0
        tail = ""
        isWaiting = true
        asked = performance.now()
        socket.write(request)
      }
      const answered = () => {
        isWaiting = false
        const now = performance.now()
        const isWhole = script.events === 0
          ? isFine && words.count > 0
          : isFine && words.isInOrder && words.count === script.events && tail.includes("[DONE]")
        if (isWhole) {
          // What ends after the measure counts as whole, but not as throughput.
          if (now <= until) {
            answers += 1
            last = now
          }
          if (script.events === 0) units += 1
          latencies.push(now - asked)
          firsts.push(first - asked)
        } else {
          wrong += 1
          complaint ??= `${status} ${words.count} of ${script.events} words, ${words.isInOrder}, ends in ${tail}`
        }
        if (duration !== undefined && now < until) ask()
        else socket.destroy()
      }
      const reader = new HttpReader({
        head: (text) => {
          status = text.slice(9, 12)
          isFine = status === "200"
        },
        data: (bytes) => {
          if (script.events === 0) {
            if (bytes.includes(mark)) words.count = 1
            else if (!isFine) tail = (tail + bytes.toString("latin1")).slice(-300)
          } else {
            const before = words.count
            words.feed(bytes)
            tail = bytes.length > 100
              ? bytes.toString("latin1", bytes.length - 100)
              : (tail + bytes.toString("latin1")).slice(-100)
            const now = performance.now()
            if (first === 0 && words.count > 0) first = now
            units += words.count - before
            if (now <= until) events += words.count - before
          }
        },
        end: answered
      })
      socket.on("data", (bytes) => reader.feed(bytes))
      socket.on("error", (error) => {
        complaint ??= error.message
      })
      socket.on("close", () => {
        if (isWaiting) {
          lost += 1
          complaint ??= `lost after ${words.count} of ${script.events} words`
        }
        closed()
      })
      ask()
    }

    if (ramp === 0) sockets.forEach(drive)
    else sockets.forEach((socket, index) => setTimeout(() => drive(socket), ramp * index / connections))
  })
  return {
    answers,
    events,
    units,
    wrong,
    lost,
    complaint,
    elapsed: duration ?? Math.max(0, last - start),
    latency: quantiles(latencies),
    first: quantiles(firsts)
  }
}

if (process.send !== undefined) {
  process.on("message", (task: Task) => {
    void run(task).then((result) => process.send!(result))
  })
  process.on("disconnect", () => process.exit())
}
