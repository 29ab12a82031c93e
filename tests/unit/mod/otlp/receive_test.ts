import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import { NOW_NS, ReceiverFixture } from "./receiver_fixture.ts";
import { bytesOfHex, encodeRequest, keyValues, type RequestObject } from "./reference_encoder.ts";

const span = (name: string, attributes: Record<string, string> = {}): RequestObject => ({
  traceId: bytesOfHex("0af7651916cd43dd8448eb211c80319c"),
  spanId: bytesOfHex("b7ad6b7169203331"),
  name,
  startTimeUnixNano: String(NOW_NS),
  attributes: keyValues(attributes),
});

const traces = (spans: RequestObject[]): RequestObject => ({
  resourceSpans: [{ scopeSpans: [{ spans }] }],
});

/** A body whose last attribute is cut inside, with every length around it made to fit. */
function brokenInside(body: Uint8Array): Uint8Array {
  const broken = body.slice();
  // The last value is a string_value of one byte: claim that it has a hundred.
  broken[broken.length - 2] = 100;
  return broken;
}

function refusal(promise: Promise<unknown>): Promise<HorizonError> {
  return promise.then(
    () => assert.fail("was not refused"),
    (error: unknown) => error instanceof HorizonError ? error : assert.fail(String(error)),
  );
}

Deno.test("OtlpReceiver.receive: an empty body is a valid request", async () => {
  const fixture = new ReceiverFixture();
  const empty = await fixture.receiver.receive("traces", new Uint8Array(), "protobuf");
  assert.deepEqual(empty, {
    accepted: 0,
    rejected: 0,
    reasons: {},
    errorMessage: null,
    newestUs: null,
  });
  const json = await fixture.receiver.receive("logs", new TextEncoder().encode("{}"), "json");
  assert.equal(json.accepted, 0);
});

Deno.test("OtlpReceiver.receive: of a malformed body nothing is kept, of others everything", async () => {
  const fixture = new ReceiverFixture();
  const bad = brokenInside(encodeRequest("traces", traces([span("a"), span("b", { k: "v" })])));
  const first = fixture.send("traces", traces([span("first", { x: "1" })]));
  const error = await refusal(fixture.receiver.receive("traces", bad, "protobuf"));
  const second = fixture.send("traces", traces([span("second", { y: "2" })]));
  await Promise.all([first, second]);
  assert.equal(error.code, "invalid_argument");
  assert.match(
    error.message,
    /length past the end of the message in resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.attributes\[0\]\.value/,
  );
  assert.equal(typeof error.details.offset, "number");
  assert.deepEqual(
    fixture.rows("spans").map((row) => [row.name, row.attributes]),
    [["first", { x: "1" }], ["second", { y: "2" }]],
  );
  assert.equal(fixture.receiver.stats.signals.traces.malformed, 1);
});

Deno.test("OtlpReceiver.receive: a malformed metrics body leaves no delta behind", async () => {
  const fixture = new ReceiverFixture();
  const metrics = (second: number, attributes: Record<string, string> = {}): RequestObject => ({
    resourceMetrics: [{
      scopeMetrics: [{
        metrics: [{
          name: "m",
          sum: {
            aggregationTemporality: 1,
            isMonotonic: true,
            dataPoints: [{
              timeUnixNano: String(NOW_NS + BigInt(second) * 1_000_000_000n),
              asInt: "5",
            }],
          },
        }, {
          name: "last",
          gauge: { dataPoints: [{ asInt: "1", attributes: keyValues(attributes) }] },
        }],
      }],
    }],
  });
  await fixture.send("metrics", metrics(1));
  const body = encodeRequest("metrics", metrics(2, { k: "v" }));
  const broken = body.slice();
  // After the key "k": the tag and length of its value, the tag of the string, its length.
  broken[body.lastIndexOf("k".charCodeAt(0)) + 4] = 100;
  await refusal(fixture.receiver.receive("metrics", broken, "protobuf"));
  await fixture.send("metrics", metrics(2));
  const totals = fixture.samples().filter(({ series }) => series.startsWith("m:"));
  assert.deepEqual(totals.map(({ value }) => value), [0, 5, 10]);
});

Deno.test("OtlpReceiver.receive: is refused with a retry time when there is no room", async () => {
  const fixture = new ReceiverFixture({ maxPendingBytes: 10 });
  const first = fixture.send("traces", traces([span("a")]));
  const error = await refusal(fixture.send("traces", traces([span("b")])));
  assert.equal(error.code, "overloaded");
  assert.ok(error.retryAfterMs !== null);
  await first;
  await fixture.send("traces", traces([span("c")]));
  assert.deepEqual(fixture.rows("spans").map((row) => row.name), ["a", "c"]);
  assert.equal(fixture.receiver.stats.signals.traces.overloaded, 1);
});

Deno.test("OtlpReceiver.receive: what could not be stored is unavailable, and gives back its room", async () => {
  const fixture = new ReceiverFixture();
  fixture.failure = new Error("disk full");
  const error = await refusal(fixture.send("traces", traces([span("a")])));
  assert.equal(error.code, "unavailable");
  assert.ok(error.retryAfterMs !== null);
  assert.equal(fixture.intake.stats.pendingBytes, 0);
  const { accepted, failed } = fixture.receiver.stats.signals.traces;
  assert.deepEqual([accepted, failed], [0, 1]);
});

Deno.test("OtlpReceiver.receive: refused bodies pile up nothing in the open batch", async () => {
  const fixture = new ReceiverFixture();
  const { spans } = fixture.intake.builders;
  for (let i = 0; i < 50; i++) {
    const body = encodeRequest("traces", traces([span(`name ${i}`.repeat(50), { k: "v" })]));
    await refusal(fixture.receiver.receive("traces", brokenInside(body), "protobuf"));
  }
  assert.equal(spans.rows, 0);
  assert.equal(spans.name.byteLength, 0);
  assert.equal(spans.byteLength, 0);
});

Deno.test("OtlpReceiver.receive: a resource is found again by its bytes, and after its scopes", async () => {
  const fixture = new ReceiverFixture();
  const encode = (service: string): number[] => [
    ...encodeRequest("traces", {
      resourceSpans: [{ resource: { attributes: keyValues({ "service.name": service }) } }],
    }),
  ];
  const spansOnly = [...encodeRequest("traces", traces([span("s")]))];
  // Join the contents of both ResourceSpans, spans first.
  const contents = [...spansOnly.slice(2), ...encode("late").slice(2)];
  const body = Uint8Array.from([10, contents.length, ...contents]);
  for (let i = 0; i < 2; i++) await fixture.receiver.receive("traces", body, "protobuf");
  assert.deepEqual(fixture.rows("spans").map((row) => row.service), ["late", "late"]);
  assert.equal(fixture.registries.resources.size, 1);
});
