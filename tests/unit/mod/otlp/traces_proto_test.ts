import assert from "node:assert/strict";
import { NOW_NS, NOW_US, ReceiverFixture } from "./receiver_fixture.ts";
import { anyValue, bytesOfHex, keyValues, type RequestObject } from "./reference_encoder.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = "00f067aa0ba902b7";

function request(
  spans: readonly RequestObject[],
  resource: RequestObject = { attributes: keyValues({ "service.name": "shop" }) },
): RequestObject {
  const scope = { name: "http", version: "1.2" };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] };
}

const span = (fields: RequestObject = {}): RequestObject => ({
  traceId: bytesOfHex(TRACE),
  spanId: bytesOfHex(SPAN),
  name: "GET /",
  startTimeUnixNano: String(NOW_NS),
  endTimeUnixNano: String(NOW_NS + 1_500_123n),
  ...fields,
});

Deno.test("TracesDecoder: every field of a span is found in its column", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await fixture.send(
    "traces",
    request([span({
      parentSpanId: bytesOfHex(PARENT),
      traceState: "vendor=1",
      kind: 3,
      startTimeUnixNano: String(NOW_NS + 123_456_789n),
      endTimeUnixNano: String(NOW_NS + 123_456_789n + 42n),
      attributes: keyValues({ "http.route": "/", "http.status_code": 200n, "ratio": 0.1 }),
      droppedAttributesCount: 7,
      events: [{
        timeUnixNano: String(NOW_NS + 5n),
        name: "exception",
        attributes: keyValues({ "exception.type": "Oops" }),
        droppedAttributesCount: 2,
      }],
      droppedEventsCount: 8,
      links: [{
        traceId: bytesOfHex(TRACE),
        spanId: bytesOfHex(PARENT),
        traceState: "a=b",
        attributes: keyValues({ why: "retry" }),
        flags: 1,
      }],
      droppedLinksCount: 9,
      status: { code: 2, message: "boom" },
      flags: 257,
    })]),
  );
  assert.deepEqual(outcome, {
    accepted: 1,
    rejected: 0,
    reasons: {},
    errorMessage: null,
    newestUs: 1772366400123456,
  });
  assert.deepEqual(fixture.rows("spans"), [{
    ts: BigInt(NOW_US + 123_456),
    ns_remainder: 789,
    duration_ns: 42n,
    trace_id: TRACE,
    span_id: SPAN,
    parent_span_id: PARENT,
    name: "GET /",
    kind: "client",
    service: "shop",
    status: "error",
    status_message: "boom",
    attributes: { "http.route": "/", "http.status_code": "200", ratio: "0.1" },
    resource: { "service.name": "shop" },
    scope_name: "http",
    scope_version: "1.2",
    trace_state: "vendor=1",
    flags: 257,
    dropped_attributes: 7,
    dropped_events: 8,
    dropped_links: 9,
    events: [{
      time_unix_ns: NOW_NS + 5n,
      name: "exception",
      attributes: { "exception.type": "Oops" },
      dropped_attributes: 2,
    }],
    links: [{
      trace_id: TRACE,
      span_id: PARENT,
      trace_state: "a=b",
      attributes: { why: "retry" },
      flags: 1,
    }],
  }]);
});

Deno.test("TracesDecoder: what a span does not say is NULL, or the default of its enum", async () => {
  const fixture = new ReceiverFixture();
  await fixture.send("traces", {
    resourceSpans: [{ scopeSpans: [{ spans: [span({ kind: 99, status: { code: 77 } })] }] }],
  });
  const [row] = fixture.rows("spans");
  assert.equal(row?.parent_span_id, null);
  assert.equal(row?.status_message, null);
  assert.equal(row?.trace_state, null);
  assert.equal(row?.kind, "unspecified");
  assert.equal(row?.status, "unset");
  assert.equal(row?.service, "unknown_service");
  assert.equal(row?.scope_name, "");
  assert.deepEqual(row?.resource, {});
});

Deno.test("TracesDecoder: values of every type are stored as text", async () => {
  const fixture = new ReceiverFixture();
  const values: Record<string, RequestObject> = {
    text: anyValue("grüße"),
    empty: {},
    yes: anyValue(true),
    no: anyValue(false),
    zero: anyValue(0n),
    negative: anyValue(-42n),
    safe: anyValue(9_007_199_254_740_991n),
    large: anyValue(9_223_372_036_854_775_807n),
    small: anyValue(-9_223_372_036_854_775_808n),
    double: anyValue(1e21),
    tenth: anyValue(0.1),
    nan: anyValue(NaN),
    infinite: anyValue(-Infinity),
    bytes: { bytesValue: new Uint8Array([0, 255, 16]) },
    array: {
      arrayValue: { values: [anyValue('a"b'), anyValue(1n), anyValue(NaN), {}, anyValue(true)] },
    },
    object: {
      kvlistValue: {
        values: [
          { key: "k", value: { arrayValue: { values: [anyValue(9_223_372_036_854_775_807n)] } } },
          { key: "k", value: anyValue("again") },
          { key: "n", value: { kvlistValue: { values: [] } } },
        ],
      },
    },
  };
  const attributes = Object.entries(values).map(([key, value]) => ({ key, value }));
  await fixture.send("traces", request([span({ attributes })]));
  assert.deepEqual(fixture.rows("spans")[0]?.attributes, {
    text: "grüße",
    empty: "",
    yes: "true",
    no: "false",
    zero: "0",
    negative: "-42",
    safe: "9007199254740991",
    large: "9223372036854775807",
    small: "-9223372036854775808",
    double: "1e+21",
    tenth: "0.1",
    nan: "NaN",
    infinite: "-Infinity",
    bytes: "AP8Q",
    array: '["a\\"b",1,"NaN",null,true]',
    object: '{"k":[9223372036854775807],"n":{}}',
  });
});

Deno.test("TracesDecoder: of a repeated key the first value stays, the rest counts as dropped", async () => {
  const fixture = new ReceiverFixture();
  const attributes = [
    ...keyValues({ a: "first", b: "1" }),
    ...keyValues({ a: "second" }),
    { key: "", value: anyValue("no key") },
    { key: "x".repeat(257), value: anyValue("long key") },
  ];
  await fixture.send("traces", request([span({ attributes, droppedAttributesCount: 1 })]));
  const [row] = fixture.rows("spans");
  assert.deepEqual(row?.attributes, { a: "first", b: "1" });
  assert.equal(row?.dropped_attributes, 4);
  assert.equal(fixture.receiver.stats.droppedAttributes, 3);
});

Deno.test("TracesDecoder: limits cut values at a character and drop what is too many", async () => {
  const fixture = new ReceiverFixture({
    limits: { maxAttributes: 2, maxValueBytes: 5, maxEvents: 1, maxLinks: 1, maxNameBytes: 4 },
  });
  const event = { timeUnixNano: "1", name: "e" };
  const link = { traceId: bytesOfHex(TRACE), spanId: bytesOfHex(SPAN) };
  await fixture.send(
    "traces",
    request([span({
      name: "abcdef",
      attributes: keyValues({ a: "aaaaé!", b: "12345", c: "3", d: "4" }),
      events: [event, event, event],
      links: [link, link],
    })]),
  );
  const [row] = fixture.rows("spans");
  assert.equal(row?.name, "abcd");
  assert.deepEqual(row?.attributes, { a: "aaaa", b: "12345" });
  assert.equal(row?.dropped_attributes, 2);
  assert.equal(row?.dropped_events, 2);
  assert.equal(row?.dropped_links, 1);
  const { cutValues, droppedAttributes, droppedEvents, droppedLinks } = fixture.receiver.stats;
  assert.deepEqual([cutValues, droppedAttributes, droppedEvents, droppedLinks], [2, 2, 2, 1]);
});

Deno.test("TracesDecoder: spans that cannot be kept are rejected alone, with the reason", async () => {
  const fixture = new ReceiverFixture();
  const dayNs = 86_400_000_000_000n;
  const outcome = await fixture.send(
    "traces",
    request([
      span({ traceId: new Uint8Array(16) }),
      span({ traceId: bytesOfHex("00ff") }),
      span({ spanId: new Uint8Array(8) }),
      span({ spanId: new Uint8Array(0) }),
      span({ startTimeUnixNano: "0" }),
      span({ startTimeUnixNano: "1000" }),
      span({ startTimeUnixNano: String(NOW_NS + dayNs + 1_000n), endTimeUnixNano: "0" }),
      span({ endTimeUnixNano: "18446744073709551615" }),
      span({ name: "kept", parentSpanId: new Uint8Array(8) }),
    ]),
  );
  assert.equal(outcome.accepted, 1);
  assert.equal(outcome.rejected, 8);
  assert.match(outcome.errorMessage ?? "", /2 rejected: trace_id must be 16 bytes/);
  assert.match(outcome.errorMessage ?? "", /3 rejected: timestamp out of range/);
  assert.deepEqual(fixture.rows("spans").map((row) => [row.name, row.parent_span_id]), [[
    "kept",
    null,
  ]]);
  assert.deepEqual(fixture.receiver.stats.signals.traces, {
    requests: 1,
    malformed: 0,
    overloaded: 0,
    failed: 0,
    accepted: 1,
    rejected: {
      invalid_trace_id: 2,
      invalid_span_id: 2,
      timestamp_missing: 1,
      timestamp_out_of_range: 3,
    },
  });
});

Deno.test("TracesDecoder: a span that ends before it starts has duration 0, and is counted", async () => {
  const fixture = new ReceiverFixture();
  await fixture.send(
    "traces",
    request([span({ endTimeUnixNano: String(NOW_NS - 1n) }), span({ endTimeUnixNano: "0" })]),
  );
  assert.deepEqual(fixture.rows("spans").map((row) => row.duration_ns), [0n, 0n]);
  assert.equal(fixture.receiver.stats.negativeDurations, 2);
});

Deno.test("TracesDecoder: a link without valid ids is dropped and counted", async () => {
  const fixture = new ReceiverFixture();
  const links = [{ traceId: bytesOfHex(TRACE), spanId: new Uint8Array(8) }];
  await fixture.send("traces", request([span({ links })]));
  const [row] = fixture.rows("spans");
  assert.deepEqual(row?.links, []);
  assert.equal(row?.dropped_links, 1);
});

Deno.test("TracesDecoder: text that is not UTF-8 is repaired", async () => {
  const fixture = new ReceiverFixture();
  // KeyValue{key: "k", value: AnyValue{string_value: FF}} as raw bytes in a span otherwise valid.
  const raw = [
    ...[10, 16, ...bytesOfHex(TRACE), 18, 8, ...bytesOfHex(SPAN)],
    ...[57, ...new Uint8Array(new BigUint64Array([NOW_NS]).buffer)],
    ...[42, 2, 0xc3, 0x28],
    ...[74, 8, 10, 1, 107, 18, 3, 10, 1, 0xff],
  ];
  const nested = (
    field: number,
    bytes: number[],
  ): number[] => [field << 3 | 2, bytes.length, ...bytes];
  const body = Uint8Array.from(nested(1, nested(2, nested(2, raw))));
  await fixture.receiver.receive("traces", body, "protobuf");
  const [row] = fixture.rows("spans");
  assert.equal(row?.name, "\ufffd(");
  assert.deepEqual(row?.attributes, { k: "\ufffd" });
});
