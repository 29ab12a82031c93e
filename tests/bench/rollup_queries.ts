import { systemClock } from "../../mod/clock.ts";
import { queryMetrics } from "../../mod/metrics/metric_engine.ts";
import type { MetricQuery } from "../../mod/metrics/metric_query.ts";
import { CoreFixture } from "../support/core_fixture.ts";
import type { Part } from "./part.ts";
import { median, quantile } from "./report.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 30;
const QUICK_DAYS = 3;
const SERIES = 20;
/** Raw samples are kept for a day: most of the range is in rollups alone. */
const STEP_OF_SAMPLES_MS = 60_000;
const RUNS = 30;

/** A month of one metric, by the hour, of a store that has rolled it up hour by hour. */
export const ROLLUP_QUERIES: Part = {
  figures: ["month_from_rollups_p95"],
  run: async ({ quick }) => {
    const days = quick ? QUICK_DAYS : DAYS;
    const startMs = Date.UTC(2026, 0, 1);
    const fixture = await CoreFixture.open(startMs);
    const { registries, samples } = fixture;
    const ids = Array.from({ length: SERIES }, (_, i) => {
      const labels = [["instance", `shop-${i}`]] as const;
      return registries.series.resolve("bench.month", "counter", "1", labels, "bench");
    });
    for (let hour = 0; hour < days * 24; hour++) {
      for (let ms = 0; ms < HOUR_MS; ms += STEP_OF_SAMPLES_MS) {
        const tsMs = startMs + hour * HOUR_MS + ms;
        for (const id of ids) samples.push(id, tsMs * 1_000, (tsMs - startMs) / 1_000 + id);
      }
      fixture.append();
      fixture.advanceTo(startMs + (hour + 1) * HOUR_MS + 120_000);
    }
    const query: MetricQuery = {
      name: "bench.month",
      startMs,
      endMs: startMs + days * DAY_MS,
      stepMs: HOUR_MS,
      fn: "rate",
    };
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const before = performance.now();
      const { series, points, tier } = await queryMetrics(fixture.metrics, query, systemClock);
      times.push(performance.now() - before);
      if (series.length !== SERIES || points !== days * 24 || tier !== "1h") {
        throw new Error(`${series.length} series of ${points} points from ${tier}`);
      }
    }
    fixture.core.close();
    return [{
      name: "month_from_rollups_p95",
      unit: "ms",
      value: quantile(times, 0.95),
      target: 50,
      better: "less",
      comparable: !quick,
      note:
        `rate of ${SERIES} series by the hour over ${days} days, ${SERIES * days * 24} values; ` +
        `median ${median(times).toFixed(1)} ms of ${RUNS}`,
    }];
  },
};
