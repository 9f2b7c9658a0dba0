#!/usr/bin/env node
/**
 * The entry of the command line.
 *
 * @since 0.1.0
 */
import { enableCompileCache } from "node:module"

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND" &&
  /'(effect|@effect\/platform-node)'/.test(error.message)

// Before anything large is loaded, and so by a dynamic import: it takes a third off the time to start.
enableCompileCache()
try {
  const { main } = await import("./Main.ts")
  main()
} catch (error) {
  if (!isMissing(error)) throw error
  // Who uses only the library need not have the platform, so npm does not install it by itself.
  process.stderr.write(
    "llmdispatcher: the command line needs two more packages: npm install effect @effect/platform-node\n"
  )
  process.exitCode = 2
}
