/**
 * Times contenders side by side: rounds alternate their order, the figure is the median of the rounds.
 */

export interface Contender {
  readonly name: string
  /** Does the work `times` times. */
  readonly run: (times: number) => Promise<unknown>
  /** What one run of the work counts as, as in the parts of one stream. */
  readonly units?: number
}

export interface Figure {
  readonly name: string
  readonly microseconds: number
  readonly bytes: number
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

/** Heap growth over a batch small enough that no collection happens in it (see the semi-space size of the command). */
const allocated = async (contender: Contender, times: number): Promise<number> => {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await contender.run(times)
  return (process.memoryUsage().heapUsed - before) / times
}

const timed = async (contender: Contender, times: number): Promise<number> => {
  const start = process.hrtime.bigint()
  await contender.run(times)
  return Number(process.hrtime.bigint() - start) / 1000 / times
}

export const measure = async (
  contenders: ReadonlyArray<Contender>,
  options: { readonly rounds: number; readonly times: number }
): Promise<ReadonlyArray<Figure>> => {
  const samples = new Map(contenders.map(({ name }) => [name, [] as Array<number>]))
  // The compiler settles during these.
  for (let round = 0; round < 5; round++) for (const contender of contenders) await contender.run(options.times)
  for (let round = 0; round < options.rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    // No forced collection in between: it gives the young generation's pages back, and whoever comes next pays for them.
    for (const contender of order) samples.get(contender.name)!.push(await timed(contender, options.times))
  }
  const figures: Array<Figure> = []
  for (const contender of contenders) {
    const bytes: Array<number> = []
    for (let round = 0; round < 5; round++) bytes.push(await allocated(contender, Math.min(options.times, 100)))
    const units = contender.units ?? 1
    figures.push({
      name: contender.name,
      microseconds: median(samples.get(contender.name)!) / units,
      bytes: median(bytes) / units
    })
  }
  return figures
}

const cell = (text: string, width: number) => text.padStart(width)

/** A Markdown table; ratios are to the row named as the base. */
export const table = (title: string, figures: ReadonlyArray<Figure>, base: string): string => {
  const of = figures.find(({ name }) => name === base)!.microseconds
  const width = Math.max(...figures.map(({ name }) => name.length), title.length)
  const rows = figures.map(({ bytes, microseconds, name }) =>
    `| ${name.padEnd(width)} | ${cell(microseconds.toFixed(2), 8)} | ${cell((microseconds / of).toFixed(2), 7)} | ${
      cell(Math.round(bytes).toLocaleString("en-US"), 9)
    } |`
  )
  return [
    `| ${title.padEnd(width)} | ${cell("µs", 8)} | ${cell("ratio", 7)} | ${cell("bytes", 9)} |`,
    `| ${"-".repeat(width)} | ${"-".repeat(7)}: | ${"-".repeat(6)}: | ${"-".repeat(8)}: |`,
    ...rows
  ].join("\n")
}
