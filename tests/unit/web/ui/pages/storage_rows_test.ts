import assert from "node:assert/strict";
import {
  chosenMetrics,
  diskFacts,
  keptRows,
  storageProblem,
  storageTiles,
} from "../../../../../web/ui/pages/storage_rows.js";

const NOW = Date.parse("2026-05-04T12:00:00Z");
const STORED = {
  rows: 12_000,
  chunks: 3,
  chunk_states: { open: 1, closed: 0, sealed: 2 },
  bytes: 2_048,
  compression: { ratio: 4.26 },
  min_ts: "2026-05-04T00:00:00Z",
  retention_ms: 86_400_000,
};
const NONE = {
  ...STORED,
  rows: 0,
  chunk_states: { open: 3, closed: 0, sealed: 0 },
  compression: { ratio: null },
  min_ts: null,
};
const DISK = {
  path: "/data",
  bytes: 500,
  budget_bytes: 1_000,
  files: 4,
  problem: null,
  failed_writes: 0,
  layout_version: 2,
  fsync: "every_second",
  syncs: 7,
  unsynced_bytes: 0,
  waiting_rows: 0,
  waiting_bytes: 0,
  unlogged_rows: 0,
  quarantined_files: 0,
  recovery: {
    rows: 10,
    elapsed_ms: 40,
    lost_stretches: 0,
    lost_bytes: 0,
    left_on_disk: 0,
    set_aside: 0,
  },
};
const STATE: Parameters<typeof storageTiles>[0] = {
  bytes: 750,
  budget_bytes: 1_000,
  signals: [{ signal: "metrics", ...STORED }, { signal: "spans", ...NONE }],
  rollups: [{ rollup: "rollups_1m", ...STORED, retention_ms: 3_600_000 }],
  drops: [],
  disk: DISK,
  restarts: { count: 0, last: null },
  series: { live: 5, retired: 2, refused: {}, by_metric: [], metric: null },
};

Deno.test("keptRows: each signal, its rollups behind it; nothing is made up for what is empty", () => {
  const rows = keptRows(STATE, NOW);
  assert.deepEqual(rows.map(({ key }) => key), ["metrics raw", "metrics 1 min", "spans raw"]);
  const [raw, minutes, spans] = rows;
  assert.deepEqual([raw?.oldest, raw?.retention, raw?.share], ["12 h", "1 d", 0.5]);
  assert.deepEqual([raw?.compression, raw?.bytes], ["4.3×", "2 KiB"]);
  assert.equal(raw?.chunkHint, "1 open, 0 waiting to be sealed, 2 sealed");
  assert.equal(minutes?.share, 12);
  assert.deepEqual(
    [spans?.oldest, spans?.share, spans?.compression, spans?.bytes],
    ["–", null, "–", "–"],
  );
});

Deno.test("storageTiles: shares of both budgets; memory only without a directory", () => {
  const tiles = (state: typeof STATE) =>
    storageTiles(state).map(({ id, value, ratio }) => [id, value, ratio]);
  assert.deepEqual(tiles(STATE).slice(0, 2), [["memory", "750 B", 0.75], ["disk", "500 B", 0.5]]);
  assert.deepEqual(tiles({ ...STATE, disk: null })[1], ["disk", "Memory only", null]);
  const bomb = { ...STATE, series: { ...STATE.series, refused: { max_series: 20_000 } } };
  assert.match(storageTiles(bomb).at(-1)?.note ?? "", /refused: 20 k/);
});

Deno.test("storageProblem, diskFacts: what is not safe is told, and marked", () => {
  assert.equal(storageProblem(STATE), null);
  assert.equal(storageProblem({ ...STATE, disk: null }), null);
  const full = { ...DISK, problem: "No space left", waiting_rows: 3, unlogged_rows: 2 };
  assert.equal(
    storageProblem({ ...STATE, disk: full }),
    "The data directory cannot be written: No space left. What comes in is kept in memory." +
      " 3 rows wait for room on the disk. 2 rows stay in memory only.",
  );
  const bad = (state: typeof STATE) =>
    diskFacts(state).filter((fact) => fact.bad).map(({ term }) => term);
  assert.deepEqual(bad(STATE), []);
  assert.deepEqual(bad({ ...STATE, disk: full }), [
    "Waiting for room on the disk",
    "In memory only, for good",
  ]);
  const damaged = {
    ...DISK,
    quarantined_files: 1,
    recovery: { ...DISK.recovery, lost_stretches: 2, lost_bytes: 9, left_on_disk: 4 },
  };
  const restarts = { count: 1, last: { ts: "2026-05-04", reason: "it broke", emptied: true } };
  assert.deepEqual(bad({ ...STATE, disk: damaged, restarts }), [
    "Damage found",
    "Left on disk for want of memory",
    "In quarantine",
    "Restarts of the store's thread",
  ]);
  assert.match(
    diskFacts({ ...STATE, disk: null, restarts })[0]?.text ?? "",
    /it broke; what was stored before is gone/,
  );
});

Deno.test("chosenMetrics: all words of the filter, in any case; refused only", () => {
  const metrics = [
    { name: "http.Server.duration", series: 5, refused: 0 },
    { name: "http.client", series: 0, refused: 7 },
  ];
  const names = (filter: string, only: boolean) =>
    chosenMetrics(metrics, filter, only).map(({ name }) => name);
  assert.deepEqual(names("server HTTP", false), ["http.Server.duration"]);
  assert.deepEqual(names("  ", false).length, 2);
  assert.deepEqual(names("http", true), ["http.client"]);
});
