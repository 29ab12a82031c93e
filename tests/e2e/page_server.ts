import { systemTimers } from "../../collectors/scheduler.ts";
import { CrashStore } from "../../storage/crash_store.ts";
import { systemClock } from "../../mod/clock.ts";
import type { HorizonEvent } from "../../mod/events/event.ts";
import { EventWriter } from "../../mod/events/event_writer.ts";
import { healthReport } from "../../mod/health/aggregate.ts";
import type { CheckStatus } from "../../mod/health/check_status.ts";
import { Intake } from "../../mod/intake/intake.ts";
import type { SeriesKind } from "../../mod/intern/definitions.ts";
import { SampleWriter } from "../../mod/intake/sample_writer.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { SERIES_REFUSED, sortLabels } from "../../mod/intern/series_registry.ts";
import { LatestValues } from "../../mod/latest/latest_values.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { DEFAULT_OTLP_LIMITS } from "../../mod/otlp/limits.ts";
import { metricFunctions } from "../../mod/metrics/metric_engine.ts";
import { OtlpReceiver } from "../../mod/otlp/receive.ts";
import type { ForwarderStats } from "../../mod/pipeline/forward/forwarder.ts";
import type { QueryFn } from "../../mod/ports.ts";
import { SourceRegistry } from "../../mod/sources/source_registry.ts";
import { ReportedExits } from "../../mod/processes/reported_exits.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import type { StoreOptions } from "../../storage/messages.ts";
import { MEMORY_PATIENCE } from "../../storage/patience.ts";
import { StoreClient } from "../../storage/store_client.ts";
import { createWeb, type WebDeps } from "../../web/app.ts";
import { HealthChecks } from "../../web/health/health_checks.ts";
import { serveApp } from "../../web/serve.ts";
import { readAsset } from "../../web/static/read_asset.ts";
import type { TokenGrant } from "../../web/security/bearer_tokens.ts";

/** One series of the made-up host: `value` is asked once for each second. */
export interface HostSeries {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly value: (second: number) => number;
}

/** The real HTTP side over the real store, with a host that does what the test says. */
export interface PageServer {
  /** The sources that `/api/ingest` tells of. */
  readonly sources: SourceRegistry;
  readonly url: string;
  /** What `/api/processes` tells; change it at will. */
  processes: ProcessRow[];
  /** What `/api/ingest` tells of receivers that rows are sent on to; change it at will. */
  forwarders: readonly ForwarderStats[];
  /** What `/api/health` tells; change it at will. */
  checks: CheckStatus[];
  /** Asks the store, as the flight recorder does. */
  readonly query: QueryFn;
  /** Writes events as collectors do: stored a moment later. */
  write(event: HorizonEvent): void;
  /** Collects all series as of now: stored, and pushed to those who listen. */
  collect(): Promise<void>;
  /** Stops listening; `listen` starts again on the same port. */
  stopListening(): Promise<void>;
  listen(): void;
  close(): Promise<void>;
}

export interface PageServerOptions {
  readonly series: readonly HostSeries[];
  /** Seconds of past that the store holds at the start. */
  readonly pastSeconds: number;
  readonly processes: readonly ProcessRow[];
  readonly tokens?: readonly TokenGrant[];
  readonly crashes?: CrashStore;
  /** Memory only when left out. */
  readonly disk?: StoreOptions["disk"];
  /** Series past it are refused; 10,000 when left out. */
  readonly maxSeriesPerMetric?: number;
  /** What `POST /api/health/{check}/run` does. */
  readonly runCheck?: (name: string) => CheckStatus | null;
}

const DAY_MS = 86_400_000;
const STORE_OPTIONS: StoreOptions = {
  disk: null,
  patience: MEMORY_PATIENCE,
  budgetBytes: 256 * 1024 * 1024,
  retentionMs: {
    metrics: DAY_MS,
    histograms: DAY_MS,
    exemplars: DAY_MS,
    spans: DAY_MS,
    logs: DAY_MS,
    events: DAY_MS,
    rollups_1m: DAY_MS,
    rollups_1h: DAY_MS,
    histogram_rollups_1m: DAY_MS,
    histogram_rollups_1h: DAY_MS,
  },
  tailSampling: null,
  query: {
    defaultTimeoutMs: 30_000,
    maxTimeoutMs: 60_000,
    maxRows: 100_000,
    maxBytes: 64 * 1024 * 1024,
    maxConcurrent: 4,
    maxQueued: 64,
  },
};

export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const maxSeriesPerMetric = options.maxSeriesPerMetric ?? 10_000;
  const registries = new Registries({ maxSeries: 10_000, maxSeriesPerMetric });
  const storeOptions = { ...STORE_OPTIONS, disk: options.disk ?? null };
  const store = await StoreClient.open(storeOptions, registries, silentLogger);
  const limits = { maxPendingBytes: 2 ** 28, flushIntervalMs: 5, maxBatchRows: 50_000 };
  const intake = new Intake(store, registries, limits, systemClock);
  const latest = new LatestValues({
    maxSeries: 10_000,
    onListenerError: (error) => {
      throw error;
    },
  });
  const taken = options.series.map((one) => ({ ...one, id: idOf(registries, one) }))
    .filter(({ id }) => id !== SERIES_REFUSED);
  const ids = taken.map(({ id }) => id);
  const push = (second: number): number[] => {
    const values = taken.map(({ value }) => value(second));
    for (const [i, id] of ids.entries()) {
      intake.builders.metrics.push(id, second * 1_000_000, values[i] ?? 0);
    }
    return values;
  };
  const nowSeconds = Math.floor(Date.now() / 1000);
  for (let i = options.pastSeconds; i > 0; i--) push(nowSeconds - i);
  await intake.commit();

  const events = new EventWriter({ intake, registries, timers: systemTimers, log: silentLogger });
  const sources = new SourceRegistry(systemClock);
  const state: {
    processes: ProcessRow[];
    checks: CheckStatus[];
    forwarders: readonly ForwarderStats[];
  } = {
    forwarders: [],
    processes: [...options.processes],
    checks: [],
  };
  let web = createWeb(webDeps());
  let address = { hostname: "127.0.0.1", port: 0 };
  let server = serve();
  address = server.address;

  function serve() {
    return serveApp(web.app, {
      ...address,
      purpose: "test",
      flag: "--listen",
      log: { error: (event, fields) => fail(event, fields) },
    });
  }

  function webDeps(): WebDeps {
    return {
      gate: {
        tokens: options.tokens ?? [],
        allowUnauthenticatedRemote: false,
        allowedHosts: [],
        allowedOrigins: [],
      },
      bodyLimits: { maxBytes: 2 ** 20, maxDecompressedBytes: 2 ** 22, timeoutMs: 5000 },
      store,
      ...metricFunctions(store.metrics, systemClock),
      intake,
      series: registries.series,
      latest,
      live: { subscribe: () => () => {} },
      remoteWrite: { receive: () => Promise.reject(new Error("no page calls it")) },
      otlp: new OtlpReceiver({
        intake,
        registries,
        clock: systemClock,
        hostName: "test-host",
        limits: DEFAULT_OTLP_LIMITS,
        salt: 1,
      }),
      samples: new SampleWriter({
        intake,
        registries,
        clock: systemClock,
        limits: DEFAULT_OTLP_LIMITS,
      }),
      altered: () => ({}),
      turnedAway: () => ({}),
      pipeline: {
        get stats() {
          const { forwarders } = state;
          return { redacted: {}, dropped: [], changed: [], uncounted: 0, forwarders };
        },
      },
      sources,
      loki: {
        receive: () =>
          Promise.resolve({
            accepted: 0,
            rejected: 0,
            reasons: {},
            errorMessage: null,
            newestUs: null,
          }),
      },
      logFiles: () => ({ files: [], rotations: 0, lostFiles: 0, leftOut: 0 }),
      collectors: () => [],
      processes: () => ({ tsMs: Date.now(), processes: state.processes }),
      processDetail: (pid) => {
        const row = state.processes.find((one) => one.pid === pid);
        if (row === undefined) return null;
        const open_files = { soft: 1_024, hard: 4_096, unit: "files" };
        return {
          row,
          ancestors: [],
          limits: { open_files },
          limitShares: { open_files: (row.openFds ?? 0) / 1_024 },
          openFiles: {},
          moreOpenFiles: false,
        };
      },
      crashes: options.crashes ??
        new CrashStore(null, { maxCount: 10, maxBytes: 1e6, maxAgeMs: 1e12 }),
      reportedExits: new ReportedExits(),
      health: new HealthChecks([{
        name: "store",
        check: () => ({ status: "ok", message: "it answers" }),
      }], systemClock),
      checks: {
        report: () => healthReport(Date.now(), state.checks),
        run: (name) => Promise.resolve(options.runCheck?.(name) ?? null),
      },
      lifecycle: () => "ready",
      facts: {
        version: "1.2.3",
        build: "source",
        hostname: "test-host",
        pid: Deno.pid,
        startedAtMs: Date.now(),
      },
      usage: () => ({
        rssBytes: 64 * 1024 * 1024,
        heapUsedBytes: 0,
        cpuUserSeconds: 1,
        cpuSystemSeconds: 1,
      }),
      assets: readAsset,
      clock: systemClock,
      log: { error: (event, fields) => fail(event, fields) },
    };
  }

  return {
    sources,
    query: (request) => store.query(request),
    write: (event) => events.write(event),
    get url() {
      return `http://${address.hostname}:${address.port}`;
    },
    get forwarders() {
      return state.forwarders;
    },
    set forwarders(forwarders) {
      state.forwarders = forwarders;
    },
    get checks() {
      return state.checks;
    },
    set checks(checks) {
      state.checks = checks;
    },
    get processes() {
      return state.processes;
    },
    set processes(processes) {
      state.processes = processes;
    },
    collect: async () => {
      const second = Math.floor(Date.now() / 1000);
      const values = push(second);
      latest.record(second * 1_000_000, ids, values, ids.length, 60_000);
      await intake.commit();
    },
    stopListening: async () => {
      web.closeStreams();
      await server.shutdown(1000);
    },
    listen: () => {
      // Streams that were closed stay closed, so it is another Horizon that comes back.
      web = createWeb(webDeps());
      server = serve();
    },
    close: async () => {
      web.closeStreams();
      await server.shutdown(1000);
      await events.drain();
      await intake.drain();
      await store.close();
    },
  };
}

function idOf(registries: Registries, { name, kind, unit, labels, service }: HostSeries): number {
  const sorted = sortLabels(Object.entries(labels));
  return registries.series.resolve(name, kind, unit, sorted, service ?? "");
}

function fail(event: string, fields: unknown): never {
  throw new Error(`the server logged ${event}: ${JSON.stringify(fields)}`);
}
