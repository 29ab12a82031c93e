import assert from "node:assert/strict";
import fc from "fast-check";
import { extrapolated } from "../../../../mod/metrics/extrapolation.ts";
import { counterStep, joined, type Segment } from "../../../../mod/metrics/segment.ts";
import { prometheusIncrease, type Sample } from "./prometheus_reference.ts";

const WINDOW = { startUs: 0, endUs: 60_000_000 };

function sampleSegment([tsUs, value]: Sample): Segment {
  return {
    firstUs: tsUs,
    lastUs: tsUs,
    first: value,
    last: value,
    min: value,
    max: value,
    sum: value,
    count: 1,
    increase: 0,
  };
}

/** A counter's samples at distinct times, with resets now and then. */
const counterSamples = fc.array(
  fc.record({ gapUs: fc.integer({ min: 1, max: 3_000_000 }), value: fc.nat(1_000) }),
  { minLength: 1, maxLength: 40 },
).map((steps) => {
  let tsUs = 0;
  return steps.map(({ gapUs, value }): Sample => [tsUs += gapUs, value]);
}).filter((samples) => samples.at(-1)![0] < WINDOW.endUs);

Deno.test("joined: however samples are cut into segments, it is what PromQL makes of the samples", () => {
  fc.assert(
    fc.property(counterSamples, fc.array(fc.nat(40)), fc.boolean(), (samples, cuts, shuffle) => {
      const ends = [...new Set([...cuts.filter((cut) => cut < samples.length), samples.length])]
        .sort((a, b) => a - b).filter((end) => end > 0);
      let from = 0;
      const parts = ends.map((end) => {
        const part = joined(samples.slice(from, end).map(sampleSegment));
        from = end;
        assert.ok(part !== null);
        return part;
      });
      const whole = joined(shuffle ? parts.toReversed() : parts);
      assert.ok(whole !== null);
      const values = samples.map(([, value]) => value);
      assert.deepEqual(
        [whole.first, whole.last, whole.count, whole.min, whole.max, whole.sum],
        [
          values[0],
          values.at(-1),
          values.length,
          Math.min(...values),
          Math.max(...values),
          values.reduce((a, b) => a + b),
        ],
      );
      for (const counter of [true, false]) {
        const change = counter ? whole.increase : whole.last - whole.first;
        const expected = prometheusIncrease(samples, WINDOW.startUs, WINDOW.endUs, counter);
        const found = extrapolated({ ...whole, change }, WINDOW, counter);
        if (Number.isNaN(expected)) assert.ok(Number.isNaN(found));
        else assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected)));
      }
    }),
  );
});

Deno.test("joined: nothing of nothing, and rows within others do not move the end", () => {
  assert.equal(joined([]), null);
  const long = { ...sampleSegment([0, 1]), lastUs: 10, last: 9, count: 2, increase: 8 };
  const within = sampleSegment([5, 3]);
  assert.deepEqual(
    [joined([within, long])?.last, joined([within, long])?.lastUs, joined([long, within])?.count],
    [9, 10, 3],
  );
});

Deno.test("counterStep: a reset counts from zero", () => {
  const cases: [before: number, after: number, step: number][] = [[1, 3, 2], [3, 1, 1], [3, 3, 0], [
    5,
    0,
    0,
  ]];
  for (const [before, after, step] of cases) assert.equal(counterStep(before, after), step);
});

Deno.test("extrapolated: known cases of PromQL", () => {
  const of = (samples: Sample[], counter = true) => {
    const whole = joined(samples.map(sampleSegment));
    assert.ok(whole !== null);
    const change = counter ? whole.increase : whole.last - whole.first;
    return extrapolated({ ...whole, change }, WINDOW, counter);
  };
  const each = (seconds: number[], value: (i: number) => number): Sample[] =>
    seconds.map((second, i) => [second * 1e6, value(i)]);
  // Samples up to both ends: the slope goes on to them.
  assert.equal(of(each([5, 15, 25, 35, 45, 55], (i) => 100 + i * 10)), 60);
  // The series begins in the middle: half a distance before it.
  assert.equal(of(each([35, 45, 55], (i) => 100 + i * 10)), 30);
  // It would have been zero 2 s before its first sample.
  assert.equal(of(each([5, 15, 25, 35, 45, 55], (i) => 2 + i * 10)), 57);
  // A reset in between.
  assert.equal(of(each([5, 15, 25, 35, 45, 55], (i) => i < 3 ? 100 + i * 10 : i * 10)), 84);
  // A gauge may fall, and goes below zero.
  assert.equal(of(each([5, 15, 25, 35, 45, 55], (i) => 10 - i * 10), false), -60);
  assert.ok(Number.isNaN(of(each([5], () => 1))));
});
