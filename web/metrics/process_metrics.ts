import type { Registry } from "prom-client";
import type { BuildFacts, SelfUsage } from "../sources.ts";
import { one, readCounter, readGauge } from "./readings.ts";

export interface ProcessMetricSources {
  readonly facts: BuildFacts;
  readonly usage: () => SelfUsage;
}

/** Registers what runs and what it costs. */
export function registerProcessMetrics(
  registry: Registry,
  { facts, usage }: ProcessMetricSources,
): void {
  readGauge(registry, {
    name: "horizon_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "build"],
    read: () => [[{ version: facts.version, build: facts.build }, 1]],
  });
  readGauge(registry, {
    name: "horizon_start_time_seconds",
    help: "When Horizon started, seconds since the Unix epoch.",
    read: () => one(facts.startedAtMs / 1000),
  });
  readGauge(registry, {
    name: "horizon_resident_memory_bytes",
    help: "Resident memory of Horizon, store included.",
    read: () => one(usage().rssBytes),
  });
  readGauge(registry, {
    name: "horizon_heap_used_bytes",
    help: "JavaScript heap in use in the main thread.",
    read: () => one(usage().heapUsedBytes),
  });
  readCounter(registry, {
    name: "horizon_cpu_seconds_total",
    help: "CPU time of Horizon, all threads.",
    labelNames: ["mode"],
    read: () => {
      const { cpuUserSeconds, cpuSystemSeconds } = usage();
      return [[{ mode: "user" }, cpuUserSeconds], [{ mode: "system" }, cpuSystemSeconds]];
    },
  });
}
