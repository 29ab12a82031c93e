import type { Clock } from "../../mod/clock.ts";
import type { HealthCheckConfig, HealthConfig } from "../../mod/config/health_section.ts";
import type { CheckTarget, TlsConfig } from "../../mod/config/health_targets.ts";
import type { CheckChange, CheckStatus } from "../../mod/health/check_status.ts";
import { dependencyFinding } from "../../mod/health/dependency.ts";
import type { QueryFn } from "../../mod/ports.ts";
import type { SourceRegistry } from "../../mod/sources/source_registry.ts";
import type { HorizonEvent } from "../../mod/events/event.ts";
import type { CollectorLog } from "../collector.ts";
import { IntakeSampleSink, type IntakeSinkOptions } from "../sample_sink.ts";
import type { Timers } from "../scheduler.ts";
import type { CheckDefinition, ResultListener } from "./check_run.ts";
import { readPast } from "./health_past.ts";
import { HealthJournal } from "./health_journal.ts";
import { HealthMetrics } from "./health_metrics.ts";
import { HealthMonitor } from "./health_monitor.ts";
import { type Probe, simpleProbe } from "./probe.ts";
import { commandProbe } from "./probes/command_probe.ts";
import { grpcProbe } from "./probes/grpc_probe.ts";
import { GrpcWatch } from "./probes/grpc_watch.ts";
import { httpProbe } from "./probes/http_probe.ts";
import { limitsProbe, processProbe, type ProcessSource } from "./probes/process_probe.ts";
import { sqlProbe } from "./probes/sql_probe.ts";
import { tcpProbe } from "./probes/tcp_probe.ts";
import type { TlsTrust } from "./probes/tls_trust.ts";

/** What the checks of the configuration need of the rest of Horizon. */
export interface HealthSources extends Pick<IntakeSinkOptions, "intake" | "series" | "latest"> {
  /** Where it is noted what becomes of the samples. */
  readonly sources: Pick<SourceRegistry, "open">;
  readonly log: CollectorLog;
  readonly event: (event: HorizonEvent) => void;
  readonly query: QueryFn;
  readonly processes: ProcessSource;
  readonly procRoot: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A latest value is dropped after so many intervals without a newer one. */
const MISSED_RUNS = 3;

/** The checks of the configuration, ready to be started. */
export function buildHealth(config: HealthConfig, sources: HealthSources): HealthMonitor {
  const statusOf = (name: string): CheckStatus | null => monitor.status(name);
  const checks = config.checks.map((check) => checkDefinition(check, sources, statusOf));
  const monitor = new HealthMonitor(checks, {
    flapping: { changes: config.flapping_changes, windowMs: config.flapping_window_ms },
    clock: sources.clock,
    timers: sources.timers,
    // Without checks there is no source of samples either.
    onResult: checks.length === 0 ? () => {} : recorder(checks, sources),
  });
  return monitor;
}

/**
 * Lets the checks go on from what is stored of them. Where that cannot be read they begin anew, which the
 * log tells.
 */
export async function recallHealth(
  monitor: HealthMonitor,
  { query, log }: Pick<HealthSources, "query" | "log">,
): Promise<void> {
  if (monitor.report().checks.length === 0) return;
  try {
    monitor.recall(await readPast(query));
  } catch (error) {
    log.warn("health_not_recalled", { error: String(error) });
  }
}

/** Turns results into samples, events and lines of the log. */
function recorder(checks: readonly CheckDefinition[], sources: HealthSources): ResultListener {
  const longestMs = Math.max(...checks.map(({ intervalMs }) => intervalMs));
  const sink = new IntakeSampleSink({
    ...sources,
    book: sources.sources.open("collector", "health", ["metrics"]),
    staleAfterMs: longestMs * MISSED_RUNS,
  });
  const metrics = new HealthMetrics(sink);
  const journal = new HealthJournal(sources.event);
  return (status, result, change) => {
    metrics.record(status, result);
    journal.record(status, result, change);
    if (change !== null) logChange(status, change, sources.log);
  };
}

function logChange(
  { name, service, state }: CheckStatus,
  { from, message }: CheckChange,
  log: CollectorLog,
): void {
  const fields = { check: name, service, state, from, message };
  if (state === "healthy") log.info("health_changed", fields);
  else log.warn("health_changed", fields);
}

type StatusOf = (name: string) => CheckStatus | null;

function checkDefinition(
  check: HealthCheckConfig,
  sources: HealthSources,
  statusOf: StatusOf,
): CheckDefinition {
  return {
    name: check.name,
    service: check.service,
    role: check.as,
    kind: check.target.kind,
    probe: probeOf(check.target, check.timeout_ms, sources, statusOf),
    intervalMs: check.interval_ms,
    timeoutMs: check.timeout_ms,
    initialDelayMs: check.initial_delay_ms,
    thresholds: { failures: check.failures, successes: check.successes },
  };
}

function probeOf(
  target: CheckTarget,
  timeoutMs: number,
  sources: HealthSources,
  statusOf: StatusOf,
): Probe {
  switch (target.kind) {
    case "process":
      return processProbe({ ...sources, ...target });
    case "limits":
      return limitsProbe({
        ...sources,
        of: target.of,
        limits: {
          maxMemoryBytes: target.max_memory_bytes,
          maxCpuCores: target.max_cpu_cores,
          maxOpenFds: target.max_open_fds,
          maxFdShare: target.max_fd_share,
        },
      });
    case "http":
      return httpProbe({
        ...target,
        bodyMatches: target.body_matches === null ? null : new RegExp(target.body_matches, "u"),
        maxLatencyMs: target.max_latency_ms,
        tls: tlsTrust(target.tls),
        clock: sources.clock,
      });
    case "grpc": {
      const { address, service } = target;
      const asked = { address, service, tls: target.tls === null ? null : tlsTrust(target.tls) };
      return target.mode === "check" ? grpcProbe(asked) : new GrpcWatch({ ...sources, ...asked });
    }
    case "tcp":
      return tcpProbe(target.address);
    case "command":
      return commandProbe({
        argv: target.argv,
        healthyCodes: target.healthy_codes,
        degradedCodes: target.degraded_codes,
        env: sources.env,
      });
    case "sql":
      return sqlProbe({
        sql: target.query,
        noData: target.no_data,
        timeoutMs,
        query: sources.query,
      });
    case "dependency":
      return simpleProbe(() =>
        Promise.resolve(dependencyFinding(
          target.checks.flatMap((name) => statusOf(name) ?? []),
          target.need,
        ))
      );
  }
}

function tlsTrust({ ca_file, insecure_skip_verify, server_name }: TlsConfig): TlsTrust {
  return {
    caFile: ca_file,
    insecureSkipVerify: insecure_skip_verify,
    serverName: server_name,
  };
}
