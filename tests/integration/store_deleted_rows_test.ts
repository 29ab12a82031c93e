import assert from "node:assert/strict";
import { encodeStateRows } from "../../storage/state_rows.ts";
import { CoreFixture } from "../support/core_fixture.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const MIB = 1024 * 1024;
const HOUR_OF_ALL = {
  metrics: HOUR_MS,
  histograms: HOUR_MS,
  exemplars: HOUR_MS,
  spans: HOUR_MS,
  logs: HOUR_MS,
  events: HOUR_MS,
  rollups_1m: HOUR_MS,
  rollups_1h: HOUR_MS,
  histogram_rollups_1m: HOUR_MS,
  histogram_rollups_1h: HOUR_MS,
};

Deno.test("store: a table of the present state takes no more memory however often it is replaced", async () => {
  const store = await CoreFixture.open(NOW_MS);
  const replace = (round: number) => {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      ...NO_PROCESS,
      pid: round * 100 + i,
      command_line: `/usr/bin/worker --id=${round}-${i} `.padEnd(300, "x"),
    }));
    store.core.replace("processes", encodeStateRows("processes", rows));
  };
  for (let round = 0; round < 10; round++) replace(round);
  const before = store.core.stats().bytes;
  for (let round = 10; round < 400; round++) replace(round);
  // What was replaced has 12 MiB of command lines.
  assert.ok(store.core.stats().bytes - before < MIB, `${store.core.stats().bytes} of ${before}`);
  assert.deepEqual(
    store.rows("SELECT count(*), min(pid) FROM processes WHERE exited_at IS NULL"),
    [[100, 39_900]],
  );
  store.core.close();
});

Deno.test("store: definitions of series that are gone give their memory back", async () => {
  const store = await CoreFixture.open(NOW_MS, { retentionMs: HOUR_OF_ALL });
  const rounds = 12;
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ids = Array.from({ length: 2_000 }, (_, i) => {
      const labels = [["path", `/round/${round}/item/${i}`.padEnd(300, "x")]] as const;
      return store.registries.series.resolve("requests", "counter", "1", labels, "shop");
    });
    for (const id of ids) store.samples.push(id, store.nowMs * 1_000, 1);
    store.append();
    bytes.push(store.core.stats().bytes);
    store.append(ids);
    // Long enough for the rows to go, and with them the definitions.
    store.advanceTo(store.nowMs + 30 * HOUR_MS);
    store.advanceTo(store.nowMs + 30 * HOUR_MS);
  }
  const { series, retiredSeries } = store.core.stats();
  assert.deepEqual({ series, retiredSeries }, { series: 0, retiredSeries: 0 });
  const first = bytes[0]!;
  const most = Math.max(...bytes);
  assert.ok(most < 3 * first + MIB, `at most ${most} of ${first} bytes`);
  store.core.close();
});

const NO_PROCESS = {
  ppid: 1,
  start_time: NOW_MS,
  name: "worker",
  executable: "/usr/bin/worker",
  user: "shop",
  state: "sleeping",
  service: "shop",
  cgroup: "/system.slice/shop.service",
  cpu_ratio: 0.5,
  rss_bytes: 1e6,
  virtual_bytes: 1e7,
  pss_bytes: null,
  threads: 4,
  open_fds: 10,
  fd_limit: 1_024,
  read_bytes_per_second: 0,
  write_bytes_per_second: 0,
  first_seen: NOW_MS,
  last_seen: NOW_MS,
  exited_at: null,
  container_id: null,
};
