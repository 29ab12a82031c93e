import type { Registry } from "prom-client";
import type { StoreStats } from "../../mod/ports.ts";
import { one, readCounter, readGauge } from "./readings.ts";

export interface StoreMetricSources {
  /** Whether the store answered this scrape, and its newest answer; null before the first. */
  readonly store: () => { readonly up: boolean; readonly stats: StoreStats | null };
}

/** Registers what the store holds and does. */
export function registerStoreMetrics(registry: Registry, sources: StoreMetricSources): void {
  readGauge(registry, {
    name: "horizon_store_up",
    help: "1 when the store answered this scrape.",
    read: () => one(sources.store().up ? 1 : 0),
  });
  readCounter(registry, {
    name: "horizon_store_restarts_total",
    help: "How often the store's thread was replaced because it died or was held.",
    read: () => one(sources.store().stats?.restarts.count),
  });
  registerContents(registry, () => sources.store().stats);
  registerRollups(registry, () => sources.store().stats);
  registerDisk(registry, () => sources.store().stats);
  registerQueries(registry, () => sources.store().stats);
}

function registerContents(registry: Registry, store: () => StoreStats | null): void {
  readGauge(registry, {
    name: "horizon_store_bytes",
    help: "Bytes the store's engine holds.",
    read: () => one(store()?.bytes),
  });
  readGauge(registry, {
    name: "horizon_store_budget_bytes",
    help: "Bytes past which the oldest chunks are evicted.",
    read: () => one(store()?.budgetBytes),
  });
  readGauge(registry, {
    name: "horizon_store_rows",
    help: "Rows stored, by signal.",
    labelNames: ["signal"],
    read: () => store()?.signals.map(({ signal, rows }) => [{ signal }, rows] as const) ?? [],
  });
  readGauge(registry, {
    name: "horizon_store_chunks",
    help: "Chunks of each signal.",
    labelNames: ["signal"],
    read: () => store()?.signals.map(({ signal, chunks }) => [{ signal }, chunks] as const) ?? [],
  });
  readCounter(registry, {
    name: "horizon_store_sealed_chunks_total",
    help: "Chunks closed, sorted and compressed.",
    read: () => one(store()?.sealedChunks),
  });
  readCounter(registry, {
    name: "horizon_store_evicted_rows_total",
    help: "Rows that retention removed, by signal and reason.",
    labelNames: ["signal", "reason"],
    read: () =>
      store()?.evicted.map(({ signal, reason, rows }) => [{ signal, reason }, rows] as const) ?? [],
  });
  readCounter(registry, {
    name: "horizon_store_appends_total",
    help: "Batches appended.",
    read: () => one(store()?.appends),
  });
  readCounter(registry, {
    name: "horizon_store_append_seconds_total",
    help: "Time spent appending.",
    read: () => one(scaled(store()?.appendMsTotal)),
  });
  readCounter(registry, {
    name: "horizon_store_held_appends_total",
    help: "Appends answered late, because rows came faster than they can be sealed.",
    read: () => one(store()?.heldAppends),
  });
}

function registerRollups(registry: Registry, store: () => StoreStats | null): void {
  readGauge(registry, {
    name: "horizon_rollup_rows",
    help: "Rows stored of each rollup.",
    labelNames: ["rollup"],
    read: () => store()?.rollups.map(({ rollup, rows }) => [{ rollup }, rows] as const) ?? [],
  });
  readGauge(registry, {
    name: "horizon_rollups_pending",
    help: "Closed chunks of raw rows that are not rolled up yet.",
    read: () => one(store()?.rollupsPending),
  });
  readCounter(registry, {
    name: "horizon_never_rolled_up_rows_total",
    help: "Raw rows evicted for room before they were rolled up.",
    read: () => one(store()?.neverRolledUp),
  });
  readGauge(registry, {
    name: "horizon_retired_series",
    help: "Series without new samples whose definitions are kept for the rows that are left.",
    read: () => one(store()?.retiredSeries),
  });
  readCounter(registry, {
    name: "horizon_lost_definitions_total",
    help: "Definitions of retired series given up because too many were kept.",
    read: () => one(store()?.lostDefinitions),
  });
}

/** Nothing of these in memory-only mode. */
function registerDisk(registry: Registry, store: () => StoreStats | null): void {
  readGauge(registry, {
    name: "horizon_disk_up",
    help: "1 when all rows are on disk, 0 when some are in memory only.",
    read: () => {
      const disk = store()?.disk ?? null;
      return disk === null ? [] : one(disk.problem === null ? 1 : 0);
    },
  });
  readGauge(registry, {
    name: "horizon_disk_bytes",
    help: "Bytes below the data directory.",
    read: () => one(store()?.disk?.bytes),
  });
  readGauge(registry, {
    name: "horizon_disk_waiting_rows",
    help: "Rows that could not be written yet and wait for room.",
    read: () => one(store()?.disk?.waitingRows),
  });
  readGauge(registry, {
    name: "horizon_disk_quarantined_files",
    help: "Damaged or harmful files that were set aside.",
    read: () => one(store()?.disk?.quarantinedFiles),
  });
  readCounter(registry, {
    name: "horizon_disk_failed_writes_total",
    help: "Writes and syncs that failed.",
    read: () => one(store()?.disk?.failedWrites),
  });
  readCounter(registry, {
    name: "horizon_disk_unlogged_rows_total",
    help: "Rows that stay in memory only, because more could not be written than may wait.",
    read: () => one(store()?.disk?.unloggedRows),
  });
}

function registerQueries(registry: Registry, store: () => StoreStats | null): void {
  readGauge(registry, {
    name: "horizon_queries_in_progress",
    help: "Queries running and waiting.",
    labelNames: ["state"],
    read: () => {
      const stats = store();
      if (stats === null) return [];
      return [[{ state: "running" }, stats.queriesRunning], [
        { state: "queued" },
        stats.queriesQueued,
      ]];
    },
  });
  readCounter(registry, {
    name: "horizon_queries_total",
    help: "Queries taken.",
    read: () => one(store()?.queriesTotal),
  });
  readCounter(registry, {
    name: "horizon_queries_cancelled_total",
    help: "Queries stopped at their deadline or because the caller went away.",
    read: () => one(store()?.queriesCancelled),
  });
  readCounter(registry, {
    name: "horizon_queries_refused_total",
    help: "Queries refused because too many waited.",
    read: () => one(store()?.queriesRefused),
  });
}

function scaled(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
