import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventWriter } from "../../mod/events/event_writer.ts";
import { explainDeath, NO_EVIDENCE } from "../../mod/processes/death.ts";
import { exitEvent } from "../../mod/processes/process_events.ts";
import { StateTables } from "../../storage/state_tables.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { systemTimers } from "../../collectors/scheduler.ts";
import { sampleProcess } from "../unit/web/fake_web.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { MIB, pushEvent, pushLog, withStore } from "../support/store_fixture.ts";

const DAY_US = 86_400_000_000;
const NOON_US = Math.floor(Date.now() * 1000 / DAY_US) * DAY_US + DAY_US / 2;

Deno.test("store: an event comes back through the view of its stream, typed", async () => {
  await withStore(async ({ intake, registries, rows }) => {
    const writer = new EventWriter({ intake, registries, timers: systemTimers, log: silentLogger });
    const startUs = NOON_US - 5_000_001;
    writer.write({
      tsMs: NOON_US / 1000,
      stream: "process",
      name: "exit",
      subject: `42-${startUs / 1000}`,
      service: "shop",
      pid: 42,
      severity: "error",
      message: "worker was ended by SIGSEGV",
      value: null,
      attributes: {
        start_time_us: startUs,
        ppid: 1,
        process: "worker",
        signal: "SIGSEGV",
        exit_code: null,
        user: 'it\'s "me"',
      },
    });
    writer.write({
      tsMs: NOON_US / 1000 + 1,
      stream: "health",
      name: "unhealthy",
      subject: "db",
      service: null,
      pid: null,
      severity: "warn",
      message: "m",
      value: 3,
      attributes: {},
    });
    await writer.drain();
    assert.deepEqual(
      await rows(
        "SELECT stream, name, subject, service, pid, value, attributes FROM events WHERE stream = 'health'",
      ),
      [["health", "unhealthy", "db", null, null, 3, {}]],
    );
    assert.deepEqual(
      await rows(
        `SELECT event, pid, epoch_us(start_time) = ${startUs}, ppid, name, "user", exit_code, signal, cause
         FROM process_events`,
      ),
      [["exit", 42, true, 1, "worker", 'it\'s "me"', null, "SIGSEGV", null]],
    );
  });
});

Deno.test("store: events of many days are chunks of a day, past retention they go", async () => {
  await withStore(async ({ intake, registries, rows, store }) => {
    for (let day = 0; day < 40; day++) {
      for (const hour of [0, 5, 11]) {
        const tsUs = NOON_US - day * DAY_US - hour * 3_600_000_000;
        pushEvent(intake.builders.events, registries, { tsUs, subject: `${day}` });
      }
    }
    await intake.commit();
    const events = (await store.stats()).signals.find(({ signal }) => signal === "events");
    assert.ok(events !== undefined && events.chunks <= 41, JSON.stringify(events));
    // Upkeep runs once a second.
    for (;;) {
      const [[oldest]] = await rows(
        "SELECT max(epoch(now_utc() - ts) / 86400)::INTEGER FROM process_events",
      ) as [[number]];
      if (oldest <= 31) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const evicted = (await store.stats()).evicted.filter(({ signal }) => signal === "events");
    assert.deepEqual(evicted.map(({ reason }) => reason), ["age"]);
  });
});

Deno.test("store: room is made at the cost of telemetry, not of the few events", async () => {
  await withStore(async ({ intake, registries, rows, store }) => {
    pushEvent(intake.builders.events, registries, { tsUs: NOON_US - 20 * DAY_US, subject: "old" });
    await intake.commit();
    // Text that hardly gets smaller when it is sealed.
    const random = mulberry32(3);
    const pool = Buffer.from(Uint32Array.from({ length: 65_536 }, random).buffer)
      .toString("base64");
    const text = () => {
      const start = random() % (pool.length - 1_000);
      return pool.slice(start, start + 1_000);
    };
    for (let hour = 0; hour < 6; hour++) {
      for (let i = 0; i < 20_000; i++) {
        const tsUs = NOON_US - hour * 3_600_000_000 - i;
        pushLog(intake.builders.logs, registries, { tsUs, body: text() });
      }
      await intake.commit();
    }
    await until("room is made", PATIENCE_MS, async () => {
      return (await store.stats()).evicted.some(({ reason }) => reason === "bytes") || null;
    });
    const evicted = (await store.stats()).evicted.filter(({ signal }) => signal === "events");
    assert.deepEqual(evicted, []);
    // What a query reads may be evicted meanwhile; then it is stopped, and to be asked again.
    const subjects = await until(
      "a query",
      PATIENCE_MS,
      () => rows("SELECT subject FROM events").catch(() => null),
    );
    assert.deepEqual(subjects, [["old"]]);
  }, { budgetBytes: 64 * MIB });
});

Deno.test("processes: what has ended is there after the table forgot it, once", async () => {
  await withStore(async ({ store, intake, registries, rows }) => {
    const writer = new EventWriter({ intake, registries, timers: systemTimers, log: silentLogger });
    const startMs = Math.floor(NOON_US / 1000) - 60_000;
    const row = (pid: number, exitedAtMs: number | null) => ({
      ...sampleProcess(pid),
      startTimeMs: startMs,
      exitedAtMs,
    });
    const death = explainDeath({
      ...NO_EVIDENCE,
      exit: { status: { kind: "exited", code: 3 }, source: "zombie" },
    });
    // 1 runs; 2 has ended and is in the table still; 3 is there as running, since the table is
    // seconds old; 4 is in the events alone.
    for (const pid of [2, 3, 4]) writer.write(exitEvent(row(pid, null), death, startMs + 5_000));
    await writer.drain();
    const state = new StateTables(store, {
      processes: () => [row(1, null), row(2, startMs + 5_000), row(3, null)],
      collectors: () => [],
      timers: systemTimers,
      log: silentLogger,
    });
    state.start();
    await state.stop();
    assert.deepEqual(
      await rows(
        `SELECT pid, state, exited_at IS NULL, exit_code, cause, name, "user", rss_bytes
         FROM processes ORDER BY pid`,
      ),
      [
        [1, "sleeping", true, null, null, "worker", "root", 1_000_000],
        [2, "exited", false, 3, "failed", "worker", "root", 1_000_000],
        [3, "exited", false, 3, "failed", "worker", "root", 1_000_000],
        [4, "exited", false, 3, "failed", "worker", "root", 1_000_000],
      ],
    );
    assert.deepEqual(await rows("SELECT id FROM processes WHERE pid = 4"), [[`4-${startMs}`]]);
  });
});
