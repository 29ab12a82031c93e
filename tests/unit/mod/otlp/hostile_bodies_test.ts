import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import {
  OTLP_SIGNALS,
  type OtlpEncoding,
  type OtlpSignal,
} from "../../../../mod/otlp/otlp_signal.ts";
import { NOW_NS, ReceiverFixture } from "./receiver_fixture.ts";
import {
  anyValue,
  bytesOfHex,
  encodeRequest,
  jsonRequest,
  keyValues,
  type RequestObject,
} from "./reference_encoder.ts";

// Whatever bytes come: a request is taken, or refused as malformed and leaves nothing behind.

const TRACE = bytesOfHex("0af7651916cd43dd8448eb211c80319c");
const SPAN = bytesOfHex("b7ad6b7169203331");
const time = { timeUnixNano: String(NOW_NS) };
const resource = { attributes: keyValues({ "service.name": "shop", "process.pid": 7n }) };
const attributes = [
  ...keyValues({ text: "grüße", int: -5n, double: 0.5, yes: true }),
  { key: "list", value: { arrayValue: { values: [anyValue("a"), anyValue(1n)] } } },
  { key: "bytes", value: { bytesValue: new Uint8Array([1, 2, 3]) } },
];
const scope = { name: "s", version: "1" };

/** One request of each signal that has every field. */
const REQUESTS: Readonly<Record<OtlpSignal, RequestObject>> = {
  traces: {
    resourceSpans: [{
      resource,
      scopeSpans: [{
        scope,
        spans: [{
          traceId: TRACE,
          spanId: SPAN,
          parentSpanId: SPAN,
          traceState: "a=b",
          name: "n",
          kind: 2,
          startTimeUnixNano: String(NOW_NS),
          endTimeUnixNano: String(NOW_NS + 5n),
          attributes,
          events: [{ ...time, name: "e", attributes }],
          links: [{ traceId: TRACE, spanId: SPAN, attributes }],
          status: { code: 2, message: "m" },
          flags: 1,
        }],
      }],
    }],
  },
  logs: {
    resourceLogs: [{
      resource,
      scopeLogs: [{
        scope,
        logRecords: [{
          ...time,
          severityNumber: 9,
          severityText: "INFO",
          body: { kvlistValue: { values: keyValues({ a: "b", c: 1n }) } },
          attributes,
          traceId: TRACE,
          spanId: SPAN,
          eventName: "x",
        }],
      }],
    }],
  },
  metrics: {
    resourceMetrics: [{
      resource,
      scopeMetrics: [{
        scope,
        metrics: [
          { name: "g", unit: "1", gauge: { dataPoints: [{ ...time, asDouble: 1.5, attributes }] } },
          {
            name: "h",
            histogram: {
              aggregationTemporality: 1,
              dataPoints: [{
                ...time,
                count: "3",
                sum: 2,
                bucketCounts: ["1", "2"],
                explicitBounds: [1],
                min: 0,
                max: 2,
                exemplars: [{ ...time, asDouble: 1, traceId: TRACE, spanId: SPAN }],
              }],
            },
          },
          {
            name: "e",
            exponentialHistogram: {
              aggregationTemporality: 2,
              dataPoints: [{
                ...time,
                count: "3",
                scale: 3,
                zeroCount: "1",
                positive: { offset: -2, bucketCounts: ["1", "1"] },
                negative: { offset: 1, bucketCounts: ["1"] },
              }],
            },
          },
          {
            name: "s",
            summary: {
              dataPoints: [{ ...time, count: "1", quantileValues: [{ quantile: 0.5, value: 1 }] }],
            },
          },
        ],
      }],
    }],
  },
};

/** Sends bodies and checks after each what must hold for every one. */
class Prober {
  readonly fixture = new ReceiverFixture();
  readonly #pending: Promise<void>[] = [];
  refused = 0;

  probe(signal: OtlpSignal, body: Uint8Array, encoding: OtlpEncoding = "protobuf"): void {
    const { metrics, histograms, spans, logs } = this.fixture.intake.builders;
    const rows = (): number[] => [metrics.rows, histograms.rows, spans.rows, logs.rows];
    const before = rows();
    const outcome = this.fixture.receiver.receive(signal, body, encoding);
    // Decoding has happened by now: rows of a refused body are gone before anyone sees them.
    const after = rows();
    this.#pending.push(outcome.then(
      () => undefined,
      (error: unknown) => {
        assert.ok(error instanceof HorizonError, String(error));
        assert.equal(error.code, "invalid_argument", error.message);
        assert.deepEqual(after, before);
        this.refused++;
      },
    ));
  }

  /** Waits for all of them, then sends what is well-formed, which must be taken unharmed. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
    const clean = new ReceiverFixture();
    for (const signal of ["traces", "logs"] as const) {
      await this.fixture.send(signal, REQUESTS[signal]);
      await clean.send(signal, REQUESTS[signal]);
      const table = signal === "traces" ? "spans" : "logs";
      assert.deepEqual(this.fixture.rows(table).at(-1), clean.rows(table).at(-1));
    }
  }
}

for (const signal of OTLP_SIGNALS) {
  const body = encodeRequest(signal, REQUESTS[signal]);

  Deno.test(`OtlpReceiver: ${signal} cut off at every byte are refused or taken whole`, async () => {
    const prober = new Prober();
    for (let length = 0; length < body.length; length++) {
      prober.probe(signal, body.slice(0, length));
    }
    await prober.settle();
    // Only the empty body, and none that is cut inside its one resource, is a request.
    assert.equal(prober.refused, body.length - 1);
  });

  Deno.test(`OtlpReceiver: ${signal} with flipped bits do no harm`, async () => {
    const prober = new Prober();
    const flips = fc.array(
      fc.tuple(fc.nat({ max: body.length - 1 }), fc.integer({ min: 1, max: 255 })),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(flips, (places) => {
        const flipped = body.slice();
        for (const [at, bits] of places) flipped[at]! ^= bits;
        prober.probe(signal, flipped);
      }),
      { numRuns: 2_000 },
    );
    await prober.settle();
    assert.ok(prober.refused > 0);
  });

  Deno.test(`OtlpReceiver: random bytes as ${signal} do no harm`, async () => {
    const prober = new Prober();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => prober.probe(signal, bytes)),
      { numRuns: 1_000 },
    );
    await prober.settle();
  });

  Deno.test(`OtlpReceiver: ${signal} in JSON, cut off or altered, do no harm`, async () => {
    const prober = new Prober();
    const json = jsonRequest(REQUESTS[signal]);
    for (let length = 1; length < json.length; length++) {
      prober.probe(signal, json.slice(0, length), "json");
    }
    const flips = fc.tuple(fc.nat({ max: json.length - 1 }), fc.integer({ min: 1, max: 127 }));
    fc.assert(
      fc.property(flips, ([at, bits]) => {
        const flipped = json.slice();
        flipped[at]! ^= bits;
        prober.probe(signal, flipped, "json");
      }),
      { numRuns: 1_000 },
    );
    await prober.settle();
  });
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [value % 128 | 128, ...varint(Math.floor(value / 128))];
const nested = (field: number, bytes: readonly number[]): number[] => [
  ...varint(field << 3 | 2),
  ...varint(bytes.length),
  ...bytes,
];

/** An `AnyValue` of lists in lists, made from the inside out without recursion. */
function nestedLists(levels: number): number[] {
  let value: number[] = [];
  for (let i = 0; i < levels; i++) value = nested(5, nested(1, value));
  return value;
}

Deno.test("OtlpReceiver: lists nested too deeply are refused, wherever they stand", async () => {
  const prober = new Prober();
  const deep = nestedLists(3_000);
  const log = (record: number[]): Uint8Array =>
    Uint8Array.from(nested(1, nested(2, nested(2, record))));
  const attribute = [...nested(1, [97]), ...nested(2, deep)];
  prober.probe("logs", log(nested(5, deep)));
  prober.probe("logs", log(nested(6, attribute)));
  prober.probe("logs", Uint8Array.from(nested(1, nested(1, nested(1, attribute)))));
  await prober.settle();
  assert.equal(prober.refused, 3);
  prober.probe("logs", log(nested(5, nestedLists(64))));
  await prober.settle();
  assert.equal(prober.refused, 3);
});

Deno.test("OtlpReceiver: a megabyte of the smallest fields is decoded in bounded time", async () => {
  const million = 1_000_000;
  const bodies: Record<string, readonly [OtlpSignal, Uint8Array]> = {
    "empty resources": [
      "traces",
      Uint8Array.from({ length: million }, (_, i) => i % 2 === 0 ? 10 : 0),
    ],
    "empty attributes of one span": [
      "traces",
      Uint8Array.from(
        nested(
          1,
          nested(2, nested(2, Array.from({ length: million }, (_, i) => i % 2 === 0 ? 74 : 0))),
        ),
      ),
    ],
    "bucket counts of one byte": [
      "metrics",
      Uint8Array.from(
        nested(
          1,
          nested(
            2,
            nested(2, [
              ...nested(1, [101]),
              ...nested(10, [
                ...nested(1, nested(8, nested(2, Array<number>(million).fill(1)))),
                16,
                2,
              ]),
            ]),
          ),
        ),
      ),
    ],
  };
  const prober = new Prober();
  const startedMs = performance.now();
  for (const [signal, body] of Object.values(bodies)) prober.probe(signal, body);
  await prober.settle();
  // Generous: each takes milliseconds, and anything quadratic would take minutes.
  assert.ok(performance.now() - startedMs < 20_000);
});

Deno.test("OtlpReceiver: distinct attributes by the hundred thousand stay within their limits", async () => {
  const fixture = new ReceiverFixture({ maxSeries: 100 });
  const dataPoints = Array.from({ length: 20_000 }, (_, i) => ({
    ...time,
    asInt: "1",
    attributes: keyValues({ id: `user-${i}` }),
  }));
  const outcome = await fixture.send("metrics", {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "bomb", gauge: { dataPoints } }] }] }],
  });
  assert.deepEqual([outcome.accepted, outcome.rejected], [100, 19_900]);
  const record = (i: number): RequestObject => ({
    ...time,
    attributes: keyValues(
      Object.fromEntries(Array.from({ length: 100 }, (_, j) => [`k${i}-${j}`, "v"])),
    ),
  });
  const logRecords = Array.from({ length: 700 }, (_, i) => record(i));
  await fixture.send("logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  assert.equal(fixture.rows("logs").length, 700);
  assert.ok(fixture.registries.attributeKeys.refused > 0);
  assert.ok(fixture.receiver.stats.droppedAttributes > 0);
});
