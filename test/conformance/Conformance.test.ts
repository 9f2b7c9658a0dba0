import { describe, it } from "@effect/vitest"
import { cells } from "./run.ts"
import { subjects } from "./subjects/index.ts"

describe.each(subjects.map((subject) => [subject.name, subject] as const))("%s", (_, subject) => {
  for (const { absent, name, run } of cells(subject)) {
    // What a vendor lacks is told by the table of `npm run conformance`, with its reason.
    if (absent === undefined) it.live(name, () => run)
  }
})
