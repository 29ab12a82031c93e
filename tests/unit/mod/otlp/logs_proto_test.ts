import assert from "node:assert/strict";
import { NOW_MS, NOW_NS, NOW_US, ReceiverFixture } from "./receiver_fixture.ts";
import { anyValue, bytesOfHex, keyValues, type RequestObject } from "./reference_encoder.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function request(
  logRecords: readonly RequestObject[],
  resource: RequestObject = {},
): RequestObject {
  const scope = { name: "app", version: "3" };
  return { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] };
}

Deno.test("LogsDecoder: every field of a record is found in its column", async () => {
  const fixture = new ReceiverFixture();
  const resource = {
    attributes: keyValues({ "service.name": "shop", "host.name": "far", "process.pid": 77n }),
  };
  const outcome = await fixture.send(
    "logs",
    request([{
      timeUnixNano: String(NOW_NS + 1_002_003n),
      observedTimeUnixNano: String(NOW_NS + 2_000_000n),
      severityNumber: 17,
      severityText: "Error",
      body: anyValue("no stock"),
      attributes: keyValues({ sku: "42", "process.pid": 99n }),
      droppedAttributesCount: 3,
      flags: 1,
      traceId: bytesOfHex(TRACE),
      spanId: bytesOfHex(SPAN),
      eventName: "stock.empty",
    }], resource),
  );
  assert.deepEqual(outcome, {
    accepted: 1,
    rejected: 0,
    reasons: {},
    errorMessage: null,
    newestUs: 1772366400002000,
  });
  assert.deepEqual(fixture.rows("logs"), [{
    ts: BigInt(NOW_US + 1_002),
    ns_remainder: 3,
    observed_ts: BigInt(NOW_US + 2_000),
    severity: "Error",
    severity_number: 17,
    body: "no stock",
    service: "shop",
    host: "far",
    pid: 77,
    trace_id: TRACE,
    span_id: SPAN,
    attributes: { sku: "42", "process.pid": "99" },
    resource: { "host.name": "far", "process.pid": "77", "service.name": "shop" },
    scope_name: "app",
    scope_version: "3",
    source: "otlp",
    event_name: "stock.empty",
    flags: 1,
    dropped_attributes: 3,
  }]);
});

Deno.test("LogsDecoder: what a record does not say has a default or is NULL", async () => {
  const fixture = new ReceiverFixture();
  await fixture.send("logs", request([{ traceId: new Uint8Array(16), spanId: bytesOfHex("aa") }]));
  const [row] = fixture.rows("logs");
  assert.equal(row?.ts, BigInt(NOW_US));
  assert.equal(row?.observed_ts, BigInt(NOW_US));
  assert.equal(row?.severity, "");
  assert.equal(row?.body, "");
  assert.equal(row?.service, "unknown_service");
  assert.equal(row?.host, "this-host");
  for (const column of ["pid", "trace_id", "span_id", "event_name"]) {
    assert.equal(row?.[column], null);
  }
});

Deno.test("LogsDecoder: the time of a record without one is when it was observed", async () => {
  const fixture = new ReceiverFixture();
  await fixture.send("logs", request([{ observedTimeUnixNano: String(NOW_NS - 5_001n) }]));
  const [row] = fixture.rows("logs");
  assert.equal(row?.ts, BigInt(NOW_US - 6));
  assert.equal(row?.ns_remainder, 999);
});

Deno.test("LogsDecoder: the severity number names a severity that has no text", async () => {
  const fixture = new ReceiverFixture();
  const numbers = [0, 1, 4, 9, 13, 18, 24, 25];
  await fixture.send("logs", request(numbers.map((severityNumber) => ({ severityNumber }))));
  assert.deepEqual(
    fixture.rows("logs").map((row) => [row.severity, row.severity_number]),
    [["", 0], ["TRACE", 1], ["TRACE4", 4], ["INFO", 9], ["WARN", 13], ["ERROR2", 18], [
      "FATAL4",
      24,
    ], ["", 0]],
  );
});

Deno.test("LogsDecoder: the process id comes from the record where the resource has none", async () => {
  const fixture = new ReceiverFixture();
  const pids: RequestObject[] = [anyValue(12n), anyValue("13"), anyValue("none"), anyValue(true)];
  await fixture.send(
    "logs",
    request(pids.map((value) => ({ attributes: [{ key: "process.pid", value }] }))),
  );
  assert.deepEqual(fixture.rows("logs").map((row) => row.pid), [12, 13, null, null]);
});

Deno.test("LogsDecoder: bodies of every type are text, cut at their limit", async () => {
  const fixture = new ReceiverFixture({ limits: { maxBodyBytes: 8 } });
  await fixture.send(
    "logs",
    request([
      { body: anyValue(7n) },
      { body: { kvlistValue: { values: [{ key: "a", value: anyValue(1n) }] } } },
      { body: anyValue("123456789") },
      { body: anyValue("1234567é") },
    ]),
  );
  assert.deepEqual(
    fixture.rows("logs").map((row) => row.body),
    ["7", '{"a":1}', "12345678", "1234567"],
  );
  assert.equal(fixture.receiver.stats.cutValues, 2);
});

Deno.test("LogsDecoder: a record from the far past or future is rejected alone", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await fixture.send(
    "logs",
    request([
      { timeUnixNano: "5000" },
      { timeUnixNano: String(NOW_NS + 2n * 86_400_000_000_000n) },
      { timeUnixNano: String(NOW_NS), observedTimeUnixNano: "18446744073709551615" },
      { timeUnixNano: String(NOW_NS) },
    ]),
  );
  assert.equal(outcome.accepted, 1);
  assert.equal(outcome.rejected, 3);
  assert.match(outcome.errorMessage ?? "", /timestamp out of range/);
});

Deno.test("LogsDecoder: a process id that no kernel has is NULL, since the store would refuse all of the batch", async () => {
  const fixture = new ReceiverFixture();
  const pids = [2n ** 31n - 1n, 2n ** 31n, 2n ** 40n, -1n];
  await fixture.send(
    "logs",
    request(pids.map((pid) => ({ attributes: keyValues({ "process.pid": pid }) }))),
  );
  const resource = { attributes: keyValues({ "process.pid": 2n ** 40n }) };
  await fixture.send("logs", request([{}], resource));
  assert.deepEqual(fixture.rows("logs").map((row) => row.pid), [
    2 ** 31 - 1,
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("LogsDecoder: a key that was forgotten is not found under the number it had", async () => {
  const fixture = new ReceiverFixture({
    keyLimits: { maxKeys: 100, maxId: 100, forgetFrom: 1, idleAfterMs: 1_000 },
  });
  const { attributeKeys } = fixture.registries;
  const send = (sku: string) =>
    fixture.send(
      "logs",
      request([{
        timeUnixNano: String(NOW_NS),
        attributes: keyValues({ sku, "process.pid": 9n }),
      }]),
    );
  await send("42");
  const before = attributeKeys.idOf("sku");
  attributeKeys.forgetIdle(NOW_MS + 60_000);
  attributeKeys.release(attributeKeys.takeForgotten());
  // All numbers that there were belong to others now.
  for (const other of ["a", "b", "c"]) attributeKeys.idOf(other);
  assert.notEqual(attributeKeys.keyOf(before), "sku");
  await send("43");
  const last = fixture.rows("logs").at(-1);
  assert.deepEqual([last?.["attributes"], last?.["pid"]], [{ sku: "43", "process.pid": "9" }, 9]);
});
