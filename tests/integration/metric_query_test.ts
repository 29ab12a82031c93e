import assert from "node:assert/strict";
import { systemClock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import { metricFunctions, queryMetrics } from "../../mod/metrics/metric_engine.ts";
import {
  METRIC_QUERY_LIMITS,
  type MetricQuery,
  type MetricQueryResult,
  WINDOW_FUNCTIONS,
} from "../../mod/metrics/metric_query.ts";
import { CoreFixture } from "../support/core_fixture.ts";
import { withStore } from "../support/store_fixture.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { prometheusIncrease, type Sample } from "../unit/mod/metrics/prometheus_reference.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 4, 4, 10);

const ask = (fixture: CoreFixture, query: MetricQuery): Promise<MetricQueryResult> =>
  queryMetrics(fixture.metrics, query, { nowMs: () => 0, monotonicMs: () => 0 });

/** Three hours of counters with resets, gauges with gaps and histograms, at uneven times. */
function fill({ registries, samples, histograms }: CoreFixture): Map<string, Sample[]> {
  const all = new Map<string, Sample[]>();
  const boundsId = registries.bounds.idOf([1, 2, 4]);
  for (let s = 0; s < 3; s++) {
    const random = mulberry32(s);
    const labels = [["i", String(s)], ["zone", s < 2 ? "a" : "b"]] as const;
    const counter = registries.series.resolve("c", "counter", "1", labels, "svc");
    const gauge = registries.series.resolve("g", "gauge", "By", labels, "svc");
    const histogram = registries.series.resolve("h", "histogram", "s", labels, "svc");
    const kept: Sample[] = [];
    let value = random() % 1_000;
    let counts = [0, 0, 0, 0];
    for (let ms = 0; ms < 3 * HOUR_MS; ms += 10_000) {
      const tsUs = (START_MS + ms + random() % 5_000) * 1_000;
      value = random() % 60 === 0 ? random() % 5 : value + random() % 50;
      samples.push(counter, tsUs, value);
      kept.push([tsUs, value]);
      if (ms % 900_000 < 600_000) samples.push(gauge, tsUs, random() % 2_000 - 1_000);
      counts = random() % 100 === 0 ? [0, 1, 0, 0] : counts.map((n) => n + random() % 3);
      const count = counts.reduce((a, b) => a + b);
      histograms.push({
        seriesId: histogram,
        tsUs,
        count,
        sum: count * 1.5,
        min: null,
        max: null,
        boundsId,
        counts,
      });
    }
    all.set(String(s), kept);
  }
  return all;
}

function close(a: ArrayLike<number>, b: ArrayLike<number>, what: string): void {
  assert.equal(a.length, b.length, what);
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    const same = Number.isNaN(x)
      ? Number.isNaN(y)
      : Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(y));
    assert.ok(same, `${what}, point ${i}: ${x}, expected ${y}`);
  }
}

Deno.test("metric query: rollups answer as samples do, and counters as in PromQL", async () => {
  const fixture = await CoreFixture.open(START_MS);
  const counters = fill(fixture);
  fixture.append();
  const range = { startMs: START_MS, endMs: START_MS + 3 * HOUR_MS };
  const queries: MetricQuery[] = [300_000, HOUR_MS].flatMap((stepMs) => [
    ...["g", "c"].flatMap((name) =>
      WINDOW_FUNCTIONS.filter((fn) => !fn.startsWith("p")).map((fn) => ({
        ...range,
        name,
        fn,
        stepMs,
      }))
    ),
    ...(["avg", "count", "rate", "p50", "p99"] as const).map((fn) => ({
      ...range,
      name: "h",
      fn,
      stepMs,
    })),
    { ...range, name: "c", fn: "rate", stepMs, windowMs: 2 * stepMs } as const,
  ]);
  const before: MetricQueryResult[] = [];
  for (const query of queries) before.push(await ask(fixture, query));
  fixture.advanceTo(START_MS + 4 * HOUR_MS);
  for (const [i, query] of queries.entries()) {
    const what = `${query.fn} of ${query.name} by ${query.stepMs}`;
    const after = await ask(fixture, query);
    assert.equal(after.tier, query.stepMs === HOUR_MS ? "1h" : "1m", what);
    assert.deepEqual(after.series.map(({ labels, kind, unit }) => [labels, kind, unit]), [
      ...before[i]!.series.map(({ labels, kind, unit }) => [labels, kind, unit]),
    ]);
    assert.equal(after.series.length, 3, what);
    for (const [s, { values }] of after.series.entries()) {
      close(values, before[i]!.series[s]!.values, `${what}, series ${s}`);
    }
    if (query.name !== "c" || query.fn !== "increase") continue;
    for (const { labels, values } of after.series) {
      const expected = Array.from(values, (_, point) => {
        const startUs = (query.startMs + point * query.stepMs) * 1_000;
        const endUs = startUs + query.stepMs * 1_000;
        const within = counters.get(labels["i"]!)!.filter(([ts]) => ts >= startUs && ts < endUs);
        return prometheusIncrease(within, startUs, endUs, true);
      });
      close(values, expected, `${what}, series ${labels["i"]}`);
    }
  }
  fixture.core.close();
});

Deno.test("metric query: matchers, groups and quantiles", async () => {
  const fixture = await CoreFixture.open(START_MS);
  fill(fixture);
  fixture.append();
  const base = {
    name: "g",
    startMs: START_MS,
    endMs: START_MS + HOUR_MS,
    stepMs: HOUR_MS,
    fn: "max",
  } as const;
  const labelsOf = async (query: Partial<MetricQuery>) =>
    (await ask(fixture, { ...base, ...query })).series.map(({ labels }) => labels["i"] ?? labels);
  const i = (op: "=" | "!=" | "=~" | "!~", value: string, label = "i") => ({
    matchers: [{ label, op, value }],
  });
  assert.deepEqual(await labelsOf(i("=", "1")), ["1"]);
  assert.deepEqual(await labelsOf(i("!=", "1")), ["0", "2"]);
  assert.deepEqual(await labelsOf(i("=~", "[01]")), ["0", "1"]);
  assert.deepEqual(await labelsOf(i("=~", "")), []);
  assert.deepEqual(await labelsOf(i("!~", "0|2")), ["1"]);
  assert.deepEqual(await labelsOf(i("=", "", "absent")), ["0", "1", "2"]);
  assert.deepEqual(await labelsOf(i("=", "svc", "service")), ["0", "1", "2"]);
  assert.deepEqual(await labelsOf(i("=", "'; DROP TABLE series --")), []);
  assert.deepEqual(await labelsOf({ name: "none" }), []);
  const grouped = await ask(fixture, { ...base, aggregate: { op: "count", by: ["zone"] } });
  assert.deepEqual(grouped.series.map(({ labels, values }) => [labels, [...values]]), [
    [{ zone: "a" }, [2]],
    [{ zone: "b" }, [1]],
  ]);
  const every = await ask(fixture, { ...base, aggregate: { op: "sum", by: ["service"] } });
  assert.deepEqual(every.series.map(({ labels, unit }) => [labels, unit]), [[
    { service: "svc" },
    "By",
  ]]);
  // Quantiles of samples are those of SQL; of histograms, those of the observations together.
  const p95 = await ask(fixture, { ...base, fn: "p95" });
  assert.deepEqual(
    p95.series.map(({ values }) => values[0]),
    fixture.rows(`SELECT quantile_cont(value, 0.95) FROM metrics WHERE name = 'g'
      AND ts < make_timestamp(${
      (START_MS + HOUR_MS) * 1_000
    }) GROUP BY labels ORDER BY labels['i']`)
      .map(([value]) => value),
  );
  const together = await ask(fixture, {
    ...base,
    name: "h",
    fn: "p50",
    aggregate: { op: "sum", by: [] },
  });
  assert.equal(together.series.length, 1);
  const value = together.series[0]!.values[0]!;
  assert.ok(value > 0 && value <= 4, String(value));
  fixture.core.close();
});

Deno.test("metric query: what cannot be answered says why", async () => {
  const fixture = await CoreFixture.open(START_MS);
  fill(fixture);
  fixture.append();
  const base: MetricQuery = {
    name: "g",
    startMs: START_MS,
    endMs: START_MS + HOUR_MS,
    stepMs: 60_000,
    fn: "max",
  };
  const cases: [Partial<MetricQuery>, code: string, message: RegExp][] = [
    [{ endMs: START_MS }, "invalid_argument", /end lies after/],
    [{ stepMs: 0 }, "invalid_argument", /step/],
    [{ stepMs: 0.5 }, "invalid_argument", /whole milliseconds/],
    [{ windowMs: 90_000 }, "invalid_argument", /multiple/],
    [{ name: "h", fn: "max" }, "invalid_argument", /a histogram has no max/],
    [{ fn: "p95", windowMs: 120_000 }, "invalid_argument", /no window longer/],
    [{ aggregate: { op: "quantile", q: 2, by: [] } }, "invalid_argument", /share from 0 to 1/],
    [{ stepMs: 1 }, "too_large", /3600000 points/],
    [
      { matchers: [{ label: "i", op: "=~", value: "(" }] },
      "invalid_query",
      /missing \)|regex|parenthesis/i,
    ],
  ];
  for (const [changes, code, message] of cases) {
    await assert.rejects(ask(fixture, { ...base, ...changes }), (error) => {
      assert.ok(error instanceof HorizonError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  }
  const { registries, samples } = fixture;
  for (let s = 0; s <= METRIC_QUERY_LIMITS.series; s++) {
    const labels = [["s", String(s)]] as const;
    samples.push(registries.series.resolve("many", "gauge", "", labels, ""), START_MS * 1_000, 1);
  }
  fixture.append();
  await assert.rejects(
    ask(fixture, { ...base, name: "many" }),
    (error) => error instanceof HorizonError && error.code === "too_large",
  );
  fixture.core.close();
});

Deno.test("metric query: samples that are no number are left out, raw and rolled up", async () => {
  const fixture = await CoreFixture.open(START_MS);
  const { registries, samples } = fixture;
  const id = registries.series.resolve("m", "counter", "", [], "");
  const none = registries.series.resolve("void", "gauge", "", [], "");
  for (const [n, value] of [1, NaN, 3, NaN, 2, 4].entries()) {
    samples.push(id, (START_MS + n * 10_000) * 1_000, value);
    samples.push(none, (START_MS + n * 10_000) * 1_000, NaN);
  }
  fixture.append();
  const query = { name: "m", startMs: START_MS, endMs: START_MS + 60_000, stepMs: 60_000 };
  const found = async () => {
    const values = [];
    for (const fn of ["count", "sum", "min", "max", "first", "last", "increase", "p50"] as const) {
      values.push((await ask(fixture, { ...query, fn })).series[0]?.values[0]);
    }
    return [...values, (await ask(fixture, { ...query, name: "void", fn: "count" })).series.length];
  };
  const raw = await found();
  assert.deepEqual(raw.filter((_, i) => i !== 6), [4, 10, 1, 4, 1, 4, 2.5, 0]);
  fixture.advanceTo(START_MS + 2 * HOUR_MS);
  assert.deepEqual(await found(), raw);
  fixture.core.close();
});

Deno.test("metric query: a series that comes back under a new id is one", async () => {
  const fixture = await CoreFixture.open(START_MS);
  const { registries, samples } = fixture;
  const resolve = () => registries.series.resolve("m", "counter", "", [["l", "x"]], "");
  const old = resolve();
  for (let n = 0; n < 6; n++) samples.push(old, (START_MS + n * 10_000) * 1_000, n * 10);
  fixture.append();
  registries.series.forget([old]);
  const fresh = resolve();
  assert.notEqual(fresh, old);
  for (let n = 6; n < 12; n++) samples.push(fresh, (START_MS + n * 10_000) * 1_000, n * 10);
  fixture.append([old]);
  const query: MetricQuery = {
    name: "m",
    startMs: START_MS,
    endMs: START_MS + 120_000,
    stepMs: 120_000,
    fn: "increase",
  };
  const expected = [{ l: "x", increase: 120 }];
  const found = async () =>
    (await ask(fixture, query)).series.map(({ labels, values }) => ({
      ...labels,
      increase: Math.round(values[0]!),
    }));
  assert.deepEqual(await found(), expected);
  fixture.advanceTo(START_MS + 2 * HOUR_MS);
  assert.deepEqual(await found(), expected);
  fixture.core.close();
});

Deno.test("metric query: thirty days, over what is left of each tier", async () => {
  const retentionMs = {
    ...(await CoreFixture.open(START_MS)).options.retentionMs,
    rollups_1m: 3 * DAY_MS,
  };
  const fixture = await CoreFixture.open(START_MS, { retentionMs });
  const { registries, samples } = fixture;
  const days = 30;
  const id = registries.series.resolve("m", "counter", "1", [], "");
  for (let day = 0; day < days; day++) {
    for (let minute = 0; minute < 24 * 60; minute++) {
      // Hours apart, to have fewer chunks; whole on the last day.
      if (day < days - 1 && Math.floor(minute / 60) % 6 !== 0) continue;
      const ms = START_MS + day * DAY_MS + minute * 60_000 + 30_000;
      samples.push(id, ms * 1_000, (day * 24 * 60 + minute) * 60);
    }
    fixture.append();
    fixture.advanceTo(START_MS + (day + 1) * DAY_MS + 10 * 60_000);
  }
  const endMs = START_MS + days * DAY_MS;
  const whole = await ask(fixture, {
    name: "m",
    startMs: START_MS,
    endMs,
    stepMs: HOUR_MS,
    fn: "rate",
  });
  assert.deepEqual([whole.tier, whole.points], ["1h", days * 24]);
  // One a second, to the ends of each hour; the first hour begins at zero.
  for (const [hour, value] of whole.series[0]!.values.entries()) {
    const there = hour % 6 === 0 || hour >= (days - 1) * 24;
    assert.ok(there ? Math.abs(value - (hour === 0 ? 59.5 / 60 : 1)) < 1e-9 : Number.isNaN(value));
  }
  const tierOf = async (backMs: number, stepMs: number) => {
    const { tier, stepMs: taken } = await ask(fixture, {
      name: "m",
      startMs: endMs - backMs,
      endMs,
      stepMs,
      fn: "count",
    });
    return [tier, taken / 60_000];
  };
  assert.deepEqual(await tierOf(6 * HOUR_MS, 10_000 * 6), ["1m", 1]);
  assert.deepEqual(await tierOf(6 * HOUR_MS, 90_000), ["raw", 1.5]);
  assert.deepEqual(await tierOf(2 * DAY_MS, 90_000), ["1m", 2]);
  assert.deepEqual(await tierOf(20 * DAY_MS, 10 * 60_000), ["1h", 60]);
  const sum = async (stepMs: number, startMs: number) => {
    const { series } = await ask(fixture, { name: "m", startMs, endMs, stepMs, fn: "count" });
    return series[0]?.values.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
  };
  assert.equal(await sum(HOUR_MS, START_MS), ((days - 1) * 4 + 24) * 60);
  assert.equal(await sum(60_000, endMs - 6 * HOUR_MS), 6 * 60);
  fixture.core.close();
});

Deno.test("metric query: asked of the store's thread, and cancelled by its caller", async () => {
  await withStore(async ({ store, intake, registries }) => {
    const id = registries.series.resolve("m", "gauge", "By", [["l", "x"]], "");
    const startMs = Math.floor(Date.now() / 60_000) * 60_000;
    for (let n = 0; n < 10; n++) intake.builders.metrics.push(id, (startMs + n) * 1_000, n);
    await intake.commit();
    const { metricQuery, metricNames } = metricFunctions(store.metrics, systemClock);
    const query = {
      name: "m",
      startMs,
      endMs: startMs + 60_000,
      stepMs: 60_000,
      fn: "avg",
    } as const;
    const { series, tier } = await metricQuery(query);
    assert.deepEqual(series.map(({ labels, values }) => [labels, [...values]]), [[{ l: "x" }, [
      4.5,
    ]]]);
    assert.equal(tier, "1m");
    assert.deepEqual(await metricNames("M"), [{ name: "m", kind: "gauge", unit: "By", series: 1 }]);
    assert.deepEqual(await metricNames("x"), []);
    const abort = new AbortController();
    const cancelled = metricQuery({ ...query, signal: abort.signal });
    abort.abort();
    await assert.rejects(
      cancelled,
      (error) => error instanceof HorizonError && error.code === "cancelled",
    );
  });
});
