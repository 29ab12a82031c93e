import type { Registry } from "prom-client";
import type { SourceList } from "../../mod/sources/source_status.ts";
import type { CollectorStatus } from "../sources.ts";
import { registerCollectorMetrics } from "./collector_metrics.ts";
import { type DoorMetricSources, registerDoorMetrics } from "./door_metrics.ts";
import { type IntakeMetricSources, registerIntakeMetrics } from "./intake_metrics.ts";
import { type ProcessMetricSources, registerProcessMetrics } from "./process_metrics.ts";
import { registerSourceMetrics } from "./source_metrics.ts";
import { registerStoreMetrics, type StoreMetricSources } from "./store_metrics.ts";

/** What Horizon's own metrics are read from, at every scrape. */
export interface StateSources
  extends ProcessMetricSources, IntakeMetricSources, StoreMetricSources, DoorMetricSources {
  readonly sources: SourceList;
  readonly collectors: () => readonly CollectorStatus[];
}

/** Registers everything that Horizon tells about itself besides HTTP requests. */
export function registerStateMetrics(registry: Registry, sources: StateSources): void {
  registerProcessMetrics(registry, sources);
  registerIntakeMetrics(registry, sources);
  registerSourceMetrics(registry, sources.sources);
  registerStoreMetrics(registry, sources);
  registerCollectorMetrics(registry, sources.collectors);
  registerDoorMetrics(registry, sources);
}
