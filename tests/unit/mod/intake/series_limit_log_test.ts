import assert from "node:assert/strict";
import { SeriesLimitLog } from "../../../../mod/intake/series_limit_log.ts";
import { SeriesRegistry } from "../../../../mod/intern/series_registry.ts";
import type { Logger } from "../../../../mod/log/logger.ts";
import { silentLogger } from "../../../../mod/log/logger.ts";
import { FakeTime } from "../../collectors/fake_time.ts";

interface Line {
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

function logOver(registry: SeriesRegistry) {
  const lines: Line[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (event, fields = {}) => void lines.push({ event, fields: { ...fields } }),
  };
  const time = { nowMs: 0 };
  const limitLog = new SeriesLimitLog({
    series: registry,
    clock: { monotonicMs: () => time.nowMs },
    timers: new FakeTime(0),
    log,
  });
  return { limitLog, lines, time };
}

const offer = (registry: SeriesRegistry, name: string, count: number) => {
  for (let i = 0; i < count; i++) registry.resolve(name, "gauge", "", [["i", String(i)]], "");
};

Deno.test("SeriesLimitLog: one line for a metric, again after ten minutes if it goes on", () => {
  const registry = new SeriesRegistry({ maxSeries: 100, maxSeriesPerMetric: 3 });
  const { limitLog, lines, time } = logOver(registry);
  limitLog.look();
  for (let second = 0; second < 100; second++) {
    offer(registry, "bomb", 13);
    time.nowMs = second * 1_000;
    limitLog.look();
  }
  assert.deepEqual(lines, [{
    event: "series_refused",
    fields: {
      metric: "bomb",
      refused: 10,
      limit: 3,
      setting: "storage.max_series_per_metric",
    },
  }]);
  time.nowMs = 601_000;
  limitLog.look();
  assert.equal(lines.length, 1, "nothing was refused since");
  offer(registry, "bomb", 5);
  limitLog.look();
  assert.deepEqual(lines[1]?.fields["refused"], 2);
});

Deno.test("SeriesLimitLog: many metrics at a limit make a bounded number of lines", () => {
  const registry = new SeriesRegistry({ maxSeries: 2, maxSeriesPerMetric: 2 });
  const { limitLog, lines } = logOver(registry);
  for (let i = 0; i < 500; i++) offer(registry, `m${i}`, 1);
  limitLog.look();
  limitLog.look();
  assert.deepEqual(lines.map(({ event }) => event), [
    ...Array.from({ length: 10 }, () => "series_refused"),
    "series_refused_more",
  ]);
  assert.deepEqual(lines[0]?.fields["most_series"], [
    { name: "m0", series: 1 },
    { name: "m1", series: 1 },
  ]);
});
