import assert from "node:assert/strict";
import { CrashRecorder } from "../../mod/crashes/crash_recorder.ts";
import { systemClock } from "../../mod/clock.ts";
import { EventWriter } from "../../mod/events/event_writer.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { explainDeath, NO_EVIDENCE } from "../../mod/processes/death.ts";
import { exitEvent } from "../../mod/processes/process_events.ts";
import { processId } from "../../mod/processes/process_identity.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import { systemTimers } from "../../collectors/scheduler.ts";
import type { StoreOptions } from "../../storage/messages.ts";
import { CrashStore } from "../../storage/crash_store.ts";
import { CrashesJson, CrashJson } from "../../web/api/crash_routes.ts";
import { ProcessDetailJson } from "../../web/api/process_detail_routes.ts";
import {
  pushLog,
  pushSpan,
  type StoreFixture,
  storeOptions,
  withStore,
} from "../support/store_fixture.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { FakeTime } from "../unit/collectors/fake_time.ts";
import { fakeWeb, sampleProcess } from "../unit/web/fake_web.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** In the middle of an hour, so that what it did is in one chunk; some hours ago, so that its time can run out. */
const ENDED_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3.5 * HOUR_MS;
const LIMITS = { maxCount: 10, maxBytes: 1e7, maxAgeMs: 30 * DAY_MS };
const TELEMETRY = ["metrics", "logs", "spans"] as const;

const PROCESS: ProcessRow = {
  ...sampleProcess(42),
  service: "shop",
  startTimeMs: ENDED_MS - HOUR_MS,
  exitedAtMs: ENDED_MS,
};
const STATUS = { kind: "signalled", signal: "SIGSEGV", coreDumped: false } as const;
const DEATH = explainDeath({ ...NO_EVIDENCE, exit: { status: STATUS, source: "zombie" } });

/** What the process said, did and used in its last minute. */
async function pushTelemetry({ intake, registries }: StoreFixture): Promise<void> {
  const labels = [["process.pid", "42"]] as const;
  const memory = registries.series.resolve("process.memory.usage", "updown", "By", labels, "");
  for (let second = 1; second <= 60; second++) {
    const tsUs = (ENDED_MS - second * 1_000) * 1_000;
    pushLog(intake.builders.logs, registries, { tsUs, body: `${second} s to go` });
    pushSpan(intake.builders.spans, registries, {
      traceId: "1".repeat(32),
      spanId: second.toString(16).padStart(16, "0"),
      name: "checkout",
      tsUs,
      resource: [["process.pid", "42"], ["service.name", "shop"]],
    });
    intake.builders.metrics.push(memory, tsUs, second * 1_000_000);
  }
  await intake.commit();
}

/** Its end, as the collector and the flight recorder tell it. */
async function recordCrash(fixture: StoreFixture, archive: CrashStore): Promise<void> {
  const events = new EventWriter({ ...fixture, timers: systemTimers, log: silentLogger });
  events.write(exitEvent(PROCESS, DEATH, ENDED_MS));
  await events.drain();
  const recorder = new CrashRecorder({
    query: (request) => fixture.store.query(request),
    archive,
    write: (event) => events.write(event),
    beforeMs: 5 * 60_000,
    pauseMs: 1,
    clock: systemClock,
    timers: systemTimers,
    log: silentLogger,
  });
  recorder.take({
    process: PROCESS,
    death: DEATH,
    watched: false,
    expected: true,
    lastSight: null,
  });
  await recorder.stop(PATIENCE_MS);
  await events.drain();
}

async function storedRows({ rows }: StoreFixture): Promise<number[]> {
  const counts = await Promise.all(TELEMETRY.map((view) => rows(`SELECT count(*) FROM ${view}`)));
  return counts.map((answer) => Number(answer[0]?.[0]));
}

/** The names and the number of lines of the files of an archive. */
async function unpacked(archive: Uint8Array<ArrayBuffer>): Promise<Record<string, number>> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/a.tar.gz`, archive);
    const tar = await new Deno.Command("tar", { args: ["xzf", "a.tar.gz"], cwd: folder }).output();
    assert.ok(tar.success);
    const root = `${folder}/crash-${ENDED_MS}-42`;
    const files = [...Deno.readDirSync(root)].map(({ name }) => [
      name,
      Deno.readTextFileSync(`${root}/${name}`).trimEnd().split("\n").length,
    ]);
    return Object.fromEntries(files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("crashes: outlive the telemetry of their time, with its rows; they go by their own limit alone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "horizon-crash-retention-" });
  const disk = { path: folder, fsync: "on_close", budgetBytes: 1e9 } as const;
  const id = `${ENDED_MS}-42`;
  try {
    await withStore(async (fixture) => {
      await pushTelemetry(fixture);
      assert.deepEqual(await storedRows(fixture), [60, 60, 60]);
      await recordCrash(fixture, new CrashStore(folder, LIMITS));
    }, { disk });

    // From here on telemetry is kept for an hour: that of the crash is too old.
    const { retentionMs } = storeOptions();
    const short: StoreOptions["retentionMs"] = {
      ...retentionMs,
      metrics: HOUR_MS,
      logs: HOUR_MS,
      spans: HOUR_MS,
    };
    await withStore(async (fixture) => {
      await until("retention", PATIENCE_MS, async () => {
        const counts = await storedRows(fixture);
        return counts.every((count) => count === 0) || null;
      });
      const { evicted } = await fixture.store.stats();
      const gone = evicted.filter(({ reason }) => reason === "age").map(({ signal }) => signal);
      for (const signal of TELEMETRY) assert.ok(gone.includes(signal), `${signal} of ${gone}`);

      const archive = new CrashStore(folder, LIMITS);
      const { request } = fakeWeb({ crashes: archive, store: fixture.store });
      const list = CrashesJson.parse(await (await request("/api/crashes")).json());
      assert.deepEqual(list.crashes.map((one) => [one.id, one.cause]), [[id, "crashed"]]);
      assert.equal(list.dropped, 0);
      const shown = CrashJson.parse(await (await request(`/api/crashes/${id}`)).json());
      const counts = TELEMETRY.map((table) => shown.tables[table]?.rows.length);
      assert.deepEqual(counts, [60, 60, 60]);
      const download = await request(`/api/crashes/${id}/archive`);
      const files = await unpacked(new Uint8Array(await download.arrayBuffer()));
      assert.deepEqual(TELEMETRY.map((table) => files[`${table}.jsonl`]), [60, 60, 60]);
      // The events of its end, which are kept for longer, lead to it.
      const processUrl = `/api/processes/${processId(42, PROCESS.startTimeMs)}`;
      const history = async () =>
        ProcessDetailJson.parse(await (await request(processUrl)).json()).events
          .map((event) => [event["event"], event["crash_id"]]);
      assert.deepEqual(await history(), [["exit", id]]);
      assert.deepEqual(await fixture.rows("SELECT id FROM crashes"), [[id]]);

      // Its own limit: looked at by the hour, also while nothing crashes.
      const time = new FakeTime(ENDED_MS + LIMITS.maxAgeMs - 90 * 60_000);
      const recorder = new CrashRecorder({
        query: () => Promise.reject(new Error("nothing crashes")),
        archive,
        write: () => {},
        beforeMs: 1,
        pauseMs: 1,
        clock: time,
        timers: time,
        log: silentLogger,
      });
      await time.advance(HOUR_MS);
      assert.equal(archive.list().length, 1);
      await time.advance(HOUR_MS);
      assert.equal(archive.list().length, 0);
      await recorder.stop(0);
      assert.equal(time.timers, 0);
      const after = CrashesJson.parse(await (await request("/api/crashes")).json());
      assert.deepEqual([after.crashes, after.dropped, after.bytes], [[], 1, 0]);
      for (const path of [`/api/crashes/${id}`, `/api/crashes/${id}/archive`]) {
        assert.equal((await request(path)).status, 404, path);
      }
      assert.deepEqual(await history(), [["exit", null]]);
      assert.deepEqual([...Deno.readDirSync(`${folder}/crashes`)], []);
    }, { disk, retentionMs: short });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
