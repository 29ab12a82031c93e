import { systemClock } from "../../mod/clock.ts";
import { queryMetrics } from "../../mod/metrics/metric_engine.ts";
import type { WindowFunction } from "../../mod/metrics/metric_query.ts";
import { type StoreFixture, withStore } from "../support/store_fixture.ts";
import { BENCH_BUDGET, previousHourUs, timed, untilSealed } from "./bench_store.ts";
import type { Part } from "./part.ts";
import { type Figure, median, quantile } from "./report.ts";

/** Seconds of data, one sample a second for each series. */
const SECONDS = 3_600;
const SERIES_PER_METRIC = 20;
/** 10.08 million samples. */
const METRICS = 140;
const QUICK_METRICS = 14;
/** Seconds of data in an append. */
const APPEND_SECONDS = 20;

/** Sealed size of a sample, and queries over an hour of samples, in a store of this process. */
export const METRIC_QUERIES: Part = {
  figures: [
    "bytes_per_sample",
    "dashboard_query_p95",
    "dashboard_function_p95",
    "aggregate_over_samples",
  ],
  run: async ({ quick }) => {
    const figures: Figure[] = [];
    await withStore(async (fixture) => {
      const startUs = previousHourUs();
      await fill(fixture, quick ? QUICK_METRICS : METRICS, startUs);
      const before = await fixture.store.stats();
      await untilSealed(fixture);
      const { bytes, signals } = await fixture.store.stats();
      const total = signals.find((one) => one.signal === "metrics")?.rows ?? 0;
      figures.push({
        name: "bytes_per_sample",
        unit: "B",
        value: bytes / total,
        target: 3,
        better: "less",
        comparable: !quick,
        note:
          `${total} samples, all sealed; all that the engine holds for tables, series included` +
          `; before the last were sealed ${(before.bytes / 2 ** 20).toFixed(0)} MiB`,
      });
      figures.push(...await queries(fixture, total, startUs));
    }, BENCH_BUDGET);
    return figures;
  },
};

/** A third of the metrics each: counters, gauges with two decimals that wander, constants. */
async function fill(fixture: StoreFixture, metrics: number, startUs: number): Promise<void> {
  const { registries, intake } = fixture;
  const ids = Array.from({ length: metrics * SERIES_PER_METRIC }, (_, i) => {
    const metric = Math.floor(i / SERIES_PER_METRIC);
    const labels = [["instance", `shop-${i % SERIES_PER_METRIC}`]] as const;
    const kind = metric % 3 === 0 ? "counter" : "gauge";
    return registries.series.resolve(`bench.metric.${metric}`, kind, "1", labels, "bench");
  });
  const values = Float64Array.from(ids, () => Math.floor(Math.random() * 10_000));
  for (let second = 0; second < SECONDS; second++) {
    const tsUs = startUs + second * 1_000_000;
    for (let i = 0; i < ids.length; i++) {
      const kind = Math.floor(i / SERIES_PER_METRIC) % 3;
      if (kind === 0) values[i]! += Math.floor(Math.random() * 100);
      else if (kind === 1) {
        values[i] = Math.round(values[i]! * 100 + (Math.random() - 0.5) * 1_000) / 100;
      }
      intake.builders.metrics.push(ids[i]!, tsUs, values[i]!);
    }
    if (second % APPEND_SECONDS === APPEND_SECONDS - 1) await intake.commit();
  }
  await intake.commit();
}

/** Milliseconds of a function over the hour of one metric, for each of some runs. */
async function windows(
  { store }: StoreFixture,
  startUs: number,
  name: string,
  fn: WindowFunction,
  stepMs: number,
): Promise<number[]> {
  const startMs = startUs / 1_000;
  const query = { name, fn, stepMs, startMs, endMs: startMs + SECONDS * 1_000 };
  const times: number[] = [];
  for (let run = 0; run < 32; run++) {
    const before = performance.now();
    const { series, points } = await queryMetrics(store.metrics, query, systemClock);
    times.push(performance.now() - before);
    if (series.length !== SERIES_PER_METRIC || points !== SECONDS * 1_000 / stepMs) {
      throw new Error(`${series.length} series of ${points} points`);
    }
  }
  return times.slice(2);
}

async function queries(
  fixture: StoreFixture,
  total: number,
  startUs: number,
): Promise<Figure[]> {
  const from = `make_timestamp(${startUs})`;
  const dashboard = await timed(
    fixture,
    `SELECT time_bucket(INTERVAL 1 MINUTE, ts) AS t, labels['instance'] AS instance, avg(value)
     FROM metrics WHERE name = 'bench.metric.7' AND ts >= ${from}
       AND ts < ${from} + INTERVAL 1 HOUR
     GROUP BY ALL ORDER BY ALL`,
    { runs: 30, rows: 60 * SERIES_PER_METRIC },
  );
  const averages = await windows(fixture, startUs, "bench.metric.7", "avg", 60_000);
  const rates = await windows(fixture, startUs, "bench.metric.6", "rate", 60_000);
  // No bucket divides this step: it is read from the samples.
  const ofSamples = await windows(fixture, startUs, "bench.metric.6", "rate", 50_000);
  const aggregate = await timed(
    fixture,
    `SELECT labels['instance'] AS instance, count(*), avg(value), approx_quantile(value, 0.95)
     FROM metrics GROUP BY ALL`,
    { runs: 7, rows: SERIES_PER_METRIC },
  );
  const byName = await timed(
    fixture,
    "SELECT name, count(*), avg(value), approx_quantile(value, 0.95) FROM metrics GROUP BY ALL",
    { runs: 7, rows: total / SECONDS / SERIES_PER_METRIC },
  );
  const withoutQuantile = await timed(
    fixture,
    "SELECT name, count(*), avg(value) FROM metrics GROUP BY ALL",
    { runs: 7, rows: total / SECONDS / SERIES_PER_METRIC },
  );
  return [
    {
      name: "dashboard_query_p95",
      unit: "ms",
      value: quantile(dashboard, 0.95),
      target: 20,
      better: "less",
      note: `in SQL; median ${median(dashboard).toFixed(1)} ms of 30; 1,200 rows, decoded`,
    },
    {
      name: "dashboard_function_p95",
      unit: "ms",
      value: quantile(averages, 0.95),
      target: 20,
      better: "less",
      note: `the same by metricQuery, median ${median(averages).toFixed(1)} ms of 30; rates of ` +
        `counters ${median(rates).toFixed(1)} ms, of samples instead of rollups ` +
        `${median(ofSamples).toFixed(1)} ms`,
    },
    {
      name: "aggregate_over_samples",
      unit: "ms",
      value: median(byName),
      target: 150,
      better: "less",
      comparable: total >= 10_000_000,
      note: `count, avg and 95th percentile by name over ${total} samples; by a label ` +
        `${median(aggregate).toFixed(0)} ms; without the percentile ` +
        `${median(withoutQuantile).toFixed(0)} ms`,
    },
  ];
}
