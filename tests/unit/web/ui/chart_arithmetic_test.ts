import assert from "node:assert/strict";
import { backoffMs } from "../../../../web/ui/backoff.js";
import { CounterRates } from "../../../../web/ui/counter_rates.js";
import { seriesStyle } from "../../../../web/ui/palette.js";
import { stack } from "../../../../web/ui/stacking.js";
import { scrollToShow, visibleWindow } from "../../../../web/ui/virtual_window.js";

Deno.test("stack: running sums; a gap only where no series has a value", () => {
  assert.deepEqual(
    stack([[1, null, null, 4], [10, 20, null, null], [100, 200, null, 400]]),
    [[1, 0, null, 4], [11, 20, null, 4], [111, 220, null, 404]],
  );
  assert.deepEqual(stack([]), []);
});

Deno.test("CounterRates: growth over time; none at first, after a reset, or out of order", () => {
  const rates = new CounterRates();
  assert.equal(rates.rate("a", 1000, 100), null);
  assert.equal(rates.rate("a", 3000, 160), 30);
  assert.equal(rates.rate("b", 3000, 5), null);
  assert.equal(rates.rate("a", 3000, 170), null);
  assert.equal(rates.rate("a", 4000, 10), null);
  assert.equal(rates.rate("a", 5000, 11), 1);
  rates.clear();
  assert.equal(rates.rate("a", 6000, 12), null);
});

Deno.test("CounterRates: forgets the counter not seen for longest at its bound", () => {
  const rates = new CounterRates();
  rates.rate("first", 1000, 0);
  for (let i = 0; i < 4096; i++) rates.rate(`c${i}`, 1000, 0);
  assert.equal(rates.rate("first", 2000, 1), null);
  assert.equal(rates.rate("c4095", 2000, 1), 1);
});

Deno.test("backoffMs: doubles to a bound, half of it random", () => {
  const least = [0, 1, 2, 3, 4, 5, 6, 1000].map((attempt) => backoffMs(attempt, () => 0));
  assert.deepEqual(least, [250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
  assert.equal(backoffMs(0, () => 0.5), 375);
  assert.ok(backoffMs(50, () => 0.999) <= 15_000);
});

Deno.test("seriesStyle: repeats colours only with another line style", () => {
  const styles = Array.from({ length: 16 }, (_, i) => JSON.stringify(seriesStyle(i)));
  assert.equal(new Set(styles).size, 16);
});

Deno.test("visibleWindow: what is seen and some more, inside the list", () => {
  const view = { viewportHeight: 300, rowHeight: 30, rowCount: 2000 };
  assert.deepEqual(visibleWindow({ ...view, scrollTop: 0 }), { first: 0, end: 18 });
  assert.deepEqual(visibleWindow({ ...view, scrollTop: 3000 }), { first: 92, end: 118 });
  assert.deepEqual(visibleWindow({ ...view, scrollTop: 60_000 }), { first: 1992, end: 2000 });
  assert.deepEqual(visibleWindow({ ...view, scrollTop: 90_000, rowCount: 10 }), {
    first: 10,
    end: 10,
  });
  assert.deepEqual(visibleWindow({ ...view, scrollTop: 0, rowCount: 0 }), { first: 0, end: 0 });
});

Deno.test("scrollToShow: moves as little as needed", () => {
  const view = { viewportHeight: 300, rowHeight: 30, scrollTop: 600 };
  assert.equal(scrollToShow({ ...view, row: 22 }), 600);
  assert.equal(scrollToShow({ ...view, row: 10 }), 300);
  assert.equal(scrollToShow({ ...view, row: 30 }), 630);
});
