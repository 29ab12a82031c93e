import assert from "node:assert/strict";
import { NOW_NS, NOW_US, ReceiverFixture } from "./receiver_fixture.ts";
import { bytesOfHex, encodeRequest, keyValues, type RequestObject } from "./reference_encoder.ts";

const SECOND_NS = 1_000_000_000n;
const SECOND_US = 1_000_000;
const DELTA = 1;
const CUMULATIVE = 2;

function request(
  metrics: readonly RequestObject[],
  resource: RequestObject = { attributes: keyValues({ "service.name": "shop" }) },
): RequestObject {
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: "s" }, metrics }] }] };
}

/** A point `second` seconds after the fixture's now, of an interval of one second. */
const at = (second: number, fields: RequestObject): RequestObject => ({
  startTimeUnixNano: String(NOW_NS + BigInt(second - 1) * SECOND_NS),
  timeUnixNano: String(NOW_NS + BigInt(second) * SECOND_NS),
  ...fields,
});

const sum = (
  dataPoints: readonly RequestObject[],
  aggregationTemporality: number,
  isMonotonic = true,
): RequestObject => ({
  name: "requests",
  unit: "{request}",
  sum: { dataPoints, aggregationTemporality, isMonotonic },
});

const REQUESTS = "requests:counter{service.name=shop}";

Deno.test("MetricsDecoder: gauges and cumulative sums become samples of their kind", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await fixture.send(
    "metrics",
    request([
      {
        name: "temperature",
        unit: "Cel",
        gauge: {
          dataPoints: [
            at(0, { asDouble: 21.5, attributes: keyValues({ room: "b", floor: 2n }) }),
            at(0, { asInt: "-3" }),
          ],
        },
      },
      sum([at(0, { asInt: "9007199254740991" })], CUMULATIVE),
      { ...sum([at(0, { asDouble: -1 })], CUMULATIVE, false), name: "queue" },
    ]),
  );
  assert.deepEqual(outcome, {
    accepted: 4,
    rejected: 0,
    reasons: {},
    errorMessage: null,
    newestUs: 1772366400000000,
  });
  assert.deepEqual(fixture.samples(), [
    { series: "temperature:gauge{floor=2,room=b,service.name=shop}", ts: NOW_US, value: 21.5 },
    { series: "temperature:gauge{service.name=shop}", ts: NOW_US, value: -3 },
    { series: REQUESTS, ts: NOW_US, value: 9_007_199_254_740_991 },
    { series: "queue:updown{service.name=shop}", ts: NOW_US, value: -1 },
  ]);
  const series = fixture.series(fixture.rows("metrics")[0]!);
  assert.equal(series.unit, "Cel");
  assert.equal(series.service, "shop");
});

Deno.test("MetricsDecoder: labels hold what identifies the sender, which keeps its keys", async () => {
  const fixture = new ReceiverFixture();
  const points = [
    at(0, { asInt: "1", attributes: keyValues({ "service.name": "mine", "process.pid": "7" }) }),
  ];
  const gauge = { name: "g", gauge: { dataPoints: points } };
  const attributes = { "service.name": "shop", "process.pid": 7n, "host.name": "far", os: "linux" };
  await fixture.send("metrics", request([gauge], { attributes: keyValues(attributes) }));
  await fixture.send(
    "metrics",
    request([gauge], { attributes: keyValues({ "host.name": "this-host" }) }),
  );
  assert.deepEqual(fixture.samples().map(({ series }) => series), [
    "g:gauge{exported_service.name=mine,host.name=far,process.pid=7,service.name=shop}",
    "g:gauge{process.pid=7,service.name=mine}",
  ]);
  assert.equal(fixture.series(fixture.rows("metrics")[1]!).service, "unknown_service");
});

Deno.test("MetricsDecoder: a series is found again whatever the order of attributes and fields", async () => {
  const fixture = new ReceiverFixture();
  const gauge = (attributes: RequestObject[]): RequestObject => ({
    name: "g",
    gauge: { dataPoints: [at(0, { asInt: "1", attributes })] },
  });
  await fixture.send("metrics", request([gauge(keyValues({ a: "1", b: "2" }))]));
  await fixture.send("metrics", request([gauge(keyValues({ b: "2", a: "1" }))]));
  await fixture.send("metrics", request([gauge(keyValues({ a: "1", b: "2" }))]));
  // The same attributes with the value between them: a{…} time value b{…}.
  const attribute = (key: number, value: number): number[] => [
    ...[58, 8, 10, 1, key, 18, 3, 10, 1, value],
  ];
  const time = [25, ...new Uint8Array(new BigUint64Array([NOW_NS]).buffer)];
  const value = [49, 1, 0, 0, 0, 0, 0, 0, 0];
  const point = [...attribute(97, 49), ...time, ...value, ...attribute(98, 50)];
  const nested = (
    field: number,
    bytes: number[],
  ): number[] => [field << 3 | 2, bytes.length, ...bytes];
  const resource = nested(
    1,
    nested(1, [
      10,
      12,
      ...new TextEncoder().encode("service.name"),
      18,
      6,
      10,
      4,
      ...new TextEncoder().encode("shop"),
    ]),
  );
  const metric = [10, 1, 103, ...nested(5, nested(1, point))];
  const body = Uint8Array.from(nested(1, [...resource, ...nested(2, nested(2, metric))]));
  await fixture.receiver.receive("metrics", body, "protobuf");
  const ids = fixture.rows("metrics").map((row) => row.series_id);
  assert.equal(ids.length, 4);
  assert.equal(new Set(ids).size, 1);
});

Deno.test("MetricsDecoder: delta sums are added up, from a zero at the start of the first interval", async () => {
  const fixture = new ReceiverFixture();
  await fixture.send("metrics", request([sum([at(1, { asInt: "5" })], DELTA)]));
  await fixture.send(
    "metrics",
    request([sum([at(2, { asInt: "0" }), at(3, { asDouble: 2.5 })], DELTA)]),
  );
  assert.deepEqual(fixture.samples(), [
    { series: REQUESTS, ts: NOW_US, value: 0 },
    { series: REQUESTS, ts: NOW_US + SECOND_US, value: 5 },
    { series: REQUESTS, ts: NOW_US + 2 * SECOND_US, value: 5 },
    { series: REQUESTS, ts: NOW_US + 3 * SECOND_US, value: 7.5 },
  ]);
});

Deno.test("MetricsDecoder: a delta without a start time has its zero just before", async () => {
  const fixture = new ReceiverFixture();
  const point = at(1, { asInt: "5", startTimeUnixNano: "0" });
  await fixture.send("metrics", request([sum([point], DELTA)]));
  assert.deepEqual(
    fixture.samples().map(({ ts, value }) => [ts - NOW_US, value]),
    [[SECOND_US - 1_000, 0], [SECOND_US, 5]],
  );
});

Deno.test("MetricsDecoder: delta up-down sums are added up, without a zero", async () => {
  const fixture = new ReceiverFixture();
  const points = [at(1, { asInt: "5" }), at(2, { asInt: "-7" })];
  await fixture.send("metrics", request([sum(points, DELTA, false)]));
  assert.deepEqual(fixture.samples().map(({ value }) => value), [5, -2]);
});

Deno.test("MetricsDecoder: a delta point that comes twice, or is no delta, is rejected", async () => {
  const fixture = new ReceiverFixture();
  const body = request([sum([at(1, { asInt: "5" })], DELTA)]);
  await fixture.send("metrics", body);
  const again = await fixture.send("metrics", body);
  assert.equal(again.rejected, 1);
  assert.match(again.errorMessage ?? "", /not later than the one before/);
  const bad = await fixture.send(
    "metrics",
    request([
      sum([at(2, { asInt: "-1" }), at(3, { asDouble: NaN }), at(4, { asDouble: Infinity })], DELTA),
    ]),
  );
  assert.equal(bad.rejected, 3);
  assert.deepEqual(fixture.samples().map(({ value }) => value), [0, 5]);
});

Deno.test("MetricsDecoder: past maxDeltaSeries the oldest total starts anew, and is counted", async () => {
  const fixture = new ReceiverFixture({ limits: { maxDeltaSeries: 1 } });
  const point = (second: number, name: string): RequestObject =>
    sum([at(second, { asInt: "5", attributes: keyValues({ name }) })], DELTA);
  for (const [second, name] of [[1, "a"], [1, "b"], [2, "a"]] as const) {
    await fixture.send("metrics", request([point(second, name)]));
  }
  assert.deepEqual(fixture.samples().map(({ value }) => value), [0, 5, 0, 5, 0, 5]);
  assert.deepEqual(fixture.receiver.stats.deltaSeries, { live: 1, evicted: 2 });
});

Deno.test("MetricsDecoder: deltas that could not be stored are not counted twice by the retry", async () => {
  const fixture = new ReceiverFixture();
  const point = (second: number): RequestObject =>
    request([sum([at(second, { asInt: "5" })], DELTA)]);
  await fixture.send("metrics", point(1));
  fixture.failure = new Error("disk full");
  await assert.rejects(fixture.send("metrics", point(2)), { code: "unavailable" });
  fixture.failure = null;
  await fixture.send("metrics", point(2));
  // A reset to zero, then five more: an increase of five in each of the two seconds.
  assert.deepEqual(fixture.samples().map(({ value }) => value), [0, 5, 0, 5]);
  assert.equal(fixture.receiver.stats.signals.metrics.failed, 1);
});

Deno.test("MetricsDecoder: explicit histograms keep bounds, counts, sum, min and max", async () => {
  const fixture = new ReceiverFixture();
  const histogram = (dataPoints: RequestObject[]): RequestObject => ({
    name: "latency",
    unit: "s",
    histogram: { dataPoints, aggregationTemporality: CUMULATIVE },
  });
  await fixture.send(
    "metrics",
    request([histogram([
      at(0, {
        count: "6",
        sum: 7.5,
        bucketCounts: ["1", "2", "3"],
        explicitBounds: [0.1, 1],
        min: 0.05,
        max: 4,
        attributes: keyValues({ route: "/" }),
      }),
      at(0, { count: "4" }),
    ])]),
  );
  const rows = fixture.rows("histograms").map(({ series_id: _, ...row }) => row);
  assert.deepEqual(rows, [
    {
      ts: BigInt(NOW_US),
      count: 6n,
      sum: 7.5,
      min: 0.05,
      max: 4,
      counts: [1n, 2n, 3n],
      bounds: [0.1, 1],
    },
    { ts: BigInt(NOW_US), count: 4n, sum: null, min: null, max: null, counts: [4n], bounds: [] },
  ]);
  assert.equal(fixture.series(fixture.rows("histograms")[0]!).kind, "histogram");
});

Deno.test("MetricsDecoder: delta histograms are added up; other bounds start anew", async () => {
  const fixture = new ReceiverFixture();
  const point = (second: number, counts: number[], bounds: number[]): RequestObject =>
    at(second, {
      count: String(counts.reduce((a, b) => a + b)),
      sum: 1,
      bucketCounts: counts.map(String),
      explicitBounds: bounds,
      min: second,
      max: second,
    });
  const dataPoints = [
    point(1, [1, 0], [1]),
    point(2, [0, 2], [1]),
    point(2, [9, 9], [1]),
    point(3, [1, 1, 1], [1, 2]),
  ];
  const outcome = await fixture.send(
    "metrics",
    request([{ name: "h", histogram: { dataPoints, aggregationTemporality: DELTA } }]),
  );
  assert.deepEqual([outcome.accepted, outcome.rejected], [3, 1]);
  assert.deepEqual(
    fixture.rows("histograms").map((row) => [row.counts, row.count, row.sum, row.min, row.max]),
    [
      [[0n, 0n], 0n, 0, null, null],
      [[1n, 0n], 1n, 1, 1, 1],
      [[1n, 2n], 3n, 2, 1, 2],
      [[0n, 0n, 0n], 0n, 0, null, null],
      [[1n, 1n, 1n], 3n, 1, 3, 3],
    ],
  );
  const times = fixture.rows("histograms").map((row) => Number(row.ts));
  assert.ok(times[3]! > times[2]!);
});

Deno.test("MetricsDecoder: histograms whose buckets make no sense are rejected alone", async () => {
  const fixture = new ReceiverFixture({ limits: { maxBuckets: 4 } });
  const outcome = await fixture.send(
    "metrics",
    request([{
      name: "h",
      histogram: {
        aggregationTemporality: CUMULATIVE,
        dataPoints: [
          at(0, { bucketCounts: ["1", "2"], explicitBounds: [1, 2] }),
          at(0, { bucketCounts: ["1", "2", "3"], explicitBounds: [2, 1] }),
          at(0, { bucketCounts: ["1", "2"], explicitBounds: [Infinity] }),
          at(0, { explicitBounds: [1] }),
          at(0, { bucketCounts: ["1", "1", "1", "1", "1"], explicitBounds: [1, 2, 3, 4] }),
          at(0, { bucketCounts: ["1", "2"], explicitBounds: [1] }),
        ],
      },
    }, {
      name: "e",
      exponentialHistogram: {
        aggregationTemporality: CUMULATIVE,
        dataPoints: [
          at(0, { scale: 21 }),
          at(0, { scale: -12 }),
          at(0, { scale: 0, positive: { offset: 2_000_000_000, bucketCounts: ["1"] } }),
          at(0, { scale: 0, negative: { offset: -2_000_000_000, bucketCounts: ["1"] } }),
          at(0, { scale: 0, zeroThreshold: -1 }),
          at(0, { scale: 0, positive: { offset: 0, bucketCounts: ["1"] } }),
        ],
      },
    }]),
  );
  assert.deepEqual([outcome.accepted, outcome.rejected], [2, 10]);
  assert.equal(fixture.rows("histograms").length, 2);
});

Deno.test("MetricsDecoder: exponential histograms become explicit ones, deltas added up", async () => {
  const fixture = new ReceiverFixture();
  const point = (second: number, offset: number): RequestObject =>
    at(second, {
      count: "4",
      sum: 4,
      scale: 0,
      zeroCount: "1",
      positive: { offset, bucketCounts: ["1", "2"] },
    });
  const outcome = await fixture.send(
    "metrics",
    request([{
      name: "e",
      exponentialHistogram: {
        dataPoints: [point(1, 0), point(2, 1)],
        aggregationTemporality: DELTA,
      },
    }]),
  );
  assert.equal(outcome.accepted, 2);
  const rows = fixture.rows("histograms");
  assert.deepEqual(rows.map((row) => row.count), [0n, 4n, 8n]);
  const last = rows[2]!;
  const bounds = last.bounds as readonly number[];
  const counts = last.counts as readonly bigint[];
  // Zero, (1, 2], (2, 4] and (4, 8] hold 2, 1, 3 and 2.
  const held = (upper: number): bigint => counts[bounds.indexOf(upper)]!;
  assert.deepEqual([held(0), held(1), held(2), held(4), held(8)], [2n, 0n, 1n, 3n, 2n]);
  assert.deepEqual(rows[1]!.bounds, bounds);
});

Deno.test("MetricsDecoder: summaries become quantiles and two counters", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await fixture.send(
    "metrics",
    request([{
      name: "rpc",
      unit: "s",
      summary: {
        dataPoints: [at(0, {
          count: "10",
          sum: 2.5,
          attributes: keyValues({ m: "get" }),
          quantileValues: [{ quantile: 0.5, value: 0.2 }, { quantile: 0.99, value: 0.9 }],
        })],
      },
    }]),
  );
  assert.equal(outcome.accepted, 1);
  assert.deepEqual(fixture.samples().map(({ series, value }) => [series, value]), [
    ["rpc_count:counter{m=get,service.name=shop}", 10],
    ["rpc_sum:counter{m=get,service.name=shop}", 2.5],
    ["rpc:summary{m=get,quantile=0.5,service.name=shop}", 0.2],
    ["rpc:summary{m=get,quantile=0.99,service.name=shop}", 0.9],
  ]);
});

Deno.test("MetricsDecoder: points that cannot be kept are rejected alone, with the reason", async () => {
  const fixture = new ReceiverFixture();
  const good = at(0, { asInt: "1" });
  await fixture.send(
    "metrics",
    request([
      { name: "g", gauge: { dataPoints: [at(0, {}), at(200_000, { asInt: "1" }), good] } },
      { name: "", gauge: { dataPoints: [good, good] } },
      sum([good, good, good], 0),
      { name: "nothing" },
    ]),
  );
  const { accepted, rejected } = fixture.receiver.stats.signals.metrics;
  assert.equal(accepted, 1);
  assert.deepEqual(rejected, {
    value_missing: 1,
    timestamp_out_of_range: 1,
    metric_name: 2,
    invalid_temporality: 3,
  });
});

Deno.test("MetricsDecoder: points without a time are now; without a recorded value, counted", async () => {
  const fixture = new ReceiverFixture();
  const outcome = await fixture.send(
    "metrics",
    request([
      { name: "g", gauge: { dataPoints: [{ asInt: "1" }, at(0, { flags: 1 })] } },
      {
        name: "h",
        histogram: { dataPoints: [at(0, { flags: 1 })], aggregationTemporality: CUMULATIVE },
      },
      {
        name: "e",
        exponentialHistogram: {
          dataPoints: [at(0, { flags: 1 })],
          aggregationTemporality: CUMULATIVE,
        },
      },
      { name: "s", summary: { dataPoints: [at(0, { flags: 1 })] } },
    ]),
  );
  assert.deepEqual(outcome, {
    accepted: 1,
    rejected: 0,
    reasons: {},
    errorMessage: null,
    newestUs: 1772366400000000,
  });
  assert.deepEqual(fixture.samples().map(({ ts }) => ts), [NOW_US]);
  assert.equal(fixture.receiver.stats.noRecordedValues, 4);
});

Deno.test("MetricsDecoder: at the series limit new series are refused, known ones go on", async () => {
  const fixture = new ReceiverFixture({ maxSeries: 2 });
  const points = ["a", "b", "c", "a"].map((name) =>
    at(0, { asInt: "1", attributes: keyValues({ name }) })
  );
  const outcome = await fixture.send(
    "metrics",
    request([{ name: "g", gauge: { dataPoints: points } }, {
      name: "s",
      summary: { dataPoints: [at(0, { count: "1", sum: 1 })] },
    }]),
  );
  assert.deepEqual([outcome.accepted, outcome.rejected], [3, 2]);
  assert.match(outcome.errorMessage ?? "", /limit of metric series/);
  assert.equal(fixture.rows("metrics").length, 3);
});

Deno.test("MetricsDecoder: a series that the registry forgot is defined anew", async () => {
  const fixture = new ReceiverFixture();
  const body = (second: number): RequestObject =>
    request([
      { name: "g", gauge: { dataPoints: [at(second, { asInt: "1" })] } },
      sum([at(second, { asInt: "1" })], DELTA),
    ]);
  await fixture.send("metrics", body(1));
  const before = fixture.rows("metrics").map((row) => Number(row.series_id));
  fixture.registries.series.forget(before);
  await fixture.send("metrics", body(2));
  const after = fixture.rows("metrics").slice(before.length).map((row) => Number(row.series_id));
  assert.ok(after.every((id) => !before.includes(id) && fixture.registries.series.get(id)));
  assert.equal(fixture.receiver.stats.deltaSeries.live, 1);
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const exemplarOf = (timeUnixNano: string) => ({
  timeUnixNano,
  asDouble: 0.5,
  traceId: bytesOfHex(TRACE),
  spanId: bytesOfHex(SPAN),
});

Deno.test("MetricsDecoder: exemplars are rows beside those of their points", async () => {
  const fixture = new ReceiverFixture();
  const exemplars = [exemplarOf(String(NOW_NS)), { asInt: "3" }];
  await fixture.send("metrics", request([sum([at(0, { asInt: "1", exemplars })], CUMULATIVE)]));
  const { series_id } = fixture.rows("metrics")[0]!;
  const ts = BigInt(NOW_US);
  assert.deepEqual(fixture.rows("exemplars"), [
    { series_id, ts, value: 0.5, trace_id: TRACE, span_id: SPAN },
    // Without a time of its own it is of now.
    { series_id, ts, value: 3, trace_id: null, span_id: null },
  ]);
});

Deno.test("MetricsDecoder: exemplars past a bound, or of no possible time, are dropped and counted", async () => {
  const fixture = new ReceiverFixture();
  const many = Array.from({ length: 20 }, () => exemplarOf(String(NOW_NS)));
  const early = exemplarOf("1000000");
  const points = [
    at(0, { asInt: "1", exemplars: many }),
    at(1, { asInt: "2", exemplars: [early] }),
    { exemplars: [exemplarOf(String(NOW_NS))] },
  ];
  const outcome = await fixture.send("metrics", request([sum(points, CUMULATIVE)]));
  assert.deepEqual([outcome.accepted, outcome.reasons], [2, { value_missing: 1 }]);
  assert.equal(fixture.rows("exemplars").length, 16);
  assert.equal(fixture.receiver.stats.droppedExemplars, 5);
});

Deno.test("MetricsDecoder: of a body that is malformed no exemplar is kept", async () => {
  const fixture = new ReceiverFixture();
  const points = [at(0, { asInt: "1", exemplars: [exemplarOf(String(NOW_NS))] })];
  const body = encodeRequest("metrics", request([sum(points, CUMULATIVE)]));
  const cut = body.subarray(0, body.length - 1);
  await assert.rejects(fixture.receiver.receive("metrics", cut, "protobuf"));
  await fixture.send("metrics", request([sum([at(0, { asInt: "1" })], CUMULATIVE)]));
  assert.equal(fixture.rows("exemplars").length, 0);
});
