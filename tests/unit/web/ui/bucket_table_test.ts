import assert from "node:assert/strict";
import { BucketTable, MAX_SERIES } from "../../../../web/ui/bucket_table.js";

const MINUTE = { fromMs: 60_000, toMs: 120_000, stepMs: 10_000 };

Deno.test("BucketTable: a bucket is the mean of what fell into it, by weight", () => {
  const table = new BucketTable(MINUTE);
  table.add(60_000, "a", 1);
  table.add(69_999, "a", 3);
  table.add(70_000, "a", 10, 3);
  table.add(75_000, "a", 2);
  assert.deepEqual(table.values("a").slice(0, 2), [2, 8]);
  assert.deepEqual(table.times(), [60, 70, 80, 90, 100, 110]);
  assert.deepEqual(table.window, { fromMs: 60_000, toMs: 120_000 });
});

Deno.test("BucketTable: samples outside of the window, and no numbers, are left out", () => {
  const table = new BucketTable(MINUTE);
  for (const timeMs of [59_999, 120_000]) table.add(timeMs, "a", 1);
  table.add(60_000, "a", NaN);
  table.add(60_000, "a", Infinity);
  assert.deepEqual(table.names, []);
  assert.deepEqual(table.values("a"), new Array(6).fill(null));
});

Deno.test("BucketTable: slides forward, forgets what leaves, never goes back", () => {
  const table = new BucketTable(MINUTE);
  table.add(60_000, "old", 1);
  table.add(115_000, "new", 5);
  table.slideTo(125_000);
  assert.deepEqual(table.window, { fromMs: 70_000, toMs: 130_000 });
  assert.deepEqual(table.names, ["new"]);
  table.add(125_000, "new", 7);
  assert.deepEqual(table.values("new").slice(-2), [5, 7]);
  table.slideTo(60_000);
  assert.equal(table.window.fromMs, 70_000);
  table.slideTo(10_000_000);
  assert.deepEqual(table.names, []);
});

Deno.test("BucketTable: holds a value over a few empty buckets, then shows a gap", () => {
  const table = new BucketTable(MINUTE);
  table.add(60_000, "a", 1);
  table.add(110_000, "a", 2);
  assert.deepEqual(table.values("a"), [1, 1, 1, 1, null, 2]);
});

Deno.test("BucketTable: does not hold the newest value into the future", () => {
  const table = new BucketTable(MINUTE);
  table.add(70_000, "a", 1);
  assert.deepEqual(table.values("a"), [null, 1, null, null, null, null]);
});

Deno.test("BucketTable: refuses series at the bound, and counts them", () => {
  const table = new BucketTable(MINUTE);
  for (let i = 0; i < MAX_SERIES + 5; i++) {
    table.add(60_000, `s${i}`, i);
    table.add(70_000, `s${i}`, i);
  }
  assert.equal(table.names.length, MAX_SERIES);
  assert.equal(table.refusedSeries, 5);
});
