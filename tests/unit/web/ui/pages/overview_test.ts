import assert from "node:assert/strict";
import { ChartFeed } from "../../../../../web/ui/pages/chart_feed.js";
import { historyQuestions } from "../../../../../web/ui/pages/chart_history.js";
import { FILESYSTEMS_QUERY, filesystemsOf } from "../../../../../web/ui/pages/filesystems.js";
import { HostState } from "../../../../../web/ui/pages/host_state.js";
import { CHARTS } from "../../../../../web/ui/pages/overview_charts.js";
import { hostTiles, levelOf } from "../../../../../web/ui/pages/overview_tiles.js";
import { ownTile } from "../../../../../web/ui/pages/own_cost.js";
import { queryMetrics } from "../../../../../mod/metrics/metric_engine.ts";
import { CoreFixture } from "../../../../support/core_fixture.ts";
import { type MetricRow, MetricsDatabase } from "../metrics_database.ts";

type Chart = (typeof CHARTS)[number];
type MetricQuestion = ReturnType<typeof historyQuestions>[number]["values"];
type Sample = Parameters<Chart["keyOf"]>[0];

function chart(id: string): Chart {
  const found = CHARTS.find((candidate) => candidate.id === id);
  assert.ok(found !== undefined, id);
  return found;
}

function sample(name: string, value: number, labels: Record<string, string> = {}): Sample {
  return { name, value, labels };
}

/** What a host reports, one series of each kind that charts must take or leave out. */
const HOST: readonly Sample[] = [
  sample("system.cpu.utilization", 0.2, { "cpu.mode": "user" }),
  sample("system.cpu.utilization", 0.7, { "cpu.mode": "idle" }),
  sample("system.cpu.utilization", 0.4, { "cpu.mode": "user", "cpu.logical_number": "0" }),
  sample("system.memory.usage", 4e9, { "system.memory.state": "used" }),
  sample("system.memory.usage", 1e9, { "system.memory.state": "free" }),
  sample("system.disk.io", 100, { "system.device": "sda", "disk.io.direction": "read" }),
  sample("system.disk.io", 100, { "system.device": "sda1", "disk.io.direction": "read" }),
  sample("system.disk.io", 100, { "system.device": "dm-0", "disk.io.direction": "write" }),
  sample("system.disk.io", 100, { "system.device": "nvme0n1", "disk.io.direction": "write" }),
  sample("system.disk.io", 100, { "system.device": "nvme0n1p2", "disk.io.direction": "write" }),
  sample("system.network.io", 100, {
    "network.interface.name": "lo",
    "network.io.direction": "receive",
  }),
  sample("system.network.io", 100, {
    "network.interface.name": "eth0",
    "network.io.direction": "receive",
  }),
  sample("system.cpu.load_average.1m", 1.5),
  sample("system.cpu.load_average.15m", 0.5),
  sample("system.linux.psi.pressure", 0.1, {
    "system.linux.psi.resource": "io",
    "system.linux.psi.stall_type": "some",
    "system.linux.psi.window": "10",
  }),
  sample("system.linux.psi.pressure", 0.9, {
    "system.linux.psi.resource": "io",
    "system.linux.psi.stall_type": "full",
    "system.linux.psi.window": "10",
  }),
];

/** A host whose gauges stand still and whose counters grow by `growth` in each second. */
function seconds(from: number, count: number, growth: number): MetricRow[] {
  return Array.from({ length: count }, (_, second) =>
    HOST.map(({ name, value, labels }) => ({
      timeMs: from + second * 1000,
      name,
      value: name.endsWith(".io") ? value + second * growth : value,
      labels,
    }))).flat();
}

const FROM_MS = 1_700_000_000_000;
const CLOCK = { nowMs: () => FROM_MS, monotonicMs: () => 0 };

/** A store that holds these samples, at the time of the first. */
async function stored(rows: readonly MetricRow[]): Promise<CoreFixture> {
  const fixture = await CoreFixture.open(FROM_MS);
  const { samples, registries } = fixture;
  for (const { timeMs, name, value, labels = {} } of rows) {
    const kind = name.endsWith(".io") ? "counter" : "gauge";
    const id = registries.series.resolve(name, kind, "", Object.entries(labels), "");
    samples.push(id, timeMs * 1000, value);
  }
  fixture.append();
  return fixture;
}

/** The chart as the page fills it, by the functions that answer the page. */
async function pastOf(
  definition: Chart,
  fixture: CoreFixture,
  window: { fromMs: number; toMs: number; stepSeconds: number },
): Promise<ChartFeed> {
  const ask = async ({ name, match, start, end, step_ms, fn }: MetricQuestion) => {
    const asked = { name, matchers: match, startMs: Number(start), endMs: Number(end) };
    const query = { ...asked, stepMs: step_ms, fn };
    const { series, startMs, stepMs, points } = await queryMetrics(fixture.metrics, query, CLOCK);
    return {
      name,
      start_ms: startMs,
      step_ms: stepMs,
      points,
      series: series.map(({ labels, values }) => ({
        labels,
        values: [...values].map((value) => Number.isFinite(value) ? value : null),
      })),
    };
  };
  const feed = new ChartFeed(definition, window);
  for (const { values, times } of historyQuestions(definition, window)) {
    feed.addHistory(await ask(values), times === null ? null : await ask(times));
  }
  return feed;
}

Deno.test("ChartFeed: past and live samples become the same series with the same values", async () => {
  const window = { fromMs: FROM_MS, toMs: FROM_MS + 20_000, stepSeconds: 2 };
  const fixture = await stored(seconds(FROM_MS - 2000, 22, 500));
  for (const definition of CHARTS) {
    const past = await pastOf(definition, fixture, window);

    const live = new ChartFeed(definition, window);
    for (const second of Array.from({ length: 20 }, (_, i) => i)) {
      const rows = seconds(FROM_MS + second * 1000, 1, 0).map((row) => ({
        name: row.name,
        labels: { ...row.labels },
        value: row.name.endsWith(".io") ? row.value + second * 500 : row.value,
      }));
      live.addBatch({ timeMs: FROM_MS + second * 1000, samples: rows });
    }
    const names = past.data().series.map(({ name }) => name);
    assert.ok(names.length > 0, definition.id);
    assert.deepEqual(live.data().series.map(({ name }) => name), names, definition.id);
    assert.deepEqual(
      round(live.data().values.map((values) => values.at(-1))),
      round(past.data().values.map((values) => values.at(-1))),
      definition.id,
    );
  }
});

function round(values: readonly (number | null | undefined)[]): string[] {
  return values.map((value) => (value ?? NaN).toPrecision(9));
}

Deno.test("ChartFeed: a month is drawn from what is left of it, the rollups by the hour", async () => {
  const DAY_MS = 86_400_000;
  const toMs = FROM_MS + 30 * DAY_MS;
  const fixture = await stored(seconds(FROM_MS, 60, 500));
  for (let day = 1; day <= 30; day++) fixture.advanceTo(FROM_MS + day * DAY_MS);
  assert.deepEqual(fixture.rows("SELECT count(*) FROM metrics"), [[0]]);
  const window = { fromMs: FROM_MS - 3_600_000, toMs, stepSeconds: 7200 };
  const { series, values } = (await pastOf(chart("cpu"), fixture, window)).data();
  assert.deepEqual(series.map(({ name }) => name), ["user"]);
  assert.deepEqual(
    round(values[0]?.filter((value) => value !== null).slice(0, 1) ?? []),
    round([0.2]),
  );
});

Deno.test("ChartFeed: a reset counter leaves a gap, not a negative or a huge rate", async () => {
  const labels = { "system.device": "sda", "disk.io.direction": "read" };
  const counts = [1000, 1100, 1200, 50, 150];
  const fixture = await stored(counts.map((value, i) => (
    { timeMs: FROM_MS + i * 1000, name: "system.disk.io", value, labels }
  )));
  const window = { fromMs: FROM_MS, toMs: FROM_MS + 5000, stepSeconds: 1 };
  const { values } = (await pastOf(chart("disk"), fixture, window)).data();
  // The gap is held over, as every short one is.
  assert.deepEqual(values, [[null, 100, 100, 100, 100]]);
});

Deno.test("ChartFeed: beyond the busiest devices all others are one", async () => {
  const rows = [0, 1].flatMap((second) =>
    Array.from({ length: 9 }, (_, device) => ({
      timeMs: FROM_MS + second * 1000,
      name: "system.network.io",
      value: second * (device + 1) * 10,
      labels: { "network.interface.name": `veth${device}`, "network.io.direction": "receive" },
    }))
  );
  const window = { fromMs: FROM_MS, toMs: FROM_MS + 2000, stepSeconds: 1 };
  const feed = await pastOf(chart("network"), await stored(rows), window);
  const { series, values } = feed.data();
  assert.deepEqual(series.map(({ name }) => name), [
    "veth4 receive",
    "veth5 receive",
    "veth6 receive",
    "veth7 receive",
    "veth8 receive",
    "other receive",
  ]);
  assert.equal(values.at(-1)?.at(-1), 10 + 20 + 30 + 40);

  // Rates go on from where the past ended.
  feed.addBatch({ timeMs: FROM_MS + 2000, samples: [liveVeth(0, 17), liveVeth(1, 25)] });
  assert.equal(feed.data().values.at(-1)?.at(-1), 12);
});

function liveVeth(device: number, value: number): Sample {
  return sample("system.network.io", value, {
    "network.interface.name": `veth${device}`,
    "network.io.direction": "receive",
  });
}

Deno.test("ChartDefinition.arrange: known series keep their place and colour", () => {
  const names = chart("cpu").arrange(["new_mode", "iowait", "user"]).map(({ name }) => name);
  assert.deepEqual(names, ["user", "iowait", "new_mode"]);
  const disk = chart("disk").arrange(["other read", "b read", "a write", "a read"]);
  assert.deepEqual(disk.map(({ name, below }) => [name, below]), [
    ["a read", false],
    ["a write", true],
    ["b read", false],
    ["other read", false],
  ]);
  assert.equal(disk[0]?.colour, disk[1]?.colour);
});

Deno.test("hostTiles: what the newest samples say", () => {
  const host = new HostState();
  host.add({ timeMs: 1000, samples: [...HOST] });
  const grown = HOST.map((one) => ({ ...one, value: one.value + 2048 }));
  host.add({ timeMs: 2000, samples: grown.filter(({ name }) => name.endsWith(".io")) });
  host.add({
    timeMs: 2000,
    samples: [sample("system.memory.limit", 8e9), sample("system.cpu.logical.count", 1)],
  });
  const tiles = Object.fromEntries(hostTiles(host).map((tile) => [tile.id, tile]));
  assert.equal(tiles["cpu"]?.value, "20.0 %");
  assert.equal(tiles["cpu"]?.note, "1 core");
  assert.equal(tiles["memory"]?.ratio, 0.5);
  assert.equal(tiles["load"]?.value, "1.50");
  assert.equal(tiles["load"]?.ratio, 1);
  assert.equal(tiles["disk"]?.note, "read 2 KiB/s\nwrite 2 KiB/s");
  assert.equal(tiles["network"]?.value, "2 KiB/s");
});

Deno.test("hostTiles: an unknown host has dashes, not zeros", () => {
  for (const { value, ratio } of hostTiles(new HostState())) {
    assert.equal(value, "–");
    assert.equal(ratio, null);
  }
});

Deno.test("HostState: forgets series that have been silent for long", () => {
  const host = new HostState();
  host.add({ timeMs: 1000, samples: [sample("x", 1, { a: "1" })] });
  host.add({ timeMs: 50_000, samples: [sample("x", 2, { a: "2" })] });
  assert.equal(host.sum("x"), 3);
  host.add({ timeMs: 120_000, samples: [sample("y", 1)] });
  assert.equal(host.sum("x"), 2);
  assert.equal(host.sum("none"), null);
});

Deno.test("filesystemsOf: fullest first, a device once, without what is tiny", async () => {
  const database = await MetricsDatabase.open();
  const now = database.nowMs();
  const usage = (mountpoint: string, device: string, state: string, mebibytes: number) => ({
    timeMs: now - 1000,
    name: "system.filesystem.usage",
    value: mebibytes * 1024 * 1024,
    labels: {
      "system.device": device,
      "system.filesystem.mountpoint": mountpoint,
      "system.filesystem.state": state,
    },
  });
  database.insert([
    usage("/", "/dev/sda1", "used", 50),
    usage("/", "/dev/sda1", "free", 50),
    usage("/", "/dev/sda1", "reserved", 5),
    usage("/var/lib/x", "/dev/sda1", "used", 50),
    usage("/var/lib/x", "/dev/sda1", "free", 50),
    usage("/data", "/dev/sdb", "used", 96),
    usage("/data", "/dev/sdb", "free", 4),
    usage("/empty", "/dev/sdc", "used", 0),
    usage("/run/file", "fuse", "free", 0.01),
  ]);
  const found = filesystemsOf(database.query(FILESYSTEMS_QUERY));
  assert.deepEqual(found.map(({ mountpoint, level }) => [mountpoint, level]), [
    ["/data", "critical"],
    ["/", "ok"],
  ]);
  assert.equal(found[0]?.text, "96 MiB of 100 MiB, 96.0 %");
});

Deno.test("levelOf: warning from 80 %, critical from 95 %", () => {
  assert.deepEqual([null, 0, 0.799, 0.8, 0.949, 0.95, 2].map(levelOf), [
    "ok",
    "ok",
    "ok",
    "warning",
    "warning",
    "critical",
    "critical",
  ]);
});

Deno.test("ownTile: CPU between two answers, else since the start", () => {
  const info = {
    version: "1",
    hostname: "h",
    pid: 5,
    uptime_s: 110,
    rss_bytes: 2 ** 20,
    cpu_seconds: 3,
  };
  const health = {
    status: "degraded",
    checks: [
      { name: "store", status: "ok", message: "" },
      { name: "disk", status: "failing", message: "full" },
    ],
  };
  assert.equal(ownTile(info, null, null).value, "2.7 %");
  const tile = ownTile(info, { ...info, uptime_s: 100, cpu_seconds: 2 }, health);
  assert.equal(tile.value, "10.0 %");
  assert.equal(tile.note, "of one core\n1 MiB, up 1 m 50 s");
  assert.equal(tile.details, "disk: full");
  assert.equal(ownTile(info, { ...info, pid: 6, cpu_seconds: 900 }, null).value, "2.7 %");
});
