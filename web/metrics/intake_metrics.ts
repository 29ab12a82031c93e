import type { Registry } from "prom-client";
import type { IntakeStats } from "../../mod/intake/intake.ts";
import type { PipelineStats } from "../../mod/pipeline/pipeline.ts";
import type { SeriesSource } from "../sources.ts";
import { registerForwardMetrics } from "./forward_metrics.ts";
import {
  OTHER_METRICS,
  SERIES_REFUSALS,
  type SeriesRefusal,
} from "../../mod/intern/series_refusals.ts";
import { byLabel, one, readCounter, readGauge, type Readings } from "./readings.ts";

export interface IntakeMetricSources {
  readonly intake: { readonly stats: IntakeStats };
  readonly pipeline: { readonly stats: PipelineStats };
  readonly series: SeriesSource;
  /** Things that a full registry or a bound turned away, by what they are. */
  readonly turnedAway: () => Readonly<Record<string, number>>;
  /** What of OTLP records was cut or dropped at a bound; the records themselves were kept. */
  readonly altered: () => Readonly<Record<string, number>>;
}

/** Registers what comes in, what waits, and what was refused. */
export function registerIntakeMetrics(registry: Registry, sources: IntakeMetricSources): void {
  const { intake, pipeline, series } = sources;
  readGauge(registry, {
    name: "horizon_intake_pending_bytes",
    help: "Bytes of requests admitted and not yet stored.",
    read: () => one(intake.stats.pendingBytes),
  });
  readGauge(registry, {
    name: "horizon_intake_pending_limit_bytes",
    help: "Bound of horizon_intake_pending_bytes.",
    read: () => one(intake.stats.maxPendingBytes),
  });
  readCounter(registry, {
    name: "horizon_intake_refused_requests_total",
    help: "Requests refused because the intake was full.",
    read: () => one(intake.stats.refusedRequests),
  });
  readCounter(registry, {
    name: "horizon_intake_failed_appends_total",
    help: "Batches that the store did not keep.",
    read: () => one(intake.stats.failedAppends),
  });
  readCounter(registry, {
    name: "horizon_intake_rows_total",
    help: "Rows kept by the store, by signal.",
    labelNames: ["signal"],
    read: () => byLabel("signal", intake.stats.keptRows),
  });
  readCounter(registry, {
    name: "horizon_redacted_texts_total",
    help: "Texts that secrets were taken out of, by rule.",
    labelNames: ["rule"],
    read: () => byLabel("rule", pipeline.stats.redacted),
  });
  readCounter(registry, {
    name: "horizon_pipeline_dropped_rows_total",
    help: "Rows that the configured pipeline dropped, by processor and signal.",
    labelNames: ["processor", "signal"],
    read: () =>
      pipeline.stats.dropped.map(({ processor, signal, rows }) =>
        [{ processor, signal }, rows] as const
      ),
  });
  readCounter(registry, {
    name: "horizon_pipeline_uncounted_records_total",
    help: "Records that the pipeline did not count because it has too many counters.",
    read: () => one(pipeline.stats.uncounted),
  });
  readCounter(registry, {
    name: "horizon_pipeline_changed_rows_total",
    help: "Rows whose time was out of range and set to the present, by processor and signal.",
    labelNames: ["processor", "signal"],
    read: () =>
      pipeline.stats.changed.map(({ processor, signal, rows }) =>
        [{ processor, signal }, rows] as const
      ),
  });
  registerForwardMetrics(registry, pipeline);
  readGauge(registry, {
    name: "horizon_series",
    help: "Live metric series.",
    read: () => one(series.size),
  });
  readCounter(registry, {
    name: "horizon_series_refused_total",
    help: "Samples of new series refused, by metric and the limit that refused them.",
    labelNames: ["metric", "reason"],
    read: () => refusedSeries(series.refusals),
  });
  readCounter(registry, {
    name: "horizon_turned_away_total",
    help: "Things that did not fit a bound besides the series limits, by what they are.",
    labelNames: ["what"],
    read: () => byLabel("what", sources.turnedAway()),
  });
  readCounter(registry, {
    name: "horizon_otlp_altered_total",
    help: "Parts of kept records that were cut or dropped at a bound, by what they are.",
    labelNames: ["what"],
    read: () => byLabel("what", sources.altered()),
  });
}

/** Metrics with a reading of their own; the others share one. */
const MAX_REFUSED_METRICS = 100;

// The first that were refused keep their readings, so that none of these counters ever falls.
function refusedSeries(
  refusals: SeriesSource["refusals"],
): Readings<"metric" | "reason"> {
  const readings: (readonly [{ metric: string; reason: SeriesRefusal }, number])[] = [];
  let named = 0;
  for (const [metric, counts] of refusals.byMetric()) {
    const label = named++ < MAX_REFUSED_METRICS ? metric : OTHER_METRICS;
    for (const reason of SERIES_REFUSALS) {
      if (counts[reason] > 0) readings.push([{ metric: label, reason }, counts[reason]]);
    }
  }
  return readings;
}
