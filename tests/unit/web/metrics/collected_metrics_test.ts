import assert from "node:assert/strict";
import { SeriesRegistry } from "../../../../mod/intern/series_registry.ts";
import { CollectedMetrics } from "../../../../web/metrics/collected_metrics.ts";

Deno.test("CollectedMetrics.families: shows a bounded number of series and counts the rest", () => {
  const series = new SeriesRegistry({ maxSeries: 100, maxSeriesPerMetric: 100 });
  const latest = Array.from({ length: 5 }, (_, i) => ({
    seriesId: series.resolve("m", "gauge", "", [["i", String(i)]], ""),
    value: i,
  }));
  const collected = new CollectedMetrics((id) => series.get(id), {
    maxSeries: 3,
    isReserved: () => false,
  });
  assert.equal(collected.families(latest)[0]?.samples.length, 3);
  assert.equal(collected.refused.max_series, 2);
  series.forget([latest[0]!.seriesId]);
  assert.deepEqual(collected.families(latest)[0]?.samples.map(({ value }) => value), [1, 2, 3]);
  assert.equal(collected.refused.max_series, 1);
});
