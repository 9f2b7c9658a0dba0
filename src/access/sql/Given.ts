/**
 * Rows that a statement is given as one parameter, so that it is one statement however many they are.
 *
 * @since 0.1.0
 */
import type { SqlClient, Statement } from "effect/sql"

/**
 * What stands behind `FROM`: rows of these columns under the name `given`. Numbers keep all digits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rows = <Column extends string>(
  sql: SqlClient.SqlClient,
  columns: Readonly<Record<Column, "text" | "integer">>,
  given: ReadonlyArray<Readonly<Record<Column, string | bigint>>>
): Statement.Fragment => {
  const json = JSON.stringify(given, (_, value: unknown) => typeof value === "bigint" ? String(value) : value)
  const entries = Object.entries<"text" | "integer">(columns)
  return sql.onDialectOrElse({
    pg: () => {
      const types = entries.map(([column, type]) =>
        sql`${sql(column)} ${sql.literal(type === "text" ? "TEXT" : "BIGINT")}`
      )
      return sql`json_to_recordset(${json}::json) AS given (${sql.csv(types)})`
    },
    orElse: () => {
      const values = entries.map(([column, type]) =>
        sql`CAST(value ->> ${sql.literal(`'${column}'`)} AS ${sql.literal(type.toUpperCase())}) AS ${sql(column)}`
      )
      return sql`(SELECT ${sql.csv(values)} FROM json_each(${json})) AS given`
    }
  })
}
