import { CrashStore } from "../../../storage/crash_store.ts";
import { gzipSync } from "node:zlib";
import type { Clock } from "../../../mod/clock.ts";
import { healthReport } from "../../../mod/health/aggregate.ts";
import type { SeriesDefinition, SeriesKind } from "../../../mod/intern/definitions.ts";
import { SeriesRegistry, sortLabels } from "../../../mod/intern/series_registry.ts";
import { Rejections } from "../../../mod/otlp/rejections.ts";
import { LatestValues } from "../../../mod/latest/latest_values.ts";
import { ReportedExits } from "../../../mod/processes/reported_exits.ts";
import type { ProcessRow } from "../../../mod/processes/process_row.ts";
import type { ChunkList, QueryFn, QueryResult, SqlValue, StoreStats } from "../../../mod/ports.ts";
import { SourceRegistry } from "../../../mod/sources/source_registry.ts";
import { createWeb, type Web, type WebDeps } from "../../../web/app.ts";
import type { Connection } from "../../../web/connection.ts";
import { HealthChecks } from "../../../web/health/health_checks.ts";

/** A clock that stands still until it is moved. */
export class ManualClock {
  ms = 1_700_000_000_000;

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }
}

/** When everything was collected. */
export const TS_US = 1_700_000_000_000_000;

export const STORE_STATS: StoreStats = {
  restarts: { count: 0, last: null },
  signals: [{
    signal: "metrics",
    rows: 10,
    chunks: 2,
    openRows: 3,
    openChunks: 1,
    closedChunks: 0,
    sealed: { chunks: 1, rows: 7, bytes: 100, receivedBytes: 450 },
    bytes: 400,
    minTsUs: 1_700_000_000_000_001,
    maxTsUs: null,
    retentionMs: 86_400_000,
  }],
  rollups: [{
    rollup: "rollups_1m",
    rows: 4,
    chunks: 1,
    openRows: 4,
    openChunks: 1,
    closedChunks: 0,
    sealed: { chunks: 0, rows: 0, bytes: 0, receivedBytes: 0 },
    bytes: 300,
    minTsUs: null,
    maxTsUs: 1_700_000_000_000_001,
    retentionMs: 2_592_000_000,
  }],
  rollupsPending: 1,
  neverRolledUp: 0,
  series: 2,
  retiredSeries: 3,
  lostDefinitions: 0,
  bytes: 1_000,
  budgetBytes: 10_000,
  sealedChunks: 1,
  disk: null,
  evicted: [{ signal: "logs", reason: "age", rows: 7 }],
  appends: 5,
  appendedRows: 17,
  appendMsTotal: 12.5,
  heldAppends: 3,
  queriesRunning: 1,
  queriesQueued: 0,
  queriesTotal: 9,
  queriesCancelled: 1,
  queriesRefused: 2,
};

/** A store without chunks. */
export function noChunks(): Promise<ChunkList> {
  return Promise.resolve({ matching: 0, chunks: [], nextBefore: null });
}

/** A result of the given columns and rows. */
export function queryResult(
  columns: readonly (readonly [name: string, type: string])[],
  rows: readonly (readonly SqlValue[])[],
  truncated = false,
): QueryResult {
  return {
    columns: columns.map(([name, type]) => ({ name, type })),
    rowCount: rows.length,
    truncated,
    elapsedMs: 1.5,
    rows: () => rows,
    arrow: () => Uint8Array.of(1, 2, 3),
  };
}

export interface LogLine {
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

export interface FakeWeb {
  readonly web: Web;
  readonly clock: ManualClock;
  readonly latest: LatestValues;
  readonly series: SeriesRegistry;
  readonly log: LogLine[];
  /** Calls the main application as a local client does, through no socket. */
  request(path: string, init?: RequestInit, connection?: Connection): Promise<Response>;
  /** Registers a series and gives it a newest value. */
  collect(
    name: string,
    kind: SeriesKind,
    unit: string,
    labels: Record<string, string>,
    value: number,
  ): SeriesDefinition;
}

export const LOCAL: Connection = {
  local: { hostname: "127.0.0.1", port: 9630 },
  remote: { hostname: "127.0.0.1", port: 50_000 },
};

/** Both applications over stand-ins for everything behind them. */
export function fakeWeb(overrides: Partial<WebDeps> = {}): FakeWeb {
  const clock = new ManualClock();
  const latest = new LatestValues({
    maxSeries: 1_000,
    onListenerError: (error) => {
      throw error;
    },
  });
  const series = new SeriesRegistry({ maxSeries: 1_000, maxSeriesPerMetric: 1_000 });
  const log: LogLine[] = [];
  const query: QueryFn = () => Promise.resolve(queryResult([["n", "INTEGER"]], [[1]]));
  const deps: WebDeps = {
    gate: {
      tokens: [],
      allowUnauthenticatedRemote: false,
      allowedHosts: [],
      allowedOrigins: [],
    },
    bodyLimits: { maxBytes: 1_000, maxDecompressedBytes: 10_000, timeoutMs: 5_000 },
    store: {
      query,
      stats: () => Promise.resolve(STORE_STATS),
      chunks: noChunks,
    },
    metricQuery: ({ startMs, stepMs }) =>
      Promise.resolve({
        startMs,
        stepMs,
        points: 2,
        tier: "raw",
        series: [{
          labels: { l: "v" },
          kind: "gauge",
          unit: "By",
          values: Float64Array.of(1.5, NaN),
        }],
        elapsedMs: 1,
      }),
    metricNames: (contains) =>
      Promise.resolve([{ name: `a.${contains}`, kind: "gauge", unit: "By", series: 3 }]),
    intake: {
      stats: {
        pendingBytes: 1,
        maxPendingBytes: 2,
        refusedRequests: 3,
        keptRows: { metrics: 4, histograms: 5, exemplars: 9, spans: 6, logs: 7, events: 8 },
        failedAppends: 8,
      },
    },
    pipeline: {
      stats: {
        redacted: { assignment: 9 },
        dropped: [],
        changed: [],
        uncounted: 0,
        forwarders: [],
      },
    },
    series,
    latest,
    live: { subscribe: () => () => {} },
    otlp: {
      receive: () =>
        Promise.resolve({
          accepted: 1,
          rejected: 0,
          reasons: {},
          errorMessage: null,
          newestUs: null,
        }),
    },
    remoteWrite: { receive: () => Promise.reject(new Error("not called in this test")) },
    samples: {
      generation: 0,
      write: () => Promise.resolve({ accepted: 1, rejections: new Rejections(), newestUs: null }),
    },
    altered: () => ({ dropped_events: 2 }),
    turnedAway: () => ({}),
    sources: sampleSources(clock),
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
    logFiles: () => ({
      files: [{
        path: "/var/log/app.log",
        size: 100,
        offset: 60,
        records: 6,
        repeated: 1,
        truncations: 0,
        splitLines: 0,
        cutGroups: 0,
        repairedLines: 0,
        misfits: 2,
        service: "app",
        pid: null,
        rotated: false,
      }],
      rotations: 1,
      lostFiles: 0,
      leftOut: 0,
    }),
    collectors: () => [{
      name: "host.cpu",
      intervalMs: 1_000,
      timeoutMs: 900,
      running: false,
      lastDurationMs: 2,
      lastSuccessMs: clock.nowMs(),
      successes: 10,
      failures: 1,
      timeouts: 0,
      skipped: 0,
      lastError: null,
      unavailable: ["pressure"],
    }],
    processes: () => ({
      tsMs: clock.nowMs(),
      processes: [sampleProcess(42)],
    }),
    processDetail: () => null,
    crashes: new CrashStore(null, { maxCount: 10, maxBytes: 1e6, maxAgeMs: 1e12 }),
    reportedExits: new ReportedExits(),
    health: new HealthChecks([], clock),
    checks: { report: () => healthReport(clock.nowMs(), []), run: () => Promise.resolve(null) },
    lifecycle: () => "ready",
    facts: {
      version: "1.2.3",
      build: "source",
      hostname: "edge-1",
      pid: 4242,
      startedAtMs: clock.nowMs() - 5_000,
    },
    usage: () => ({
      rssBytes: 100,
      heapUsedBytes: 50,
      cpuUserSeconds: 1.5,
      cpuSystemSeconds: 0.5,
    }),
    assets: () => Promise.resolve(null),
    clock,
    log: {
      error: (event, fields = {}) => log.push({ event, fields }),
    },
    ...overrides,
  };
  const web = createWeb(deps);
  return {
    web,
    clock,
    latest,
    series,
    log,
    request: async (path, init = {}, connection = LOCAL) =>
      await web.app.request(path, init, { connection }),
    collect: (name, kind, unit, labels, value) => {
      const id = series.resolve(name, kind, unit, sortLabels(Object.entries(labels)), "");
      latest.record(TS_US, [id], [value], 1, 60_000);
      const definition = series.get(id);
      if (definition === undefined) throw new Error(`series ${name} was refused`);
      return definition;
    },
  };
}

/** The error of a JSON failure. */
export async function errorOf(
  response: Response,
): Promise<{ code: string; message: string; details: Record<string, unknown> }> {
  const { error } = await response.json();
  return error;
}

/** SHA-256 of a text, hexadecimal. */
export async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex();
}

/** A text as gzip, ready to be a body. */
export function gzipped(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(gzipSync(text));
}

/** A process that runs. */
export function sampleProcess(pid: number): ProcessRow {
  return {
    pid,
    ppid: 1,
    name: "worker",
    service: "orders",
    user: "root",
    state: "sleeping",
    executable: "/usr/bin/worker",
    commandLine: "worker --fast",
    startTimeMs: 1_600_000_000_000,
    cpuRatio: 0.25,
    rssBytes: 1_000_000,
    virtualBytes: 2_000_000,
    pssBytes: null,
    threads: 4,
    openFds: 10,
    fdLimit: 1024,
    readBytesPerSecond: null,
    writeBytesPerSecond: null,
    cgroup: null,
    containerId: null,
    firstSeenMs: 1_600_000_000_000,
    lastSeenMs: 1_700_000_000_000,
    exitedAtMs: null,
  };
}

/** A source that took in some and refused some. */
function sampleSources(clock: Clock): SourceRegistry {
  const sources = new SourceRegistry(clock);
  const book = sources.open("syslog", "udp 127.0.0.1:514", ["logs"]);
  book.request("logs", 3);
  book.accepted("logs", 20);
  book.rejected("logs", "line_too_long", 2);
  book.refused("overloaded", "no room");
  book.newest(clock.nowMs() * 1000 - 2_000_000);
  book.pause("the store is full");
  return sources;
}
