import type { CrashesConfig } from "../mod/config/crashes_section.ts";
import type { TailSamplingConfig } from "../mod/config/sampling_config.ts";
import type { StorageConfig } from "../mod/config/storage_section.ts";
import type { CrashLimits } from "./crash_store.ts";
import type { StoreOptions } from "./messages.ts";
import { DURABLE_PATIENCE, MEMORY_PATIENCE } from "./patience.ts";

/** The limits of crashes as the configuration has them. */
export function crashLimits({ max_count, max_bytes, max_age_ms }: CrashesConfig): CrashLimits {
  return { maxCount: max_count, maxBytes: max_bytes, maxAgeMs: max_age_ms };
}

/** The store's options as the configuration has them. `budgetBytes`: memory for the data. */
export function storeOptions(
  storage: StorageConfig,
  tail: TailSamplingConfig,
  budgetBytes: number,
): StoreOptions {
  const { retention, query } = storage;
  return {
    disk: storage.data_dir === null ? null : {
      path: storage.data_dir,
      fsync: storage.fsync,
      budgetBytes: storage.disk_budget_bytes,
    },
    budgetBytes,
    patience: storage.data_dir === null ? MEMORY_PATIENCE : DURABLE_PATIENCE,
    retentionMs: {
      metrics: retention.metrics_ms,
      histograms: retention.metrics_ms,
      exemplars: retention.metrics_ms,
      spans: retention.spans_ms,
      logs: retention.logs_ms,
      events: retention.events_ms,
      rollups_1m: retention.rollups_1m_ms,
      rollups_1h: retention.rollups_1h_ms,
      histogram_rollups_1m: retention.rollups_1m_ms,
      histogram_rollups_1h: retention.rollups_1h_ms,
    },
    tailSampling: tail.enabled
      ? {
        probability: tail.probability,
        keepErrors: tail.keep_errors,
        keepSlowerThanNs: tail.keep_slower_than_ms * 1e6,
      }
      : null,
    query: {
      defaultTimeoutMs: query.timeout_ms,
      maxTimeoutMs: query.max_timeout_ms,
      maxRows: query.max_rows,
      maxBytes: query.max_bytes,
      maxConcurrent: query.max_concurrent,
      maxQueued: query.max_queued,
    },
  };
}
