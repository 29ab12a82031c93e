import { pushLog, pushSpan, type StoreFixture, withStore } from "../support/store_fixture.ts";
import { type Figure, median, quantile } from "./report.ts";

const HOUR_US = 3_600_000_000;
const BUDGET = { budgetBytes: 2_000 * 1024 * 1024 };

/** Runs a query some times; milliseconds as the store counts them. */
async function timed({ store }: StoreFixture, sql: string, runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    times.push((await store.query({ sql, timeoutMs: 60_000 })).elapsedMs);
  }
  return times;
}

/** Waits until every closed chunk is sealed; queries give the store its turns. */
async function sealed({ store, rows }: StoreFixture, signal: string): Promise<void> {
  const before = async () => (await store.stats()).signals.find((one) => one.signal === signal);
  for (let i = 0; i < 10_000; i++) {
    const stats = await before();
    if (stats !== undefined && stats.openRows < 2_000_000 && i > 20) return;
    await rows("SELECT count(*) FROM range(1000000)");
  }
}

/** 10 M samples: 20 metrics of 140 series, a mix of counters, two-decimal gauges and constants. */
export async function metricQueries(): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withStore(async (fixture) => {
    const { registries, intake, store, rows } = fixture;
    const names = 20;
    const perName = 140;
    const ids = Array.from({ length: names * perName }, (_, i) =>
      registries.series.resolve(
        `bench.metric.${Math.floor(i / perName)}`,
        i % 3 === 0 ? "counter" : "gauge",
        "1",
        [["instance", String(i % perName)]],
        "bench",
      ));
    const startUs = Math.floor(Date.now() * 1000 / HOUR_US) * HOUR_US - HOUR_US;
    const counters = new Float64Array(ids.length);
    for (let second = 0; second < 3_600; second++) {
      for (let i = 0; i < ids.length; i++) {
        const value = i % 3 === 0
          ? counters[i] = counters[i]! + Math.floor(Math.random() * 100)
          : i % 3 === 1
          ? Math.round(Math.random() * 10_000) / 100
          : 42;
        intake.builders.metrics.push(ids[i]!, startUs + second * 1_000_000, value);
      }
      if (second % 30 === 29) await intake.commit();
    }
    await intake.commit();
    await sealed(fixture, "metrics");
    const total = Number((await rows("SELECT count(*) FROM metrics"))[0]?.[0]);
    const stats = await store.stats();
    const open = stats.signals.find((one) => one.signal === "metrics")?.openRows ?? 0;
    figures.push({
      name: "bytes_per_sample",
      unit: "B",
      value: (stats.bytes - open * 20) / (total - open),
      target: 3,
      better: "less",
      note: `${total} samples, ${open} of them not sealed yet`,
    });
    const dashboard = await timed(
      fixture,
      `SELECT time_bucket(INTERVAL 1 MINUTE, ts) AS t, series_id, avg(value) FROM metrics
       WHERE name = 'bench.metric.7' AND labels['instance']::INTEGER < 20 GROUP BY ALL`,
      20,
    );
    figures.push({
      name: "dashboard_query_p95",
      unit: "ms",
      value: quantile(dashboard, 0.95),
      target: 20,
      better: "less",
      note: `median ${median(dashboard).toFixed(0)} ms; 1 h of 1 s data, 20 of 140 series`,
    });
    const aggregate = await timed(
      fixture,
      `SELECT name, count(*), avg(value), approx_quantile(value, 0.95) FROM metrics GROUP BY name`,
      5,
    );
    figures.push({
      name: "aggregate_over_samples",
      unit: "ms",
      value: median(aggregate),
      target: 150,
      better: "less",
      note: `count, avg and quantile by name over ${total} samples`,
    });
  }, BUDGET);
  return figures;
}

/** Trace by id, and substring search, among so many spans and lines. */
export async function recordQueries(spans: number, logs: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withStore(async (fixture) => {
    const { registries, intake } = fixture;
    const nowUs = Math.floor(Date.now() / 3_600_000) * HOUR_US;
    for (let i = 0; i < spans; i++) {
      pushSpan(intake.builders.spans, registries, {
        traceId: (i >> 3).toString(16).padStart(8, "0").repeat(4),
        spanId: i.toString(16).padStart(16, "0"),
        name: `op-${i % 50}`,
        tsUs: nowUs + i,
        attributes: { "user.id": `u${i % 5_000}`, "http.request.method": "GET" },
      });
      if (i % 50_000 === 49_999) await intake.commit();
    }
    for (let i = 0; i < logs; i++) {
      pushLog(intake.builders.logs, registries, {
        tsUs: nowUs + i,
        body: `request ${i} of user u${i * 7919 % 100_003} was served from the cache in ${
          i % 97
        } ms`,
      });
      if (i % 50_000 === 49_999) await intake.commit();
    }
    await intake.commit();
    for (const signal of ["spans", "logs"]) await sealed(fixture, signal);
    const id = (spans >> 4).toString(16).padStart(8, "0").repeat(4);
    const trace = await timed(fixture, `SELECT * FROM spans WHERE trace_id = '${id}'`, 9);
    figures.push({
      name: "trace_by_id",
      unit: "ms",
      value: median(trace),
      target: 50,
      better: "less",
      note: `among ${spans} spans; the target speaks of 5 million`,
    });
    const search = await timed(
      fixture,
      "SELECT count(*) FROM logs WHERE contains(body, 'u4242 was')",
      5,
    );
    figures.push({
      name: "log_substring_search",
      unit: "ms",
      value: median(search),
      target: 1_000,
      better: "less",
      note: `over ${logs} lines; the target speaks of 5 million`,
    });
  }, BUDGET);
  return figures;
}
