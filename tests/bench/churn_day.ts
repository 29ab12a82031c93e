// deno-lint-ignore-file no-console -- a command: it talks to whoever started it
/**
 * A day of a store, as fast as it goes: appends, sealing, eviction, queries, series that come and
 * go, under a clock of its own. Prints its resident memory after each hour, MiB, one a line.
 * In a process of its own, whose memory is nobody else's: see `churn.ts`.
 */
import { Registries } from "../../mod/intern/registries.ts";
import { SampleBatchBuilder } from "../../mod/signals/samples.ts";
import { LogBatchBuilder } from "../../mod/signals/logs.ts";
import { SpanBatchBuilder } from "../../mod/signals/spans.ts";
import { batchFrame } from "../../storage/batch_frame.ts";
import { encodeArrow } from "../../storage/arrow_encode.ts";
import { loadDuckDb } from "../../storage/duckdb_module.ts";
import type { QuerySettled } from "../../storage/query_job.ts";
import { StoreCore } from "../../storage/store_core.ts";
import { MIB, pushLog, pushSpan, storeOptions } from "../support/store_fixture.ts";
import { rssMib } from "./process_usage.ts";

const MINUTE_MS = 60_000;
const HOURS = 24;
const RETENTION_MS = 6 * 60 * MINUTE_MS;
const SERIES = 2_000;
/** Series that are replaced by new ones each hour, as processes end and start. */
const NEW_SERIES_AN_HOUR = 100;
const SAMPLES_A_SERIES_A_MINUTE = 10;
const SPANS_A_MINUTE = 1_000;
const LOGS_A_MINUTE = 2_000;
const QUERIES = [
  "SELECT name, avg(value), approx_quantile(value, 0.9) FROM metrics GROUP BY name",
  "SELECT name, count(*), max(duration_ms) FROM spans GROUP BY name",
  "SELECT count(*) FROM logs WHERE contains(body, 'u77 ')",
  "SELECT * FROM logs ORDER BY ts DESC LIMIT 100",
];
const QUERIES_EACH_MINUTES = 20;

let nowMs = Date.UTC(2026, 0, 1);
const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() };
// Rollups by the minute as short as samples, or there would be no steady state within a day; those by
// the hour stay, and are small.
const retentionMs = {
  ...storeOptions().retentionMs,
  rollups_1m: RETENTION_MS,
  histogram_rollups_1m: RETENTION_MS,
  metrics: RETENTION_MS,
  histograms: RETENTION_MS,
  exemplars: RETENTION_MS,
  spans: RETENTION_MS,
  events: RETENTION_MS,
  logs: RETENTION_MS,
};
const options = storeOptions({ budgetBytes: 512 * MIB, retentionMs });
const core = new StoreCore(await loadDuckDb(), options, clock, { disk: null, definitions: null });
const registries = new Registries({ maxSeries: 100_000, maxSeriesPerMetric: 50_000 });
const samples = new SampleBatchBuilder();
const spans = new SpanBatchBuilder();
const logs = new LogBatchBuilder();

let born = 0;
const newSeries = (): number => {
  const labels = [["process.pid", String(born)]] as const;
  return registries.series.resolve(`churn.${born++ % 20}`, "gauge", "1", labels, "churn");
};
const series = Array.from({ length: SERIES }, newSeries);
let serial = 0;

function appendMinute(): void {
  const startUs = nowMs * 1_000;
  for (let i = 0; i < SAMPLES_A_SERIES_A_MINUTE; i++) {
    const tsUs = startUs + i * MINUTE_MS * 1_000 / SAMPLES_A_SERIES_A_MINUTE;
    for (const id of series) samples.push(id, tsUs, Math.round(Math.random() * 10_000) / 100);
  }
  for (let i = 0; i < SPANS_A_MINUTE; i++) {
    const id = (serial++).toString(16);
    pushSpan(spans, registries, {
      traceId: id.padStart(32, "0"),
      spanId: id.padStart(16, "0"),
      name: `operation ${i % 20}`,
      tsUs: startUs + i,
      attributes: { "user.id": `u${serial % 5_000}`, "http.request.method": "GET" },
    });
  }
  for (let i = 0; i < LOGS_A_MINUTE; i++) {
    const body = `request ${serial++} of user u${serial % 1_000} was served from the cache`;
    pushLog(logs, registries, { tsUs: startUs + i, body });
  }
  core.append({
    forgottenSeries: [],
    forgottenKeys: [],
    definitions: registries.takePending().map(({ table, rows, columns }) => ({
      table,
      rows,
      ipc: encodeArrow(rows, columns),
    })),
    batches: [samples, spans, logs].map((builder) => batchFrame(builder.finish())),
  }, () => undefined);
}

function ask(sql: string): void {
  const { maxRows, maxBytes, defaultTimeoutMs: timeoutMs } = options.query;
  let answer: QuerySettled | null = null;
  core.query(serial++, { sql, params: [], maxRows, maxBytes, timeoutMs }, (settled) => {
    answer = settled;
    if (!settled.ok) throw settled.error;
  });
  while (answer === null) core.step();
}

for (let hour = 0; hour < HOURS; hour++) {
  for (let minute = 0; minute < 60; minute++) {
    appendMinute();
    nowMs += MINUTE_MS;
    core.tick();
    if (minute % QUERIES_EACH_MINUTES === 0) QUERIES.forEach(ask);
    while (core.busy) core.step();
  }
  for (let i = 0; i < NEW_SERIES_AN_HOUR; i++) {
    series[Math.floor(Math.random() * SERIES)] = newSeries();
  }
  const evicted = core.stats().evicted.reduce((sum, one) => sum + one.rows, 0);
  console.log(JSON.stringify({ hour, rss_mib: rssMib(Deno.pid), evicted }));
}
core.close();
