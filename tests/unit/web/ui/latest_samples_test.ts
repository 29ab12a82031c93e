import assert from "node:assert/strict";
import { groupByTime, latestSamplesQuery } from "../../../../web/ui/latest_samples.js";
import { MetricsDatabase } from "./metrics_database.ts";

Deno.test("latestSamplesQuery: the newest sample of each series, not of those long silent", async () => {
  const database = await MetricsDatabase.open();
  const now = database.nowMs();
  const labels = { device: "sda" };
  database.insert([
    { timeMs: now - 300_000, name: "gone", value: 1 },
    { timeMs: now - 3000, name: "a", value: 1 },
    { timeMs: now - 2000, name: "a", value: 2 },
    { timeMs: now - 2000, name: "b", value: 5, labels },
    { timeMs: now - 1000, name: "other", value: 9 },
  ]);
  const rows = database.query(latestSamplesQuery(["a", "b", "gone"]), ["a", "b", "gone", 60]);
  assert.deepEqual(groupByTime(rows), [{
    timeMs: now - 2000,
    samples: [
      { name: "a", labels: {}, value: 2 },
      { name: "b", labels, value: 5 },
    ],
  }]);
});

Deno.test("groupByTime: one batch for each time, oldest first, without nulls", () => {
  const batches = groupByTime([
    ["a", {}, 1, 2000],
    ["b", null, 2, 1000],
    ["c", {}, null, 1000],
    ["d", {}, 4, 2000],
  ]);
  assert.deepEqual(batches.map(({ timeMs, samples }) => [timeMs, samples.length]), [
    [1000, 1],
    [2000, 2],
  ]);
  assert.deepEqual(batches[0]?.samples, [{ name: "b", labels: {}, value: 2 }]);
});
