import assert from "node:assert/strict";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { OtlpSignal } from "../../../../mod/otlp/otlp_signal.ts";
import { ReceiverFixture } from "./receiver_fixture.ts";

// What the official SDK produces and its own serializers encode, decoded from both encodings.

const resource = resourceFromAttributes({ "service.name": "shop", "process.pid": 4711 });

// The SDK reads the real clock, the fixture's stands still.
const newFixture = (): ReceiverFixture => new ReceiverFixture({ limits: { maxFutureMs: 1e13 } });

async function receiveBoth(
  signal: OtlpSignal,
  protobufBody: Uint8Array | undefined,
  jsonBody: Uint8Array | undefined,
): Promise<ReceiverFixture> {
  assert.ok(protobufBody !== undefined && jsonBody !== undefined);
  const [protobuf, json] = [newFixture(), newFixture()];
  const outcome = await protobuf.receiver.receive(signal, protobufBody, "protobuf");
  assert.equal(outcome.rejected, 0);
  assert.deepEqual(await json.receiver.receive(signal, jsonBody, "json"), outcome);
  for (const table of ["spans", "logs", "metrics", "histograms"] as const) {
    assert.deepEqual(json.rows(table), protobuf.rows(table));
  }
  return protobuf;
}

Deno.test("OtlpReceiver: takes the spans of the official SDK in both encodings", async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("checkout", "2.1.0");
  const parent = tracer.startSpan("parent", {
    kind: SpanKind.SERVER,
    attributes: { n: 1, f: 0.5 },
  });
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  const link = { context: parent.spanContext(), attributes: { why: "test" } };
  const child = tracer.startSpan("child", { links: [link] }, context);
  child.addEvent("cache.miss", { key: "a", tags: ["x", "y"] });
  child.setStatus({ code: SpanStatusCode.ERROR, message: "boom" });
  child.end();
  parent.end();
  const spans = exporter.getFinishedSpans();
  const fixture = await receiveBoth(
    "traces",
    ProtobufTraceSerializer.serializeRequest(spans),
    JsonTraceSerializer.serializeRequest(spans),
  );
  await provider.shutdown();
  const rows = fixture.rows("spans");
  assert.deepEqual(rows.map((row) => row.name), ["child", "parent"]);
  const [childRow, parentRow] = rows;
  assert.equal(childRow?.parent_span_id, parentRow?.span_id);
  assert.equal(childRow?.trace_id, parent.spanContext().traceId);
  assert.deepEqual([childRow?.status, childRow?.status_message], ["error", "boom"]);
  assert.deepEqual([parentRow?.kind, childRow?.kind], ["server", "internal"]);
  assert.deepEqual(parentRow?.attributes, { n: "1", f: "0.5" });
  assert.deepEqual(parentRow?.resource, { "process.pid": "4711", "service.name": "shop" });
  assert.deepEqual([parentRow?.service, parentRow?.scope_name, parentRow?.scope_version], [
    "shop",
    "checkout",
    "2.1.0",
  ]);
  const started = spans[0]!.startTime;
  assert.equal(
    Number(childRow?.ts) * 1000 + Number(childRow?.ns_remainder),
    started[0] * 1e9 + started[1],
  );
  assert.match(JSON.stringify(childRow?.events, stringifyBigint), /"tags":"\[\\"x\\",\\"y\\"\]"/);
  assert.match(JSON.stringify(childRow?.links), /"why":"test"/);
});

Deno.test("OtlpReceiver: takes the log records of the official SDK in both encodings", async () => {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger("app");
  logger.emit({ severityNumber: 13, body: "careful", attributes: { tries: 3 } });
  logger.emit({ severityText: "ODD", body: { nested: [1, true] }, eventName: "stock.low" });
  await provider.forceFlush();
  const records = exporter.getFinishedLogRecords();
  const fixture = await receiveBoth(
    "logs",
    ProtobufLogsSerializer.serializeRequest(records),
    JsonLogsSerializer.serializeRequest(records),
  );
  await provider.shutdown();
  const rows = fixture.rows("logs");
  assert.deepEqual(
    rows.map(({ severity, body, service, pid, event_name }) => ({
      severity,
      body,
      service,
      pid,
      event_name,
    })),
    [
      { severity: "WARN", body: "careful", service: "shop", pid: 4711, event_name: null },
      {
        severity: "ODD",
        body: '{"nested":[1,true]}',
        service: "shop",
        pid: 4711,
        event_name: "stock.low",
      },
    ],
  );
  assert.deepEqual(rows[0]?.attributes, { tries: "3" });
});

class ManualReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

for (const name of ["CUMULATIVE", "DELTA"] as const) {
  Deno.test(`OtlpReceiver: takes ${name.toLowerCase()} metrics of the official SDK in both encodings`, async () => {
    const reader = new ManualReader({
      aggregationTemporalitySelector: () => AggregationTemporality[name],
    });
    const provider = new MeterProvider({
      resource,
      readers: [reader],
      views: [{
        instrumentName: "sizes",
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      }],
    });
    const meter = provider.getMeter("m");
    const requests = meter.createCounter("requests", { unit: "{request}" });
    const queue = meter.createUpDownCounter("queue");
    const latency = meter.createHistogram("latency", {
      unit: "s",
      advice: { explicitBucketBoundaries: [0.1, 1] },
    });
    const sizes = meter.createHistogram("sizes");
    meter.createObservableGauge("heat").addCallback((result) => result.observe(36.6));
    requests.add(2, { route: "/" });
    requests.add(3, { route: "/" });
    queue.add(-4);
    for (const seconds of [0.05, 0.5, 5]) latency.record(seconds);
    for (const bytes of [0, 10, 1_000]) sizes.record(bytes);
    const { resourceMetrics } = await reader.collect();
    await provider.shutdown();
    const fixture = await receiveBoth(
      "metrics",
      ProtobufMetricsSerializer.serializeRequest(resourceMetrics),
      JsonMetricsSerializer.serializeRequest(resourceMetrics),
    );
    const zero = name === "DELTA";
    const id = "process.pid=4711";
    assert.deepEqual(fixture.samples().map(({ series, value }) => [series, value]).sort(), [
      [`heat:gauge{${id},service.name=shop}`, 36.6],
      [`queue:updown{${id},service.name=shop}`, -4],
      ...zero ? [[`requests:counter{${id},route=/,service.name=shop}`, 0]] : [],
      [`requests:counter{${id},route=/,service.name=shop}`, 5],
    ]);
    const histograms = fixture.rows("histograms").filter((row) => Number(row.count) > 0);
    const byName = new Map(histograms.map((row) => [fixture.series(row).name, row]));
    assert.deepEqual(byName.get("latency")?.counts, [1n, 1n, 1n]);
    assert.deepEqual(byName.get("latency")?.bounds, [0.1, 1]);
    assert.equal(byName.get("latency")?.max, 5);
    assert.equal(byName.get("sizes")?.count, 3n);
    assert.equal(byName.get("sizes")?.sum, 1_010);
    assert.equal(fixture.rows("histograms").length, zero ? 4 : 2);
  });
}

function stringifyBigint(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
