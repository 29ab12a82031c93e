import type { QueryResult } from "../../mod/ports.ts";
import { uniqueColumnNames } from "./column_names.ts";

/** A result as one JSON object a line, keys in the order of the columns. NaN becomes null. */
export function* jsonlResult(result: QueryResult): Generator<string> {
  const keys = uniqueColumnNames(result.columns).map((name) => JSON.stringify(name));
  for (const row of result.rows()) {
    let line = "{";
    for (let i = 0; i < keys.length; i++) {
      line += `${i === 0 ? "" : ","}${keys[i]}:${JSON.stringify(row[i] ?? null)}`;
    }
    yield `${line}}\n`;
  }
}
