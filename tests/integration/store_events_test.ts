import assert from "node:assert/strict";
import { EventWriter } from "../../mod/events/event_writer.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { systemTimers } from "../../collectors/scheduler.ts";
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
    const text = "x".repeat(1_000);
    for (let hour = 0; hour < 6; hour++) {
      for (let i = 0; i < 20_000; i++) {
        const tsUs = NOON_US - hour * 3_600_000_000 - i;
        pushLog(intake.builders.logs, registries, { tsUs, body: `${i}${text}` });
      }
      await intake.commit();
    }
    while (!(await store.stats()).evicted.some(({ reason }) => reason === "bytes")) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const evicted = (await store.stats()).evicted.filter(({ signal }) => signal === "events");
    assert.deepEqual(evicted, []);
    assert.deepEqual(await rows("SELECT subject FROM events"), [["old"]]);
  }, { budgetBytes: 64 * MIB });
});
