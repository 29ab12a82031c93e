import { z } from "zod";
import { SIGNALS } from "../../mod/columns/column.ts";
import { metricLabels } from "../../mod/intern/metric_labels.ts";
import { ROLLUPS } from "../../mod/metrics/rollup.ts";
import type { DiskStats, Store, StoredStats, StoreStats } from "../../mod/ports.ts";
import type { Route } from "../route.ts";
import type { SeriesSource } from "../sources.ts";
import { invalidFields } from "../errors/invalid_fields.ts";
import { isoMicros } from "./timestamps.ts";

export interface StorageDeps {
  readonly store: Pick<Store, "stats">;
  readonly series: SeriesSource;
  /** Things that a full registry or a bound turned away, by what they are. */
  readonly turnedAway: () => Readonly<Record<string, number>>;
  /** What of kept records was cut or dropped at a bound, by what it is. */
  readonly altered: () => Readonly<Record<string, number>>;
}

const MAX_NAMES = 1_000;

const StorageQuery = z.strictObject({
  names: z.coerce.number().pipe(z.int().min(0).max(MAX_NAMES)).default(50)
    .describe("Metric names shown, those with most series first."),
  metric: z.string().max(4_096).optional()
    .describe("A metric name whose label keys are shown, those with most values first."),
});

const SignalName = z.enum(SIGNALS);
const RollupName = z.enum(ROLLUPS);

const Stored = {
  rows: z.number(),
  open_rows: z.number(),
  chunks: z.number(),
  chunk_states: z.strictObject({ open: z.number(), closed: z.number(), sealed: z.number() })
    .describe("Open ones take rows, closed ones wait to be sealed, sealed ones are compressed."),
  bytes: z.number(),
  compression: z.strictObject({
    sealed_rows: z.number(),
    received_bytes: z.number(),
    sealed_bytes: z.number(),
    ratio: z.number().nullable(),
  }).describe("Of sealed chunks: the bytes that rows came in as, what they take, and their ratio."),
  min_ts: z.string().nullable(),
  max_ts: z.string().nullable(),
  retention_ms: z.number().describe("How long rows are kept, where the budgets have room."),
};

/** The answer of `/api/storage`. */
export const StorageJson = z.strictObject({
  bytes: z.number(),
  budget_bytes: z.number(),
  signals: z.array(z.strictObject({ signal: SignalName, ...Stored })),
  rollups: z.array(z.strictObject({ rollup: RollupName, ...Stored })),
  rollups_pending: z.number().describe("Closed chunks of raw rows that are not rolled up yet."),
  never_rolled_up_rows: z.number()
    .describe("Raw rows that had to be evicted for room before they were rolled up."),
  sealed_chunks: z.number(),
  evicted: z.array(z.strictObject({
    signal: z.enum([...SIGNALS, ...ROLLUPS]),
    reason: z.enum(["age", "bytes", "disk", "sampled"]),
    rows: z.number(),
  })),
  drops: z.array(z.strictObject({ what: z.string(), reason: z.string(), count: z.number() }))
    .describe("All that was removed, refused, cut or left out since the start, by reason."),
  disk: z.strictObject({
    path: z.string(),
    bytes: z.number(),
    budget_bytes: z.number(),
    files: z.number(),
    problem: z.string().nullable(),
    failed_writes: z.number(),
    layout_version: z.number(),
    fsync: z.enum(["every_batch", "every_second", "on_close"]),
    syncs: z.number(),
    unsynced_bytes: z.number(),
    waiting_rows: z.number(),
    waiting_bytes: z.number(),
    unlogged_rows: z.number(),
    quarantined_files: z.number(),
    recovery: z.strictObject({
      frames: z.number(),
      rows: z.number(),
      elapsed_ms: z.number(),
      lost_stretches: z.number(),
      lost_bytes: z.number(),
      left_on_disk: z.number(),
      set_aside: z.number(),
    }),
  }).nullable(),
  restarts: z.strictObject({
    count: z.number(),
    last: z.strictObject({ ts: z.string(), reason: z.string(), emptied: z.boolean() }).nullable(),
  }),
  appends: z.strictObject({
    count: z.number(),
    rows: z.number(),
    total_ms: z.number(),
    held: z.number().describe("Answered late, because rows came faster than they can be sealed."),
  }),
  queries: z.strictObject({
    running: z.number(),
    queued: z.number(),
    total: z.number(),
    cancelled: z.number(),
    refused: z.number(),
  }),
  series: z.strictObject({
    live: z.number(),
    retired: z.number()
      .describe(
        "Series without new samples whose definitions are kept for the rows that are left.",
      ),
    lost_definitions: z.number()
      .describe(
        "Definitions given up because too many were kept; their rows are not seen any more.",
      ),
    refused: z.record(z.string(), z.number()),
    by_metric: z.array(
      z.strictObject({ name: z.string(), series: z.number(), refused: z.number() }),
    ),
    metric: z.strictObject({
      name: z.string(),
      looked_at: z.number().describe("Its series that were looked at, at most 50,000."),
      labels: z.array(
        z.strictObject({ key: z.string(), values: z.number(), series: z.number() }),
      ),
    }).nullable().describe("Of the metric that was asked for."),
  }),
});

/** `GET /api/storage`: rows, chunks, bytes, and which metrics have how many series. */
export function storageRoutes(deps: StorageDeps): Route[] {
  const { store, series } = deps;
  return [{
    method: "GET",
    path: "/api/storage",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "What the store holds, and which metrics have most series",
      tag: "state",
      query: StorageQuery,
      responses: { 200: { description: "Figures.", content: { "application/json": StorageJson } } },
    },
    handler: async (c) => {
      const query = StorageQuery.safeParse(c.req.query());
      if (!query.success) throw invalidFields(query.error);
      const stats = await store.stats();
      const body: z.infer<typeof StorageJson> = {
        ...storeJson(stats),
        drops: drops(stats, deps),
        series: {
          live: series.size,
          retired: stats.retiredSeries,
          lost_definitions: stats.lostDefinitions,
          refused: { ...series.refusals.totals },
          by_metric: series.cardinality(query.data.names),
          metric: query.data.metric === undefined ? null : metricJson(series, query.data.metric),
        },
      };
      return c.json(body);
    },
  }];
}

interface Drop {
  readonly what: string;
  readonly reason: string;
  readonly count: number;
}

function drops(stats: StoreStats, { series, turnedAway, altered }: StorageDeps): Drop[] {
  const counted = (
    counts: Readonly<Record<string, number>>,
    drop: (key: string) => { what: string; reason: string },
  ): Drop[] => Object.entries(counts).map(([key, count]) => ({ ...drop(key), count }));
  return [
    ...stats.evicted.map(({ signal, reason, rows }) => ({ what: signal, reason, count: rows })),
    { what: "rows", reason: "never_rolled_up", count: stats.neverRolledUp },
    { what: "rows", reason: "memory_only", count: stats.disk?.unloggedRows ?? 0 },
    { what: "definitions", reason: "too_many", count: stats.lostDefinitions },
    ...counted(series.refusals.totals, (reason) => ({ what: "series", reason })),
    ...counted(turnedAway(), (what) => ({ what, reason: "turned_away" })),
    ...counted(altered(), (what) => ({ what, reason: "altered" })),
  ].filter(({ count }) => count > 0);
}

function storeJson(stats: StoreStats): Omit<z.infer<typeof StorageJson>, "series" | "drops"> {
  return {
    bytes: stats.bytes,
    budget_bytes: stats.budgetBytes,
    signals: stats.signals.map((one) => ({ signal: one.signal, ...storedJson(one) })),
    rollups: stats.rollups.map((one) => ({ rollup: one.rollup, ...storedJson(one) })),
    rollups_pending: stats.rollupsPending,
    never_rolled_up_rows: stats.neverRolledUp,
    sealed_chunks: stats.sealedChunks,
    evicted: stats.evicted.map(({ signal, reason, rows }) => ({ signal, reason, rows })),
    disk: stats.disk === null ? null : diskJson(stats.disk),
    restarts: {
      count: stats.restarts.count,
      last: stats.restarts.last === null ? null : {
        ts: isoMicros(stats.restarts.last.atMs * 1000),
        reason: stats.restarts.last.reason,
        emptied: stats.restarts.last.emptied,
      },
    },
    appends: {
      count: stats.appends,
      rows: stats.appendedRows,
      total_ms: stats.appendMsTotal,
      held: stats.heldAppends,
    },
    queries: {
      running: stats.queriesRunning,
      queued: stats.queriesQueued,
      total: stats.queriesTotal,
      cancelled: stats.queriesCancelled,
      refused: stats.queriesRefused,
    },
  };
}

function metricJson(series: SeriesSource, name: string) {
  const { lookedAt, labels } = metricLabels(series.seriesOf(name));
  return { name, looked_at: lookedAt, labels: labels.map((one) => ({ ...one })) };
}

function storedJson(stored: StoredStats) {
  return {
    rows: stored.rows,
    open_rows: stored.openRows,
    chunks: stored.chunks,
    chunk_states: {
      open: stored.openChunks,
      closed: stored.closedChunks,
      sealed: stored.sealed.chunks,
    },
    bytes: stored.bytes,
    compression: {
      sealed_rows: stored.sealed.rows,
      received_bytes: stored.sealed.receivedBytes,
      sealed_bytes: stored.sealed.bytes,
      ratio: stored.sealed.bytes === 0 ? null : stored.sealed.receivedBytes / stored.sealed.bytes,
    },
    min_ts: stored.minTsUs === null ? null : isoMicros(stored.minTsUs),
    max_ts: stored.maxTsUs === null ? null : isoMicros(stored.maxTsUs),
    retention_ms: stored.retentionMs,
  };
}

function diskJson(disk: DiskStats): NonNullable<z.infer<typeof StorageJson>["disk"]> {
  const { recovery } = disk;
  return {
    path: disk.path,
    bytes: disk.bytes,
    budget_bytes: disk.budgetBytes,
    files: disk.files,
    problem: disk.problem,
    failed_writes: disk.failedWrites,
    layout_version: disk.layoutVersion,
    fsync: disk.fsync,
    syncs: disk.syncs,
    unsynced_bytes: disk.unsyncedBytes,
    waiting_rows: disk.waitingRows,
    waiting_bytes: disk.waitingBytes,
    unlogged_rows: disk.unloggedRows,
    quarantined_files: disk.quarantinedFiles,
    recovery: {
      frames: recovery.frames,
      rows: recovery.rows,
      elapsed_ms: recovery.elapsedMs,
      lost_stretches: recovery.lostStretches,
      lost_bytes: recovery.lostBytes,
      left_on_disk: recovery.leftOnDisk,
      set_aside: recovery.setAside,
    },
  };
}
