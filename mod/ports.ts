import type { ColumnBatch, Signal } from "./columns/column.ts";
import type { DefinitionBatch } from "./intern/definitions.ts";
import type { MetricName, MetricQuery, MetricQueryResult } from "./metrics/metric_query.ts";
import type { Rollup } from "./metrics/rollup.ts";

/** A value of a query result, ready for JSON. Integers past 2^53 are strings; times are ISO 8601. */
export type SqlValue =
  | null
  | boolean
  | number
  | string
  | readonly SqlValue[]
  | { readonly [key: string]: SqlValue };

export interface SqlColumn {
  readonly name: string;
  /** DuckDB's name of the type, such as `TIMESTAMP`, `DOUBLE`, `MAP(VARCHAR, VARCHAR)`. */
  readonly type: string;
}

export interface QueryRequest {
  /** Exactly one SELECT (or WITH … SELECT, FROM …, DESCRIBE, SHOW, SUMMARIZE). */
  readonly sql: string;
  /** Values for `?` or `$1` in order. Lists and objects are not taken. */
  readonly params?: readonly (null | boolean | number | string)[];
  /** Bounds of this query; each may only lower the configured one. */
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  /** Aborting it cancels the query in the engine. */
  readonly signal?: AbortSignal;
}

export interface QueryResult {
  readonly columns: readonly SqlColumn[];
  readonly rowCount: number;
  /** True when `maxRows` or `maxBytes` cut the result. */
  readonly truncated: boolean;
  readonly elapsedMs: number;
  /** Rows in order; may be iterated more than once. */
  rows(): Iterable<readonly SqlValue[]>;
  /** The same result as an Arrow IPC stream. */
  arrow(): Uint8Array<ArrayBuffer>;
}

/**
 * Runs a read-only query.
 * @throws HorizonError `invalid_query`, `deadline_exceeded`, `cancelled`, `too_large`,
 * `overloaded` when too many queries wait.
 */
export type QueryFn = (request: QueryRequest) => Promise<QueryResult>;

/**
 * Functions over the samples of a metric, by series or across them: what the API, rules and the page ask
 * for instead of writing SQL. It reads rollups where they serve.
 * @throws HorizonError `invalid_argument`, `too_large` past `METRIC_QUERY_LIMITS`; what `QueryFn` throws
 */
export type MetricQueryFn = (query: MetricQuery) => Promise<MetricQueryResult>;

/** Names of metrics that contain a text, in any case; all when it is empty. */
export type MetricNamesFn = (contains: string, signal?: AbortSignal) => Promise<MetricName[]>;

/** One append: definitions first, then the rows that use them. Kept as a whole or not at all. */
export interface AppendRequest {
  readonly definitions: readonly DefinitionBatch[];
  readonly batches: readonly ColumnBatch[];
  /** Series that get no more samples; their definitions may go once no row refers to them. */
  readonly forgotten: readonly number[];
  /** Numbers of attribute keys that no row to come refers to; see `AttributeKeys`. */
  readonly forgottenKeys: readonly number[];
}

/** What is stored of a signal, or of a rollup. */
export interface StoredStats {
  readonly rows: number;
  readonly chunks: number;
  /** Of the chunks: those that take rows, and those that wait to be sealed. */
  readonly openChunks: number;
  readonly closedChunks: number;
  readonly openRows: number;
  readonly bytes: number;
  /** Microseconds since the Unix epoch; null when there is no row. */
  readonly minTsUs: number | null;
  readonly maxTsUs: number | null;
  /** How long rows are kept, milliseconds, where the budgets have room. */
  readonly retentionMs: number;
  /** Of all this, what is sorted and compressed; and the bytes that its rows came in as. */
  readonly sealed: {
    readonly chunks: number;
    readonly rows: number;
    readonly bytes: number;
    readonly receivedBytes: number;
  };
}

export interface SignalStats extends StoredStats {
  readonly signal: Signal;
}

export interface RollupStats extends StoredStats {
  readonly rollup: Rollup;
}

/** What start found in the data directory. */
export interface RecoveryReport {
  readonly frames: number;
  readonly rows: number;
  readonly elapsedMs: number;
  /** Damaged stretches that were passed over, and their bytes. */
  readonly lostStretches: number;
  readonly lostBytes: number;
  /** Chunk files that did not fit into the memory budget and were left on disk. */
  readonly leftOnDisk: number;
  /** Files set aside unread, because starts died of them. */
  readonly setAside: number;
}

/** How the data directory is doing; null in memory-only mode. */
export interface DiskStats {
  readonly path: string;
  readonly bytes: number;
  readonly budgetBytes: number;
  readonly files: number;
  /** Of the layout of the directory, once it was brought up to date. */
  readonly layoutVersion: number;
  readonly fsync: "every_batch" | "every_second" | "on_close";
  /** How often a file was forced to the disk. */
  readonly syncs: number;
  /** Written, and not forced to the disk yet: lost if the host dies, not if Horizon does. */
  readonly unsyncedBytes: number;
  /** Null while all rows are on disk; else why some are in memory only. */
  readonly problem: string | null;
  readonly failedWrites: number;
  /** Rows, and bytes, that could not be written and wait for room on the disk. */
  readonly waitingRows: number;
  readonly waitingBytes: number;
  /** Rows that are in memory only and stay so: more than may wait could not be written. */
  readonly unloggedRows: number;
  /** Damaged or harmful files that were set aside, in `quarantine/`. */
  readonly quarantinedFiles: number;
  readonly recovery: RecoveryReport;
}

/** How often the store's thread was replaced since the start. */
export interface StoreRestarts {
  readonly count: number;
  readonly last: {
    /** When the new one was ready, milliseconds since the Unix epoch. */
    readonly atMs: number;
    readonly reason: string;
    /** True in memory-only mode: what was stored before is gone. */
    readonly emptied: boolean;
  } | null;
}

export interface StoreStats {
  readonly restarts: StoreRestarts;
  readonly disk: DiskStats | null;
  readonly signals: readonly SignalStats[];
  readonly rollups: readonly RollupStats[];
  /** Closed chunks of raw rows that are not rolled up yet. */
  readonly rollupsPending: number;
  /** Raw rows that had to be evicted for room before they were rolled up. */
  readonly neverRolledUp: number;
  /** Series that may get samples. */
  readonly series: number;
  /** Series that were forgotten and whose definitions are kept for the rows that are left of them. */
  readonly retiredSeries: number;
  /** Definitions given up because too many were kept: their rows are not seen any more. */
  readonly lostDefinitions: number;
  /** Bytes the engine holds, and the budget that evicts the oldest chunks. */
  readonly bytes: number;
  readonly budgetBytes: number;
  readonly sealedChunks: number;
  /** Rows evicted so far, by signal or rollup, and reason. */
  readonly evicted: readonly {
    signal: Signal | Rollup;
    /** `sampled`: by tail sampling, when their chunk was sealed. */
    reason: "age" | "bytes" | "disk" | "sampled";
    rows: number;
  }[];
  readonly appends: number;
  readonly appendedRows: number;
  readonly appendMsTotal: number;
  /** Appends answered late because sealing was behind: back-pressure. */
  readonly heldAppends: number;
  readonly queriesRunning: number;
  readonly queriesQueued: number;
  readonly queriesTotal: number;
  readonly queriesCancelled: number;
  readonly queriesRefused: number;
}

/**
 * - `open`: takes rows.
 * - `closed`: takes no more, and waits to be sealed.
 * - `sealing`: its sorted copy is being made.
 * - `sealed`: sorted and compressed.
 * - `on_disk`: was not loaded at the start for want of room; no query sees its rows.
 */
export const CHUNK_STATES = ["open", "closed", "sealing", "sealed", "on_disk"] as const;
export type ChunkStateName = typeof CHUNK_STATES[number];

/** One chunk: rows of a signal, or of a rollup, of a span of time. Times are microseconds since the Unix epoch. */
export interface ChunkStatus {
  /** Newer chunks have larger ones. Kept over restarts while there is a file. */
  readonly number: number;
  readonly kind: Signal | Rollup;
  readonly state: ChunkStateName;
  /** The span of time whose rows it takes, the end not included. */
  readonly spanStartUs: number;
  readonly spanEndUs: number;
  /** Of the oldest and the newest row; null when there is none, or it was not loaded. */
  readonly minTsUs: number | null;
  readonly maxTsUs: number | null;
  /** Null when it was not loaded. */
  readonly rows: number | null;
  /** Memory that it takes. */
  readonly bytes: number;
  /** True until it is sealed: `bytes` is then taken from chunks of its kind that were sealed before. */
  readonly bytesEstimated: boolean;
  /** As its rows came in, columns of Arrow IPC; null when it was not loaded. */
  readonly receivedBytes: number | null;
  /** Whether its rows are in the rollups; null when they are of no kind that is rolled up, or not loaded. */
  readonly rolledUp: boolean | null;
  /** Null when it is in memory only. */
  readonly file: { readonly name: string; readonly bytes: number } | null;
}

/** Which chunks are asked for. */
export interface ChunkListRequest {
  /** Null: all. */
  readonly kinds: readonly (Signal | Rollup)[] | null;
  readonly state: ChunkStateName | null;
  /** Only those with a smaller number; null: from the newest on. */
  readonly before: number | null;
  readonly limit: number;
}

/** A page of chunks, the newest first. */
export interface ChunkList {
  /** Chunks of these kinds and state, of all pages. */
  readonly matching: number;
  readonly chunks: readonly ChunkStatus[];
  /** `before` of the next page; null when this is the last. */
  readonly nextBefore: number | null;
}

/** The store as everybody else sees it. */
export interface Store {
  /** Resolves when the rows are kept and visible to queries. Rejects without having kept any. */
  append(request: AppendRequest): Promise<void>;
  readonly query: QueryFn;
  stats(): Promise<StoreStats>;
  /** Which chunks there are, a page of them. */
  chunks(request: ChunkListRequest): Promise<ChunkList>;
  /** Finishes what was appended, then stops the worker. */
  close(): Promise<void>;
}
