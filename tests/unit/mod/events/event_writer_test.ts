import assert from "node:assert/strict";
import type { HorizonEvent } from "../../../../mod/events/event.ts";
import { EventWriter } from "../../../../mod/events/event_writer.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import { Intake } from "../../../../mod/intake/intake.ts";
import { Registries } from "../../../../mod/intern/registries.ts";
import { silentLogger } from "../../../../mod/log/logger.ts";
import type { AppendRequest } from "../../../../mod/ports.ts";
import { FakeTime } from "../../collectors/fake_time.ts";

const event = (name: string, attributes: HorizonEvent["attributes"] = {}): HorizonEvent => ({
  tsMs: 1_000.5,
  stream: "process",
  name,
  subject: "1-2",
  service: null,
  pid: 1,
  severity: "info",
  message: "m",
  value: null,
  attributes,
});

const UNALTERED = { cutTexts: 0, droppedAttributes: 0 };

/** A writer over a real intake whose store answers as `append` says. */
function writerOver(append: (request: AppendRequest) => Promise<void>, maxPendingBytes = 10e6) {
  const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
  const limits = { maxPendingBytes, flushIntervalMs: 0, maxBatchRows: 65_536 };
  const clock = { nowMs: () => 0, monotonicMs: () => performance.now() };
  const intake = new Intake({ append }, registries, limits, clock);
  const timers = new FakeTime(0);
  const writer = new EventWriter({ intake, registries, timers, log: silentLogger });
  return { writer, intake, timers };
}

Deno.test("EventWriter: events written together are appended together, in order", async () => {
  const appended: AppendRequest[] = [];
  const { writer } = writerOver((request) => {
    appended.push(request);
    return Promise.resolve();
  });
  writer.write(event("start", { ppid: 7, user: null }));
  writer.write(event("exit"));
  await writer.drain();
  assert.equal(appended.length, 1);
  const batch = appended[0]?.batches[0];
  assert.equal(batch?.signal, "events");
  assert.equal(batch?.rows, 2);
  assert.equal(batch?.minTsUs, 1_000_500);
  assert.deepEqual(writer.stats, { waiting: 0, kept: 2, dropped: 0, failed: 0, ...UNALTERED });
});

Deno.test("EventWriter: a refusal and a failed append are tried again, and lose nothing", async () => {
  let fails = 1;
  let rows = 0;
  const { writer, intake, timers } = writerOver((request) => {
    if (fails-- > 0) return Promise.reject(new HorizonError("unavailable", "not now"));
    for (const batch of request.batches) rows += batch.rows;
    return Promise.resolve();
  });
  const release = intake.admit(10e6);
  writer.write(event("start"));
  await timers.advance(0);
  assert.equal(writer.stats.waiting, 1);
  release();
  await await timers.advance(1_000);
  await writer.drain();
  await writer.drain();
  assert.equal(rows, 1);
  assert.deepEqual(writer.stats, { waiting: 0, kept: 1, dropped: 0, failed: 0, ...UNALTERED });
});

Deno.test("EventWriter: what fails again and again is given up and counted", async () => {
  const { writer } = writerOver(() => Promise.reject(new Error("broken")));
  writer.write(event("start"));
  for (let i = 0; i < 5; i++) await writer.drain();
  assert.deepEqual(writer.stats, { waiting: 0, kept: 0, dropped: 0, failed: 1, ...UNALTERED });
});

Deno.test("EventWriter: past its bound the newest are dropped and counted", async () => {
  const { writer } = writerOver(() => Promise.resolve(), 10e9);
  for (let i = 0; i < 20_007; i++) writer.write(event("start"));
  assert.equal(writer.stats.dropped, 7);
  await writer.drain();
  assert.equal(writer.stats.kept, 20_000);
});

Deno.test("EventWriter: a number that is no process id is left out, cut texts are counted once", async () => {
  let fails = 1;
  const appended: AppendRequest[] = [];
  const { writer, timers } = writerOver((request) => {
    if (fails-- > 0) return Promise.reject(new HorizonError("unavailable", "not now"));
    appended.push(request);
    return Promise.resolve();
  });
  const long = "x".repeat(8_193);
  writer.write({ ...event("exit", { why: long, short: "y" }), pid: 2 ** 31, message: long });
  await writer.drain();
  await timers.advance(1_000);
  await writer.drain();
  assert.deepEqual(writer.stats, {
    waiting: 0,
    kept: 1,
    dropped: 0,
    failed: 0,
    cutTexts: 2,
    droppedAttributes: 0,
  });
  const columns = new Map(appended[0]?.batches[0]?.columns);
  const pid = columns.get("pid");
  assert.ok(pid?.type === "f64");
  assert.equal((pid.nulls?.[0] ?? 1) & 1, 0);
});
