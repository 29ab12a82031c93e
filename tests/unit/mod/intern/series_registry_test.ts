import assert from "node:assert/strict";
import { SERIES_REFUSED, SeriesRegistry } from "../../../../mod/intern/series_registry.ts";
import { OTHER_METRICS, refusalText } from "../../../../mod/intern/series_refusals.ts";

const gauge = (registry: SeriesRegistry, name: string, label = "") =>
  registry.resolve(name, "gauge", "1", [["l", label]], "svc");

function explained({ lastRefusal }: SeriesRegistry): string {
  assert.ok(lastRefusal !== null);
  return refusalText(lastRefusal);
}

Deno.test("SeriesRegistry: a metric at its limit gets no new series, others do, and it says why", () => {
  const registry = new SeriesRegistry({ maxSeries: 10, maxSeriesPerMetric: 2 });
  const known = gauge(registry, "bomb", "0");
  gauge(registry, "bomb", "1");
  for (let i = 2; i < 100; i++) {
    assert.equal(gauge(registry, "bomb", String(i)), SERIES_REFUSED);
  }
  assert.equal(gauge(registry, "bomb", "0"), known);
  assert.notEqual(gauge(registry, "other"), SERIES_REFUSED);
  assert.equal(
    explained(registry),
    'metric "bomb" has 2 series, the most that storage.max_series_per_metric allows',
  );
  assert.deepEqual(registry.cardinality(1), [{ name: "bomb", series: 2, refused: 98 }]);
});

Deno.test("SeriesRegistry: the limit of all series names the metrics with the most", () => {
  const registry = new SeriesRegistry({ maxSeries: 6, maxSeriesPerMetric: 6 });
  for (const [name, series] of [["a", 1], ["b", 3], ["c", 2]] as const) {
    for (let i = 0; i < series; i++) gauge(registry, name, String(i));
  }
  assert.equal(gauge(registry, "d"), SERIES_REFUSED);
  assert.equal(
    explained(registry),
    '"d" would be one series more than the 6 that storage.max_series allows; most series are of ' +
      '"b" (3), "c" (2), "a" (1)',
  );
});

Deno.test("SeriesRegistry: names of refused metrics are bounded, and take no room from new ones", () => {
  const registry = new SeriesRegistry({ maxSeries: 2, maxSeriesPerMetric: 2, idleAfterMs: 1 });
  const ids = [gauge(registry, "a"), gauge(registry, "b")];
  for (let i = 0; i < 5_000; i++) gauge(registry, `m${i}`);
  assert.equal(registry.refusals.of(OTHER_METRICS), 4_000);
  assert.equal(registry.refusals.totals.max_series, 5_000);
  registry.touch(Uint32Array.from(ids), 0);
  assert.deepEqual(registry.forgetIdle(100), ids);
  // Their room is there again, for each name by itself.
  assert.notEqual(gauge(registry, "m4999"), SERIES_REFUSED);
  assert.equal(registry.newestOf("m4999")?.name, "m4999");
  assert.notEqual(gauge(registry, "m4998"), SERIES_REFUSED);
  registry.touch(Uint32Array.from(ids), 0);
  assert.equal(registry.forgetIdle(1_000).length, 2);
  assert.equal(registry.size, 0);
});

Deno.test("SeriesRegistry: what names and labels take is bounded too, and given back", () => {
  const registry = new SeriesRegistry({
    maxSeries: 5_000,
    maxSeriesPerMetric: 5_000,
    idleAfterMs: 1,
  });
  const long = (i: number) => gauge(registry, "long", String(i).padEnd(8_000, "x"));
  let taken = 0;
  while (long(taken) !== SERIES_REFUSED) taken++;
  assert.equal(taken, Math.floor(4 * 1024 * 1024 / (registry.characters / taken)));
  assert.match(explained(registry), /^the names and labels of all series take 4194304 characters/);
  assert.match(explained(registry), /storage\.max_series .*"long" \(\d+\)/);
  registry.touch(Uint32Array.of(1), 0);
  registry.forgetIdle(1_000);
  assert.deepEqual([registry.size, registry.characters], [0, 0]);
  assert.notEqual(long(0), SERIES_REFUSED);
});
