import assert from "node:assert/strict";
import {
  histogramQuantile,
  type HistogramSegment,
  histogramValue,
  mergedBuckets,
  observedIn,
} from "../../../../mod/metrics/histogram_window.ts";

const BOUNDS = [1, 2, 4];
const WINDOW = { startUs: 0, endUs: 40e6 };
const total = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

function segment(
  [fromS, toS]: readonly [number, number],
  from: number[],
  to: number[],
  bounds: number[] = BOUNDS,
): HistogramSegment {
  return {
    firstUs: fromS * 1e6,
    lastUs: toS * 1e6,
    points: fromS === toS ? 1 : 2,
    bounds,
    firstCount: total(from),
    lastCount: total(to),
    firstSum: total(from) * 2,
    lastSum: total(to) * 2,
    firstCounts: from,
    lastCounts: to,
  };
}

Deno.test("observedIn: within and between segments, over a reset and other bounds", () => {
  const observed = observedIn([
    segment([30, 35], [1, 0], [1, 4], [8]),
    segment([0, 10], [5, 0, 0, 0], [6, 2, 0, 0]),
    // It began anew and counted one before its first point.
    segment([20, 25], [0, 0, 1, 0], [0, 0, 3, 1]),
  ]);
  assert.deepEqual([...observed?.buckets ?? []], [[1, 1], [2, 2], [4, 3], [Infinity, 5], [8, 1]]);
  assert.equal(observed?.count, 3 + 1 + 3 + 1 + 4);
  assert.equal(observed?.sum, observed.count * 2);
  assert.equal(observedIn([]), null);
});

Deno.test("histogramValue: functions of what was observed; nothing of a single point", () => {
  const observed = observedIn([segment([0, 40], [0, 0, 0, 0], [10, 0, 0, 0])]);
  assert.ok(observed !== null);
  assert.equal(histogramValue("count", null, observed, WINDOW), 10);
  assert.equal(histogramValue("sum", null, observed, WINDOW), 20);
  assert.equal(histogramValue("avg", null, observed, WINDOW), 2);
  assert.equal(histogramValue("increase", null, observed, WINDOW), 10);
  assert.equal(histogramValue("rate", null, observed, WINDOW), 0.25);
  assert.equal(histogramValue("p50", 0.5, observed, WINDOW), 0.5);
  const single = observedIn([segment([5, 5], [3, 0, 0, 0], [3, 0, 0, 0])]);
  assert.ok(single !== null && Number.isNaN(histogramValue("count", null, single, WINDOW)));
});

Deno.test("histogramQuantile: as PromQL interpolates", () => {
  const buckets = new Map([[1, 2], [2, 2], [4, 4], [Infinity, 2]]);
  const cases: [q: number, value: number][] = [[0.1, 0.5], [0.2, 1], [0.5, 2.5], [0.8, 4], [
    0.99,
    4,
  ]];
  for (const [q, value] of cases) assert.equal(histogramQuantile(q, buckets), value, `q ${q}`);
  assert.equal(histogramQuantile(0.5, new Map([[-1, 4], [Infinity, 0]])), -1);
  assert.ok(Number.isNaN(histogramQuantile(0.5, new Map([[Infinity, 4]]))));
  assert.ok(Number.isNaN(histogramQuantile(0.5, new Map([[1, 0], [Infinity, 0]]))));
  const merged = mergedBuckets([new Map([[1, 1], [Infinity, 0]]), new Map([[1, 2], [3, 1]])]);
  assert.deepEqual([...merged], [[1, 3], [Infinity, 0], [3, 1]]);
});
