import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import { type LogRecord, LogWriter } from "../../../../mod/intake/log_writer.ts";
import { DEFAULT_OTLP_LIMITS, type OtlpLimits } from "../../../../mod/otlp/limits.ts";
import { NOW_MS, NOW_US, ReceiverFixture } from "../otlp/receiver_fixture.ts";
import { BARE_RECORD } from "./log_records.ts";

function writerOver(fixture: ReceiverFixture, limits: Partial<OtlpLimits> = {}): LogWriter {
  return new LogWriter({
    intake: fixture.intake,
    registries: fixture.registries,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    hostName: "this-host",
    limits: { ...DEFAULT_OTLP_LIMITS, ...limits },
  });
}

const record = (fields: Partial<LogRecord>): LogRecord => ({ ...BARE_RECORD, ...fields });

Deno.test("LogWriter: every field of a record reaches its column", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await writerOver(fixture).write({
    records: [record({
      tsUs: NOW_US - 5,
      nsRemainder: 789,
      severityNumber: 17,
      severity: "err",
      body: "disk “sda” failed",
      service: "disks",
      host: "web-1",
      pid: 4711,
      traceId: "0AF7651916CD43DD8448EB211C80319C",
      spanId: "b7ad6b7169203331",
      attributes: [["device", "sda"], ["empty", ""]],
      resource: [["service.version", "2"], ["service.name", "disks"]],
      source: "/var/log/disks.log",
      eventName: "disk.failed",
    })],
    bytes: 100,
    observedUs: NOW_US - 1,
  });
  assert.deepEqual(outcome, {
    accepted: 1,
    droppedAttributes: 0,
    cutTexts: 0,
    replacedTimes: 0,
  });
  assert.deepEqual(fixture.rows("logs"), [{
    ts: BigInt(NOW_US - 5),
    ns_remainder: 789,
    observed_ts: BigInt(NOW_US - 1),
    severity: "err",
    severity_number: 17,
    body: "disk “sda” failed",
    service: "disks",
    host: "web-1",
    pid: 4711,
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    span_id: "b7ad6b7169203331",
    attributes: { device: "sda", empty: "" },
    resource: { "service.name": "disks", "service.version": "2" },
    scope_name: "",
    scope_version: "",
    source: "/var/log/disks.log",
    event_name: "disk.failed",
    flags: 0,
    dropped_attributes: 0,
  }]);
});

Deno.test("LogWriter: what a record does not say has its stand-in", async () => {
  const fixture = new ReceiverFixture();
  await writerOver(fixture).write({
    records: [record({ severityNumber: 13, traceId: "0".repeat(32), spanId: "xyz", pid: 2 ** 40 })],
    bytes: 1,
  });
  const [row] = fixture.rows("logs");
  assert.equal(row?.ts, BigInt(NOW_US));
  assert.equal(row?.observed_ts, BigInt(NOW_US));
  assert.equal(row?.severity, "WARN");
  assert.equal(row?.service, "unknown_service");
  assert.equal(row?.host, "this-host");
  assert.equal(row?.trace_id, null);
  assert.equal(row?.span_id, null);
  assert.equal(row?.pid, null);
  assert.equal(row?.event_name, null);
});

Deno.test("LogWriter: times that cannot be true are replaced and counted", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await writerOver(fixture).write({
    records: [
      record({ tsUs: 1_000, nsRemainder: 5 }),
      record({ tsUs: NOW_US + 2 * 86_400_000_000 }),
      record({ tsUs: NaN }),
      record({ tsUs: NOW_US - 1 }),
    ],
    bytes: 1,
    observedUs: NOW_US - 7,
  });
  assert.equal(outcome.replacedTimes, 3);
  assert.deepEqual(
    fixture.rows("logs").map(({ ts, ns_remainder }) => [ts, ns_remainder]),
    [NOW_US - 7, NOW_US - 7, NOW_US - 7, NOW_US - 1].map((us) => [BigInt(us), 0]),
  );
});

Deno.test("LogWriter: limits of attributes and texts hold, and what they cost is told", async () => {
  const fixture = new ReceiverFixture();
  const writer = writerOver(fixture, {
    maxAttributes: 2,
    maxKeyBytes: 8,
    maxValueBytes: 4,
    maxBodyBytes: 5,
    maxNameBytes: 6,
  });
  const outcome = await writer.write({
    records: [record({
      body: "grün ist gut",
      service: "service-too-long",
      host: "h",
      attributes: [["", "x"], ["a", "12345"], ["a", "2"], ["key-too-long", "x"], ["b", "äää"], [
        "c",
        "over",
      ]],
    })],
    bytes: 1,
  });
  assert.deepEqual(outcome, { accepted: 1, droppedAttributes: 4, cutTexts: 4, replacedTimes: 0 });
  const [row] = fixture.rows("logs");
  assert.equal(row?.body, "grün");
  assert.equal(row?.service, "servic");
  assert.deepEqual(row?.attributes, { a: "1234", b: "ää" });
  assert.equal(row?.dropped_attributes, 4);
});

Deno.test("LogWriter: without room it is refused with a time to retry, and nothing is written", async () => {
  const fixture = new ReceiverFixture({ maxPendingBytes: 10 });
  const writer = writerOver(fixture);
  const release = fixture.intake.admit(8);
  await assert.rejects(
    writer.write({ records: [record({})], bytes: 5 }),
    (error) =>
      error instanceof HorizonError && error.code === "overloaded" && error.retryAfterMs !== null,
  );
  release();
  assert.equal(fixture.intake.builders.logs.rows, 0);
  await writer.write({ records: [record({})], bytes: 5 });
  assert.equal(fixture.rows("logs").length, 1);
  assert.equal(fixture.intake.stats.pendingBytes, 0);
});

Deno.test("LogWriter: rows that the store did not keep are refused, to be tried again", async () => {
  const fixture = new ReceiverFixture();
  fixture.failure = new Error("disk on fire");
  await assert.rejects(
    writerOver(fixture).write({ records: [record({})], bytes: 5 }),
    (error) =>
      error instanceof HorizonError && error.code === "unavailable" && error.retryAfterMs !== null,
  );
  assert.equal(fixture.intake.stats.pendingBytes, 0);
});

Deno.test("LogWriter: records that break off take back their own rows and no others", async () => {
  const fixture = new ReceiverFixture();
  const writer = writerOver(fixture);
  const first = writer.write({ records: [record({ body: "first" })], bytes: 1 });
  const broken = function* () {
    yield record({ body: "broken", attributes: [["k", "v"]] });
    throw new SyntaxError("the rest is damaged");
  };
  await assert.rejects(writer.write({ records: broken(), bytes: 1 }), SyntaxError);
  await first;
  assert.deepEqual(fixture.rows("logs").map(({ body }) => body), ["first"]);
});

Deno.test("LogWriter: takes any text, key and number", async () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const records = fc.array(
    fc.record({
      tsUs: fc.option(fc.double(), { nil: null }),
      nsRemainder: fc.nat({ max: 999 }),
      severityNumber: fc.integer({ min: -5, max: 300 }),
      severity: text,
      body: text,
      service: text,
      host: text,
      pid: fc.option(fc.double(), { nil: null }),
      traceId: fc.option(text, { nil: null }),
      spanId: fc.option(text, { nil: null }),
      attributes: fc.array(fc.tuple(text, text), { maxLength: 6 }),
      resource: fc.array(fc.tuple(text, text), { maxLength: 3 }),
      source: text,
      eventName: text,
    }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(records, async (batch) => {
      const fixture = new ReceiverFixture();
      const { accepted } = await writerOver(fixture).write({ records: batch, bytes: 1 });
      assert.equal(accepted, batch.length);
      const rows = fixture.rows("logs");
      assert.deepEqual(
        rows.map(({ body }) => body),
        batch.map(({ body }) => body.toWellFormed()),
      );
    }),
    { numRuns: 50 },
  );
});
