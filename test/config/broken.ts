/** Documents that the sample schema refuses, each with all that is said of it. */
export const broken: ReadonlyArray<readonly [what: string, text: string, lines: ReadonlyArray<string>]> = [
  ["a list", "- a\n- b\n", ["llmdispatcher.yaml: must be a block of keys, got a list"]],
  ["a text", "hello\n", ["llmdispatcher.yaml: must be a block of keys, got a text"]],
  ["a tab", "timeouts:\n\ttotal: 3s\n", ["llmdispatcher.yaml:2: a tab in the indentation; use spaces"]],
  ["a key twice", "name: a\nverbose: true\nname: b\n", ["llmdispatcher.yaml:3: `name` stands here twice"]],
  ["a key twice in brackets", "limits:\n  {least: 1, most: 2,\n   least: 3}\n", [
    "llmdispatcher.yaml:3: `least` stands here twice"
  ]],
  ["an alias of nothing", "name: *hunter2secret\n", [
    "llmdispatcher.yaml:1: an alias (`*`) that no anchor (`&`) defines; quote a text that begins with `*`"
  ]],
  ["a colon in a text", "name: a\nrule: b: c\n", [
    "llmdispatcher.yaml:2: a key where none can be: indent it like those around it, or quote a text that holds `: `"
  ]],
  ["an open list", "name: a\nvendors: {a: [1, 2}\n", [
    "llmdispatcher.yaml:2: a list or block in brackets is not well formed"
  ]],
  ["an open quote", "name: \"abc\nverbose: true\n", [
    "llmdispatcher.yaml:2: a quoted text goes on at the left of its key, or does not end"
  ]],
  ["a bad escape", "name: a\nrule:\n  model: \"C:\\path\"\n", [
    "llmdispatcher.yaml:3: an escape that YAML does not know; write `\\\\` for a backslash"
  ]],
  ["wrong indentation", "timeouts:\n  total: 3s\n firstToken: 2s\n", [
    "llmdispatcher.yaml:3: unexpected indentation of 1 spaces"
  ]],
  ["two documents", "name: a\n---\nname: b\n", [
    "llmdispatcher.yaml:2: a second document begins; a configuration is one"
  ]],
  ["a variable in brackets without quotes", "name: a\nlimits: {least: ${LEAST}, most: 3}\n", [
    "llmdispatcher.yaml:2: a list or block in brackets is not well formed; between brackets, put `${…}` in quotes"
  ]],
  ["an unknown key", "name: a\nstratgy: fastest\n", [
    "llmdispatcher.yaml:2: stratgy: is not known here; did you mean `strategy`?"
  ]],
  ["an unknown key like no other", "timeouts:\n  zebra: 3s\n", [
    "llmdispatcher.yaml:2: timeouts.zebra: is not known here; known are total, firstToken"
  ]],
  ["an unknown key deep down", "routes:\n  default:\n    targets: [a]\n    fallbak: b\n", [
    "llmdispatcher.yaml:4: routes.default.fallbak: is not known here; did you mean `fallback`?"
  ]],
  ["a key of a list's item", "routes:\n  default:\n    targets:\n      - a\n      - target: b\n        wieght: 2\n", [
    "llmdispatcher.yaml:6: routes.default.targets.1.wieght: is not known here; did you mean `weight`?"
  ]],
  ["a mistyped key that was needed", "rule:\n  modle: a\n", [
    "llmdispatcher.yaml:2: rule.modle: is not known here; did you mean `model`?"
  ]],
  ["a missing key", "rule:\n  else:\n    model: b\n", [
    "llmdispatcher.yaml:1: rule.model: is missing, must be a text"
  ]],
  ["a text for a number", "maxAttempts: many\n", [
    "llmdispatcher.yaml:1: maxAttempts: must be a whole number, got \"many\""
  ]],
  ["a number that is too small", "maxAttempts: 0\n", ["llmdispatcher.yaml:1: maxAttempts: must be at least 1, got 0"]],
  ["a part of a number", "maxAttempts: 1.5\n", [
    "llmdispatcher.yaml:1: maxAttempts: must be a whole number, got 1.5"
  ]],
  ["infinity", "maxAttempts: .inf\n", ["llmdispatcher.yaml:1: maxAttempts: must be a whole number, got Infinity"]],
  ["a number for a text", "name: 5\n", ["llmdispatcher.yaml:1: name: must be a text, got 5"]],
  ["a key without its value", "name: a\ntimeouts:\nverbose: true\n", [
    "llmdispatcher.yaml:2: timeouts: must be a block of keys, got nothing"
  ]],
  ["a time without its unit", "timeouts:\n  total: 30\n", [
    "llmdispatcher.yaml:2: timeouts.total: must be a time with its unit, such as 30s, got 30"
  ]],
  ["a time that is none", "timeouts:\n  total: soon\n", [
    "llmdispatcher.yaml:2: timeouts.total: must be a time with its unit, such as 30s, got \"soon\""
  ]],
  ["a mistyped choice", "strategy: fastet\n", [
    "llmdispatcher.yaml:1: strategy: must be one of ordered, weighted, fastest or cheapest, got \"fastet\"; did you mean `fastest`?"
  ]],
  ["a choice like no other", "strategy: zebra\n", [
    "llmdispatcher.yaml:1: strategy: must be one of ordered, weighted, fastest or cheapest, got \"zebra\""
  ]],
  ["yes for true", "verbose: yes\n", ["llmdispatcher.yaml:1: verbose: must be true or false, got \"yes\""]],
  ["true where only false can be", "cache: true\n", [
    "llmdispatcher.yaml:1: cache: must be false or a block of keys, got true"
  ]],
  ["a block with a wrong key where false could be", "cache:\n  tll: 5m\n", [
    "llmdispatcher.yaml:2: cache.tll: is not known here; did you mean `ttl`?"
  ]],
  ["a wrong word where a number could be", "workers: aut\n", [
    "llmdispatcher.yaml:1: workers: must be a whole number or auto, got \"aut\"; did you mean `auto`?"
  ]],
  ["a mistyped kind", "vendors:\n  a:\n    kind: opnai\n    apiKey: sk-0123456789\n", [
    "llmdispatcher.yaml:3: vendors.a.kind: must be one of openai, ollama or llama-cpp, got \"opnai\"; did you mean `openai`?"
  ]],
  ["no kind", "vendors:\n  a:\n    port: 80\n", [
    "llmdispatcher.yaml:2: vendors.a.kind: is missing, must be one of openai, ollama or llama-cpp"
  ]],
  ["what the kind does not know", "vendors:\n  a:\n    kind: ollama\n    apiKey: sk-0123456789\n", [
    "llmdispatcher.yaml:4: vendors.a.apiKey: is not known here; known are kind, address, port"
  ]],
  ["a kind without its key", "vendors:\n  a:\n    kind: openai\n", [
    "llmdispatcher.yaml:2: vendors.a.apiKey: is missing, must be a text"
  ]],
  ["a key where a vendor should be", "vendors:\n  a: sk-0123456789\n", [
    "llmdispatcher.yaml:2: vendors.a: must be a block of keys, got a text"
  ]],
  ["a secret that is too short", "vendors:\n  a:\n    kind: openai\n    apiKey: hunter2\n", [
    "llmdispatcher.yaml:4: vendors.a.apiKey: must have a length of at least 8"
  ]],
  ["a redacted value that is too short", "vendors:\n  a:\n    kind: llama-cpp\n    model: m\n    token: abc\n", [
    "llmdispatcher.yaml:5: vendors.a.token: must have a length of at least 4"
  ]],
  ["a redacted number", "headers:\n  authorization: 12345678\n", [
    "llmdispatcher.yaml:2: headers.authorization: must be a text"
  ]],
  ["a port out of range", "vendors:\n  a: {kind: ollama, port: 70000}\n", [
    "llmdispatcher.yaml:2: vendors.a.port: must be from 1 to 65535, got 70000"
  ]],
  ["a sentence of the schema's own", "vendors:\n  a:\n    kind: ollama\n    address: gopher\n", [
    "llmdispatcher.yaml:4: vendors.a.address: must be an address, and \"gopher\" is none, got \"gopher\""
  ]],
  ["an empty list", "routes:\n  a:\n    targets: []\n", [
    "llmdispatcher.yaml:3: routes.a.targets: must not be empty"
  ]],
  ["an item of the wrong type", "routes:\n  a:\n    targets:\n    - a\n    - 3\n", [
    "llmdispatcher.yaml:5: routes.a.targets.1: must be a text or a block of keys, got 3"
  ]],
  ["an empty text", "routes:\n  a:\n    targets:\n    - \"\"\n", [
    "llmdispatcher.yaml:4: routes.a.targets.0: must not be empty, got \"\""
  ]],
  ["settings at odds with each other", "limits:\n  least: 3\n  most: 1\n", [
    "llmdispatcher.yaml:3: limits.most: must not be below `least`, got 1"
  ]],
  ["something deep in itself", "rule:\n  model: a\n  else:\n    model: b\n    else:\n      model: 3\n", [
    "llmdispatcher.yaml:6: rule.else.else.model: must be a text, got 3"
  ]],
  ["a name with a dot", "routes:\n  gpt-5.1 mini:\n    targets: [a]\n    strategy: 3\n", [
    "llmdispatcher.yaml:4: routes.\"gpt-5.1 mini\".strategy: must be one of ordered, weighted, fastest or cheapest, got 3"
  ]],
  ["a long value", `maxAttempts: ${"a".repeat(100)}\n`, [
    `llmdispatcher.yaml:1: maxAttempts: must be a whole number, got "${"a".repeat(59)}…`
  ]],
  ["a variable that is not set", "name: ${OPENAI_APIKEY}\n", [
    "llmdispatcher.yaml:1: name: `OPENAI_APIKEY` is not set; did you mean `OPENAI_API_KEY`?"
  ]],
  ["a variable like no other", "name: ${ZEBRA}\n", ["llmdispatcher.yaml:1: name: `ZEBRA` is not set"]],
  ["a variable that is no number", "maxAttempts: ${OPENAI_API_KEY}\n", [
    "llmdispatcher.yaml:1: maxAttempts: must be a whole number, got ${OPENAI_API_KEY}"
  ]],
  ["an interpolation that is not closed", "name: a${b\n", [
    "llmdispatcher.yaml:1: name: a `${` is not closed: write `${NAME}`, `${NAME:-default}` or `${file:path}`, and `$${` where `${` itself is meant"
  ]],
  ["an interpolation of no name", "name: ${a-b}\n", [
    "llmdispatcher.yaml:1: name: a `${` names no variable: write `${NAME}`, `${NAME:-default}` or `${file:path}`, and `$${` where `${` itself is meant"
  ]],
  ["a file that is not there", "headers:\n  a: ${file:secrets/a}\n", [
    "llmdispatcher.yaml:2: headers.a: the file secrets/a is not there"
  ]],
  [
    "several things at once, in the document's order",
    "verbose: 1\nname: 2\nfoo: 3\nmaxAttempts: ${ZEBRA}\nrule: {}\n",
    [
      "llmdispatcher.yaml:1: verbose: must be true or false, got 1",
      "llmdispatcher.yaml:2: name: must be a text, got 2",
      "llmdispatcher.yaml:3: foo: is not known here; known are name, maxAttempts, timeouts, strategy, cache, workers, verbose, vendors, routes, limits, rule, headers",
      "llmdispatcher.yaml:4: maxAttempts: `ZEBRA` is not set",
      "llmdispatcher.yaml:5: rule.model: is missing, must be a text"
    ]
  ]
]
