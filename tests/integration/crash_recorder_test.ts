import assert from "node:assert/strict";
import type { HorizonEvent } from "../../mod/events/event.ts";
import type { CrashSummary } from "../../mod/crashes/crash.ts";
import { CrashRecorder } from "../../mod/crashes/crash_recorder.ts";
import { systemClock } from "../../mod/clock.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { explainDeath, NO_EVIDENCE } from "../../mod/processes/death.ts";
import type { ProcessDeath } from "../../mod/processes/process_death.ts";
import { processId } from "../../mod/processes/process_identity.ts";
import { CrashStore } from "../../storage/crash_store.ts";
import { pushEvent, pushLog, pushSpan, withStore } from "../support/store_fixture.ts";
import { FakeTime } from "../unit/collectors/fake_time.ts";
import { fakeWeb, sampleProcess } from "../unit/web/fake_web.ts";
import { CrashesJson, CrashJson } from "../../web/api/crash_routes.ts";
import { ProcessDetailJson } from "../../web/api/process_detail_routes.ts";

const LIMITS = { maxCount: 10, maxBytes: 1e7, maxAgeMs: 1e12 };

function deathOf(pid: number, atMs: number, changes: Partial<ProcessDeath> = {}): ProcessDeath {
  return {
    process: {
      ...sampleProcess(pid),
      service: "shop",
      startTimeMs: atMs - 3_600_000,
      exitedAtMs: atMs,
    },
    death: explainDeath({
      ...NO_EVIDENCE,
      exit: {
        status: { kind: "signalled", signal: "SIGSEGV", coreDumped: false },
        source: "zombie",
      },
    }),
    watched: false,
    expected: true,
    lastSight: {
      tsMs: atMs - 1_000,
      limits: { open_files: { soft: 100, hard: 200, unit: "files" } },
      limitShares: { open_files: 0.5 },
      openFiles: { 3: "/var/log/shop.log" },
      moreOpenFiles: true,
    },
    ...changes,
  };
}

Deno.test("CrashRecorder: freezes what the process said and measured, for the API and as an archive", async () => {
  await withStore(async ({ store, intake, registries }) => {
    const nowMs = Date.now();
    const inTime = nowMs * 1000 - 60_000_000;
    const before = nowMs * 1000 - 3_600_000_000;
    for (const tsUs of [inTime, before]) {
      pushLog(intake.builders.logs, registries, { tsUs, body: `last words at ${tsUs}` });
      pushSpan(intake.builders.spans, registries, {
        traceId: "1".repeat(32),
        spanId: "2".repeat(16),
        name: "checkout",
        tsUs,
        resource: [["process.pid", "42"], ["service.name", "shop"]],
      });
      pushEvent(intake.builders.events, registries, { tsUs, subject: "42-1" });
    }
    const labels = [["process.pid", "42"]] as const;
    const series = registries.series.resolve("process.memory.usage", "updown", "By", labels, "");
    const other = registries.series.resolve("process.memory.usage", "updown", "By", [
      ["process.pid", "43"],
    ], "");
    const pressure = registries.series.resolve("system.linux.psi.pressure", "gauge", "1", [], "");
    for (const id of [series, other, pressure]) intake.builders.metrics.push(id, inTime, id);
    await intake.commit();

    const archive = new CrashStore(null, LIMITS);
    const events: HorizonEvent[] = [];
    const recorder = new CrashRecorder({
      query: (request) => store.query(request),
      archive,
      write: (event) => events.push(event),
      beforeMs: 300_000,
      pauseMs: 300_000,
      clock: systemClock,
      timers: new FakeTime(0),
      log: silentLogger,
    });
    recorder.take(deathOf(42, nowMs));
    await recorder.stop(30_000);
    assert.deepEqual(recorder.stats, { recorded: 1, skipped: 0, dropped: 0 });
    const id = `${nowMs}-42`;
    assert.equal(events[0]?.stream, "crash");
    assert.equal(events[0]?.attributes["crash_id"], id);

    const { request } = fakeWeb({ crashes: archive, store });
    const list = CrashesJson.parse(await (await request("/api/crashes")).json());
    assert.equal(list.crashes[0]?.id, id);
    assert.equal(list.crashes[0]?.cause, "crashed");
    const crash = CrashJson.parse(await (await request(`/api/crashes/${id}`)).json());
    const table = (name: string) => crash.tables[name]?.rows.length;
    assert.deepEqual(
      ["metrics", "logs", "spans", "events", "host"].map(table),
      [1, 1, 1, 1, 1],
      JSON.stringify(crash.tables),
    );
    assert.deepEqual(crash.open_files, { 3: "/var/log/shop.log" });
    assert.deepEqual(crash.limit_shares, { open_files: 0.5 });

    const download = await request(`/api/crashes/${id}/archive`);
    assert.equal(download.headers.get("content-type"), "application/gzip");
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeFile(`${folder}/a.tar.gz`, new Uint8Array(await download.arrayBuffer()));
      const { success } = await new Deno.Command("tar", { args: ["xzf", "a.tar.gz"], cwd: folder })
        .output();
      assert.ok(success);
      const files = [...Deno.readDirSync(`${folder}/crash-${id}`)].map(({ name }) => name).sort();
      assert.deepEqual(files, [
        ...["crash.json", "events.jsonl", "host.jsonl", "logs.jsonl", "metrics.jsonl"],
        "spans.jsonl",
      ]);
      const line = await Deno.readTextFile(`${folder}/crash-${id}/logs.jsonl`);
      assert.match(JSON.parse(line).body, /^last words/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    for (const unknown of ["1-1", "x", "..%2f..%2fetc"]) {
      assert.equal((await request(`/api/crashes/${unknown}`)).status, 404, unknown);
    }
  });
});

Deno.test("CrashRecorder: of one program one crash at a time; of strangers only true crashes", async () => {
  const archive = new CrashStore(null, LIMITS);
  const time = new FakeTime(1_000_000);
  const recorder = new CrashRecorder({
    query: () => Promise.reject(new Error("the store is away")),
    archive,
    write: () => {},
    beforeMs: 1,
    pauseMs: 60_000,
    clock: time,
    timers: time,
    log: silentLogger,
  });
  const failed = explainDeath({
    ...NO_EVIDENCE,
    exit: { status: { kind: "exited", code: 1 }, source: "zombie" },
  });
  const other = { ...sampleProcess(2), executable: "/bin/grep", service: null, exitedAtMs: 5 };
  recorder.take(deathOf(1, 1_000));
  recorder.take(deathOf(2, 2_000));
  recorder.take(deathOf(3, 3_000, { process: other, death: failed, expected: false }));
  recorder.take(deathOf(4, 4_000, { death: explainDeath(NO_EVIDENCE) }));
  await time.advance(10_000);
  // Compressing takes real time.
  while (recorder.stats.recorded === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(recorder.stats, { recorded: 1, skipped: 1, dropped: 0 });
  await time.advance(60_000);
  recorder.take(deathOf(5, 5_000));
  recorder.take(deathOf(6, 6_000, {
    process: { ...sampleProcess(6), executable: "/opt/watched", exitedAtMs: 6_000 },
    death: explainDeath(NO_EVIDENCE),
    watched: true,
  }));
  await recorder.stop(30_000);
  assert.deepEqual(archive.list().map(({ pid }) => pid), [6, 5, 1]);
});

function summaryOf(pid: number, startTimeMs: number, message: string): CrashSummary {
  return {
    id: `${startTimeMs + 1_000_000}-${pid}`,
    tsMs: startTimeMs + 1_000_000,
    processId: processId(pid, startTimeMs),
    pid,
    name: "worker",
    service: "shop",
    cause: "crashed",
    exitCode: null,
    signal: "SIGSEGV",
    message,
    evidence: [],
  };
}

Deno.test("/api/processes/{id}: of one that runs, of one that ran, and of none", async () => {
  await withStore(async ({ store, intake, registries }) => {
    const row = sampleProcess(42);
    const id = processId(42, row.startTimeMs);
    pushEvent(intake.builders.events, registries, {
      tsUs: Date.now() * 1000,
      subject: id,
      attributes: {
        start_time_us: String(row.startTimeMs * 1000 + 1_000_000),
        process: "worker",
        executable: "/usr/bin/worker",
        cause: "failed",
        exit_code: "3",
      },
    });
    await intake.commit();
    const crashes = new CrashStore(null, LIMITS);
    crashes.put(summaryOf(43, row.startTimeMs, "of another pid"), new Uint8Array(1));
    crashes.put(summaryOf(42, row.startTimeMs + 90_000, "of a later one"), new Uint8Array(1));
    // Start times that two runs of Horizon tell differ a little.
    const own = summaryOf(42, row.startTimeMs - 1_000, "its own");
    crashes.put(own, new Uint8Array(1));
    const limits = { open_files: { soft: 10, hard: null, unit: "files" } };
    const live = {
      row,
      ancestors: [sampleProcess(1)],
      limits,
      limitShares: { open_files: 0.5 },
      openFiles: {},
      moreOpenFiles: false,
    };
    const running = fakeWeb({ store, processDetail: () => live });
    const shown = ProcessDetailJson.parse(
      await (await running.request(`/api/processes/${id}`)).json(),
    );
    assert.equal(shown.process?.pid, 42);
    assert.deepEqual(shown.limits["open_files"], {
      soft: 10,
      hard: null,
      unit: "files",
      used_ratio: 0.5,
    });
    assert.deepEqual(shown.ancestors.map(({ pid }) => pid), [1]);
    const { request } = fakeWeb({ store, crashes });
    const gone = ProcessDetailJson.parse(await (await request(`/api/processes/${id}`)).json());
    assert.equal(gone.process, null);
    assert.equal(gone.ended?.["exit_code"], 3);
    assert.equal(gone.events[0]?.["cause"], "failed");
    assert.equal(gone.runs.length, 1);
    assert.deepEqual([gone.events[0]?.["crash_id"], gone.runs[0]?.["crash_id"]], [own.id, own.id]);
    assert.deepEqual(gone.crashes.map((one) => CrashesJson.shape.crashes.element.parse(one).id), [
      own.id,
    ]);
    assert.equal(shown.events[0]?.["crash_id"], null);
    assert.equal((await request("/api/processes/42-1000")).status, 404);
    assert.equal((await request("/api/processes/nonsense")).status, 400);
  });
});
