import assert from "node:assert/strict";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, within } from "../support/until.ts";

const NOW_NS = `${BigInt(Date.now()) * 1_000_000n}`;
const resource = (service: string) => ({
  attributes: [{ key: "service.name", value: { stringValue: service } }],
});

function logsBody(service: string, bodies: readonly string[], severityNumber: number): unknown {
  const logRecords = bodies.map((body) => ({
    timeUnixNano: NOW_NS,
    severityNumber,
    body: { stringValue: body },
    attributes: [
      { key: "k", value: { stringValue: body } },
      { key: "authorization", value: { stringValue: "Bearer abcdefghijklmnop" } },
    ],
  }));
  return { resourceLogs: [{ resource: resource(service), scopeLogs: [{ logRecords }] }] };
}

function spansBody(service: string, names: readonly string[]): unknown {
  const spans = names.map((name, i) => ({
    traceId: `${i + 1}`.repeat(32),
    spanId: "2".repeat(16),
    name,
    startTimeUnixNano: NOW_NS,
    endTimeUnixNano: NOW_NS,
    status: { code: 2 },
  }));
  return { resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans }] }] };
}

Deno.test("/api/stream: log records and spans come as they are kept, those that were asked for", async () => {
  await withHorizon(async ({ url, otlpHttpUrl, sql }) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/stream`);
    const frames: Record<string, unknown>[] = [];
    let wake = () => {};
    socket.onmessage = ({ data }) => {
      frames.push(JSON.parse(data));
      wake();
    };
    const next = async () => {
      while (frames.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return frames.shift()!;
    };
    await new Promise((resolve) => socket.onopen = resolve);
    const send = async (message: unknown) => {
      socket.send(JSON.stringify(message));
      assert.equal((await within("an answer", PATIENCE_MS, next()))["type"], "subscribed");
    };
    await send({ subscribe: "logs", services: ["shop"], min_severity: "warn", text: "paid" });
    await send({ subscribe: "spans", trace_id: "2".repeat(32) });
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${otlpHttpUrl}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200, await response.text());
    };
    await post("/v1/logs", logsBody("other", ["paid"], 17));
    await post("/v1/logs", logsBody("shop", ["paid quietly"], 9));
    await post("/v1/logs", logsBody("shop", ["nothing", "not PAID"], 17));
    const logs = await within("a log record", PATIENCE_MS, next());
    assert.ok(logs["type"] === "logs" && Array.isArray(logs["rows"]));
    const [row] = logs["rows"];
    const [[ts, body, attributes, found]] = await sql(
      `SELECT ts, body, attributes, resource FROM logs WHERE body = 'not PAID'`,
    ) as [unknown[]];
    // The same as SQL shows it, with what was taken out of it.
    assert.deepEqual(
      [logs["rows"].length, row.ts, row.body, row.attributes, row.resource],
      [1, ts, body, attributes, found],
    );
    assert.ok(!JSON.stringify(logs).includes("abcdefghijklmnop"));
    await post("/v1/traces", spansBody("shop", ["one", "two"]));
    const spans = await within("a span", PATIENCE_MS, next());
    assert.ok(spans["type"] === "spans" && Array.isArray(spans["rows"]));
    assert.deepEqual(
      spans["rows"].map(({ name, status, service }) => [name, status, service]),
      [["two", "error", "shop"]],
    );
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  });
});
