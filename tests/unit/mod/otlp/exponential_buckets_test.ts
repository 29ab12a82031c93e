import assert from "node:assert/strict";
import fc from "fast-check";
import {
  explicitCounts,
  type ExponentialCounts,
  fitted,
  isPlausible,
  MAX_EXPONENTIAL_BUCKETS,
  merged,
} from "../../../../mod/otlp/exponential_buckets.ts";

const sideOf = (scale: number): fc.Arbitrary<{ offset: number; counts: number[] }> => {
  const reach = Math.min(100_000, Math.floor(1_000 * 2 ** scale));
  return fc.record({
    offset: fc.integer({ min: -reach, max: reach }),
    counts: fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: Math.min(400, reach) }),
  });
};

const HISTOGRAM: fc.Arbitrary<ExponentialCounts> = fc.integer({ min: -9, max: 20 }).chain((scale) =>
  fc.record({
    scale: fc.constant(scale),
    zeroThreshold: fc.constantFrom(0, 1e-9, 0.5),
    zeroCount: fc.integer({ min: 0, max: 100 }),
    positive: sideOf(scale),
    negative: sideOf(scale),
  })
);

function total({ zeroCount, positive, negative }: ExponentialCounts): number {
  return [zeroCount, ...positive.counts, ...negative.counts].reduce((a, b) => a + b);
}

Deno.test("explicitCounts: no count is lost, bounds rise and are finite", () => {
  fc.assert(fc.property(HISTOGRAM, (histogram) => {
    fc.pre(isPlausible(histogram));
    const { bounds, counts } = explicitCounts(fitted(histogram));
    assert.equal(counts.length, bounds.length + 1);
    assert.equal(counts.reduce((a, b) => a + b), total(histogram));
    bounds.forEach((bound, i) => {
      assert.ok(Number.isFinite(bound));
      assert.ok(i === 0 || bound > bounds[i - 1]!);
    });
  }));
});

Deno.test("fitted: has at most as many buckets as are kept", () => {
  fc.assert(fc.property(HISTOGRAM, (histogram) => {
    fc.pre(isPlausible(histogram));
    const { positive, negative } = fitted(histogram);
    assert.ok(positive.counts.length + negative.counts.length <= MAX_EXPONENTIAL_BUCKETS);
  }));
});

Deno.test("merged: holds both, whichever comes first", () => {
  fc.assert(fc.property(HISTOGRAM, HISTOGRAM, (a, b) => {
    fc.pre(isPlausible(a) && isPlausible(b));
    const both = merged(fitted(a), fitted(b));
    assert.equal(total(both), total(a) + total(b));
    assert.deepEqual(explicitCounts(both), explicitCounts(merged(fitted(b), fitted(a))));
  }));
});

Deno.test("explicitCounts: bounds are the powers of the base, in order of value", () => {
  const { bounds, counts } = explicitCounts({
    scale: 1,
    zeroThreshold: 0.25,
    zeroCount: 9,
    positive: { offset: 0, counts: [1, 2] },
    negative: { offset: 0, counts: [3] },
  });
  const held = (upper: number): number => counts[bounds.indexOf(upper)]!;
  assert.equal(held(Math.SQRT2), 1);
  assert.equal(held(2), 2);
  assert.equal(held(0.25), 9);
  assert.equal(held(-1), 3);
  assert.equal(held(1), 0);
  assert.equal(held(-0.25), 0);
});

Deno.test("explicitCounts: a bucket past the largest double counts to the last one", () => {
  const { bounds, counts } = explicitCounts({
    scale: -10,
    zeroThreshold: 0,
    zeroCount: 0,
    positive: { offset: -1, counts: [2, 5] },
    negative: { offset: 0, counts: [4] },
  });
  assert.ok(bounds.every(Number.isFinite));
  assert.equal(counts.reduce((a, b) => a + b), 11);
});

Deno.test("explicitCounts: a histogram that grows by a bucket keeps its bounds", () => {
  const grown = (counts: number[]): readonly number[] =>
    explicitCounts(fitted({
      scale: 3,
      zeroThreshold: 0,
      zeroCount: 0,
      positive: { offset: 3, counts },
      negative: { offset: 0, counts: [] },
    })).bounds;
  assert.deepEqual(grown([1, 1]), grown([1, 1, 1]));
});
