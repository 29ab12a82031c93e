import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import {
  type HistogramSample,
  type SampleRows,
  SampleWriter,
  type SeriesIdentity,
} from "../../../../mod/intake/sample_writer.ts";
import { DEFAULT_OTLP_LIMITS, type OtlpLimits } from "../../../../mod/otlp/limits.ts";
import { NOW_MS, NOW_US, ReceiverFixture } from "../otlp/receiver_fixture.ts";

function writerOver(fixture: ReceiverFixture, limits: Partial<OtlpLimits> = {}): SampleWriter {
  return new SampleWriter({
    intake: fixture.intake,
    registries: fixture.registries,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    limits: { ...DEFAULT_OTLP_LIMITS, ...limits },
  });
}

async function write(writer: SampleWriter, push: (rows: SampleRows) => void, bytes = 100) {
  const { accepted, rejections } = await writer.write({ bytes, push });
  return { accepted, rejected: Object.fromEntries(rejections.byReason()) };
}

const requests: SeriesIdentity = {
  name: "requests",
  kind: "counter",
  unit: "1",
  labels: [["path", "/"], ["method", "GET"]],
  service: "shop",
};

const point: HistogramSample = {
  tsUs: NOW_US,
  count: 6,
  sum: 1.5,
  min: null,
  max: null,
  bounds: [0.1, 1],
  counts: [1, 2, 3],
};

Deno.test("SampleWriter: a sample reaches the store with its series", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await write(writerOver(fixture), (rows) => rows.add(requests, NOW_US - 5, 7));
  assert.deepEqual(outcome, { accepted: 1, rejected: {} });
  const [row] = fixture.rows("metrics");
  assert.equal(row?.ts, BigInt(NOW_US - 5));
  assert.equal(row?.value, 7);
  const { id: _, ...series } = fixture.series(row!);
  assert.deepEqual(series, { ...requests, labels: [["method", "GET"], ["path", "/"]] });
});

Deno.test("SampleWriter: a histogram point reaches the store with its bounds", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await write(writerOver(fixture), (rows) => {
    rows.addHistogram(requests, point);
    rows.addHistogram(requests, { ...point, bounds: [], counts: [] });
  });
  assert.deepEqual(outcome, { accepted: 2, rejected: {} });
  const [full, bare] = fixture.rows("histograms");
  assert.equal(fixture.series(full!).kind, "histogram");
  assert.deepEqual(full?.bounds, [0.1, 1]);
  assert.deepEqual(full?.counts, [1n, 2n, 3n]);
  assert.equal(full?.sum, 1.5);
  assert.deepEqual(bare?.counts, [6n]);
});

Deno.test("SampleWriter: what breaks a rule is rejected alone, by reason", async () => {
  const fixture = new ReceiverFixture({ maxSeries: 1 });
  const writer = writerOver(fixture, { maxAttributes: 2, maxValueBytes: 5, maxBuckets: 3 });
  const outcome = await write(writer, (rows) => {
    rows.add(requests, NOW_US, NaN);
    rows.add({ ...requests, name: "" }, NOW_US, 1);
    rows.add({ ...requests, labels: [["a", "1"], ["b", "2"], ["c", "3"]] }, NOW_US, 1);
    rows.add({ ...requests, labels: [["a", "123456"]] }, NOW_US, 1);
    rows.add({ ...requests, labels: [["", "1"]] }, NOW_US, 1);
    rows.add({ ...requests, labels: [] }, NOW_US, 1);
    rows.add(requests, 1, 1);
    rows.add(requests, NOW_US + 2 * 86_400_000_000, 1);
    rows.histogram(1, { ...point, counts: [1, 2] });
    rows.histogram(1, { ...point, bounds: [1, 0.1] });
    rows.histogram(1, { ...point, counts: [1, 2, -3] });
    rows.histogram(1, { ...point, count: 0.5 });
    rows.histogram(1, { ...point, tsUs: 0 });
    rows.histogram(1, { ...point, bounds: [1, 2, 3], counts: [1, 2, 3, 4] });
  });
  assert.deepEqual(outcome, {
    accepted: 1,
    rejected: {
      metric_name: 1,
      label_limit: 3,
      series_limit: 1,
      timestamp_out_of_range: 3,
      invalid_buckets: 5,
    },
  });
  assert.equal(fixture.rows("metrics").length, 1);
});

Deno.test("SampleWriter: what push throws takes back its rows and nobody else's", async () => {
  const fixture = new ReceiverFixture();
  const writer = writerOver(fixture);
  const first = write(writer, (rows) => rows.add(requests, NOW_US, 1));
  const second = write(writer, (rows) => {
    rows.add(requests, NOW_US, 2);
    rows.addHistogram(requests, point);
    throw new Error("line 2 is broken");
  });
  await assert.rejects(second, /line 2 is broken/);
  await first;
  assert.deepEqual(fixture.samples().map(({ value }) => value), [1]);
  assert.equal(fixture.rows("histograms").length, 0);
});

Deno.test("SampleWriter: a full intake and a failed append are refusals to retry", async () => {
  const fixture = new ReceiverFixture({ maxPendingBytes: 10 });
  const writer = writerOver(fixture);
  const kept = write(writer, (rows) => rows.add(requests, NOW_US, 1), 10);
  const retryable = (code: string) => (error: unknown) =>
    error instanceof HorizonError && error.code === code && error.retryAfterMs === 1_000;
  await assert.rejects(
    write(writer, (rows) => rows.add(requests, NOW_US, 2)),
    retryable("overloaded"),
  );
  await kept;
  fixture.failure = new Error("disk full");
  await assert.rejects(
    write(writer, (rows) => rows.add(requests, NOW_US, 3)),
    retryable("unavailable"),
  );
  // The room is free again.
  fixture.failure = null;
  await write(writer, (rows) => rows.add(requests, NOW_US, 4), 10);
  assert.deepEqual(fixture.samples().map(({ value }) => value), [1, 4]);
});

Deno.test("SampleWriter: whatever numbers come, rows kept are those accepted", async () => {
  const numbers = fc.double();
  const points = fc.record({
    tsUs: numbers,
    count: numbers,
    sum: fc.option(numbers),
    min: fc.option(numbers),
    max: fc.option(numbers),
    bounds: fc.array(numbers, { maxLength: 4 }),
    counts: fc.array(numbers, { maxLength: 4 }),
  });
  const samples = fc.record({ tsUs: numbers, value: numbers, name: fc.string() });
  await fc.assert(
    fc.asyncProperty(fc.array(samples), fc.array(points), async (some, more) => {
      const fixture = new ReceiverFixture();
      const { accepted, rejections } = await writerOver(fixture).write({
        bytes: 1,
        push: (rows) => {
          for (const { name, tsUs, value } of some) rows.add({ ...requests, name }, tsUs, value);
          for (const one of more) rows.addHistogram(requests, one);
        },
      });
      assert.equal(accepted + rejections.total, some.length + more.length);
      assert.equal(fixture.rows("metrics").length + fixture.rows("histograms").length, accepted);
    }),
    { numRuns: 50 },
  );
});
