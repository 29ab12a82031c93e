import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import { EventWriter } from "../events/event_writer.ts";
import { Intake } from "../intake/intake.ts";
import { LogWriter } from "../intake/log_writer.ts";
import { SampleWriter } from "../intake/sample_writer.ts";
import { SeriesLimitLog } from "../intake/series_limit_log.ts";
import type { Registries } from "../intern/registries.ts";
import { LatestValues } from "../latest/latest_values.ts";
import { RowFeed } from "../live/row_feed.ts";
import type { Logger } from "../log/logger.ts";
import { LokiReceiver } from "../loki/loki_receiver.ts";
import { DEFAULT_OTLP_LIMITS } from "../otlp/limits.ts";
import { OtlpReceiver } from "../otlp/receive.ts";
import { buildPipeline } from "../pipeline/build_pipeline.ts";
import { pause } from "../pipeline/forward/configured_forwarders.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Redactor } from "../pipeline/redact/redactor.ts";
import { timeLimits } from "../pipeline/time_limits.ts";
import { RemoteWriteReceiver } from "../prometheus/remote_write.ts";
import type { Store } from "../ports.ts";
import { SourceRegistry } from "../sources/source_registry.ts";

/** Series whose newest value is held for `/metrics` and the live stream. */
const MAX_LATEST_SERIES = 100_000;

export interface ReceptionParts {
  readonly store: Store;
  readonly registries: Registries;
  readonly redactor: Redactor | null;
  readonly hostName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  /** In [0, 1). */
  readonly random: () => number;
  /** Keeps those who send from choosing what collides in tables of hashes; 32 random bits. */
  readonly salt: number;
  readonly log: Logger;
}

/** The way of a record from whoever brings it to the store: decoded, counted, processed, kept. */
export interface Reception {
  readonly registries: Registries;
  readonly pipeline: Pipeline;
  readonly intake: Intake;
  /** What is kept, told to those who listen. */
  readonly live: RowFeed;
  readonly latest: LatestValues;
  readonly sources: SourceRegistry;
  readonly events: EventWriter;
  /** Tells in the log of series that were refused. Started and stopped by the owner. */
  readonly limitLog: SeriesLimitLog;
  readonly samples: SampleWriter;
  readonly logs: LogWriter;
  readonly otlp: OtlpReceiver;
  readonly remoteWrite: RemoteWriteReceiver;
  readonly loki: LokiReceiver;
}

/** All that takes records in, as the configuration has it. Whoever stops it drains `intake` and `pipeline`. */
export function buildReception(
  { ingest, pipeline: pipelineConfig, storage }: Pick<Config, "ingest" | "pipeline" | "storage">,
  parts: ReceptionParts,
): Reception {
  const { store, registries, hostName, clock, timers, salt, log } = parts;
  const onListenerError = (error: unknown) =>
    log.error("live_listener_failed", { error: String(error) });
  const pipeline = buildPipeline(pipelineConfig, { ...parts, sleep: pause });
  const live = new RowFeed({ names: registries, onListenerError });
  const intake = new Intake(
    store,
    registries,
    {
      maxPendingBytes: ingest.max_pending_bytes,
      flushIntervalMs: ingest.flush_interval_ms,
      maxBatchRows: ingest.max_batch_rows,
    },
    clock,
    pipeline,
    live,
  );
  const limits = {
    ...DEFAULT_OTLP_LIMITS,
    ...timeLimits(pipelineConfig.timestamps),
    maxAttributes: storage.max_attributes,
    maxValueBytes: storage.max_attribute_value_bytes,
  };
  const samples = new SampleWriter({ intake, registries, clock, limits });
  const logs = new LogWriter({ intake, registries, clock, hostName, limits });
  return {
    registries,
    pipeline,
    intake,
    live,
    latest: new LatestValues({ maxSeries: MAX_LATEST_SERIES, onListenerError }),
    sources: new SourceRegistry(clock),
    events: new EventWriter({ intake, registries, timers, log }),
    limitLog: new SeriesLimitLog({ series: registries.series, clock, timers, log }),
    samples,
    logs,
    otlp: new OtlpReceiver({ intake, registries, clock, hostName, limits, salt }),
    remoteWrite: new RemoteWriteReceiver({ writer: samples, series: registries.series, salt }),
    loki: new LokiReceiver(logs, clock),
  };
}

/** What full registries and the bounds of the reception turned away so far, by what it was. */
export function turnedAway(
  { registries, latest, live, remoteWrite, events }: Reception,
): Readonly<Record<string, number>> {
  return {
    attribute_keys: registries.attributeKeys.refused,
    resources: registries.resources.refused,
    histogram_bounds: registries.bounds.refused,
    latest_values: latest.stats.refused,
    live_rows: live.stats.leftOut,
    metric_families: remoteWrite.refusedFamilies,
    events: events.stats.dropped + events.stats.failed,
  };
}

/** What of records that were kept was cut or dropped at a bound. */
export function altered({ otlp, events }: Reception): Readonly<Record<string, number>> {
  return {
    ...otlp.altered,
    cut_event_texts: events.stats.cutTexts,
    dropped_event_attributes: events.stats.droppedAttributes,
  };
}
