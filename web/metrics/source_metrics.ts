import type { Registry } from "prom-client";
import type { SignalCounts, SourceList, SourceStatus } from "../../mod/sources/source_status.ts";
import { one, readCounter, readGauge } from "./readings.ts";

type SourceLabels = Readonly<Record<"kind" | "source", string>>;

/** Registers how each source of telemetry is doing. */
export function registerSourceMetrics(registry: Registry, sources: SourceList): void {
  readCounter(registry, {
    name: "horizon_source_requests_total",
    help: "Requests, datagrams, lines or turns taken in, by source and signal.",
    labelNames: ["kind", "source", "signal"],
    read: () => bySignal(sources, ({ requests }) => requests),
  });
  readCounter(registry, {
    name: "horizon_source_accepted_records_total",
    help: "Spans, samples, histograms and log records kept, by source and signal.",
    labelNames: ["kind", "source", "signal"],
    read: () => bySignal(sources, ({ accepted }) => accepted),
  });
  readCounter(registry, {
    name: "horizon_source_rejected_records_total",
    help: "Records that were not kept, by source, signal and reason.",
    labelNames: ["kind", "source", "signal", "reason"],
    read: () =>
      sources.statuses().flatMap((status) =>
        Object.entries(status.signals).flatMap(([signal, { rejected }]) =>
          Object.entries(rejected).map(([reason, count]) =>
            [{ ...labels(status), signal, reason }, count] as const
          )
        )
      ),
  });
  readCounter(registry, {
    name: "horizon_source_refused_total",
    help: "Requests, connections or turns refused or failed as a whole, by source and reason.",
    labelNames: ["kind", "source", "reason"],
    read: () =>
      sources.statuses().flatMap((status) =>
        Object.entries(status.refused).map(([reason, count]) =>
          [{ ...labels(status), reason }, count] as const
        )
      ),
  });
  readCounter(registry, {
    name: "horizon_source_errors_total",
    help: "Times that something went wrong with a source.",
    labelNames: ["kind", "source"],
    read: () => sources.statuses().map((status) => [labels(status), status.errors]),
  });
  readGauge(registry, {
    name: "horizon_source_lag_seconds",
    help: "How far what a source brought last is behind the present, where that is known.",
    labelNames: ["kind", "source"],
    read: () =>
      sources.statuses().flatMap((status) =>
        status.lagMs === null ? [] : [[labels(status), status.lagMs / 1000] as const]
      ),
  });
  readGauge(registry, {
    name: "horizon_source_paused",
    help: "1 while a source takes nothing in, for want of room or on purpose.",
    labelNames: ["kind", "source"],
    read: () =>
      sources.statuses().map((status) => [labels(status), status.paused === null ? 0 : 1]),
  });
  readCounter(registry, {
    name: "horizon_sources_unlisted_total",
    help: "Sources counted together because there were too many to list.",
    read: () => one(sources.unlisted),
  });
}

function labels({ kind, name }: SourceStatus): SourceLabels {
  return { kind, source: name };
}

function bySignal(
  sources: SourceList,
  figure: (counts: SignalCounts) => number,
): (readonly [SourceLabels & { readonly signal: string }, number])[] {
  return sources.statuses().flatMap((status) =>
    Object.entries(status.signals).map(([signal, counts]) =>
      [{ ...labels(status), signal }, figure(counts)] as const
    )
  );
}
