import assert from "node:assert/strict";
import { HorizonError } from "../../../mod/errors.ts";
import { Intake } from "../../../mod/intake/intake.ts";
import { Registries } from "../../../mod/intern/registries.ts";
import { SERIES_REFUSED } from "../../../mod/intern/series_registry.ts";
import { SourceBook } from "../../../mod/sources/source_book.ts";
import { LatestValues } from "../../../mod/latest/latest_values.ts";
import type { AppendRequest } from "../../../mod/ports.ts";
import { IntakeSampleSink } from "../../../collectors/sample_sink.ts";
import { FakeTime } from "./fake_time.ts";

function setUp({ maxPendingBytes = 1_000_000, maxSeries = 1000 } = {}) {
  const appended: AppendRequest[] = [];
  const events: string[] = [];
  const store = {
    fail: false,
    append(request: AppendRequest): Promise<void> {
      if (store.fail) return Promise.reject(new Error("disk full"));
      appended.push(request);
      return Promise.resolve();
    },
  };
  const registries = new Registries({ maxSeries, maxSeriesPerMetric: maxSeries });
  const limits = { maxPendingBytes, flushIntervalMs: 60_000, maxBatchRows: 1_000_000 };
  const intake = new Intake(store, registries, limits, new FakeTime(0));
  const latest = new LatestValues({
    maxSeries: 1000,
    onListenerError: (error) => {
      throw error;
    },
  });
  const book = newBook();
  const sink = new IntakeSampleSink({
    intake,
    series: registries.series,
    latest,
    staleAfterMs: 3000,
    book,
    log: {
      info: (event) => events.push(event),
      warn: (event, fields) => events.push(`${event} ${fields?.reason}`),
    },
  });
  const counts = () => book.status.signals.metrics;
  return { store, appended, intake, latest, sink, events, counts };
}

const newBook = () => new SourceBook("collector", "one", ["metrics"], new FakeTime(10_000));

Deno.test("IntakeSampleSink.commit: stores the samples, keeps the latest, tells listeners once", async () => {
  const { intake, sink, latest, appended, counts } = setUp();
  const batches: unknown[] = [];
  latest.subscribe((batch) => batches.push(batch));
  const a = sink.resolve("a.b", "gauge", "1", [["z", "1"], ["a", "2"]]);
  const b = sink.resolve("c", "counter", "s", [], "svc");
  sink.push(a, 5_000_000, 1.5);
  sink.push(b, 5_000_000, 2);
  sink.commit(5_000_000);
  await intake.drain();
  assert.equal(appended[0]?.batches[0]?.rows, 2);
  assert.deepEqual(
    appended[0]?.definitions.map(({ table, rows }) => [table, rows]),
    [["series", 2]],
  );
  assert.deepEqual(batches, [{
    tsUs: 5_000_000,
    samples: [{ seriesId: a, value: 1.5 }, { seriesId: b, value: 2 }],
  }]);
  assert.equal(latest.get(b)?.value, 2);
  assert.deepEqual(counts(), { requests: 1, accepted: 2, rejected: {} });
  assert.equal(intake.stats.pendingBytes, 0);
});

Deno.test("IntakeSampleSink.resolve: gives the same handle for the same labels in any order", () => {
  const { sink } = setUp();
  const a = sink.resolve("a", "gauge", "1", [["x", "1"], ["y", "2"]]);
  assert.equal(sink.resolve("a", "gauge", "1", [["y", "2"], ["x", "1"]]), a);
});

Deno.test("IntakeSampleSink.push: refused series and what is no number are dropped and counted", async () => {
  const { intake, sink, counts } = setUp({ maxSeries: 1 });
  const kept = sink.resolve("a", "gauge", "1", []);
  const refused = sink.resolve("b", "gauge", "1", []);
  assert.equal(refused, SERIES_REFUSED);
  sink.push(kept, 1, 1);
  sink.push(refused, 1, 1);
  sink.push(kept, 1, NaN);
  sink.push(kept, 1, Infinity);
  sink.commit(1);
  await intake.drain();
  assert.deepEqual(counts(), {
    requests: 1,
    accepted: 1,
    rejected: { series_refused: 1, not_finite: 2 },
  });
});

Deno.test("IntakeSampleSink.commit: drops and counts when the intake is full, and still shows the latest", async () => {
  const { intake, sink, latest, events, appended, counts } = setUp({ maxPendingBytes: 50 });
  const release = intake.admit(50);
  const id = sink.resolve("a", "gauge", "1", []);
  for (const value of [1, 2]) {
    sink.push(id, 1, value);
    sink.commit(1);
  }
  assert.deepEqual(counts()?.rejected, { overloaded: 2 });
  assert.equal(latest.get(id)?.value, 2);
  assert.deepEqual(events, ["samples_dropped overloaded"], "logged once, not each time");
  release();
  sink.push(id, 2, 3);
  sink.commit(2);
  await intake.drain();
  assert.equal(appended.length, 1);
  assert.deepEqual(events, ["samples_dropped overloaded", "samples_kept_again"]);
});

Deno.test("IntakeSampleSink.commit: a store that fails is counted and logged, never thrown", async () => {
  const { store, intake, sink, events, counts } = setUp();
  store.fail = true;
  sink.push(sink.resolve("a", "gauge", "1", []), 1, 1);
  sink.commit(1);
  await intake.drain();
  assert.deepEqual(counts()?.rejected, { append_failed: 1 });
  assert.deepEqual(events, ["samples_dropped append_failed"]);
});

Deno.test("IntakeSampleSink.commit: what is no overload is a bug, and is thrown", () => {
  const { sink } = setUp();
  const broken = new IntakeSampleSink({
    intake: {
      admit: () => {
        throw new HorizonError("internal", "broken");
      },
      builders: setUp().intake.builders,
      commit: () => Promise.resolve(),
    },
    series: { resolve: () => 1, generation: 0 },
    latest: { record() {}, forget() {} },
    staleAfterMs: 1,
    book: newBook(),
    log: { info() {}, warn() {} },
  });
  broken.push(1, 1, 1);
  assert.throws(() => broken.commit(1), /broken/);
  sink.commit(1);
});

Deno.test("IntakeSampleSink.discard: forgets what was pushed", async () => {
  const { intake, sink, appended } = setUp();
  sink.push(sink.resolve("a", "gauge", "1", []), 1, 1);
  sink.discard();
  sink.commit(1);
  await intake.drain();
  assert.equal(appended.length, 0);
});

Deno.test("IntakeSampleSink: takes more samples than it first has room for", async () => {
  const { intake, sink, appended } = setUp();
  const id = sink.resolve("a", "gauge", "1", []);
  for (let i = 0; i < 1000; i++) sink.push(id, i, i);
  sink.commit(1000);
  await intake.drain();
  assert.equal(appended[0]?.batches[0]?.rows, 1000);
  const value = appended[0]?.batches[0]?.columns.find(([name]) => name === "value")?.[1];
  assert.ok(value?.type === "f64" && value.data[999] === 999);
});
