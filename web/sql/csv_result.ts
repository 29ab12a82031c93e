import type { QueryResult, SqlValue } from "../../mod/ports.ts";
import { uniqueColumnNames } from "./column_names.ts";

/**
 * A result as CSV (RFC 4180, but lines end in LF, as Unix tools want them), with a header.
 * NULL is an empty field and the empty text is `""`; lists, maps and structs are JSON text.
 */
export function* csvResult(result: QueryResult): Generator<string> {
  yield csvLine(uniqueColumnNames(result.columns));
  for (const row of result.rows()) yield csvLine(row);
}

function csvLine(values: readonly SqlValue[]): string {
  let line = "";
  for (let i = 0; i < values.length; i++) line += `${i === 0 ? "" : ","}${csvField(values[i]!)}`;
  return `${line}\n`;
}

function csvField(value: SqlValue): string {
  if (value === null) return "";
  if (typeof value === "string") return csvText(value);
  if (typeof value === "object") return csvText(JSON.stringify(value));
  return String(value);
}

function csvText(text: string): string {
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
