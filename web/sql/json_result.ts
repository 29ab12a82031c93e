import type { QueryResult } from "../../mod/ports.ts";

/**
 * A result as `{"columns", "rows", "row_count", "truncated", "elapsed_ms"}`, row by row.
 * NaN and the infinities, which JSON does not have, become null.
 */
export function* jsonResult(result: QueryResult): Generator<string> {
  yield `{"columns":${
    JSON.stringify(result.columns.map(({ name, type }) => ({ name, type })))
  },"rows":[`;
  let separator = "";
  for (const row of result.rows()) {
    yield separator + JSON.stringify(row);
    separator = ",";
  }
  yield `],"row_count":${result.rowCount},"truncated":${result.truncated}` +
    `,"elapsed_ms":${result.elapsedMs}}\n`;
}
