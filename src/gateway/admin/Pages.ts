/**
 * The page that a person finds at the gateway's own address. It loads nothing from anywhere.
 *
 * @since 0.1.0
 */
import { dialects, service } from "./Description.ts"

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[sign]!)

const rows = (operations: ReadonlyArray<{ method: string; path: string; summary: string }>): string =>
  operations.map(({ method, path, summary }) =>
    `<tr><td>${method.toUpperCase()}</td><td><code>${escaped(path)}</code></td><td>${escaped(summary)}</td></tr>`
  ).join("\n")

const bases: Readonly<Record<string, string>> = {
  OpenAI: "OPENAI_BASE_URL is this address and /v1",
  Anthropic: "ANTHROPIC_BASE_URL is this address",
  Gemini: "GOOGLE_GEMINI_BASE_URL is this address",
  Ollama: "OLLAMA_HOST is this address"
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const start = (version: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>llmdispatcher</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
td { padding: .1rem 1rem .1rem 0; vertical-align: top }
table { display: block; overflow-x: auto }
</style>
</head>
<body>
<h1>llmdispatcher ${escaped(version)}</h1>
<p>Any client, any vendor, one address. <a href="docs">The whole API</a> as a page, <a href="openapi.json">as a
document</a>.</p>
${
    Object.entries(dialects).map(([name, operations]) =>
      `<h2>${name}</h2>\n<p>${escaped(bases[name] ?? "")}.</p>\n<table>\n${rows(operations)}\n</table>`
    ).join("\n")
  }
<h2>Service</h2>
<table>
${rows(service)}
</table>
</body>
</html>
`
