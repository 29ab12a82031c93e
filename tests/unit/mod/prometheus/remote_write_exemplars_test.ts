import assert from "node:assert/strict";
import type { RemoteWriteVersion } from "../../../../mod/prometheus/remote_write.ts";
import {
  encodeV1,
  encodeV2,
  type ExemplarSketch,
  type SeriesSketch,
} from "../../../support/remote_write_encoder.ts";
import { NOW_MS, NOW_US, seriesText } from "../otlp/receiver_fixture.ts";
import { type RemoteWriteFixture, remoteWriteFixture } from "./remote_write_fixture.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const VERSIONS: readonly RemoteWriteVersion[] = [1, 2];

function encoded(version: RemoteWriteVersion, series: readonly SeriesSketch[]): Uint8Array {
  return version === 1 ? encodeV1(series) : encodeV2(series);
}

function exemplar(labels: Readonly<Record<string, string>>, value = 1): ExemplarSketch {
  const pairs = Object.entries(labels).map(([name, text]) => ({ name, value: text }));
  return { labels: pairs, value, timestamp: NOW_MS };
}

function stored(fixture: RemoteWriteFixture) {
  return fixture.rows("exemplars").map((row) => ({
    series: seriesText(fixture.series(row)),
    ts: Number(row["ts"]),
    value: row["value"],
    trace: row["trace_id"],
    span: row["span_id"],
  }));
}

const bucket: SeriesSketch = {
  labels: { __name__: "took_seconds_bucket", le: "1" },
  samples: [{ value: 3, timestamp: NOW_MS }],
};
const BUCKET = "took_seconds_bucket:counter{le=1}";
const native: SeriesSketch = {
  labels: { __name__: "took_seconds" },
  type: 3,
  histograms: [{
    countInt: 3,
    sum: 1,
    schema: 0,
    zeroCountInt: 1,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveDeltas: [1, 0],
    timestamp: NOW_MS,
  }],
};

for (const version of VERSIONS) {
  Deno.test(`RemoteWriteReceiver: version ${version}.0 exemplars lead to the spans they were made in`, async () => {
    const fixture = remoteWriteFixture();
    const ids = { trace_id: TRACE, span_id: SPAN };
    const series = [
      { ...bucket, exemplars: [exemplar(ids, 0.5), exemplar({}, 0.25)] },
      { ...native, exemplars: [exemplar({ ...ids, user: "ada" }, 0.75)] },
    ];
    const outcome = await fixture.remoteWrite.receive(version, encoded(version, series));
    assert.deepEqual([outcome.accepted, outcome.tally.exemplars], [2, 3]);
    assert.deepEqual(stored(fixture), [
      { series: BUCKET, ts: NOW_US, value: 0.5, trace: TRACE, span: SPAN },
      { series: BUCKET, ts: NOW_US, value: 0.25, trace: null, span: null },
      { series: "took_seconds:histogram{}", ts: NOW_US, value: 0.75, trace: TRACE, span: SPAN },
    ]);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 exemplars that come without points go with their series`, async () => {
    const fixture = remoteWriteFixture();
    await fixture.remoteWrite.receive(version, encoded(version, [bucket, native]));
    const alone = [bucket, native].map(({ labels, type }) => ({
      labels,
      ...type === undefined ? {} : { type },
      exemplars: [exemplar({ traceID: TRACE.toUpperCase() })],
    }));
    const outcome = await fixture.remoteWrite.receive(version, encoded(version, alone));
    assert.deepEqual([outcome.accepted, outcome.tally.exemplars, outcome.rejected], [0, 2, 0]);
    assert.deepEqual(stored(fixture).map(({ series, trace }) => [series, trace]), [
      [BUCKET, TRACE],
      ["took_seconds:histogram{}", TRACE],
    ]);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 exemplars past a bound or out of time are counted, ids that are none left out`, async () => {
    const fixture = remoteWriteFixture();
    const odd = [
      exemplar({ trace_id: "0".repeat(32), span_id: "xyz" }),
      { ...exemplar({ trace_id: TRACE }), timestamp: 0 },
      { ...exemplar({ trace_id: TRACE }), timestamp: -5 },
      { ...exemplar({ trace_id: TRACE }), timestamp: NOW_MS + 365 * 86_400_000 },
    ];
    const few = await fixture.remoteWrite.receive(
      version,
      encoded(version, [{ ...bucket, exemplars: odd }]),
    );
    assert.deepEqual([few.tally.exemplars, few.tally.droppedExemplars, few.rejected], [2, 2, 0]);
    assert.deepEqual(stored(fixture).map(({ ts, trace, span }) => [ts, trace, span]), [
      [NOW_US, null, null],
      [NOW_US, TRACE, null],
    ]);
    const many = Array.from({ length: 10_003 }, () => exemplar({ trace_id: TRACE }));
    const { tally } = await fixture.remoteWrite.receive(
      version,
      encoded(version, [{ ...bucket, samples: [], exemplars: many }]),
    );
    assert.deepEqual([tally.exemplars, tally.droppedExemplars], [10_000, 3]);
  });

  Deno.test(`RemoteWriteReceiver: version ${version}.0 of a malformed request no exemplar stays`, async () => {
    const fixture = remoteWriteFixture();
    const body = encoded(version, [{ ...bucket, exemplars: [exemplar({ trace_id: TRACE })] }]);
    await assert.rejects(
      fixture.remoteWrite.receive(version, Uint8Array.from([...body, 0x2a, 9, 1])),
    );
    await fixture.remoteWrite.receive(version, encoded(version, [bucket]));
    assert.deepEqual(stored(fixture), []);
  });
}

Deno.test("RemoteWriteReceiver: version 2.0 references of an exemplar one by one, and those that are wrong", async () => {
  const text = (value: string) => [...new TextEncoder().encode(value)];
  const symbols = ["", "__name__", "a", "trace_id", TRACE].flatMap((one) => [
    0x22,
    one.length,
    ...text(one),
  ]);
  const receive = async (...refs: number[]) => {
    const fixture = remoteWriteFixture();
    const series = [0x08, 1, 0x08, 2, 0x22, refs.length, ...refs];
    const body = Uint8Array.from([...symbols, 0x2a, series.length, ...series]);
    await fixture.remoteWrite.receive(2, body);
    return stored(fixture).map(({ trace }) => trace);
  };
  assert.deepEqual(await receive(0x08, 3, 0x08, 4), [TRACE]);
  assert.deepEqual(await receive(0x0a, 2, 3, 4), [TRACE]);
  assert.deepEqual(await receive(), [null]);
  for (const refs of [[0x08, 3], [0x08, 3, 0x18, 1], [0x0a, 1, 3], [0x0a, 2, 3, 5]]) {
    await assert.rejects(receive(...refs), /malformed/);
  }
});
