import assert from "node:assert/strict";
import { RateWindow } from "../../../../mod/sources/rate_window.ts";

function setUp(startMs = 1_000) {
  const clock = { ms: startMs, monotonicMs: () => clock.ms };
  return { clock, rate: new RateWindow(clock) };
}

Deno.test("RateWindow: a young window divides by its age, by a second at least", () => {
  const { clock, rate } = setUp();
  rate.add(50);
  assert.equal(rate.perSecond(), 50);
  clock.ms += 500;
  assert.equal(rate.perSecond(), 50);
  clock.ms += 9_500;
  assert.equal(rate.perSecond(), 5);
});

Deno.test("RateWindow: a steady rate is told as it is, and what is over a minute old is forgotten", () => {
  const { clock, rate } = setUp();
  for (let second = 0; second < 300; second++) {
    clock.ms += 1_000;
    rate.add(100);
  }
  const told = rate.perSecond();
  assert.ok(Math.abs(told - 100) < 3, String(told));
  clock.ms += 61_000;
  assert.equal(rate.perSecond(), 0);
});

Deno.test("RateWindow: a pause of many windows leaves nothing behind", () => {
  const { clock, rate } = setUp();
  rate.add(1_000);
  clock.ms += 3_600_000 * 24;
  assert.equal(rate.perSecond(), 0);
  rate.add(110);
  assert.ok(rate.perSecond() > 0);
});
