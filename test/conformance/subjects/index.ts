/** Every vendor under the suite. */
import type { Subject } from "../Subject.ts"
import { openai } from "./openai.ts"

export const subjects: ReadonlyArray<Subject> = [
  openai
]
