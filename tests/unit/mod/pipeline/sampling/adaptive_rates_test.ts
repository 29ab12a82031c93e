import assert from "node:assert/strict";
import { AdaptiveRates } from "../../../../../mod/pipeline/sampling/adaptive_rates.ts";

/** Sends `perSecond` spans, in ten parts a second, and answers how many a second were to be kept. */
function keptPerSecond(
  rates: AdaptiveRates,
  time: { ms: number },
  perSecond: number,
  seconds: number,
): number[] {
  return Array.from({ length: seconds }, () => {
    let kept = 0;
    for (let part = 0; part < 10; part++, time.ms += 100) {
      kept += rates.share("shop", perSecond / 10) * perSecond / 10;
    }
    return kept;
  });
}

Deno.test("AdaptiveRates: converges on the target, from above and from below", () => {
  const time = { ms: 0 };
  const rates = new AdaptiveRates(100, { monotonicMs: () => time.ms });
  const steady = keptPerSecond(rates, time, 10_000, 5);
  // Before the first second is over, what came in it already counts.
  assert.ok(steady[0]! < 300, `${steady[0]}`);
  for (const kept of steady.slice(1)) assert.ok(Math.abs(kept - 100) < 1, `${kept}`);
  // A jump to ten times as much is noticed within the second.
  const jump = keptPerSecond(rates, time, 100_000, 4);
  assert.ok(jump[0]! < 400, `${jump[0]}`);
  for (const kept of jump.slice(2)) assert.ok(Math.abs(kept - 100) < 1, `${kept}`);
  // A fall is followed more slowly, so that a pause does not open the door.
  const fall = keptPerSecond(rates, time, 1_000, 40);
  assert.ok(fall[1]! < 10, `${fall[1]}`);
  assert.ok(Math.abs(fall.at(-1)! - 100) < 5, `${fall.at(-1)}`);
  // Below the target all are kept.
  assert.equal(keptPerSecond(rates, time, 50, 60).at(-1), 50);
});

Deno.test("AdaptiveRates: each service has its own rate, as far as there is room", () => {
  const rates = new AdaptiveRates(10, { monotonicMs: () => 0 });
  assert.equal(rates.share("busy", 1_000), 0.01);
  assert.equal(rates.share("quiet", 5), 1);
  for (let i = 0; i < 998; i++) rates.share(`service ${i}`, 1);
  // Beyond the bound services share a rate.
  assert.equal(rates.share("late", 10), 1);
  assert.equal(rates.share("later", 10), 0.5);
});
