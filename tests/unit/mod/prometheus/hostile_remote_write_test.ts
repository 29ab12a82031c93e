import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import { encodeV1, encodeV2 } from "../../../support/remote_write_encoder.ts";
import { NOW_MS } from "../otlp/receiver_fixture.ts";
import { remoteWriteFixture } from "./remote_write_fixture.ts";

// Whatever bytes come: a request is taken, or refused as malformed and leaves nothing behind.

const SERIES = [{
  labels: { __name__: "a_total", job: "x" },
  samples: [{ value: 1, timestamp: NOW_MS }],
  exemplars: [{ value: 1, timestamp: NOW_MS }],
  type: 1,
  unit: "seconds",
}, {
  labels: { __name__: "b" },
  histograms: [{
    countInt: 3,
    sum: 1,
    schema: 3,
    zeroCountInt: 1,
    positiveSpans: [{ offset: -2, length: 2 }],
    positiveDeltas: [1, 0],
    negativeSpans: [{ offset: 0, length: 1 }],
    negativeDeltas: [1],
    timestamp: NOW_MS,
  }],
}];
const BODIES = { 1: encodeV1(SERIES, [{ metricFamilyName: "b", type: 3 }]), 2: encodeV2(SERIES) };

const versions = fc.constantFrom(1 as const, 2 as const);

Deno.test("RemoteWriteReceiver: a damaged body is taken or refused", async () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(versions, damage, fc.nat(), async (version, changes, cut) => {
      const body = BODIES[version].slice();
      for (const [at, byte] of changes) body[at % body.length] = byte;
      await takenOrRefused(version, cut % 4 === 0 ? body.subarray(0, cut % body.length) : body);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("RemoteWriteReceiver: random bytes are taken or refused", async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  await fc.assert(fc.asyncProperty(versions, bytes, takenOrRefused), { numRuns: 500 });
});

Deno.test("RemoteWriteReceiver: histograms of any shape are taken or refused", async () => {
  const spans = fc.array(
    fc.record({
      offset: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      length: fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    }),
    { maxLength: 3 },
  );
  const histograms = fc.record({
    countFloat: fc.double(),
    sum: fc.double(),
    schema: fc.oneof(fc.integer({ min: -6, max: 10 }), fc.constant(-53)),
    zeroThreshold: fc.double(),
    zeroCountFloat: fc.double(),
    positiveSpans: spans,
    positiveCounts: fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 6 }),
    negativeSpans: spans,
    negativeCounts: fc.array(fc.double(), { maxLength: 2 }),
    customValues: fc.array(fc.double(), { maxLength: 4 }),
    timestamp: fc.constant(NOW_MS),
  });
  await fc.assert(
    fc.asyncProperty(versions, histograms, async (version, histogram) => {
      const series = [{ labels: { __name__: "h" }, histograms: [histogram] }];
      const body = version === 1 ? encodeV1(series) : encodeV2(series);
      await takenOrRefused(version, body);
    }),
    { numRuns: 500 },
  );
});

async function takenOrRefused(version: 1 | 2, body: Uint8Array): Promise<void> {
  const fixture = remoteWriteFixture();
  try {
    const outcome = await fixture.remoteWrite.receive(version, body);
    const rows = fixture.rows("metrics").length + fixture.rows("histograms").length;
    assert.equal(rows, outcome.accepted);
  } catch (error) {
    assert.ok(error instanceof HorizonError && error.code === "invalid_argument", String(error));
    const { metrics, histograms } = fixture.intake.builders;
    assert.deepEqual([metrics.rows, histograms.rows], [0, 0]);
  }
}
