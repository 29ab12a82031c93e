import type { Config } from "../mod/config/schema.ts";
import type { QueryFn } from "../mod/ports.ts";
import type { ProcessDeath } from "../mod/processes/process_death.ts";
import type { ReportedExits } from "../mod/processes/reported_exits.ts";
import type { Reception } from "../mod/reception/build_reception.ts";
import type { Clock } from "../mod/clock.ts";
import type { Logger } from "../mod/log/logger.ts";
import { buildCollectors } from "./collectors.ts";
import { configuredCollectors } from "./configured_collectors.ts";
import { buildHealth, recallHealth } from "./health/configured_health.ts";
import type { HealthMonitor } from "./health/health_monitor.ts";
import { configuredLogs } from "./logs/configured_logs.ts";
import type { LogSources } from "./logs/log_sources.ts";
import type { ProcessCollector } from "./processes/process_collector.ts";
import { Scheduler, type Timers } from "./scheduler.ts";
import { configuredScraping } from "./scrape/configured_scrape.ts";

export interface InputParts {
  readonly reception: Reception;
  readonly query: QueryFn;
  readonly reportedExits: ReportedExits;
  readonly onDeath: (death: ProcessDeath) => unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  /** A random unsigned 32-bit number; see `ScrapeParts`. */
  readonly salt: number;
  readonly log: Logger;
}

/** All that Horizon fetches by itself: from the host, from what it checks and scrapes, from log files. */
export interface Inputs {
  readonly scheduler: Scheduler;
  /** The table of processes; null when they are not collected. */
  readonly processes: ProcessCollector | null;
  readonly checks: HealthMonitor;
  readonly logs: LogSources;
  start(): Promise<void>;
  /** Starts nothing more, and waits for what runs. */
  stop(): Promise<void>;
}

/**
 * The inputs that the configuration asks for, ready to be started.
 * @throws HorizonError `invalid_argument` when a certificate for scraping cannot be read
 */
export function buildInputs(config: Config, parts: InputParts): Inputs {
  const { reception, clock, timers, random, log } = parts;
  const { intake, latest, sources, events, registries: { series } } = reception;
  const { proc_root: procRoot, processes: { groups } } = config.collectors;
  const collected = buildCollectors({
    ...parts,
    ...configuredCollectors(config.collectors),
    counters: reception.pipeline.counters,
    events,
    intake,
    series,
    latest,
    sources,
  });
  const { processes } = collected;
  const rows = () => processes?.processRows() ?? [];
  const scheduler = new Scheduler(collected.collectors, {
    clock,
    timers,
    random,
    log,
    onProblem: (collector, problem) => collected.noteProblem(collector, problem),
  });
  const checks = buildHealth(config.health, {
    ...parts,
    intake,
    series,
    latest,
    sources,
    event: (event) => events.write(event),
    processes: () => processes?.processList() ?? null,
    procRoot,
  });
  const logs = configuredLogs(config.logs, config.storage, {
    writer: reception.logs,
    sources,
    processes: rows,
    procRoot,
    clock,
    timers,
    log,
  });
  const scraping = configuredScraping(config.scrape, { groups, procRoot, rows }, {
    ...parts,
    writer: reception.samples,
    series,
    sources,
  });
  return {
    scheduler,
    processes,
    checks,
    logs,
    start: async () => {
      await logs.start();
      scheduler.start();
      await recallHealth(checks, parts);
      checks.start();
      scraping.start();
    },
    stop: async () => {
      await Promise.all([scheduler.stop(), checks.stop(), scraping.stop(), logs.stop()]);
    },
  };
}
