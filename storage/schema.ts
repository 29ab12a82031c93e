import type { DefinitionTable } from "../mod/intern/definitions.ts";
import { METRIC_MACROS } from "./metric_macros.ts";
import { HISTOGRAM_QUANTILE, RPC_MACRO, RPC_VIEW } from "./rpc_sql.ts";
import type { ChunkKind } from "./chunk_kind.ts";
import { sampledSource, type TailSampling } from "./tail_sampling.ts";

/**
 * All tables and views of the store, in one place. Names that users see (views, macros) are a
 * contract; the tables beneath them are not.
 */

/**
 * Tables live in the schema `store.data`, where the store's own connections work. Views and
 * macros live in `store.main`, where users' queries run: users see the views alone, and the store's
 * own statements do not meet the macros that stand before functions of the engine.
 */
export const DATA_SCHEMA = "data";

/**
 * Sealed chunks live in a database of their own, the only one that the engine compresses: a
 * checkpoint of it leaves the chunks that still grow alone.
 */
export const SEALED_DATABASE = "sealed";

/** Full name of an open chunk's table. */
export const openTable = (signal: ChunkKind, number: number): string =>
  `store.${DATA_SCHEMA}.chunk_${signal}_${number}`;

/** Full name of a sealed chunk's table. */
export const sealedTable = (signal: ChunkKind, number: number): string =>
  `${SEALED_DATABASE}.main.chunk_${signal}_${number}`;

/** Definition tables: what batches refer to by number. */
export const DEFINITION_TABLES: Readonly<Record<DefinitionTable, string>> = {
  series: `series_id UINTEGER, name VARCHAR, kind VARCHAR, unit VARCHAR, service VARCHAR,
    labels MAP(VARCHAR, VARCHAR)`,
  attribute_keys: `key_id USMALLINT, key VARCHAR`,
  resources: `resource_id UINTEGER, attributes MAP(VARCHAR, VARCHAR)`,
  bounds: `bounds_id UINTEGER, bounds DOUBLE[]`,
};

const EVENTS = `STRUCT(time_unix_ns BIGINT, name VARCHAR, attributes MAP(VARCHAR, VARCHAR),
    dropped_attributes INTEGER)[]`;
const LINKS = `STRUCT(trace_id VARCHAR, span_id VARCHAR, trace_state VARCHAR,
    attributes MAP(VARCHAR, VARCHAR), flags UINTEGER)[]`;

/** A column of a chunk: its name, its type in an open chunk. */
type ChunkColumn = readonly [name: string, type: string];

interface SignalSchema {
  /** Columns besides attributes, in the order batches bring them. */
  readonly before: readonly ChunkColumn[];
  /** True when rows carry attributes: two lists while open, one MAP once sealed. */
  readonly attributes: boolean;
  readonly after: readonly ChunkColumn[];
  /** Order of a sealed chunk: what queries look for stands together. */
  readonly sort: string;
}

/** Rows of one series by the minute or hour that begins at `ts`; see `rollupStatement`. */
const ROLLUP_SCHEMA: SignalSchema = {
  before: [
    ["series_id", "UINTEGER"],
    ["ts", "TIMESTAMP"],
    ["min", "DOUBLE"],
    ["max", "DOUBLE"],
    ["sum", "DOUBLE"],
    ["count", "UINTEGER"],
    ["first", "DOUBLE"],
    ["last", "DOUBLE"],
    // Microseconds after `ts`.
    ["first_us", "UINTEGER"],
    ["last_us", "UINTEGER"],
    ["increase", "DOUBLE"],
    ["source", "UINTEGER"],
  ],
  attributes: false,
  after: [],
  sort: "series_id, ts, first_us",
};

/**
 * Rows of one histogram without a reset or a change of bounds in between: what was observed is the
 * last counts without the first.
 */
const HISTOGRAM_ROLLUP_SCHEMA: SignalSchema = {
  before: [
    ["series_id", "UINTEGER"],
    ["ts", "TIMESTAMP"],
    ["points", "UINTEGER"],
    ["first_us", "UINTEGER"],
    ["last_us", "UINTEGER"],
    ["bounds_id", "UINTEGER"],
    ["min", "DOUBLE"],
    ["max", "DOUBLE"],
    ["first_count", "UBIGINT"],
    ["last_count", "UBIGINT"],
    ["first_sum", "DOUBLE"],
    ["last_sum", "DOUBLE"],
    ["first_counts", "UBIGINT[]"],
    ["last_counts", "UBIGINT[]"],
    ["source", "UINTEGER"],
  ],
  attributes: false,
  after: [],
  sort: "series_id, ts, first_us",
};

const SIGNAL_SCHEMAS: Readonly<Record<ChunkKind, SignalSchema>> = {
  rollups_1m: ROLLUP_SCHEMA,
  rollups_1h: ROLLUP_SCHEMA,
  histogram_rollups_1m: HISTOGRAM_ROLLUP_SCHEMA,
  histogram_rollups_1h: HISTOGRAM_ROLLUP_SCHEMA,
  metrics: {
    before: [["series_id", "UINTEGER"], ["ts", "TIMESTAMP"], ["value", "DOUBLE"]],
    attributes: false,
    after: [],
    sort: "series_id, ts",
  },
  histograms: {
    before: [
      ["series_id", "UINTEGER"],
      ["ts", "TIMESTAMP"],
      ["count", "UBIGINT"],
      ["sum", "DOUBLE"],
      ["min", "DOUBLE"],
      ["max", "DOUBLE"],
      ["bounds_id", "UINTEGER"],
      ["counts", "UBIGINT[]"],
    ],
    attributes: false,
    after: [],
    sort: "series_id, ts",
  },
  exemplars: {
    before: [
      ["series_id", "UINTEGER"],
      ["ts", "TIMESTAMP"],
      ["value", "DOUBLE"],
      ["trace_id", "VARCHAR"],
      ["span_id", "VARCHAR"],
    ],
    attributes: false,
    after: [],
    sort: "series_id, ts",
  },
  spans: {
    before: [
      ["ts", "TIMESTAMP"],
      ["ns_remainder", "USMALLINT"],
      ["duration_ns", "BIGINT"],
      ["trace_id", "VARCHAR"],
      ["span_id", "VARCHAR"],
      ["parent_span_id", "VARCHAR"],
      ["name", "VARCHAR"],
      ["kind", "VARCHAR"],
      ["service", "VARCHAR"],
      ["status", "VARCHAR"],
      ["status_message", "VARCHAR"],
    ],
    attributes: true,
    after: [
      ["resource_id", "UINTEGER"],
      ["scope_name", "VARCHAR"],
      ["scope_version", "VARCHAR"],
      ["trace_state", "VARCHAR"],
      ["flags", "UINTEGER"],
      ["dropped_attributes", "UINTEGER"],
      ["dropped_events", "UINTEGER"],
      ["dropped_links", "UINTEGER"],
      ["events", EVENTS],
      ["links", LINKS],
    ],
    sort: "trace_id, ts",
  },
  logs: {
    before: [
      ["ts", "TIMESTAMP"],
      ["ns_remainder", "USMALLINT"],
      ["observed_ts", "TIMESTAMP"],
      ["severity", "VARCHAR"],
      ["severity_number", "UTINYINT"],
      ["body", "VARCHAR"],
      ["service", "VARCHAR"],
      ["host", "VARCHAR"],
      ["pid", "INTEGER"],
      ["trace_id", "VARCHAR"],
      ["span_id", "VARCHAR"],
    ],
    attributes: true,
    after: [
      ["resource_id", "UINTEGER"],
      ["scope_name", "VARCHAR"],
      ["scope_version", "VARCHAR"],
      ["source", "VARCHAR"],
      ["event_name", "VARCHAR"],
      ["flags", "UINTEGER"],
      ["dropped_attributes", "UINTEGER"],
    ],
    sort: "ts",
  },
  events: {
    before: [
      ["ts", "TIMESTAMP"],
      ["ns_remainder", "USMALLINT"],
      ["stream", "VARCHAR"],
      ["name", "VARCHAR"],
      ["subject", "VARCHAR"],
      ["service", "VARCHAR"],
      ["pid", "INTEGER"],
      ["severity", "VARCHAR"],
      ["message", "VARCHAR"],
      ["value", "DOUBLE"],
    ],
    attributes: true,
    after: [],
    sort: "stream, ts",
  },
};

// list_select takes the names of a row's keys from one list of all keys; both lists are in
// the order of the row, so map() pairs them up.
const ATTRIBUTE_MAP = `map(coalesce(list_select(
    (SELECT list(key ORDER BY key_id) FROM store.data.attribute_keys), attr_keys), []::VARCHAR[]), attr_values)`;

/** Column definitions of a new, open chunk. */
export function openChunkColumns(signal: ChunkKind): string {
  const { before, attributes, after } = SIGNAL_SCHEMAS[signal];
  const lists: ChunkColumn[] = attributes
    ? [["attr_keys", "USMALLINT[]"], ["attr_values", "VARCHAR[]"]]
    : [];
  return [...before, ...lists, ...after].map(([name, type]) => `"${name}" ${type}`).join(", ");
}

/**
 * The statement that seals `open` into the new table `sealed`: sorted, attributes as MAP. With `tail`
 * only the spans of the traces that it keeps.
 */
export function sealStatement(
  signal: ChunkKind,
  open: string,
  sealed: string,
  tail: TailSampling | null,
): string {
  const source = signal === "spans" && tail !== null ? sampledSource(open, tail) : null;
  const map = source === null ? ATTRIBUTE_MAP : source.attributes(ATTRIBUTE_MAP);
  return `CREATE TABLE ${sealed} AS SELECT ${chunkSelect(signal, true, map)}
    FROM ${source?.from ?? open} ORDER BY ${SIGNAL_SCHEMAS[signal].sort}`;
}

/** The select list that brings an open or a sealed chunk to the shape of a sealed one. */
function chunkSelect(signal: ChunkKind, open: boolean, openMap = ATTRIBUTE_MAP): string {
  const { before, attributes, after } = SIGNAL_SCHEMAS[signal];
  const names = (columns: readonly ChunkColumn[]) => columns.map(([name]) => `"${name}"`);
  const map = attributes ? [open ? `${openMap} AS attributes` : "attributes"] : [];
  return [...names(before), ...map, ...names(after)].join(", ");
}

/** A chunk's table as the views need it. */
export interface ChunkTable {
  readonly table: string;
  readonly open: boolean;
}

function unionOf(signal: ChunkKind, chunks: readonly ChunkTable[]): string {
  return chunks
    .map(({ table, open }) => `SELECT ${chunkSelect(signal, open)} FROM ${table}`)
    .join("\n UNION ALL ");
}

const NS_OF_DAY = "epoch_us(ts) * 1000 + ns_remainder";

/** Bounds of a histogram by their number, evaluated once and only when asked for. */
const BOUNDS_OF_ROW =
  `coalesce((SELECT list(bounds ORDER BY bounds_id) FROM store.data.bounds)[c.bounds_id], []::DOUBLE[])`;

const FIRST_AND_LAST_TS = `make_timestamp(epoch_us(c.ts) + c.first_us) AS first_ts,
       make_timestamp(epoch_us(c.ts) + c.last_us) AS last_ts`;

const rollupView = (union: string): string =>
  `SELECT c.ts, s.name, s.kind, s.unit, c."min", c."max", c."sum", c."count", c."first", c."last",
       ${FIRST_AND_LAST_TS}, c.increase, s.labels, s.service, c.series_id
     FROM (${union}) c JOIN store.data.series s ON s.series_id = c.series_id`;

const histogramRollupView = (union: string): string =>
  `SELECT c.ts, s.name, s.unit, c.points, c.first_count, c.last_count, c.first_sum, c.last_sum,
       c."min", c."max", ${BOUNDS_OF_ROW} AS bounds, c.first_counts, c.last_counts,
       ${FIRST_AND_LAST_TS}, s.labels, s.service, c.series_id
     FROM (${union}) c JOIN store.data.series s ON s.series_id = c.series_id`;

/** What a user sees of each signal and rollup, over the union of its chunks. */
const SIGNAL_VIEWS: Readonly<Record<ChunkKind, (union: string) => string>> = {
  rollups_1m: rollupView,
  rollups_1h: rollupView,
  histogram_rollups_1m: histogramRollupView,
  histogram_rollups_1h: histogramRollupView,
  metrics: (union) =>
    `SELECT c.ts, s.name, s.kind, s.unit, c.value, s.labels, s.service, c.series_id
     FROM (${union}) c JOIN store.data.series s ON s.series_id = c.series_id`,
  histograms: (union) =>
    `SELECT c.ts, s.name, s.unit, c."count", c."sum", c."min", c."max",
       ${BOUNDS_OF_ROW} AS bounds, c.counts, s.labels, s.service, c.series_id
     FROM (${union}) c JOIN store.data.series s ON s.series_id = c.series_id`,
  exemplars: (union) =>
    `SELECT c.ts, s.name, s.kind, s.unit, c.value, c.trace_id, c.span_id, s.labels, s.service,
       c.series_id
     FROM (${union}) c JOIN store.data.series s ON s.series_id = c.series_id`,
  spans: (union) =>
    `SELECT ts, trace_id, span_id, parent_span_id, name, kind, service,
       duration_ns / 1e6 AS duration_ms, status, status_message, attributes,
       ${resourceMap()} AS resource, scope_name, scope_version, events, links,
       ${NS_OF_DAY} AS start_unix_ns, ${NS_OF_DAY} + duration_ns AS end_unix_ns,
       trace_state, flags, dropped_attributes, dropped_events, dropped_links
     FROM (${union})`,
  logs: (union) =>
    `SELECT ts, severity, severity_number, body, service, host, pid, trace_id, span_id,
       attributes, ${resourceMap()} AS resource, source, event_name,
       ${NS_OF_DAY} AS time_unix_ns, observed_ts, scope_name, scope_version, flags,
       dropped_attributes
     FROM (${union})`,
  events: (union) =>
    `SELECT ts, stream, name, subject, service, pid, severity, message, value, attributes,
       ${NS_OF_DAY} AS time_unix_ns
     FROM (${union})`,
};

/**
 * What users see of single streams of events, with names and types of their own. Made after the view
 * `events`, which they stand on.
 */
const EVENT_VIEWS: readonly string[] = [
  `CREATE VIEW store.main.process_events AS
     SELECT ts, name AS event, pid, ${timeAttribute("start_time_us")} AS start_time,
       ${numberAttribute("ppid", "INTEGER")} AS ppid, ${textAttribute("process")} AS name, service,
       ${textAttribute("executable")} AS executable,
       ${textAttribute("command_line")} AS command_line, ${textAttribute("user")} AS "user",
       ${textAttribute("cgroup")} AS cgroup, ${textAttribute("container_id")} AS container_id,
       ${numberAttribute("exit_code", "INTEGER")} AS exit_code, ${
    textAttribute("signal")
  } AS signal,
       ${textAttribute("cause")} AS cause, ${textAttribute("evidence")} AS evidence,
       severity, message, value, attributes
     FROM store.main.events WHERE stream = 'process'`,
  `CREATE VIEW store.main.crashes AS
     SELECT ts, ${textAttribute("crash_id")} AS id, subject AS process_id, service, pid,
       ${textAttribute("cause")} AS cause, message
     FROM store.main.events WHERE stream = 'crash' AND name = 'recorded'`,
  // What runs, and what ran: what has ended is in the table for a while, and in the events for long.
  `CREATE VIEW store.main.processes AS
     WITH ended AS (SELECT ts, subject, service, pid, attributes FROM store.main.events
       WHERE stream = 'process' AND name = 'exit'),
     present AS (SELECT *, pid || '-' || epoch_ms(start_time) AS id FROM store.data.processes)
     SELECT p.pid, ppid, start_time, name, executable, command_line, "user",
       CASE WHEN coalesce(exited_at, e.ts) IS NULL THEN state ELSE 'exited' END AS state,
       p.service, cgroup, cpu_ratio, rss_bytes, virtual_bytes, pss_bytes, threads, open_fds, fd_limit,
       read_bytes_per_second, write_bytes_per_second, first_seen, last_seen,
       coalesce(exited_at, e.ts) AS exited_at, container_id, ${howItEnded("e.")}, id
     FROM present p LEFT JOIN ended e ON e.subject = p.id
     UNION ALL
     SELECT pid, ${numberAttribute("ppid", "INTEGER")}, ${timeAttribute("start_time_us")},
       ${textAttribute("process")}, ${textAttribute("executable")},
       ${textAttribute("command_line")}, ${textAttribute("user")}, 'exited', service,
       ${textAttribute("cgroup")}, NULL, ${numberAttribute("rss_bytes", "DOUBLE")},
       ${numberAttribute("virtual_bytes", "DOUBLE")}, ${numberAttribute("pss_bytes", "DOUBLE")},
       ${numberAttribute("threads", "INTEGER")}, ${numberAttribute("open_fds", "INTEGER")},
       ${numberAttribute("fd_limit", "DOUBLE")}, NULL, NULL, ${timeAttribute("first_seen_us")},
       ${timeAttribute("last_seen_us")}, ts, ${textAttribute("container_id")}, ${howItEnded("")},
       subject
     FROM ended WHERE subject NOT IN (SELECT id FROM present)`,
  `CREATE VIEW store.main.health_checks AS
     SELECT ts, name AS event, subject AS name, service, ${textAttribute("role")} AS role,
       ${textAttribute("kind")} AS kind, ${textAttribute("found")} AS found,
       ${textAttribute("state")} AS state, ${textAttribute("from")} AS previous_state,
       ${textAttribute("flapping")} = 'true' AS flapping, value AS latency_ms, severity, message,
       ${textAttribute("output")} AS output
     FROM store.main.events WHERE stream = 'health'`,
  RPC_MACRO,
  RPC_VIEW,
];

/** Columns about the end of a process, of its exit event. */
function howItEnded(table: string): string {
  return `try_cast(${table}attributes['exit_code'] AS INTEGER) AS exit_code,
    ${table}attributes['signal'] AS signal, ${table}attributes['cause'] AS cause`;
}

function textAttribute(key: string): string {
  return `attributes['${key}']`;
}

function numberAttribute(key: string, type: "INTEGER" | "BIGINT" | "DOUBLE"): string {
  return `try_cast(attributes['${key}'] AS ${type})`;
}

function timeAttribute(key: string): string {
  return `make_timestamp(${numberAttribute(key, "BIGINT")})`;
}

// An uncorrelated subquery is evaluated once, and only when the column is asked for: a join
// would cost every query on the view.
function resourceMap(): string {
  return `coalesce((SELECT list(attributes ORDER BY resource_id) FROM store.data.resources)[resource_id],
    MAP {}::MAP(VARCHAR, VARCHAR))`;
}

/** The statement that (re)defines a signal's view over its chunks; there must be one at least. */
export function viewStatement(signal: ChunkKind, chunks: readonly ChunkTable[]): string {
  return `CREATE OR REPLACE VIEW store.main.${signal} AS ${
    SIGNAL_VIEWS[signal](unionOf(signal, chunks))
  }`;
}

/** Macros for SQL that users write. `ago` takes '90s', '15m', '6h', '7d'. */
const HELPERS: readonly string[] = [
  `CREATE MACRO store.main.now_utc() AS make_timestamp(epoch_us(now()))`,
  `CREATE MACRO store.main.ago(span) AS make_timestamp(epoch_us(now())) - CAST(span AS INTERVAL)`,
  HISTOGRAM_QUANTILE,
];

/** Most characters or items that one call may make of small arguments. */
export const MAX_AMPLIFIED = 1_000_000;

/**
 * Functions that make something huge of small arguments run in one piece, past any deadline,
 * and can exhaust the engine's address space. Macros of the same name stand before them and
 * bound the size; the originals are reached by the name `system` only, which is not admitted.
 */
const GUARDS: readonly string[] = [
  guard("repeat", [["value, times", "greatest(length(value), 1) * times"]]),
  guard("lpad", [["value, width, fill", "width"]]),
  guard("rpad", [["value, width, fill", "width"]]),
  guard("bitstring", [["value, width", "width"]]),
  ...["list_resize", "array_resize"].map((name) =>
    guard(name, [["items, size", "size"], ["items, size, fill", "size"]])
  ),
  ...["range", "generate_series"].map((name) =>
    guard(name, [
      ["stop", "stop"],
      ["start, stop", "stop - start"],
      // Ends are numbers or, with an interval as step, times.
      [
        "start, stop, step",
        `CASE typeof(step) WHEN 'INTERVAL'
           THEN epoch(stop::VARCHAR::TIMESTAMP - start::VARCHAR::TIMESTAMP)
             / epoch(step::VARCHAR::INTERVAL)
           ELSE abs((stop::VARCHAR::DOUBLE - start::VARCHAR::DOUBLE) / step::VARCHAR::DOUBLE) END`,
      ],
    ])
  ),
  // These take the product of their arguments' lengths in time.
  ...["levenshtein", "editdist3", "damerau_levenshtein"].map((name) =>
    guard(name, [["a, b", "length(a) * length(b) / 10"]])
  ),
  ...["jaro_similarity", "jaro_winkler_similarity"].map((name) =>
    guard(name, [
      ["a, b", "length(a) * length(b) / 10"],
      ["a, b, cutoff", "length(a) * length(b) / 10"],
    ])
  ),
];

function guard(
  name: string,
  forms: readonly (readonly [parameters: string, size: string])[],
): string {
  const bodies = forms.map(([parameters, size]) =>
    `(${parameters}) AS CASE WHEN (${size}) > ${MAX_AMPLIFIED}
      THEN error('${name}: would make more than ${MAX_AMPLIFIED} characters or items')
      ELSE system.main.${name}(${parameters}) END`
  );
  return `CREATE MACRO store.main.${name}${bodies.join(", ")}`;
}

/**
 * Table functions that change the engine although they stand in a SELECT (a log in a folder that
 * may not be written fails every statement from then on), or that run a text, which the check of
 * names would not see. Table macros of the same name stand before them, as with the functions
 * above. Not `arrow_scan`, which appends find in this schema too: it takes pointers, and SQL has
 * no way to make one.
 */
const CLOSED_TABLE_FUNCTIONS: readonly string[] = [
  ...["enable_logging", "disable_logging", "truncate_duckdb_logs"],
  ...["checkpoint", "force_checkpoint"],
  "query",
];

function closedTableFunction(name: string): string {
  return `CREATE MACRO store.main.${name}() AS TABLE SELECT error('${name}: is not for queries')`;
}

/** In the order in which they are made. */
export const MACROS: readonly string[] = [
  ...GUARDS,
  ...CLOSED_TABLE_FUNCTIONS.map(closedTableFunction),
  ...HELPERS,
  ...METRIC_MACROS,
];

/** Small tables that are replaced as a whole: the present state of things, as users see it. */
export const STATE_TABLES = {
  processes: `pid INTEGER, ppid INTEGER, start_time TIMESTAMP, name VARCHAR, executable VARCHAR,
    command_line VARCHAR, "user" VARCHAR, state VARCHAR, service VARCHAR, cgroup VARCHAR,
    cpu_ratio DOUBLE, rss_bytes DOUBLE, virtual_bytes DOUBLE, pss_bytes DOUBLE, threads INTEGER,
    open_fds INTEGER, fd_limit DOUBLE, read_bytes_per_second DOUBLE,
    write_bytes_per_second DOUBLE, first_seen TIMESTAMP, last_seen TIMESTAMP,
    exited_at TIMESTAMP, container_id VARCHAR`,
  collectors: `name VARCHAR, interval_ms DOUBLE, last_duration_ms DOUBLE, last_success TIMESTAMP,
    successes DOUBLE, failures DOUBLE, timeouts DOUBLE, skipped DOUBLE, last_error VARCHAR`,
} as const;

export type StateTable = keyof typeof STATE_TABLES;

/** The views through which users see the state tables; `processes` is among `EVENT_VIEWS`. */
const STATE_VIEWS: readonly string[] = Object.keys(STATE_TABLES)
  .filter((table) => table !== "processes")
  .map((table) => `CREATE VIEW store.main.${table} AS SELECT * FROM store.data.${table}`);

/** What only queries need, in the order in which it is made; the views of signals are there by then. */
export const QUERY_DEFINITIONS: readonly string[] = [...STATE_VIEWS, ...MACROS, ...EVENT_VIEWS];
