import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const ci = process.env["CI"] !== undefined && process.env["CI"] !== ""

// `source` makes `llmdispatcher/...` mean src/, in tests as in examples and types.
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: { conditions: ["source", "node", "development|production"] },
  ssr: { resolve: { conditions: ["source", "node", "development|production"] } },
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    reporters: ci ? ["default", "json"] : ["default"],
    outputFile: { json: "node_modules/.cache/llmdispatcher/vitest.json" },
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "html", "json-summary"] }
  }
})
