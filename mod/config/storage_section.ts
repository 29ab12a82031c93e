import { z } from "zod";
import { contradiction, whenRight } from "./contradiction.ts";
import { choice, count, duration, size, text } from "./scalars.ts";

/** When appended bytes are forced to disk. */
export const FSYNC_POLICIES = ["every_batch", "every_second", "on_close"] as const;
export type FsyncPolicy = typeof FSYNC_POLICIES[number];

/** How long each tier is kept, milliseconds. */
export interface RetentionConfig {
  readonly metrics_ms: number;
  readonly spans_ms: number;
  readonly logs_ms: number;
  readonly events_ms: number;
  readonly rollups_1m_ms: number;
  readonly rollups_1h_ms: number;
}

/** Bounds of users' queries. */
export interface QueryLimitsConfig {
  /** Without another wish of the caller. */
  readonly timeout_ms: number;
  /** The most a caller may wish for. */
  readonly max_timeout_ms: number;
  readonly max_rows: number;
  readonly max_bytes: number;
  /** Queries that run at a time. */
  readonly max_concurrent: number;
  /** Queries that wait for their turn; one more is refused. */
  readonly max_queued: number;
}

/** `storage`: what is kept, where, and how much of it. */
export interface StorageConfig {
  /** Null keeps everything in memory. */
  readonly data_dir: string | null;
  /** Null derives it from the host: see `memoryBudgetBytes`. */
  readonly memory_budget_bytes: number | null;
  readonly disk_budget_bytes: number;
  readonly fsync: FsyncPolicy;
  readonly retention: RetentionConfig;
  readonly max_series: number;
  readonly max_series_per_metric: number;
  readonly max_attributes: number;
  readonly max_attribute_value_bytes: number;
  readonly query: QueryLimitsConfig;
}

const DAY_MS = 86_400_000;

/** As they are written in the file; numbers stand for what depends on another key. */
export const STORAGE_DEFAULTS = {
  data_dir: null,
  memory_budget: null,
  disk_budget: "4GiB",
  fsync: "every_second",
  retention: {
    metrics: "24h",
    spans: "24h",
    logs: "24h",
    events: "30d",
    /** Milliseconds, or `metrics`, if that is longer. */
    rollups_1m: 30 * DAY_MS,
    /** Milliseconds, or `rollups_1m`, if that is longer. */
    rollups_1h: 400 * DAY_MS,
  },
  max_series: 200_000,
  /** Or `max_series`, if that is less. */
  max_series_per_metric: 20_000,
  max_attributes: 128,
  max_attribute_value_bytes: "8KiB",
  query: {
    /** Milliseconds, or `max_timeout`, if that is shorter. */
    timeout: 10_000,
    max_timeout: "60s",
    max_rows: 100_000,
    max_bytes: "64MiB",
    max_concurrent: 4,
    max_queued: 32,
  },
} as const;

const tier = () => duration("1m", "3650d");

const Retention = z
  .strictObject({
    metrics: tier().prefault(STORAGE_DEFAULTS.retention.metrics)
      .describe("How long raw samples and histograms are kept."),
    spans: tier().prefault(STORAGE_DEFAULTS.retention.spans).describe("How long spans are kept."),
    logs: tier().prefault(STORAGE_DEFAULTS.retention.logs).describe("How long logs are kept."),
    events: tier().prefault(STORAGE_DEFAULTS.retention.events)
      .describe("How long events are kept: what happened to processes, and the like."),
    rollups_1m: tier().optional()
      .describe("How long 1 minute rollups are kept. Default 30d, or metrics if that is longer."),
    rollups_1h: tier().optional()
      .describe("How long 1 hour rollups are kept. Default 400d, or rollups_1m if that is longer."),
  })
  .superRefine((r, ctx) => {
    if (r.rollups_1m !== undefined && r.rollups_1m < r.metrics) {
      contradiction(ctx, ["rollups_1m"], "is shorter than metrics", "a duration from metrics");
    }
    if (r.rollups_1h === undefined) return;
    const [finer, ms] = r.rollups_1m === undefined
      ? ["metrics", r.metrics]
      : ["rollups_1m", r.rollups_1m];
    if (r.rollups_1h < ms) {
      contradiction(ctx, ["rollups_1h"], `is shorter than ${finer}`, `a duration from ${finer}`);
    }
  }, whenRight("metrics", "rollups_1m", "rollups_1h"))
  .transform((r): RetentionConfig => {
    const defaults = STORAGE_DEFAULTS.retention;
    const longest = r.rollups_1h ?? Infinity;
    const minutes = r.rollups_1m ?? Math.max(r.metrics, Math.min(defaults.rollups_1m, longest));
    return {
      metrics_ms: r.metrics,
      spans_ms: r.spans,
      logs_ms: r.logs,
      events_ms: r.events,
      rollups_1m_ms: minutes,
      rollups_1h_ms: r.rollups_1h ?? Math.max(defaults.rollups_1h, minutes),
    };
  });

const QueryLimits = z
  .strictObject({
    timeout: duration("1ms", "1h").optional()
      .describe("How long a query may run. Default 10s, or max_timeout if that is shorter."),
    max_timeout: duration("1ms", "1h").prefault(STORAGE_DEFAULTS.query.max_timeout)
      .describe("The longest time a caller may ask for."),
    max_rows: count(1, 10_000_000).prefault(STORAGE_DEFAULTS.query.max_rows)
      .describe("Rows of one result; what is more is cut, and the result says so."),
    max_bytes: size("1KiB", "512MiB").prefault(STORAGE_DEFAULTS.query.max_bytes)
      .describe("Bytes of one result; what is more is cut, and the result says so."),
    max_concurrent: count(1, 64).prefault(STORAGE_DEFAULTS.query.max_concurrent)
      .describe("Queries that run at a time."),
    max_queued: count(0, 10_000).prefault(STORAGE_DEFAULTS.query.max_queued)
      .describe("Queries that wait for their turn; one more is refused."),
  })
  .superRefine((q, ctx) => {
    if (q.timeout !== undefined && q.timeout > q.max_timeout) {
      contradiction(ctx, ["timeout"], "is longer than max_timeout", "a duration up to max_timeout");
    }
  }, whenRight("timeout", "max_timeout"))
  .transform(({ timeout, max_timeout, ...rest }): QueryLimitsConfig => ({
    ...rest,
    timeout_ms: timeout ?? Math.min(STORAGE_DEFAULTS.query.timeout, max_timeout),
    max_timeout_ms: max_timeout,
  }));

export const StorageSection: z.ZodType<StorageConfig> = z
  .strictObject({
    data_dir: text(4_096, "a path").nullable().prefault(STORAGE_DEFAULTS.data_dir)
      .describe("Folder for what must survive a restart. Not set: all is kept in memory only."),
    memory_budget: size("32MiB", "3GiB").nullable().prefault(STORAGE_DEFAULTS.memory_budget)
      .describe(
        "Memory for stored telemetry; past it the oldest goes. Not set: a quarter of the host's " +
          "(or the cgroup's) memory, at most 1GiB.",
      ),
    disk_budget: size("16MiB", "1024TiB").prefault(STORAGE_DEFAULTS.disk_budget)
      .describe("Bytes below data_dir; past it the oldest goes."),
    fsync: choice(FSYNC_POLICIES).prefault(STORAGE_DEFAULTS.fsync)
      .describe("When data is forced to disk."),
    retention: Retention.prefault({}).describe("How long each tier is kept."),
    max_series: count(1, 10_000_000).prefault(STORAGE_DEFAULTS.max_series)
      .describe("Series in all; a new one past it is refused and counted."),
    max_series_per_metric: count(1, 10_000_000).optional()
      .describe("Series of one metric name. Default 20000, or max_series if that is less."),
    max_attributes: count(1, 1_024).prefault(STORAGE_DEFAULTS.max_attributes)
      .describe("Attributes kept per record; more are dropped and counted."),
    max_attribute_value_bytes: size("64B", "1MiB")
      .prefault(STORAGE_DEFAULTS.max_attribute_value_bytes)
      .describe("Bytes kept of one attribute's value; longer ones are cut and counted."),
    query: QueryLimits.prefault({}).describe("Bounds of queries."),
  })
  .superRefine((s, ctx) => {
    if (s.max_series_per_metric !== undefined && s.max_series_per_metric > s.max_series) {
      contradiction(
        ctx,
        ["max_series_per_metric"],
        "is more than max_series",
        "a whole number up to max_series",
      );
    }
  }, whenRight("max_series", "max_series_per_metric"))
  .transform(({ memory_budget, disk_budget, max_series_per_metric, ...rest }): StorageConfig => ({
    ...rest,
    memory_budget_bytes: memory_budget,
    disk_budget_bytes: disk_budget,
    max_series_per_metric: max_series_per_metric ??
      Math.min(STORAGE_DEFAULTS.max_series_per_metric, rest.max_series),
  }))
  .describe("What is kept, where, and how much of it.");
