import type { QueryRequest } from "../ports.ts";
import type { CrashTable } from "./crash.ts";

/** Rows kept of each table; of logs and spans the newest. */
const MAX_ROWS: Readonly<Record<CrashTable, number>> = {
  metrics: 20_000,
  logs: 5_000,
  spans: 5_000,
  events: 1_000,
  host: 10_000,
};
/** Bytes of one table as the store answers it. */
const MAX_BYTES = 8 * 1024 * 1024;
/** A crash must not keep the store from other work for long, milliseconds. */
const TIMEOUT_MS = 10_000;

/** What a crash is about: whose rows, and of which time. */
export interface CrashScope {
  readonly pid: number;
  readonly service: string | null;
  /** Milliseconds since the Unix epoch; both ends included. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Between which times; the first two parameters of each query. */
const TIME = "ts >= make_timestamp($1::BIGINT) AND ts <= make_timestamp($2::BIGINT)";

// Rows of the process, and rows of its service that name no process.
const TEXTS: Readonly<Record<CrashTable, string>> = {
  metrics: `SELECT ts, name, unit, value, labels FROM metrics WHERE ${TIME}
    AND (labels['process.pid'] = $3::VARCHAR OR service = $4 AND labels['process.pid'] IS NULL)
    ORDER BY name, ts`,
  logs: `SELECT ts, severity, body, service, pid, trace_id, span_id, attributes, source FROM logs
    WHERE ${TIME} AND (pid = $3::INTEGER OR service = $4 AND pid IS NULL) ORDER BY ts DESC`,
  spans: `SELECT ts, name, kind, service, duration_ms, status, status_message, trace_id, span_id,
      parent_span_id, attributes FROM spans
    WHERE ${TIME} AND (resource['process.pid'] = $3::VARCHAR
      OR service = $4 AND resource['process.pid'] IS NULL) ORDER BY ts DESC`,
  events: `SELECT ts, stream, name, subject, service, pid, severity, message, value, attributes
    FROM events WHERE ${TIME} AND (pid = $3::INTEGER OR service = $4) ORDER BY ts DESC`,
  host: `SELECT ts, name, value, labels FROM metrics WHERE ${TIME} AND name IN (
      'system.linux.psi.pressure', 'system.memory.usage', 'system.memory.linux.available',
      'system.cpu.load_average.1m', 'system.paging.usage', 'system.linux.oom_kills')
    ORDER BY name, ts`,
};

/** The query of a table of a crash. */
export function crashQuery(table: CrashTable, scope: CrashScope): QueryRequest {
  // A service of no name must not match the rows of everybody without one.
  const service = scope.service === null || scope.service === "" ? "\u0001" : scope.service;
  const whose = table === "host" ? [] : [scope.pid, service];
  return {
    sql: TEXTS[table],
    params: [scope.fromMs * 1000, scope.toMs * 1000, ...whose],
    maxRows: MAX_ROWS[table],
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
  };
}
