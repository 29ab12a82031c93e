import assert from "node:assert/strict";
import { logsRequest } from "../../../../mod/exec/captured_line.ts";
import { LineReader } from "../../../../mod/logs/log_format.ts";
import { UTC } from "../../../../mod/logs/time_zone.ts";

const READER = new LineReader({ format: "auto", pattern: null, zone: UTC });
const IDENTITY = { service: "shop", hostName: "h1", executable: "node" };

Deno.test("logsRequest: a resource for each pid, lines in order", () => {
  const request = logsRequest(
    [
      { stream: "stdout", text: "one", tsMs: 1_000.5, pid: 7 },
      { stream: "stdout", text: "other", tsMs: 1_001, pid: 8 },
      { stream: "stderr", text: "two", tsMs: 1_002, pid: 7 },
    ],
    IDENTITY,
    READER,
  ) as { resourceLogs: { resource: unknown; scopeLogs: { logRecords: unknown[] }[] }[] };
  assert.deepEqual(request.resourceLogs.map(({ scopeLogs }) => scopeLogs[0]?.logRecords.length), [
    2,
    1,
  ]);
  assert.deepEqual(request.resourceLogs[0]?.resource, {
    attributes: [
      { key: "service.name", value: { stringValue: "shop" } },
      { key: "host.name", value: { stringValue: "h1" } },
      { key: "process.executable.name", value: { stringValue: "node" } },
      { key: "process.pid", value: { intValue: "7" } },
    ],
  });
  assert.deepEqual(request.resourceLogs[0]?.scopeLogs[0]?.logRecords[0], {
    timeUnixNano: "1000500000",
    observedTimeUnixNano: "1000500000",
    severityNumber: 0,
    severityText: "",
    body: { stringValue: "one" },
    attributes: [{ key: "log.iostream", value: { stringValue: "stdout" } }],
  });
});

Deno.test("logsRequest: what a line says itself of time, severity and trace counts", () => {
  const text = JSON.stringify({
    time: "2026-11-25T10:00:00.5Z",
    level: "error",
    msg: "no stock",
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    item: 12,
  });
  const request = logsRequest([{ stream: "stdout", text, tsMs: 5, pid: 7 }], IDENTITY, READER) as {
    resourceLogs: { scopeLogs: { logRecords: Record<string, unknown>[] }[] }[];
  };
  const record = request.resourceLogs[0]?.scopeLogs[0]?.logRecords[0];
  assert.equal(record?.["timeUnixNano"], String(Date.parse("2026-11-25T10:00:00.5Z")) + "000000");
  assert.equal(record?.["observedTimeUnixNano"], "5000000");
  assert.equal(record?.["severityNumber"], 17);
  assert.deepEqual(record?.["body"], { stringValue: "no stock" });
  assert.equal(record?.["traceId"], "0af7651916cd43dd8448eb211c80319c");
  assert.deepEqual(record?.["attributes"], [
    { key: "log.iostream", value: { stringValue: "stdout" } },
    { key: "item", value: { stringValue: "12" } },
  ]);
});
