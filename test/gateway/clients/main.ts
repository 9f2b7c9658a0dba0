/** The table of clients × vendors: `npm run clients`, and behind `--` a part of a pair's names to see only those. */
import "./conditions.ts"

await import("./table.ts")
