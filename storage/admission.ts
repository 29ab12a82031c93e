import { HorizonError } from "../mod/errors.ts";
import type { DuckDb } from "./duckdb_module.ts";
import { TOKEN_TYPE } from "./duckdb_module.ts";

/** Longest statement taken, bytes of UTF-8. */
const MAX_SQL_BYTES = 256 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const SEMICOLON = 0x3b;
/** The name of the engine's own catalog, quoted or not, at the start of a token. */
const SYSTEM_CATALOG = /^(?:"system"|system(?![\w$]))/i;

/**
 * Turns what a user wrote into the one statement that is run: a SELECT over it as a subquery.
 * Only a query can stand there, so nothing that changes anything gets past the parser; a `;`
 * outside of strings and comments, which could begin a second statement, is refused first.
 *
 * @throws HorizonError `invalid_query`, `too_large`
 */
export function admit(db: DuckDb, sql: string, maxRows: number): string {
  const bytes = encoder.encode(sql);
  if (bytes.length > MAX_SQL_BYTES) {
    throw new HorizonError(
      "too_large",
      `the query has ${bytes.length} bytes; at most ${MAX_SQL_BYTES} are taken`,
    );
  }
  const statement = oneStatement(db, sql, bytes);
  // The closing parenthesis stands on its own line: a trailing comment must not swallow it.
  return `SELECT * FROM (\n${statement}\n) LIMIT ${maxRows + 1}`;
}

/** The text without a closing `;`; refuses any other. */
function oneStatement(db: DuckDb, sql: string, bytes: Uint8Array): string {
  if (sql.includes("\0")) throw refusal("the query holds a NUL character");
  const { offsets, types } = db.tokenize(sql);
  let end: number | null = null;
  let tokens = 0;
  let before = "";
  for (let i = 0; i < offsets.length; i++) {
    if (types[i] === TOKEN_TYPE.comment) continue;
    if (end !== null) throw refusal("exactly one statement is taken; the text goes on after `;`");
    const at = offsets[i]!;
    if (types[i] === TOKEN_TYPE.operator && bytes[at] === SEMICOLON) {
      end = at;
      continue;
    }
    tokens++;
    // Up to the next token: white space and comments behind this one included.
    const token = decoder.decode(bytes.subarray(at, offsets[i + 1] ?? bytes.length));
    // The engine's own catalog would lead past the guards of storage/schema.ts.
    if (token.startsWith(".") && SYSTEM_CATALOG.test(before)) {
      throw refusal("names of the engine's catalog `system` are not taken; leave `system.` out");
    }
    before = token;
  }
  if (tokens === 0) throw refusal("the query is empty");
  return end === null ? sql : decoder.decode(bytes.subarray(0, end));
}

function refusal(message: string): HorizonError {
  return new HorizonError("invalid_query", message, {
    allowed: "exactly one SELECT (WITH …, FROM …, VALUES, DESCRIBE, SHOW and SUMMARIZE too)",
  });
}

/** A value as a SQL literal; strings are quoted by doubling, DuckDB knows no other escape. */
export function literal(value: null | boolean | number | string): string {
  if (value === null) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "number") {
    if (Number.isNaN(value)) return "'nan'::DOUBLE";
    if (!Number.isFinite(value)) return value > 0 ? "'inf'::DOUBLE" : "'-inf'::DOUBLE";
    return Number.isSafeInteger(value) ? String(value) : `${value}::DOUBLE`;
  }
  if (value.includes("\0")) throw refusal("a parameter holds a NUL character");
  return `'${value.replaceAll("'", "''")}'`;
}
