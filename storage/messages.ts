import type { Signal } from "../mod/columns/column.ts";
import type { ErrorCode } from "../mod/errors.ts";
import type { DefinitionTable } from "../mod/intern/definitions.ts";
import type { LabelMatcher } from "../mod/metrics/metric_query.ts";
import type { StepPlan, WindowsRequest } from "../mod/metrics/metric_source.ts";
import type { ChunkKind } from "./chunk_kind.ts";
import type { ChunkList, ChunkListRequest, RecoveryReport, StoreStats } from "../mod/ports.ts";
import type { Patience } from "./patience.ts";
import type { StateTable } from "./schema.ts";
import type { TailSampling } from "./tail_sampling.ts";

/** Rows of a definition table as an Arrow IPC stream. */
export interface DefinitionFrame {
  readonly table: DefinitionTable;
  readonly rows: number;
  readonly ipc: Uint8Array<ArrayBuffer>;
}

/** Rows of a signal as an Arrow IPC stream, in the order of the signal's open chunk. */
export interface BatchFrame {
  readonly signal: Signal;
  readonly rows: number;
  readonly minTsUs: number;
  readonly maxTsUs: number;
  /** Numbers of the attribute keys that its rows have, each once. */
  readonly keyIds: Uint16Array;
  readonly ipc: Uint8Array<ArrayBuffer>;
}

export interface AppendFrames {
  readonly definitions: readonly DefinitionFrame[];
  readonly batches: readonly BatchFrame[];
  /** Ids of series whose definitions may go. */
  readonly forgottenSeries: readonly number[];
  /** Numbers of attribute keys that no row to come refers to. */
  readonly forgottenKeys: readonly number[];
}

/** When appended bytes are forced to disk. */
export type FsyncPolicy = "every_batch" | "every_second" | "on_close";

/** How the store behaves; fixed at start. */
export interface StoreOptions {
  /** Null: memory only. */
  readonly disk: {
    readonly path: string;
    readonly fsync: FsyncPolicy;
    /** Past it the oldest chunks are evicted. */
    readonly budgetBytes: number;
  } | null;
  /** Bytes the data may take; past it the oldest chunks are evicted. */
  readonly budgetBytes: number;
  /** How long rows of a signal or a rollup are kept, milliseconds. */
  readonly retentionMs: Readonly<Record<ChunkKind, number>>;
  /** Which traces are left once their chunk is sealed; null: all. */
  readonly tailSampling: TailSampling | null;
  readonly query: QueryLimits;
  readonly patience: Patience;
}

export interface QueryLimits {
  /** Deadline when the caller names none, and the longest a caller may name. */
  readonly defaultTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Queries run side by side, and those that may wait; one more is refused. */
  readonly maxConcurrent: number;
  readonly maxQueued: number;
}

export interface QueryCommand {
  readonly sql: string;
  readonly params: readonly (null | boolean | number | string)[];
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** What is asked about metrics. The statement is made in the worker, which knows the chunks. */
export type MetricCommand =
  | { readonly kind: "names"; readonly contains: string }
  | { readonly kind: "series"; readonly name: string; readonly matchers: readonly LabelMatcher[] }
  | { readonly kind: "windows"; readonly request: WindowsRequest };

/** From the main isolate to the store worker. `id` is answered; `cancel` names a query's id. */
export type StoreRequest =
  | {
    readonly type: "open";
    readonly id: number;
    readonly options: StoreOptions;
    /** What the main isolate knows already, when this thread takes the place of one that ended. */
    readonly definitions: readonly DefinitionFrame[] | null;
  }
  | { readonly type: "append"; readonly id: number; readonly frames: AppendFrames }
  | { readonly type: "query"; readonly id: number; readonly query: QueryCommand }
  | {
    readonly type: "metrics";
    readonly id: number;
    readonly command: MetricCommand;
    readonly timeoutMs: number;
  }
  | { readonly type: "cancel"; readonly id: number }
  | {
    readonly type: "replace";
    readonly id: number;
    readonly table: StateTable;
    readonly ipc: Uint8Array<ArrayBuffer>;
  }
  | { readonly type: "stats"; readonly id: number }
  | { readonly type: "chunks"; readonly id: number; readonly request: ChunkListRequest }
  | { readonly type: "close"; readonly id: number };

export interface QueryOutcome {
  /** The result as an Arrow IPC stream; may hold one row more than asked for (`truncated`). */
  readonly ipc: Uint8Array<ArrayBuffer>;
  /** True when the result was cut by rows (one too many is in `ipc`) or by bytes. */
  readonly truncated: boolean;
  readonly elapsedMs: number;
}

/** What was found in the data directory at start. */
export interface Recovery {
  /**
   * Each definition table as an Arrow IPC stream, gaps filled, ordered by id; of series, those that raw
   * rows refer to.
   */
  readonly definitions: Readonly<Record<DefinitionTable, Uint8Array<ArrayBuffer>>>;
  /** Largest series id that any kept row uses; new series get larger ones. */
  readonly maxSeriesId: number;
  /** Series that rollups alone refer to. */
  readonly retiredSeries: readonly number[];
  readonly report: RecoveryReport;
}

/** What the worker knows of itself; not how often it was replaced. */
export type WorkerStats = Omit<StoreStats, "restarts">;

/** From the store worker to the main isolate. */
export type StoreReply =
  | { readonly type: "opened"; readonly id: number; readonly recovery: Recovery | null }
  | { readonly type: "done"; readonly id: number }
  /** `freedKeys`: numbers of forgotten attribute keys that may be given again. */
  | { readonly type: "appended"; readonly id: number; readonly freedKeys: readonly number[] }
  | {
    readonly type: "result";
    readonly id: number;
    readonly outcome: QueryOutcome;
    /** Of windows of metrics; else null. */
    readonly plan: StepPlan | null;
  }
  | { readonly type: "stats"; readonly id: number; readonly stats: WorkerStats }
  | { readonly type: "chunks"; readonly id: number; readonly list: ChunkList }
  | { readonly type: "failed"; readonly id: number; readonly error: StoreFailure }
  | Broken;

/** The thread cannot go on, and ends. `heldBy`: the query that was cut off, if that is why. */
export interface Broken {
  readonly type: "broken";
  readonly reason: string;
  readonly heldBy: number | null;
}

/** A failure as it crosses the thread border. */
export interface StoreFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | null;
}
