import assert from "node:assert/strict";
import { CoreFixture } from "../support/core_fixture.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 4, 4, 10);
const START_US = START_MS * 1000;
const AFTER_MS = START_MS + HOUR_MS + 2 * 60_000;
const SERIES = 2_500;
const SAMPLES = 40;

async function withFolder(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "horizon-rollups-" });
  try {
    await test(`${path}/data`);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

const open = (path: string, nowMs: number) =>
  CoreFixture.open(nowMs, { disk: { path, fsync: "every_batch", budgetBytes: 1e9 } });

function fill({ registries, samples }: CoreFixture, startUs: number): void {
  for (let i = 0; i < SERIES; i++) {
    const id = registries.series.resolve("m", "gauge", "", [["i", String(i)]], "");
    for (let n = 0; n < SAMPLES; n++) samples.push(id, startUs + n * 60_000_000, i + n);
  }
}

const ROLLUPS = `SELECT labels, ts, "min", "max", "sum", "count", "first", "last", increase
  FROM rollups_1h ORDER BY labels['i']::INTEGER, ts`;
const MINUTES =
  `SELECT count(*), sum("count"), sum("sum"), count(DISTINCT series_id) FROM rollups_1m`;

Deno.test("rollups: they survive a restart, also when the raw rows are gone", async () => {
  await withFolder(async (path) => {
    const first = await open(path, START_MS);
    fill(first, START_US);
    first.append();
    first.advanceTo(AFTER_MS);
    const [rolledUp, minutes] = [first.rows(ROLLUPS), first.rows(MINUTES)];
    assert.equal(rolledUp.length, SERIES);
    first.core.close();

    // A restart in time rolls nothing up again, and knows every series.
    const second = await open(path, AFTER_MS + 60_000);
    second.advanceTo(AFTER_MS + 120_000);
    assert.deepEqual([second.rows(ROLLUPS), second.rows(MINUTES)], [rolledUp, minutes]);
    assert.equal(second.registries.series.size, SERIES);
    second.advanceTo(START_MS + 26 * HOUR_MS);
    assert.equal(second.rows("SELECT count(*) FROM metrics")[0]?.[0], 0);
    second.core.close();

    // What only rollups know does not count against the limits of series, and keeps its labels.
    const third = await open(path, START_MS + 27 * HOUR_MS);
    assert.deepEqual([third.rows(ROLLUPS), third.rows(MINUTES)], [rolledUp, minutes]);
    assert.equal(third.registries.series.size, 0);
    assert.equal(third.core.stats().retiredSeries, SERIES);
    const id = third.registries.series.resolve("m", "gauge", "", [["i", "0"]], "");
    assert.ok(third.rows(`SELECT 1 FROM rollups_1h WHERE series_id = ${id}`).length === 0);
    third.core.close();
  });
});

Deno.test("rollups: what an end cuts short is finished after it, each row once", async () => {
  await withFolder(async (path) => {
    let expected: unknown[][] = [];
    for (const stopAfter of [1, 2, 3]) {
      const cut = await open(path, START_MS);
      fill(cut, START_US);
      cut.append();
      cut.nowMs = AFTER_MS;
      cut.core.tick();
      const frames = () => cut.core.stats().rollups.filter(({ rows }) => rows > 0).length;
      const kept = () => cut.core.stats().rollups.reduce((sum, { rows }) => sum + rows, 0);
      let parts = 0;
      for (let before = 0; parts < stopAfter && cut.core.busy;) {
        cut.core.step();
        if (kept() > before) parts++;
        before = kept();
      }
      assert.equal(parts, stopAfter);
      assert.ok(frames() > 0);
      assert.equal(cut.core.stats().rollupsPending, 1);
      cut.core.close();

      const again = await open(path, AFTER_MS + 60_000);
      again.advanceTo(AFTER_MS + 120_000);
      const found = again.rows(ROLLUPS);
      if (expected.length === 0) expected = found;
      assert.deepEqual(found, expected);
      assert.deepEqual(again.rows(MINUTES), [[
        SERIES * SAMPLES,
        SERIES * SAMPLES,
        again.rows("SELECT sum(value) FROM metrics")[0]?.[0],
        SERIES,
      ]]);
      assert.equal(again.core.stats().rollupsPending, 0);
      again.core.close();
      await Deno.remove(path, { recursive: true });
    }
    assert.equal(expected.length, SERIES);
  });
});

Deno.test("rollups: raw rows that are too old at the start are rolled up before they go", async () => {
  await withFolder(async (path) => {
    const first = await open(path, START_MS);
    fill(first, START_US);
    first.append();
    first.core.close();
    const late = await open(path, START_MS + 30 * HOUR_MS);
    late.advanceTo(START_MS + 30 * HOUR_MS + 60_000);
    assert.deepEqual(late.rows("SELECT count(*) FROM metrics"), [[0]]);
    assert.deepEqual(late.rows(`SELECT count(*), sum("count") FROM rollups_1h`), [
      [SERIES, SERIES * SAMPLES],
    ]);
    late.core.close();
  });
});
