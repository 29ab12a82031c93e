import type { Registry } from "prom-client";
import type { CollectorStatus } from "../sources.ts";
import { readCounter, readGauge } from "./readings.ts";

/** Registers how each collector is doing. */
export function registerCollectorMetrics(
  registry: Registry,
  collectors: () => readonly CollectorStatus[],
): void {
  readCounter(registry, {
    name: "horizon_collector_runs_total",
    help: "Collections, by collector and outcome; skipped ones would have overlapped.",
    labelNames: ["collector", "outcome"],
    read: () =>
      collectors().flatMap(({ name, successes, failures, timeouts, skipped }) =>
        Object.entries({ success: successes, failure: failures, timeout: timeouts, skipped }).map(
          ([outcome, n]) => [{ collector: name, outcome }, n] as const,
        )
      ),
  });
  readGauge(registry, {
    name: "horizon_collector_last_duration_seconds",
    help: "How long the last collection took.",
    labelNames: ["collector"],
    read: () =>
      collectors().flatMap(({ name, lastDurationMs }) =>
        lastDurationMs === null ? [] : [[{ collector: name }, lastDurationMs / 1000] as const]
      ),
  });
  readGauge(registry, {
    name: "horizon_collector_last_success_time_seconds",
    help: "When the last good collection was, seconds since the Unix epoch.",
    labelNames: ["collector"],
    read: () =>
      collectors().flatMap(({ name, lastSuccessMs }) =>
        lastSuccessMs === null ? [] : [[{ collector: name }, lastSuccessMs / 1000] as const]
      ),
  });
}
