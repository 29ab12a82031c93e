import assert from "node:assert/strict";
import {
  DEFAULT_RANGE,
  RANGES,
  readRange,
  spanOf,
  stepSeconds,
  windowOf,
  writeRange,
  zoomRange,
} from "../../../../web/ui/time_range.js";

Deno.test("stepSeconds: few enough points, whole parts of a day", () => {
  for (const seconds of [10, 300, 900, 3600, 21_600, 86_400, 30 * 86_400, 5 * 365 * 86_400]) {
    const step = stepSeconds(seconds);
    assert.ok(seconds / step <= 450, `${seconds} s in steps of ${step} s`);
    assert.ok(86_400 % step === 0 || step % 86_400 === 0, `${step} s`);
  }
  assert.equal(stepSeconds(300), 1);
  assert.equal(stepSeconds(900), 2);
});

Deno.test("readRange: reads what writeRange wrote", () => {
  for (const { seconds } of RANGES) {
    const range = { kind: "live", seconds } as const;
    assert.deepEqual(readRange(writeRange(range)), range);
  }
  const fixed = { kind: "fixed", fromMs: 1_700_000_000_000, toMs: 1_700_000_060_000 } as const;
  assert.deepEqual(readRange(writeRange(fixed)), fixed);
});

Deno.test("readRange: the default for anything else", () => {
  for (const text of [null, "", "1y", "5-", "20000-10000", "1000-1001", "a-b", "9".repeat(40)]) {
    assert.equal(readRange(text), DEFAULT_RANGE, `${text}`);
  }
});

Deno.test("windowOf, spanOf: a live range moves with the clock, a fixed one stands", () => {
  assert.deepEqual(windowOf({ kind: "live", seconds: 60 }, 100_000), {
    fromMs: 40_000,
    toMs: 100_000,
  });
  assert.deepEqual(windowOf({ kind: "fixed", fromMs: 1000, toMs: 21_000 }, 100_000), {
    fromMs: 1000,
    toMs: 21_000,
  });
  assert.equal(spanOf({ kind: "fixed", fromMs: 1000, toMs: 21_000 }), 20);
});

Deno.test("zoomRange: whole seconds, never shorter than can be drawn", () => {
  assert.deepEqual(zoomRange(60_400, 90_600), { kind: "fixed", fromMs: 60_000, toMs: 91_000 });
  const { fromMs, toMs } = zoomRange(60_000, 60_100);
  assert.ok(toMs - fromMs >= 10_000 && fromMs <= 60_000 && toMs >= 60_100);
});
