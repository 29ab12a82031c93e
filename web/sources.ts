import type { CheckStatus, HealthReport } from "../mod/health/check_status.ts";
import type { SeriesDefinition } from "../mod/intern/definitions.ts";
import type { SeriesRefusals } from "../mod/intern/series_refusals.ts";
import type { LatestValues } from "../mod/latest/latest_values.ts";
import type { ProcessRow } from "../mod/processes/process_row.ts";

// What the HTTP side reads of the rest of Horizon. main.ts ties these to what is there.

/** The newest value of every collected series. */
export type LatestSource = Pick<LatestValues, "entries" | "subscribe">;

/** The series that samples refer to. */
export interface SeriesSource {
  readonly size: number;
  readonly refusals: Pick<SeriesRefusals, "totals" | "byMetric">;
  get(id: number): SeriesDefinition | undefined;
  seriesOf(name: string): Iterable<SeriesDefinition>;
  cardinality(limit: number): { name: string; series: number; refused: number }[];
}

/** The health checks of what Horizon watches. */
export interface CheckSource {
  report(): HealthReport;
  /** Runs a check now and answers how it is doing then; null where there is no such check. */
  run(name: string): Promise<CheckStatus | null>;
}

/** How a collector is doing. Times are milliseconds since the Unix epoch. */
export interface CollectorStatus {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly running: boolean;
  readonly lastDurationMs: number | null;
  readonly lastSuccessMs: number | null;
  readonly successes: number;
  readonly failures: number;
  readonly timeouts: number;
  /** Ticks left out because the one before was still running. */
  readonly skipped: number;
  readonly lastError: string | null;
  /** Parts that this host does not offer. */
  readonly unavailable: readonly string[];
}

export interface ProcessList {
  /** When they were looked at, milliseconds since the Unix epoch. */
  readonly tsMs: number;
  /** Those that ended a while ago may be among them. */
  readonly processes: readonly ProcessRow[];
}

/** What Horizon itself uses. */
export interface SelfUsage {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
}

/** Facts of the running Horizon that do not change. */
export interface BuildFacts {
  readonly version: string;
  /** `source`, `compiled` or `self-extracting`. */
  readonly build: string;
  readonly hostname: string;
  readonly pid: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
}
