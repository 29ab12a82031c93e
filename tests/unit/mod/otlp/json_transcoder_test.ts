import assert from "node:assert/strict";
import { transcodeJson } from "../../../../mod/otlp/json_transcoder.ts";
import { MalformedError } from "../../../../mod/otlp/malformed.ts";
import type { OtlpSignal } from "../../../../mod/otlp/otlp_signal.ts";
import { NOW_NS, NOW_US, ReceiverFixture } from "./receiver_fixture.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const inSpan = (members: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{},{${members}}]}]}]}`;
const inPoint = (members: string): string =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{${members}}]}}]}]}]}`;

const SPAN_PATH = "resourceSpans[0].scopeSpans[0].spans[1]";
const POINT_PATH = "resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0]";

/** Bodies that do not conform: what is wrong, and where. */
const REFUSED: readonly (readonly [OtlpSignal, string, RegExp, string | null])[] = [
  ["traces", "", /not JSON/, null],
  ["traces", "{", /not JSON/, null],
  ["traces", "[]", /expected a JSON object/, null],
  ["traces", "null", /expected a JSON object/, null],
  ["traces", '{"resourceSpans":{}}', /expected an array/, "resourceSpans"],
  ["traces", '{"resourceSpans":[null]}', /expected an object/, "resourceSpans[0]"],
  [
    "traces",
    '{"resourceSpans":[{"resource":[]}]}',
    /expected an object/,
    "resourceSpans[0].resource",
  ],
  ["traces", inSpan('"name":5'), /expected a string/, `${SPAN_PATH}.name`],
  ["traces", inSpan('"traceId":"xyz!"'), /hexadecimal/, `${SPAN_PATH}.traceId`],
  ["traces", inSpan('"traceId":"abc"'), /hexadecimal/, `${SPAN_PATH}.traceId`],
  ["traces", inSpan('"traceId":7'), /hexadecimal/, `${SPAN_PATH}.traceId`],
  ["traces", inSpan('"kind":"SPAN_KIND_SERVER"'), /integer of an enum/, `${SPAN_PATH}.kind`],
  ["traces", inSpan('"kind":1.5'), /expected an integer/, `${SPAN_PATH}.kind`],
  ["traces", inSpan('"kind":2147483648'), /out of range/, `${SPAN_PATH}.kind`],
  ["traces", inSpan('"flags":-1'), /out of range/, `${SPAN_PATH}.flags`],
  ["traces", inSpan('"droppedEventsCount":4294967296'), /range/, `${SPAN_PATH}.droppedEventsCount`],
  ["traces", inSpan('"startTimeUnixNano":"1.5"'), /an integer/, `${SPAN_PATH}.startTimeUnixNano`],
  ["traces", inSpan('"startTimeUnixNano":"-1"'), /range/, `${SPAN_PATH}.startTimeUnixNano`],
  [
    "traces",
    inSpan('"startTimeUnixNano":"18446744073709551616"'),
    /out of range/,
    `${SPAN_PATH}.startTimeUnixNano`,
  ],
  [
    "traces",
    inSpan('"attributes":[{"key":"a","value":{"boolValue":"true"}}]'),
    /true or false/,
    `${SPAN_PATH}.attributes[0].value.boolValue`,
  ],
  [
    "traces",
    inSpan('"attributes":[{"key":"a","value":{"bytesValue":"*"}}]'),
    /base64/,
    `${SPAN_PATH}.attributes[0].value.bytesValue`,
  ],
  [
    "traces",
    inSpan('"attributes":[{"key":"a","value":{"intValue":"9223372036854775808"}}]'),
    /out of range/,
    `${SPAN_PATH}.attributes[0].value.intValue`,
  ],
  ["metrics", inPoint('"asDouble":"abc"'), /expected a number/, `${POINT_PATH}.asDouble`],
  ["metrics", inPoint('"asDouble":""'), /expected a number/, `${POINT_PATH}.asDouble`],
  ["metrics", inPoint('"asInt":true'), /expected an integer/, `${POINT_PATH}.asInt`],
];

for (const [signal, body, problem, path] of REFUSED) {
  Deno.test(`transcodeJson: refuses ${body.slice(-60) || "an empty body"}`, () => {
    assert.throws(
      () => transcodeJson(signal, bytes(body)),
      (error) =>
        error instanceof MalformedError && problem.test(error.problem) && error.path === path,
    );
  });
}

Deno.test("transcodeJson: refuses what is not UTF-8", () => {
  assert.throws(
    () => transcodeJson("logs", Uint8Array.from([0x22, 0xff, 0x22])),
    /not valid UTF-8/,
  );
});

Deno.test("transcodeJson: refuses what is nested too deeply, without running out of stack", async () => {
  const deep = (levels: number): string =>
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' +
    '{"arrayValue":{"values":['.repeat(levels) + "{}" + "]}}".repeat(levels) + "}]}]}]}";
  assert.throws(() => transcodeJson("logs", bytes(deep(100_000))), /nested too deeply/);
  const fixture = new ReceiverFixture();
  await assert.rejects(fixture.receiver.receive("logs", bytes(deep(70)), "json"), {
    code: "invalid_argument",
    message: /values nested too deeply in resourceLogs\[0\]/,
  });
  await fixture.receiver.receive("logs", bytes(deep(60)), "json");
});

Deno.test("transcodeJson: takes numbers or strings, both alphabets, nulls and unknown fields", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await fixture.receiver.receive(
    "traces",
    bytes(JSON.stringify({
      unknown: { deeply: [{}] },
      resourceSpans: [{
        resource: null,
        scopeSpans: [{
          spans: [{
            traceId: "0AF7651916CD43DD8448EB211C80319C",
            spanId: "b7ad6b7169203331",
            parentSpanId: "",
            name: "s",
            kind: 2,
            startTimeUnixNano: Number(NOW_NS),
            endTimeUnixNano: String(NOW_NS + 1n),
            status: { code: 1 },
            trace_state: "snake case is no name of OTLP",
            attributes: [
              { key: "bytes", value: { bytesValue: "-_8" } },
              { key: "double", value: { doubleValue: "Infinity" } },
              { key: "text double", value: { doubleValue: "1.5e3" } },
              { key: "int", value: { intValue: 5 } },
              { key: "unset", value: null },
            ],
          }],
        }],
      }],
    })),
    "json",
  );
  assert.equal(outcome.accepted, 1);
  const [row] = fixture.rows("spans");
  assert.equal(row?.trace_id, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(row?.parent_span_id, null);
  assert.equal(row?.trace_state, null);
  assert.equal(row?.kind, "server");
  assert.equal(row?.ts, BigInt(NOW_US));
  assert.deepEqual(row?.attributes, {
    bytes: "+/8=",
    double: "Infinity",
    "text double": "1500",
    int: "5",
    unset: "",
  });
});
