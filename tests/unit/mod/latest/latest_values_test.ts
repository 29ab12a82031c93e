import assert from "node:assert/strict";
import { LatestValues, type SampleBatch } from "../../../../mod/latest/latest_values.ts";

function setUp(maxSeries = 100) {
  const errors: unknown[] = [];
  const latest = new LatestValues({ maxSeries, onListenerError: (error) => errors.push(error) });
  return { latest, errors };
}

const SECOND_US = 1_000_000;

Deno.test("LatestValues.record: keeps the newest value of each series", () => {
  const { latest } = setUp();
  latest.record(SECOND_US, [7, 8], [1, 2], 2, 3000);
  latest.record(2 * SECOND_US, [8], [3], 1, 3000);
  assert.deepEqual(
    [...latest.entries()].map(({ seriesId, value, tsUs }) => [seriesId, value, tsUs]),
    [[7, 1, SECOND_US], [8, 3, 2 * SECOND_US]],
  );
  assert.equal(latest.get(9), undefined);
});

Deno.test("LatestValues.record: takes only the first `count` of its arrays", () => {
  const { latest } = setUp();
  latest.record(1, [1, 2, 3], [1, 2, 3], 2, 3000);
  assert.equal(latest.stats.series, 2);
});

Deno.test("LatestValues: drops what is not renewed in time, each by its own measure", () => {
  const { latest } = setUp();
  latest.record(0, [1], [1], 1, 3000);
  latest.record(0, [2], [2], 1, 30_000);
  latest.record(3 * SECOND_US, [3], [3], 1, 3000);
  assert.deepEqual([...latest.entries()].map(({ seriesId }) => seriesId), [1, 2, 3]);
  latest.record(4 * SECOND_US, [3], [3], 1, 3000);
  assert.deepEqual([...latest.entries()].map(({ seriesId }) => seriesId), [2, 3]);
  assert.equal(latest.get(1), undefined);
  assert.equal(latest.stats.expired, 1);
  assert.equal(latest.stats.series, 2);
});

Deno.test("LatestValues: series past the limit are not kept and are counted; those there go on", () => {
  const { latest } = setUp(2);
  latest.record(1, [1, 2, 3], [1, 2, 3], 3, 3000);
  latest.record(2, [1, 4], [9, 9], 2, 3000);
  assert.equal(latest.get(1)?.value, 9);
  assert.equal(latest.stats.series, 2);
  assert.equal(latest.stats.refused, 2);
});

Deno.test("LatestValues.forget: makes room at once", () => {
  const { latest } = setUp(1);
  latest.record(1, [1], [1], 1, 3000);
  latest.forget([1, 99]);
  latest.record(2, [2], [2], 1, 3000);
  assert.equal(latest.get(1), undefined);
  assert.equal(latest.get(2)?.value, 2);
});

Deno.test("LatestValues.subscribe: hears each collection as one batch, until it ends", () => {
  const { latest } = setUp();
  const heard: SampleBatch[] = [];
  const end = latest.subscribe((batch) => heard.push(batch));
  latest.record(5, [1, 2], [10, 20], 2, 3000);
  end();
  end();
  latest.record(6, [1], [11], 1, 3000);
  assert.deepEqual(heard, [{
    tsUs: 5,
    samples: [{ seriesId: 1, value: 10 }, { seriesId: 2, value: 20 }],
  }]);
  assert.equal(latest.stats.listeners, 0);
});

Deno.test("LatestValues.subscribe: a listener that throws is reported and removed; others hear on", () => {
  const { latest, errors } = setUp();
  let heard = 0;
  latest.subscribe(() => {
    throw new Error("bad listener");
  });
  latest.subscribe(() => heard++);
  latest.record(1, [1], [1], 1, 3000);
  latest.record(2, [1], [1], 1, 3000);
  assert.equal(heard, 2);
  assert.equal(errors.length, 1);
  assert.equal(latest.stats.failedListeners, 1);
});

Deno.test("LatestValues.subscribe: one listener may be subscribed twice", () => {
  const { latest } = setUp();
  let heard = 0;
  const listener = () => {
    heard++;
  };
  const end = latest.subscribe(listener);
  latest.subscribe(listener);
  latest.record(1, [1], [1], 1, 3000);
  end();
  latest.record(2, [1], [1], 1, 3000);
  assert.equal(heard, 3);
});

Deno.test("LatestValues: a listener may end itself while it is told", () => {
  const { latest } = setUp();
  let heard = 0;
  const end = latest.subscribe(() => {
    heard++;
    end();
  });
  latest.record(1, [1], [1], 1, 3000);
  latest.record(2, [1], [1], 1, 3000);
  assert.equal(heard, 1);
});
