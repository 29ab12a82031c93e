import assert from "node:assert/strict";
import { buildCollectors, type CollectorsOptions } from "../../../collectors/collectors.ts";
import { Scheduler } from "../../../collectors/scheduler.ts";
import { Intake } from "../../../mod/intake/intake.ts";
import { ReportedExits } from "../../../mod/processes/reported_exits.ts";
import { Registries } from "../../../mod/intern/registries.ts";
import { LatestValues, type SampleBatch } from "../../../mod/latest/latest_values.ts";
import { SourceRegistry } from "../../../mod/sources/source_registry.ts";
import { FakeTime } from "./fake_time.ts";
import { inTree } from "./fixture_trees.ts";

const LOG = { info() {}, warn() {} };

function setUp(changes: Partial<CollectorsOptions> = {}) {
  let rows = 0;
  const time = new FakeTime(0);
  const registries = new Registries({ maxSeries: 10_000, maxSeriesPerMetric: 10_000 });
  const intake = new Intake(
    {
      append: ({ batches }) => {
        for (const batch of batches) rows += batch.rows;
        return Promise.resolve();
      },
    },
    registries,
    { maxPendingBytes: 1 << 20, flushIntervalMs: 60_000, maxBatchRows: 1_000_000 },
    time,
  );
  const latest = new LatestValues({
    maxSeries: 10_000,
    onListenerError: (error) => {
      throw error;
    },
  });
  const sources = new SourceRegistry(time);
  const built = buildCollectors({
    host: { intervalMs: 1000, timeoutMs: 1000 },
    processes: {
      intervalMs: 2000,
      timeoutMs: 2000,
      include: "all",
      maxProcesses: 100,
      groups: [],
      lifecycle: null,
    },
    counters: null,
    cgroups: null,
    procRoot: inTree("kernel-6", "proc"),
    sysRoot: inTree("kernel-6", "sys"),
    cgroupRoot: inTree("kernel-6", "cgroup"),
    events: { write: () => {} },
    reportedExits: new ReportedExits(),
    onDeath: () => {},
    intake,
    series: registries.series,
    latest,
    sources,
    clock: time,
    timers: time,
    log: LOG,
    ...changes,
  });
  return { time, registries, intake, latest, sources, built, rows: () => rows };
}

Deno.test("buildCollectors: with the scheduler, what is on the host ends up in the store, once a tick", async () => {
  const { time, registries, intake, latest, sources, built, rows } = setUp();
  const heard: SampleBatch[] = [];
  latest.subscribe((batch) => heard.push(batch));
  // The file system collector asks the real host, whose answer takes real time.
  const collectors = built.collectors.filter(({ name }) => name !== "filesystem");
  const scheduler = new Scheduler(collectors, {
    clock: time,
    timers: time,
    random: () => 0.5,
    log: LOG,
    onProblem: built.noteProblem,
  });
  scheduler.start();
  await time.advance(10_500);
  await scheduler.stop();
  await intake.drain();
  assert.deepEqual(
    scheduler.states().map(({ name, successes, failures }) => [name, successes, failures]),
    [
      ["cpu", 10, 0],
      ["load", 10, 0],
      ["memory", 10, 0],
      ["paging", 10, 0],
      ["pressure", 10, 0],
      ["disk", 10, 0],
      ["network", 10, 0],
      ["kernel", 1, 0],
      ["processes", 5, 0],
    ],
  );
  const told = heard.reduce((sum, { samples }) => sum + samples.length, 0);
  assert.equal(rows(), told);
  assert.ok(heard.every(({ tsUs }) => tsUs % 1_000_000 === 0), "all at whole seconds");
  const statuses = sources.statuses();
  const kept = statuses.reduce((sum, { signals }) => sum + (signals.metrics?.accepted ?? 0), 0);
  assert.equal(kept, told);
  assert.ok(statuses.every(({ kind, errors }) => kind === "collector" && errors === 0));
  const names = new Set(
    [...latest.entries()].map(({ seriesId }) => registries.series.get(seriesId)?.name),
  );
  for (const name of ["system.cpu.time", "system.uptime", "process.memory.usage"]) {
    assert.ok(names.has(name), name);
  }
  assert.equal(built.processes?.processList().processes.length, 6);
});

Deno.test("buildCollectors: what is switched off is not there", () => {
  assert.deepEqual(
    setUp({ host: null }).built.collectors.map(({ name }) => name),
    ["processes"],
  );
  const { built } = setUp({ processes: null });
  assert.equal(built.processes, null);
  assert.equal(built.collectors.length, 9);
});

Deno.test("buildCollectors: a turn that failed is noted in the collector's books", () => {
  const { sources, built } = setUp();
  built.noteProblem("memory", { reason: "failed", message: "no meminfo" });
  built.noteProblem("unknown", { reason: "failed", message: "nobody's" });
  const status = sources.statuses().find(({ name }) => name === "memory");
  assert.deepEqual(status?.refused, { failed: 1 });
  assert.equal(status?.lastProblem?.message, "no meminfo");
  assert.equal(sources.statuses().reduce((sum, { errors }) => sum + errors, 0), 1);
});
