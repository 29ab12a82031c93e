import assert from "node:assert/strict";
import type { ChunkListRequest, ChunkStatus } from "../../mod/ports.ts";
import { CoreFixture } from "../support/core_fixture.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 4, 4, 10);
const START_US = START_MS * 1000;
const ALL: ChunkListRequest = { kinds: null, state: null, before: null, limit: 1_000 };

/** 60 samples of the hour from `startUs`. */
function fillHour(fixture: CoreFixture, startUs: number): void {
  const { registries, samples } = fixture;
  const series = registries.series.resolve("c", "counter", "1", [], "");
  for (let minute = 0; minute < 60; minute++) {
    samples.push(series, startUs + minute * 60_000_000, minute);
  }
  fixture.append();
}

const filled = (fixture: CoreFixture, request: Partial<ChunkListRequest> = {}): ChunkStatus[] =>
  fixture.core.chunks({ ...ALL, ...request }).chunks.filter(({ rows }) => rows !== 0);

Deno.test("chunks: each with its state, times, rows, bytes and file, from open to rolled up", async () => {
  const path = await Deno.makeTempDir();
  const disk = { path, fsync: "on_close", budgetBytes: 2 ** 30 } as const;
  try {
    const fixture = await CoreFixture.open(START_MS, { disk });
    fillHour(fixture, START_US);
    const [open, ...others] = filled(fixture);
    assert.deepEqual(others, []);
    assert.ok(open !== undefined && open.file !== null);
    const file = `chunks/metrics-${START_MS / 1000}-${open.number}.log`;
    assert.deepEqual({ ...open, bytes: 0, receivedBytes: 0 }, {
      number: open.number,
      kind: "metrics",
      state: "open",
      spanStartUs: START_US,
      spanEndUs: START_US + HOUR_MS * 1000,
      minTsUs: START_US,
      maxTsUs: START_US + 59 * 60_000_000,
      rows: 60,
      bytes: 0,
      bytesEstimated: true,
      receivedBytes: 0,
      rolledUp: false,
      file: { name: file, bytes: Deno.statSync(`${path}/${file}`).size },
    });
    assert.ok(open.bytes > 0 && (open.receivedBytes ?? 0) > 0);

    fixture.nowMs = START_MS + HOUR_MS + 2 * 60_000;
    fixture.core.tick();
    assert.equal(filled(fixture, { kinds: ["metrics"] })[0]?.state, "closed");
    fixture.core.step();
    assert.equal(filled(fixture, { kinds: ["metrics"] })[0]?.state, "sealing");

    fixture.advanceTo(fixture.nowMs);
    const [sealed] = filled(fixture, { state: "sealed" });
    assert.deepEqual(
      [sealed?.kind, sealed?.rows, sealed?.bytesEstimated, sealed?.rolledUp, sealed?.file],
      ["metrics", 60, false, true, open.file],
    );
    const minutes = filled(fixture, { kinds: ["rollups_1m"] });
    assert.deepEqual(
      minutes.map(({ state, rows, rolledUp, file }) => [state, rows, rolledUp, file === null]),
      [["open", 60, null, false]],
    );
    fixture.core.close();

    // What finds no room at the start is told of as well, and where it is.
    const small = await CoreFixture.open(fixture.nowMs, { disk, budgetBytes: 1 });
    const [left] = filled(small, { kinds: ["metrics"], state: "on_disk" });
    assert.deepEqual(
      [left?.number, left?.rows, left?.minTsUs, left?.spanStartUs, left?.file],
      [open.number, null, null, START_US, open.file],
    );
    small.core.close();
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("chunks: pages go on where the one before ended, whatever came meanwhile", async () => {
  const fixture = await CoreFixture.open(START_MS);
  for (let hour = 1; hour <= 6; hour++) fillHour(fixture, START_US - hour * HOUR_MS * 1000);
  const whole = fixture.core.chunks({ ...ALL, kinds: ["metrics"] });
  // Those of the hours, and the empty one that the store starts with.
  assert.deepEqual([whole.matching, whole.chunks.length, whole.nextBefore], [7, 7, null]);
  assert.ok(whole.chunks.every(({ file }) => file === null), "memory only");
  const numbers: number[] = [];
  for (let before: number | null = null, page = 0; page < 3; page++) {
    const list = fixture.core.chunks({ kinds: ["metrics"], state: "open", before, limit: 3 });
    numbers.push(...list.chunks.map(({ number }) => number));
    before = list.nextBefore;
    assert.equal(before === null, page === 2);
    fillHour(fixture, START_US - (10 + page) * HOUR_MS * 1000);
  }
  assert.deepEqual(numbers, whole.chunks.map(({ number }) => number));
});
