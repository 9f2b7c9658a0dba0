import { Redacted } from "effect"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import * as Database from "../../src/sql/Database.ts"

describe("Database", () => {
  it.each([
    ["stats.db", { sqlite: "stats.db" }],
    ["/var/lib/postgres.db", { sqlite: "/var/lib/postgres.db" }]
  ])("takes %s for a file", (text, database) => {
    expect(Database.parse(text)).toEqual(database)
  })

  it.each([
    ["postgres://ann:hush@db:5432/stats", "db:5432/stats"],
    ["postgresql://ann:hush@db/stats?sslmode=require", "db/stats"],
    ["POSTGRES:///stats?host=/run/postgresql&password=hush", "/run/postgresql/stats"],
    ["postgres:hush", "PostgreSQL"]
  ])("takes %s for an address, and shows no password", (text, words) => {
    const database = Database.parse(text)
    expect("postgres" in database && Redacted.value(database.postgres)).toBe(text)
    expect(Database.describe(database)).toBe(words)
    expect(`${JSON.stringify(database)}${inspect(database)}`).not.toContain("hush")
  })
})
