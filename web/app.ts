import { Hono } from "hono";
import { Registry } from "prom-client";
import type { Clock } from "../mod/clock.ts";
import type { IntakeStats } from "../mod/intake/intake.ts";
import type { SampleWriter } from "../mod/intake/sample_writer.ts";
import type { LogFilesStatus } from "../mod/logs/log_file_status.ts";
import { OTLP_SIGNALS } from "../mod/otlp/otlp_signal.ts";
import type { PipelineStats } from "../mod/pipeline/pipeline.ts";
import type { RowFeed } from "../mod/live/row_feed.ts";
import type { CrashArchive } from "../mod/crashes/crash.ts";
import type { ProcessDetail } from "../mod/processes/process_detail.ts";
import type { ReportedExits } from "../mod/processes/reported_exits.ts";
import type { MetricNamesFn, MetricQueryFn, Store } from "../mod/ports.ts";
import type { SourceRegistry } from "../mod/sources/source_registry.ts";
import type { SourceList } from "../mod/sources/source_status.ts";
import { collectorRoutes } from "./api/collector_routes.ts";
import { crashRoutes } from "./api/crash_routes.ts";
import { exitRoutes } from "./api/exit_routes.ts";
import { checkRoutes } from "./api/check_routes.ts";
import { infoRoutes } from "./api/info_routes.ts";
import { ingestRoutes } from "./api/ingest_routes.ts";
import { processDetailRoutes } from "./api/process_detail_routes.ts";
import { logFileRoutes } from "./api/log_file_routes.ts";
import { processRoutes } from "./api/process_routes.ts";
import { rpcRoutes } from "./api/rpc_routes.ts";
import { storageChunkRoutes } from "./api/storage_chunk_routes.ts";
import { storageRoutes } from "./api/storage_routes.ts";
import { BODY_BUDGET, type BodyLimits } from "./body/body_limits.ts";
import { BodyReader } from "./body/body_reader.ts";
import { type DispatchDeps, mountRoutes } from "./dispatch.ts";
import type { HealthChecks } from "./health/health_checks.ts";
import { healthRoutes, type Lifecycle } from "./health/health_routes.ts";
import type { WebLog } from "./log.ts";
import { metricQueryRoutes } from "./metric_query/metric_query_routes.ts";
import { LOKI_PUSH_PATH, type LokiPort, lokiRoutes } from "./loki/loki_routes.ts";
import { HttpObserver } from "./metrics/http_observer.ts";
import { metricsRoutes } from "./metrics/metrics_routes.ts";
import { influxRoutes } from "./influx/influx_routes.ts";
import { openApiRoutes } from "./openapi/openapi_routes.ts";
import { type OtlpReceivePort, otlpRoutes } from "./otlp/otlp_routes.ts";
import {
  REMOTE_WRITE_PATH,
  type RemoteWritePort,
  remoteWriteRoutes,
} from "./prometheus/remote_write_routes.ts";
import type { AppEnv, Route } from "./route.ts";
import { Gate, type GateOptions } from "./security/gate.ts";
import type {
  BuildFacts,
  CheckSource,
  CollectorStatus,
  LatestSource,
  ProcessList,
  SelfUsage,
  SeriesSource,
} from "./sources.ts";
import { sqlRoutes } from "./sql/sql_routes.ts";
import type { AssetReader } from "./static/read_asset.ts";
import { staticRoutes } from "./static/static_routes.ts";
import { LiveStream, STREAM_LIMITS, type StreamLimits } from "./stream/live_stream.ts";
import { streamRoutes } from "./stream/stream_routes.ts";

/** Everything the HTTP side reads and calls; main.ts provides it. */
export interface WebDeps {
  readonly gate: GateOptions;
  /** Bounds of bodies with telemetry; SQL has smaller ones of its own. */
  readonly bodyLimits: BodyLimits;
  readonly streamLimits?: StreamLimits;
  readonly store: Pick<Store, "query" | "stats" | "chunks">;
  readonly metricQuery: MetricQueryFn;
  readonly metricNames: MetricNamesFn;
  readonly intake: { readonly stats: IntakeStats };
  readonly pipeline: { readonly stats: PipelineStats };
  readonly series: SeriesSource;
  readonly latest: LatestSource;
  readonly live: Pick<RowFeed, "subscribe">;
  readonly otlp: OtlpReceivePort;
  readonly remoteWrite: RemoteWritePort;
  /** Where protocols besides OTLP write samples. */
  readonly samples: Pick<SampleWriter, "write" | "generation">;
  /** Where the books of sources are opened, and their status is read. */
  readonly sources: SourceList & Pick<SourceRegistry, "open">;
  /** What full registries and the bounds of listeners besides HTTP turned away so far. */
  readonly turnedAway: () => Readonly<Record<string, number>>;
  /** What of OTLP records was cut or dropped at a bound; the records themselves were kept. */
  readonly altered: () => Readonly<Record<string, number>>;
  readonly collectors: () => readonly CollectorStatus[];
  readonly loki: LokiPort;
  readonly logFiles: () => LogFilesStatus;
  readonly processes: () => ProcessList;
  /** All that is known of a process that runs; null when it does not. */
  readonly processDetail: (pid: number, startTimeMs: number) => ProcessDetail | null;
  readonly crashes: Pick<CrashArchive, "list" | "get" | "stats">;
  readonly reportedExits: Pick<ReportedExits, "report">;
  /** What Horizon watches about itself, and about others. */
  readonly health: HealthChecks;
  readonly checks: CheckSource;
  readonly lifecycle: () => Lifecycle;
  readonly facts: BuildFacts;
  readonly usage: () => SelfUsage;
  readonly assets: AssetReader;
  readonly clock: Clock;
  readonly log: WebLog;
}

/** The HTTP side, ready to be served. */
export interface Web {
  /** Everything; for the main listener. */
  readonly app: Hono<AppEnv>;
  /** OTLP only; for the listener on the port that OTLP clients expect. */
  readonly otlpApp: Hono<AppEnv>;
  /** The route table of `app`. */
  readonly routes: readonly Route[];
  /** The gate of both, for listeners that are not HTTP. */
  readonly gate: Gate;
  /** Ends the WebSocket connections, which would hold up a graceful shutdown. */
  closeStreams(): void;
}

/** Builds both applications over one gate, one body budget and one set of metrics. */
export function createWeb(deps: WebDeps): Web {
  const registry = new Registry();
  const gate = new Gate(deps.gate, deps.clock);
  const bodies = new BodyReader(BODY_BUDGET);
  const stream = new LiveStream(
    deps.latest,
    deps.series,
    deps.streamLimits ?? STREAM_LIMITS,
    deps.clock,
    deps.live,
  );
  const dispatch: DispatchDeps = {
    gate,
    observer: new HttpObserver(registry, deps.clock),
    log: deps.log,
  };
  const ingest = otlpRoutes({
    receiver: deps.otlp,
    bodies,
    limits: deps.bodyLimits,
    book: deps.sources.open("otlp_http", "/v1", OTLP_SIGNALS),
  });
  const described = [
    ...ingest,
    ...remoteWriteRoutes({
      remoteWrite: deps.remoteWrite,
      bodies,
      limits: deps.bodyLimits,
      book: deps.sources.open("remote_write", REMOTE_WRITE_PATH, ["metrics"]),
    }),
    ...influxRoutes({
      samples: deps.samples,
      bodies,
      limits: deps.bodyLimits,
      book: deps.sources.open("influx", "/influx", ["metrics"]),
      version: deps.facts.version,
    }),
    ...lokiRoutes({
      loki: deps.loki,
      bodies,
      limits: deps.bodyLimits,
      book: deps.sources.open("loki", LOKI_PUSH_PATH, ["logs"]),
    }),
    ...sqlRoutes({ query: deps.store.query, bodies }),
    ...rpcRoutes({ query: deps.store.query, clock: deps.clock }),
    ...metricQueryRoutes({ ...deps, bodies }),
    ...healthRoutes(deps),
    ...metricsRoutes({ ...deps, registry, bodies, gate, stream }),
    ...infoRoutes(deps),
    ...storageRoutes(deps),
    ...storageChunkRoutes(deps),
    ...processRoutes(deps.processes),
    ...processDetailRoutes({ ...deps, query: deps.store.query }),
    ...crashRoutes(deps.crashes),
    ...exitRoutes({ ...deps, bodies }),
    ...checkRoutes(deps.checks),
    ...collectorRoutes(deps.collectors),
    ...logFileRoutes(deps.logFiles),
    ...ingestRoutes({ ...deps, bodies }),
    ...streamRoutes(stream),
    ...staticRoutes(deps.assets),
  ];
  const routes = [...described, ...openApiRoutes(described, deps.facts.version)];
  return {
    app: createApp(routes, dispatch),
    otlpApp: createApp(ingest, dispatch),
    routes,
    gate,
    closeStreams: () => stream.close(),
  };
}

/** An application that serves a route table and nothing else. */
export function createApp(routes: readonly Route[], dispatch: DispatchDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  mountRoutes(app, routes, dispatch);
  return app;
}
