import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import type { RemoteWriteVersion } from "../../../../mod/prometheus/remote_write.ts";
import {
  encode,
  encodeV1,
  encodeV2,
  type SeriesSketch,
  STALE,
} from "../../../support/remote_write_encoder.ts";
import { NOW_MS, NOW_US, seriesText } from "../otlp/receiver_fixture.ts";
import { remoteWriteFixture } from "./remote_write_fixture.ts";

const VERSIONS: readonly RemoteWriteVersion[] = [1, 2];

function encoded(version: RemoteWriteVersion, series: readonly SeriesSketch[]): Uint8Array {
  return version === 1 ? encodeV1(series) : encodeV2(series);
}

const cpu: SeriesSketch = {
  labels: {
    __name__: "node_cpu_seconds_total",
    cpu: "0",
    empty: "",
    instance: "web-1:9100",
    job: "node",
  },
  samples: [{ value: 0, timestamp: NOW_MS - 1 }, { value: 12.5, timestamp: NOW_MS }],
  exemplars: [{ value: 1, timestamp: NOW_MS }],
};

for (const version of VERSIONS) {
  Deno.test(`RemoteWriteReceiver: version ${version}.0 reaches the store under its own names`, async () => {
    const fixture = remoteWriteFixture();
    const body = encoded(version, [cpu, {
      labels: { __name__: "temperature", service_name: "shop" },
      samples: [{ value: NaN, timestamp: NOW_MS }],
    }]);
    const outcome = await fixture.remoteWrite.receive(version, body);
    assert.equal(outcome.accepted, 3);
    assert.equal(outcome.newestUs, NOW_US);
    assert.deepEqual(outcome.tally, {
      samples: 3,
      histograms: 0,
      exemplars: 1,
      droppedExemplars: 0,
      staleMarkers: 0,
      repeated: 0,
      outOfOrder: 0,
    });
    const series = "node_cpu_seconds_total:counter{cpu=0,instance=web-1:9100,job=node}";
    assert.deepEqual(fixture.samples(), [
      { series, ts: NOW_US - 1_000, value: 0 },
      { series, ts: NOW_US, value: 12.5 },
      { series: "temperature:gauge{service_name=shop}", ts: NOW_US, value: NaN },
    ]);
    const rows = fixture.rows("metrics").map((row) => fixture.series(row));
    assert.deepEqual(rows.map(({ unit, service }) => [unit, service]), [
      ["s", "node"],
      ["s", "node"],
      ["", "shop"],
    ]);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 native histograms become explicit buckets`, async () => {
    const fixture = remoteWriteFixture();
    const integer = {
      countInt: 10,
      sum: 30,
      schema: 0,
      zeroThreshold: 0.001,
      zeroCountInt: 1,
      positiveSpans: [{ offset: 1, length: 2 }, { offset: 1, length: 1 }],
      positiveDeltas: [2, 1, 1],
      timestamp: NOW_MS,
    };
    const float = {
      countFloat: 4.5,
      sum: 2,
      schema: -53,
      zeroCountFloat: 0,
      customValues: [0.5, 1],
      positiveSpans: [{ offset: 0, length: 3 }],
      positiveCounts: [1.5, 1.5, 1.5],
      timestamp: NOW_MS + 1,
    };
    const stale = { sum: STALE, countInt: 0, timestamp: NOW_MS + 2 };
    const body = encoded(version, [{
      labels: { __name__: "latency_seconds" },
      histograms: [integer, float, stale],
    }]);
    const { tally, accepted } = await fixture.remoteWrite.receive(version, body);
    assert.deepEqual([accepted, tally.histograms, tally.staleMarkers], [2, 3, 1]);
    const [first, second] = fixture.rows("histograms");
    assert.equal(seriesText(fixture.series(first!)), "latency_seconds:histogram{}");
    assert.equal(fixture.series(first!).unit, "s");
    const bounds = first?.bounds;
    const counts = first?.counts;
    assert.ok(Array.isArray(bounds) && Array.isArray(counts));
    // Bucket i of schema 0 ends in 2^i: indexes 1, 2 and 4 hold 2, 3 and 4.
    const filled = counts.flatMap((count, i) => count === 0n ? [] : [[bounds[i], count]]);
    assert.deepEqual(filled, [[0.001, 1n], [2, 2n], [4, 3n], [16, 4n]]);
    assert.deepEqual(second?.bounds, [0.5, 1]);
    assert.deepEqual(second?.counts, [2n, 1n, 2n]);
    assert.equal(second?.count, 5n);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 sent again is not stored twice`, async () => {
    const fixture = remoteWriteFixture();
    const body = encoded(version, [cpu]);
    await fixture.remoteWrite.receive(version, body);
    const { tally } = await fixture.remoteWrite.receive(version, body);
    // The newest is known; the one before it came late as far as that can be told.
    assert.deepEqual([tally.samples, tally.repeated, tally.outOfOrder], [2, 1, 1]);
    assert.equal(fixture.samples().filter(({ ts }) => ts === NOW_US).length, 1);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 stale markers and late samples`, async () => {
    const fixture = remoteWriteFixture();
    const { labels } = cpu;
    await fixture.remoteWrite.receive(version, encoded(version, [cpu]));
    const late = [{ value: 3, timestamp: NOW_MS - 60_000 }, {
      value: STALE,
      timestamp: NOW_MS + 5,
    }];
    const { tally } = await fixture.remoteWrite.receive(
      version,
      encoded(version, [{ labels, samples: late }]),
    );
    assert.deepEqual([tally.samples, tally.outOfOrder, tally.staleMarkers], [2, 1, 1]);
    assert.deepEqual(fixture.samples().map(({ value }) => value), [0, 12.5, 3]);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 what can never be taken is rejected alone`, async () => {
    const fixture = remoteWriteFixture({ maxSeries: 2 });
    const samples = [{ value: 1, timestamp: NOW_MS }];
    const outcome = await fixture.remoteWrite.receive(
      version,
      encoded(version, [
        cpu,
        { labels: { job: "nameless" }, samples },
        { labels: { __name__: "old" }, samples: [{ value: 1, timestamp: 5 }, { value: 2 }] },
        { labels: { __name__: "one_too_many" }, samples },
        {
          labels: { __name__: "old" },
          histograms: [{ countInt: 1, schema: 99, timestamp: NOW_MS, sum: 1 }],
        },
      ]),
    );
    assert.equal(outcome.accepted, 2);
    assert.deepEqual(outcome.reasons, {
      metric_name: 1,
      timestamp_out_of_range: 2,
      series_limit: 2,
    });
    assert.match(outcome.errorMessage ?? "", /limit of metric series/);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 that was not kept is taken when sent again`, async () => {
    const fixture = remoteWriteFixture();
    const body = encoded(version, [cpu]);
    fixture.failure = new Error("disk full");
    const first = fixture.remoteWrite.receive(version, body);
    // Sent again before the first is known to have failed: it must not be told that it is kept.
    const second = fixture.remoteWrite.receive(version, body);
    const retryable = (error: unknown) =>
      error instanceof HorizonError && error.code === "unavailable";
    await assert.rejects(first, retryable);
    await assert.rejects(second, retryable);
    fixture.failure = null;
    const { tally } = await fixture.remoteWrite.receive(version, body);
    assert.equal(tally.repeated, 0);
    assert.equal(fixture.samples().length, 2);
  });
}

Deno.test("RemoteWriteReceiver: metadata of 1.0 gives kinds and units from then on", async () => {
  const fixture = remoteWriteFixture();
  const body = (timestamp: number) =>
    encodeV1([
      { labels: { __name__: "requests" }, samples: [{ value: 1, timestamp }] },
      { labels: { __name__: "wait_sum" }, samples: [{ value: 1, timestamp }] },
      { labels: { __name__: "wait", quantile: "0.5" }, samples: [{ value: 1, timestamp }] },
    ]);
  await fixture.remoteWrite.receive(1, body(NOW_MS));
  const metadata = [
    { metricFamilyName: "requests", type: 1, help: "Requests.", unit: "" },
    { metricFamilyName: "wait", type: 5, unit: "seconds" },
  ];
  await fixture.remoteWrite.receive(1, encodeV1([], metadata));
  await fixture.remoteWrite.receive(1, body(NOW_MS + 1));
  const kinds = fixture.rows("metrics").map((row) => {
    const { name, kind, unit } = fixture.series(row);
    return `${name} ${kind} ${unit}`;
  });
  assert.deepEqual(kinds, [
    "requests gauge ",
    "wait_sum counter ",
    "wait gauge ",
    "requests counter ",
    "wait_sum counter s",
    "wait summary s",
  ]);
});

Deno.test("RemoteWriteReceiver: without metadata a series keeps the kind it had", async () => {
  const fixture = remoteWriteFixture();
  const { series } = fixture.registries;
  series.restore(
    { id: 5, name: "requests", kind: "counter", unit: "1", service: "", labels: [] },
    NOW_MS,
  );
  const samples = [{ value: 1, timestamp: NOW_MS }];
  await fixture.remoteWrite.receive(1, encodeV1([{ labels: { __name__: "requests" }, samples }]));
  assert.deepEqual(fixture.rows("metrics").map((row) => row.series_id), [5]);
});

Deno.test("RemoteWriteReceiver: metadata of 2.0 comes with each series", async () => {
  const fixture = remoteWriteFixture();
  const samples = [{ value: 1, timestamp: NOW_MS }];
  const body = encodeV2([
    { labels: { __name__: "jobs" }, samples, type: 1, unit: "seconds" },
    { labels: { __name__: "jobs" }, samples, type: 2 },
  ]);
  await fixture.remoteWrite.receive(2, body);
  await fixture.remoteWrite.receive(2, body);
  const texts = fixture.rows("metrics").map((row) => fixture.series(row)).map((one) =>
    `${one.kind} ${one.unit}`
  );
  assert.deepEqual(texts, ["counter s", "gauge "]);
});

Deno.test("RemoteWriteReceiver: series that were forgotten are looked up anew", async () => {
  for (const version of VERSIONS) {
    const fixture = remoteWriteFixture();
    const send = (timestamp: number) =>
      fixture.remoteWrite.receive(
        version,
        encoded(version, [{ ...cpu, samples: [{ value: 1, timestamp }] }]),
      );
    await send(NOW_MS);
    const [first] = fixture.rows("metrics");
    fixture.registries.series.forget([Number(first?.series_id)]);
    await send(NOW_MS + 1);
    const [, second] = fixture.rows("metrics");
    assert.notEqual(second?.series_id, first?.series_id);
    assert.equal(fixture.series(second!).name, "node_cpu_seconds_total");
  }
});

const MALFORMED: readonly (readonly [string, RemoteWriteVersion, Uint8Array, RegExp])[] = [
  [
    "a label without value",
    2,
    encode("prom.Request", {
      symbols: ["", "a"],
      timeseries: [{ labelsRefs: [1], samples: [] }],
    }),
    /name without a value/,
  ],
  [
    "a symbol that is not there",
    2,
    encode("prom.Request", {
      symbols: [""],
      timeseries: [{ labelsRefs: [0, 9], samples: [] }],
    }),
    /no symbol 9, there are 1/,
  ],
  [
    "a unit that is not there",
    2,
    encode("prom.Request", {
      symbols: [""],
      timeseries: [{ metadata: { unitRef: 4 } }],
    }),
    /no symbol 4/,
  ],
  ["half a message", 1, encodeV1([cpu]).subarray(0, 30), /past the end .* at byte/],
  ["something else", 1, new TextEncoder().encode("not protobuf at all"), /malformed/],
];

for (const [what, version, body, message] of MALFORMED) {
  Deno.test(`RemoteWriteReceiver: refuses ${what}, and keeps nothing of it`, async () => {
    const fixture = remoteWriteFixture();
    await assert.rejects(
      fixture.remoteWrite.receive(version, body),
      (error) =>
        error instanceof HorizonError && error.code === "invalid_argument" &&
        message.test(error.message),
    );
    assert.equal(fixture.intake.builders.metrics.rows, 0);
  });
}
