import assert from "node:assert/strict";
import type { ColumnBatch } from "../../../../../mod/columns/column.ts";
import { Registries } from "../../../../../mod/intern/registries.ts";
import {
  encodeOtlp,
  type EncoderRegistries,
  otlpSignalOf,
} from "../../../../../mod/pipeline/forward/otlp_encoder.ts";
import { EventBatchBuilder } from "../../../../../mod/signals/events.ts";
import { HistogramBatchBuilder } from "../../../../../mod/signals/histograms.ts";
import { LogBatchBuilder } from "../../../../../mod/signals/logs.ts";
import { SampleBatchBuilder } from "../../../../../mod/signals/samples.ts";
import { SpanBatchBuilder } from "../../../../../mod/signals/spans.ts";
import { pushLog, pushSpan } from "../../../../support/store_fixture.ts";
import { NOW_US, ReceiverFixture } from "../../otlp/receiver_fixture.ts";

/** Sends all rows of a batch, so many a request, into a receiver. */
async function forwarded(
  batch: ColumnBatch,
  registries: EncoderRegistries,
  rowsPerRequest = 2,
): Promise<ReceiverFixture> {
  const fixture = new ReceiverFixture();
  const signal = otlpSignalOf(batch);
  assert.ok(signal !== null);
  for (let start = 0; start < batch.rows; start += rowsPerRequest) {
    const end = Math.min(batch.rows, start + rowsPerRequest);
    const body = encodeOtlp(batch, start, end, registries);
    const outcome = await fixture.receiver.receive(signal, body, "protobuf");
    assert.equal(outcome.rejected, 0, outcome.errorMessage ?? "");
  }
  return fixture;
}

const LIMITS = { maxSeries: 100, maxSeriesPerMetric: 100 };

Deno.test("encodeOtlp: spans arrive as they were stored", async () => {
  const registries = new Registries(LIMITS);
  const spans = new SpanBatchBuilder();
  for (let i = 0; i < 5; i++) {
    pushSpan(spans, registries, {
      traceId: "a".repeat(31) + i,
      spanId: "b".repeat(15) + i,
      ...i === 0 ? {} : { parentSpanId: "c".repeat(16) },
      name: `span ${i}`,
      tsUs: NOW_US + i,
      durationNs: 1_234_567 + i,
      attributes: i === 2 ? {} : { key: `value ${i} ü`, other: "" },
      resource: [["service.name", i < 3 ? "shop" : "pay"], ["zone", "z"]],
      events: i === 1 ? [{ name: "thrown", attributes: { "exception.type": "E" } }] : [],
    });
  }
  const fixture = await forwarded(spans.finish(), registries);
  const rows = fixture.rows("spans");
  assert.equal(rows.length, 5);
  rows.forEach((row, i) => {
    assert.equal(row.trace_id, "a".repeat(31) + i);
    assert.equal(row.parent_span_id, i === 0 ? null : "c".repeat(16));
    assert.equal(row.name, `span ${i}`);
    assert.equal(row.ts, BigInt(NOW_US + i));
    assert.equal(row.ns_remainder, 7);
    assert.equal(row.duration_ns, BigInt(1_234_567 + i));
    assert.equal(row.kind, "server");
    assert.equal(row.status, "ok");
    assert.equal(row.status_message, null);
    assert.equal(row.scope_name, "scope");
    assert.equal(row.scope_version, "1.0");
    assert.equal(row.flags, 1);
    assert.deepEqual(row.attributes, i === 2 ? {} : { key: `value ${i} ü`, other: "" });
    assert.deepEqual(row.resource, { "service.name": i < 3 ? "shop" : "pay", zone: "z" });
  });
  assert.deepEqual(rows[1]?.events, [{
    time_unix_ns: BigInt((NOW_US + 1) * 1000),
    name: "thrown",
    attributes: { "exception.type": "E" },
    dropped_attributes: 0,
  }]);
});

Deno.test("encodeOtlp: logs arrive as they were stored, also those without a resource", async () => {
  const registries = new Registries(LIMITS);
  const logs = new LogBatchBuilder();
  pushLog(logs, registries, { tsUs: NOW_US, body: "one", attributes: { a: "b" } });
  pushLog(logs, registries, { tsUs: NOW_US + 1, body: "" });
  const [one, two] = (await forwarded(logs.finish(), registries)).rows("logs");
  assert.equal(one?.body, "one");
  assert.equal(one?.ts, BigInt(NOW_US));
  assert.equal(one?.ns_remainder, 3);
  assert.equal(one?.severity, "INFO");
  assert.equal(one?.severity_number, 9);
  assert.equal(one?.service, "shop");
  assert.equal(one?.trace_id, null);
  assert.deepEqual(one?.attributes, { a: "b" });
  assert.equal(two?.body, "");
});

Deno.test("encodeOtlp: samples arrive in their series, with the sender's identity", async () => {
  const registries = new Registries(LIMITS);
  const samples = new SampleBatchBuilder();
  const labels: readonly (readonly [string, string])[] = [
    ["http.route", "/cart"],
    ["process.pid", "42"],
    ["service.name", "shop"],
  ];
  const counter = registries.series.resolve("calls", "counter", "{call}", labels, "shop");
  const gauge = registries.series.resolve("load", "gauge", "1", [], "");
  const updown = registries.series.resolve("open", "updown", "1", [], "");
  for (const [i, id] of [counter, gauge, updown, counter].entries()) {
    samples.push(id, NOW_US + i, i + 0.5);
  }
  const fixture = await forwarded(samples.finish(), registries, 4);
  assert.deepEqual(
    fixture.samples().map(({ series, ts, value }) => `${series} ${ts - NOW_US} ${value}`).sort(),
    [
      "calls:counter{http.route=/cart,process.pid=42,service.name=shop} 0 0.5",
      "calls:counter{http.route=/cart,process.pid=42,service.name=shop} 3 3.5",
      "load:gauge{} 1 1.5",
      "open:updown{} 2 2.5",
    ],
  );
});

Deno.test("encodeOtlp: histogram points arrive with their bounds and counts", async () => {
  const registries = new Registries(LIMITS);
  const histograms = new HistogramBatchBuilder();
  const seriesId = registries.series.resolve("took", "histogram", "s", [["a", "b"]], "");
  const boundsId = registries.bounds.idOf([0.1, 1]);
  histograms.push({
    seriesId,
    tsUs: NOW_US,
    count: 6,
    sum: 3.5,
    min: null,
    max: 2,
    boundsId,
    counts: [1, 2, 3],
  });
  const [row] = (await forwarded(histograms.finish(), registries)).rows("histograms");
  assert.equal(row?.count, 6n);
  assert.equal(row?.sum, 3.5);
  assert.equal(row?.min, null);
  assert.equal(row?.max, 2);
  assert.deepEqual(row?.counts, [1n, 2n, 3n]);
  assert.deepEqual(row?.bounds, [0.1, 1]);
});

Deno.test("otlpSignalOf: Horizon's own events are for no other receiver", () => {
  assert.equal(otlpSignalOf(new EventBatchBuilder().finish()), null);
});
