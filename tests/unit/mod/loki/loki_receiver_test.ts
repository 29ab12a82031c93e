import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import { LogWriter } from "../../../../mod/intake/log_writer.ts";
import { parseLokiLabels } from "../../../../mod/loki/loki_labels.ts";
import { LokiReceiver } from "../../../../mod/loki/loki_receiver.ts";
import { DEFAULT_OTLP_LIMITS } from "../../../../mod/otlp/limits.ts";
import { lokiPush } from "../../../support/loki_push.ts";
import { NOW_MS, NOW_NS, ReceiverFixture } from "../otlp/receiver_fixture.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

function receiver() {
  const fixture = new ReceiverFixture();
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  const writer = new LogWriter({
    intake: fixture.intake,
    registries: fixture.registries,
    clock,
    hostName: "this-host",
    limits: DEFAULT_OTLP_LIMITS,
  });
  return { fixture, loki: new LokiReceiver(writer, clock) };
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("LokiReceiver: both encodings give the same rows", async () => {
  const { fixture, loki } = receiver();
  const metadata = { trace_id: TRACE, user: "ada" };
  const outcome = await loki.receive(
    json({
      streams: [{
        stream: { job: "shop", service_name: "cart", level: "error", message: "a label" },
        values: [[String(NOW_NS - 7n), "it broke", metadata], [String(NOW_NS), "again"]],
      }],
    }),
    "json",
  );
  assert.equal(outcome.accepted, 2);
  assert.equal(outcome.newestUs, NOW_MS * 1_000);
  await loki.receive(
    lokiPush('{job="shop", service_name="cart", level="error", message="a label"}', [
      { ns: NOW_NS - 7n, line: "it broke", metadata },
      { ns: NOW_NS, line: "again" },
    ]),
    "protobuf",
  );
  const rows = fixture.rows("logs");
  assert.deepEqual(rows.slice(2), rows.slice(0, 2));
  const [row] = rows;
  assert.equal(row?.body, "it broke");
  assert.equal(row?.ts, NOW_NS / 1_000n - 1n);
  assert.equal(row?.ns_remainder, 993);
  assert.equal(row?.service, "cart");
  assert.equal(row?.severity, "error");
  assert.equal(row?.severity_number, 17);
  assert.equal(row?.trace_id, TRACE);
  assert.equal(row?.source, "loki");
  assert.deepEqual(row?.attributes, { job: "shop", message: "a label", user: "ada" });
});

Deno.test("LokiReceiver: a line that is JSON is read, the pushed time stays", async () => {
  const { fixture, loki } = receiver();
  const line = '{"time":"2020-01-01T00:00:00Z","level":"warn","msg":"hello","k":1}';
  await loki.receive(json({ streams: [{ stream: {}, values: [[String(NOW_NS), line]] }] }), "json");
  const [row] = fixture.rows("logs");
  assert.equal(row?.body, "hello");
  assert.equal(row?.severity_number, 13);
  assert.equal(row?.ts, NOW_NS / 1_000n);
  assert.deepEqual(row?.attributes, { k: "1" });
});

Deno.test("LokiReceiver: of a malformed push nothing is kept, and the error says where it is wrong", async () => {
  const { fixture, loki } = receiver();
  const bodies: readonly (readonly [unknown, string])[] = [
    [{}, "streams"],
    [{ streams: [{ stream: {}, values: [["1"]] }] }, "streams[0].values[0]"],
    [{ streams: [{ stream: {}, values: [[1, "x"]] }] }, "streams[0].values[0][0]"],
    [{ streams: [{ stream: {}, values: [["1", 2]] }] }, "streams[0].values[0][1]"],
    [{ streams: [{ stream: { a: 1 }, values: [] }] }, "streams[0].stream.a"],
    [{ streams: [{ stream: {}, values: [["1", "x", []]] }] }, "streams[0].values[0][2]"],
  ];
  for (const [body, path] of bodies) {
    await assert.rejects(
      loki.receive(json(body), "json"),
      (error) =>
        error instanceof HorizonError && error.code === "invalid_argument" &&
        error.message.includes(`: ${path}: `),
      path,
    );
  }
  for (const labels of ["", "{", '{a="b"', "{a=b}", '{a="b"} x']) {
    await assert.rejects(loki.receive(lokiPush(labels, []), "protobuf"), HorizonError, labels);
  }
  assert.deepEqual(fixture.rows("logs"), []);
});

Deno.test("LokiReceiver: takes any bytes in either encoding, or says what is wrong", async () => {
  const { loki } = receiver();
  const good = lokiPush('{a="b"}', [{ ns: NOW_NS, line: "x", metadata: { k: "v" } }]);
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const damaged = good.slice();
      damaged[at] = byte;
      return damaged;
    }),
  );
  await fc.assert(fc.asyncProperty(body, fc.constantFrom("json", "protobuf"), async (bytes, as) => {
    await loki.receive(bytes, as).catch((error: unknown) => {
      assert.ok(error instanceof HorizonError && error.code === "invalid_argument", String(error));
    });
  }));
});

Deno.test("parseLokiLabels: names and values, quoted as Go does", () => {
  assert.deepEqual(parseLokiLabels("{}"), []);
  assert.deepEqual(parseLokiLabels(String.raw`{ a="1", b_2 = "x\"y\\z\n\x41\u00e4" ,}`), [
    ["a", "1"],
    ["b_2", 'x"y\\z\nAä'],
  ]);
  fc.assert(fc.property(fc.string(), (text) => void parseLokiLabels(text)));
});
