import assert from "node:assert/strict";
import { CoreFixture } from "../support/core_fixture.ts";
import { mulberry32 } from "../support/mulberry32.ts";

const HOUR_MS = 3_600_000;
const MINUTE_US = 60_000_000;
/** An hour long ago begins; times of rows are microseconds, of the clock milliseconds. */
const START_MS = Date.UTC(2026, 4, 4, 10);
const START_US = START_MS * 1000;
/** When a chunk of the hour from `START_MS` is closed, sealed and rolled up. */
const AFTER_MS = START_MS + HOUR_MS + 2 * 60_000;

/** An hour of a counter with resets, a gauge with gaps, and a histogram with a reset. */
function fillHour(fixture: CoreFixture, startUs: number, seed = 1): void {
  const { registries, samples, histograms } = fixture;
  const random = mulberry32(seed);
  const counter = registries.series.resolve("c", "counter", "1", [["l", "a"]], "svc");
  const gauge = registries.series.resolve("g", "gauge", "1", [], "");
  const histogram = registries.series.resolve("h", "histogram", "s", [], "svc");
  const boundsId = registries.bounds.idOf([1, 2]);
  let value = 100;
  let counts = [0, 0, 0];
  for (let second = 0; second < 3_600; second += 5) {
    const tsUs = startUs + second * 1_000_000 + random() % 1_000_000;
    value = random() % 40 === 0 ? random() % 10 : value + random() % 100;
    samples.push(counter, tsUs, value);
    if (second % 600 < 480) samples.push(gauge, tsUs, random() % 1000 - 500);
    counts = second === 1_800 ? [1, 0, 0] : counts.map((count, i) => count + random() % (i + 2));
    histograms.push({
      seriesId: histogram,
      tsUs,
      count: counts.reduce((a, b) => a + b),
      sum: counts[1]! * 1.5,
      min: null,
      max: 2,
      boundsId,
      counts,
    });
  }
  fixture.append();
}

/** The increase inside each minute, by a window function over the raw rows. */
const REFERENCE = `
  SELECT series_id, bucket AS ts, min(value), max(value), sum(value), count(*),
    arg_min(value, t), arg_max(value, t), min(t), max(t),
    sum(CASE WHEN before_bucket = bucket
      THEN CASE WHEN value < before THEN value ELSE value - before END ELSE 0 END)
  FROM (SELECT series_id, ts AS t, value, time_bucket(INTERVAL 1 MINUTE, ts) AS bucket,
      lag(value) OVER w AS before, lag(time_bucket(INTERVAL 1 MINUTE, ts)) OVER w AS before_bucket
    FROM metrics WINDOW w AS (PARTITION BY series_id ORDER BY ts))
  GROUP BY series_id, bucket ORDER BY series_id, bucket`;
const ROLLED_UP = `SELECT series_id, ts, "min", "max", "sum", "count", "first", "last", first_ts,
  last_ts, increase FROM rollups_1m ORDER BY series_id, ts`;

Deno.test("rollups: a closed chunk's minutes and hours agree with its samples", async () => {
  const fixture = await CoreFixture.open(START_MS);
  fillHour(fixture, START_US);
  const expected = fixture.rows(REFERENCE);
  assert.deepEqual(fixture.rows(ROLLED_UP), []);
  fixture.advanceTo(AFTER_MS);
  assert.deepEqual(fixture.rows(ROLLED_UP), expected);
  assert.equal(expected.length, 60 + 48);
  assert.deepEqual(
    fixture.rows(`SELECT ts, name, kind, unit, labels, service, "count", "min", "max", "sum"
      FROM rollups_1h ORDER BY name`),
    fixture.rows(`SELECT make_timestamp(${START_US}), name, kind, unit, labels, service, count(*),
      min(value), max(value), sum(value) FROM metrics GROUP BY ALL ORDER BY name`),
  );
  assert.deepEqual(
    fixture.rows(`SELECT increase FROM rollups_1h WHERE name = 'c'`),
    fixture.rows(`SELECT sum(CASE WHEN value < before THEN value ELSE value - before END) FROM
      (SELECT value, lag(value) OVER (ORDER BY ts) AS before FROM metrics WHERE name = 'c')`),
  );
  const { rollups, rollupsPending, neverRolledUp } = fixture.core.stats();
  assert.deepEqual(rollups.map(({ rollup, rows }) => [rollup, rows]), [
    ["rollups_1m", 108],
    ["rollups_1h", 2],
    ["histogram_rollups_1m", 60],
    ["histogram_rollups_1h", 2],
  ]);
  assert.deepEqual([rollupsPending, neverRolledUp], [0, 0]);
  fixture.core.close();
});

Deno.test("rollups: a histogram's row ends at a reset, and first and last are its points", async () => {
  const fixture = await CoreFixture.open(START_MS);
  fillHour(fixture, START_US);
  const points = fixture.rows(`SELECT ts, "count", counts FROM histograms ORDER BY ts`);
  fixture.advanceTo(AFTER_MS);
  const hours = fixture.rows(`SELECT first_ts, last_ts, points, first_count, last_count,
    first_counts, last_counts, bounds, "max" FROM histogram_rollups_1h ORDER BY first_ts`);
  const reset = points.findIndex(([, count], i) =>
    i > 0 && Number(count) < Number(points[i - 1]![1])
  );
  const row = (from: number, to: number) => [
    points[from]![0],
    points[to]![0],
    to - from + 1,
    points[from]![1],
    points[to]![1],
    points[from]![2],
    points[to]![2],
    [1, 2],
    2,
  ];
  assert.deepEqual(hours, [row(0, reset - 1), row(reset, points.length - 1)]);
  fixture.core.close();
});

Deno.test("rollups: they stay when the samples go, and their series with them", async () => {
  const fixture = await CoreFixture.open(START_MS);
  fillHour(fixture, START_US);
  fixture.advanceTo(AFTER_MS);
  const rolledUp = fixture.rows(ROLLED_UP);
  const ids = fixture.rows("SELECT DISTINCT series_id FROM rollups_1m").map(([id]) => Number(id));
  fixture.registries.series.forget(ids);
  fixture.append(ids);
  fixture.advanceTo(START_MS + 26 * HOUR_MS);
  assert.deepEqual(fixture.rows("SELECT count(*) FROM metrics"), [[0]]);
  assert.deepEqual(fixture.rows(ROLLED_UP), rolledUp);
  assert.deepEqual(fixture.rows("SELECT DISTINCT name, labels FROM rollups_1h ORDER BY 1"), [
    ["c", { l: "a" }],
    ["g", {}],
  ]);
  assert.equal(fixture.core.stats().retiredSeries, 2);
  // Past the retention of the last tier rows and definitions are gone.
  fixture.advanceTo(START_MS + 401 * 24 * HOUR_MS);
  assert.deepEqual(fixture.rows("SELECT count(*) FROM rollups_1h"), [[0]]);
  assert.equal(fixture.core.stats().retiredSeries, 0);
  fixture.core.close();
});

Deno.test("rollups: rows of an hour that come late are rolled up beside the others", async () => {
  const fixture = await CoreFixture.open(START_MS);
  fillHour(fixture, START_US);
  fixture.advanceTo(AFTER_MS);
  const id = fixture.registries.series.resolve("g", "gauge", "1", [], "");
  fixture.samples.push(id, START_US + 30_000_000, 9_999);
  fixture.append();
  fixture.advanceTo(AFTER_MS + 5 * 60_000);
  assert.deepEqual(
    fixture.rows(`SELECT sum("count"), max("max") FROM rollups_1m
      WHERE name = 'g' AND ts = make_timestamp(${START_US})`),
    [[13, 9_999]],
  );
  assert.deepEqual(
    fixture.rows(`SELECT sum("count"), sum("sum") FROM rollups_1h`),
    fixture.rows("SELECT count(*), sum(value) FROM metrics"),
  );
  fixture.core.close();
});

Deno.test("rollups: many series are rolled up in parts, each row once", async () => {
  const fixture = await CoreFixture.open(START_MS);
  const { registries, samples } = fixture;
  const ids = Array.from(
    { length: 3_000 },
    (_, i) => registries.series.resolve("many", "gauge", "", [["i", String(i)]], ""),
  );
  for (let minute = 0; minute < 60; minute++) {
    for (const id of ids) samples.push(id, START_US + minute * MINUTE_US, id + minute);
  }
  fixture.append();
  fixture.advanceTo(AFTER_MS);
  assert.deepEqual(fixture.rows(`SELECT count(*), sum("count"), sum("sum") FROM rollups_1m`), [
    [180_000, 180_000, ids.reduce((sum, id) => sum + 60 * id + 59 * 30, 0)],
  ]);
  assert.deepEqual(
    fixture.rows(`SELECT count(*), count(DISTINCT series_id), sum("count") FROM rollups_1h`),
    [[3_000, 3_000, 180_000]],
  );
  fixture.core.close();
});

Deno.test("rollups: when memory is short raw rows go first, and some are left", async () => {
  const fixture = await CoreFixture.open(START_MS, { budgetBytes: 5 * 1024 * 1024 });
  for (let hour = 0; hour < 12; hour++) {
    const { registries, samples } = fixture;
    const random = mulberry32(hour);
    for (let i = 0; i < 50; i++) {
      const id = registries.series.resolve("r", "gauge", "", [["i", String(i)]], "");
      for (let second = 0; second < 3_600; second += 2) {
        const tsUs = START_US + (hour * 3_600 + second) * 1_000_000;
        samples.push(id, tsUs, random() / 1000);
      }
    }
    fixture.append();
    fixture.advanceTo(START_MS + (hour + 1) * HOUR_MS + 2 * 60_000);
  }
  const { evicted, rollups, signals } = fixture.core.stats();
  const hours = rollups.find(({ rollup }) => rollup === "rollups_1h");
  assert.equal(hours?.rows, 12 * 50);
  assert.ok(evicted.some(({ signal, reason }) => signal === "metrics" && reason === "bytes"));
  assert.ok(!evicted.some(({ signal }) => signal === "rollups_1h"));
  const raw = signals.find(({ signal }) => signal === "metrics");
  assert.ok((raw?.rows ?? 0) > 0, "rollups leave room for raw rows");
  fixture.core.close();
});
