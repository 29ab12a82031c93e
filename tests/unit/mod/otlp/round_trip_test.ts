import assert from "node:assert/strict";
import fc from "fast-check";
import type { OtlpSignal } from "../../../../mod/otlp/otlp_signal.ts";
import type { Signal } from "../../../../mod/columns/column.ts";
import type { Row } from "./column_values.ts";
import { NOW_NS, ReceiverFixture } from "./receiver_fixture.ts";
import { hex, type RequestObject } from "./reference_encoder.ts";

// Requests of any content, encoded by protobufjs and as JSON, must come out as what went in.

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const key = fc.string({ minLength: 1, maxLength: 12 });
const id = (size: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: size, maxLength: size }).filter((bytes) => bytes.some((b) => b !== 0));
const timeNs = fc.bigInt(NOW_NS - 10n ** 15n, NOW_NS + 10n ** 13n);
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const u32 = fc.nat({ max: 0x7fffffff });

/** A value as sent, and as it must be stored. */
interface Value {
  readonly sent: RequestObject;
  readonly stored: string;
}

const scalar: fc.Arbitrary<Value> = fc.oneof(
  text.map((value) => ({ sent: { stringValue: value }, stored: value })),
  fc.boolean().map((value) => ({ sent: { boolValue: value }, stored: String(value) })),
  int64.map((value) => ({ sent: { intValue: value.toString() }, stored: value.toString() })),
  fc.double().map((value) => ({ sent: { doubleValue: value }, stored: String(value) })),
  fc.uint8Array({ maxLength: 20 }).map((value) => ({
    sent: { bytesValue: value },
    stored: btoa(String.fromCharCode(...value)),
  })),
);

const list: fc.Arbitrary<Value> = fc.array(text, { maxLength: 3 }).map((values) => ({
  sent: { arrayValue: { values: values.map((stringValue) => ({ stringValue })) } },
  stored: JSON.stringify(values),
}));

const attributes = fc.uniqueArray(fc.tuple(key, fc.oneof(scalar, list)), {
  maxLength: 8,
  selector: ([name]) => name,
});
type Attributes = readonly (readonly [string, Value])[];

const sentAttributes = (pairs: Attributes): RequestObject[] =>
  pairs.map(([name, { sent }]) => ({ key: name, value: sent }));
const storedAttributes = (pairs: Attributes): Record<string, string> =>
  Object.fromEntries(pairs.map(([name, { stored }]) => [name, stored]));
const orNull = (value: string): string | null => value === "" ? null : value;

async function bothEncodings(
  signal: OtlpSignal,
  table: Signal,
  request: RequestObject,
): Promise<readonly Row[]> {
  const [protobuf, json] = [new ReceiverFixture(), new ReceiverFixture()];
  await protobuf.send(signal, request);
  await json.sendJson(signal, request);
  assert.deepEqual(json.rows(table), protobuf.rows(table));
  return protobuf.rows(table);
}

const span = fc.record({
  traceId: id(16),
  spanId: id(8),
  parentSpanId: fc.option(id(8)),
  name: text,
  kind: fc.nat({ max: 5 }),
  startNs: timeNs,
  durationNs: fc.bigInt(0n, 10n ** 12n),
  attributes,
  events: fc.array(fc.record({ name: text, timeNs, attributes }), { maxLength: 3 }),
  links: fc.array(fc.record({ traceId: id(16), spanId: id(8), attributes }), { maxLength: 2 }),
  status: fc.nat({ max: 2 }),
  message: text,
  flags: u32,
  dropped: u32,
});

Deno.test("round trip: spans of any content come out as they went in, in both encodings", async () => {
  const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];
  const request = fc.array(span, { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(request, attributes, text, async (spans, resource, scopeName) => {
      const rows = await bothEncodings("traces", "spans", {
        resourceSpans: [{
          resource: { attributes: sentAttributes(resource) },
          scopeSpans: [{
            scope: { name: scopeName },
            spans: spans.map((one) => ({
              traceId: one.traceId,
              spanId: one.spanId,
              ...one.parentSpanId === null ? {} : { parentSpanId: one.parentSpanId },
              name: one.name,
              kind: one.kind,
              startTimeUnixNano: one.startNs.toString(),
              endTimeUnixNano: (one.startNs + one.durationNs).toString(),
              attributes: sentAttributes(one.attributes),
              events: one.events.map((event) => ({
                name: event.name,
                timeUnixNano: event.timeNs.toString(),
                attributes: sentAttributes(event.attributes),
              })),
              links: one.links.map((link) => ({
                ...link,
                attributes: sentAttributes(link.attributes),
              })),
              status: { code: one.status, message: one.message },
              flags: one.flags,
              droppedAttributesCount: one.dropped,
            })),
          }],
        }],
      });
      const service = storedAttributes(resource)["service.name"] || "unknown_service";
      const expected = spans.map((one) => ({
        ts: one.startNs / 1000n,
        ns_remainder: Number(one.startNs % 1000n),
        duration_ns: one.durationNs,
        trace_id: hex(one.traceId),
        span_id: hex(one.spanId),
        parent_span_id: one.parentSpanId === null ? null : hex(one.parentSpanId),
        name: one.name,
        kind: kinds[one.kind],
        service,
        status: ["unset", "ok", "error"][one.status],
        status_message: orNull(one.message),
        attributes: storedAttributes(one.attributes),
        resource: storedAttributes(resource),
        scope_name: scopeName,
        scope_version: "",
        trace_state: null,
        flags: one.flags,
        dropped_attributes: one.dropped,
        dropped_events: 0,
        dropped_links: 0,
        events: one.events.map((event) => ({
          time_unix_ns: event.timeNs,
          name: event.name,
          attributes: storedAttributes(event.attributes),
          dropped_attributes: 0,
        })),
        links: one.links.map((link) => ({
          trace_id: hex(link.traceId),
          span_id: hex(link.spanId),
          trace_state: "",
          attributes: storedAttributes(link.attributes),
          flags: 0,
        })),
      }));
      assert.deepEqual(rows, expected);
    }),
    { numRuns: 60 },
  );
});

const record = fc.record({
  timeNs,
  body: fc.oneof(scalar, list),
  severityNumber: fc.integer({ min: 1, max: 24 }),
  severityText: fc.string({ minLength: 1, maxLength: 8 }),
  attributes,
  traceId: fc.option(id(16)),
  eventName: text,
});

Deno.test("round trip: logs of any content come out as they went in, in both encodings", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 6 }), async (records) => {
      const rows = await bothEncodings("logs", "logs", {
        resourceLogs: [{
          scopeLogs: [{
            logRecords: records.map((one) => ({
              timeUnixNano: one.timeNs.toString(),
              body: one.body.sent,
              severityNumber: one.severityNumber,
              severityText: one.severityText,
              attributes: sentAttributes(one.attributes),
              ...one.traceId === null ? {} : { traceId: one.traceId },
              eventName: one.eventName,
            })),
          }],
        }],
      });
      const picked = rows.map((row) => [
        BigInt(Number(row.ts)) * 1000n + BigInt(Number(row.ns_remainder)),
        row.body,
        row.severity_number,
        row.severity,
        row.attributes,
        row.trace_id,
        row.event_name,
      ]);
      const expected = records.map((one) => [
        one.timeNs,
        one.body.stored,
        one.severityNumber,
        one.severityText,
        storedAttributes(one.attributes),
        one.traceId === null ? null : hex(one.traceId),
        orNull(one.eventName),
      ]);
      assert.deepEqual(picked, expected);
    }),
    { numRuns: 60 },
  );
});

const point = fc.record({
  attributes,
  timeNs,
  // JSON.stringify writes -0 as 0.
  value: fc.double({ noNaN: true }).map((value) => value + 0),
});

Deno.test("round trip: gauges of any labels come out as they went in, in both encodings", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1 }),
      fc.array(point, { maxLength: 6 }),
      async (name, points) => {
        const request = {
          resourceMetrics: [{
            scopeMetrics: [{
              metrics: [{
                name,
                gauge: {
                  dataPoints: points.map((one) => ({
                    attributes: sentAttributes(one.attributes),
                    timeUnixNano: one.timeNs.toString(),
                    asDouble: one.value,
                  })),
                },
              }],
            }],
          }],
        };
        const [protobuf, json] = [new ReceiverFixture(), new ReceiverFixture()];
        // Twice: the second time the series are found by their bytes.
        for (let i = 0; i < 2; i++) {
          await protobuf.send("metrics", request);
          await json.sendJson("metrics", request);
        }
        assert.deepEqual(json.samples(), protobuf.samples());
        const decoded = protobuf.rows("metrics").map((row) => {
          const series = protobuf.series(row);
          return [series.name, Object.fromEntries(series.labels), row.ts, row.value];
        });
        const expected = [...points, ...points].map((one) => [
          name,
          storedAttributes(one.attributes),
          one.timeNs / 1000n,
          one.value,
        ]);
        assert.deepEqual(decoded, expected);
      },
    ),
    { numRuns: 60 },
  );
});
