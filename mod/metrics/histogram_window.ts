import { extrapolated, type Window } from "./extrapolation.ts";
import type { WindowFunction } from "./metric_query.ts";
import { counterStep } from "./segment.ts";

/** Points of one histogram between which it neither began anew nor got other bounds. */
export interface HistogramSegment {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly points: number;
  /** Upper bounds of all buckets but the last. */
  readonly bounds: readonly number[];
  readonly firstCount: number;
  readonly lastCount: number;
  /** NaN where the sender gave none. */
  readonly firstSum: number;
  readonly lastSum: number;
  /** Observations per bucket so far, at the first and at the last point. */
  readonly firstCounts: readonly number[];
  readonly lastCounts: readonly number[];
}

/** What a histogram observed from the first to the last of its points in a window. */
export interface HistogramIncrease {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly points: number;
  /** Observations before the first point. */
  readonly before: number;
  readonly count: number;
  readonly sum: number;
  /** Observations by upper bound; infinite for the last bucket. */
  readonly buckets: ReadonlyMap<number, number>;
}

/** Functions that a histogram has. */
export const HISTOGRAM_FUNCTIONS: readonly WindowFunction[] = [
  "avg",
  "sum",
  "count",
  "p50",
  "p95",
  "p99",
  "rate",
  "increase",
];

/** Adds up what was observed within and between segments; null of none. Sorts them in place. */
export function observedIn(segments: HistogramSegment[]): HistogramIncrease | null {
  segments.sort((a, b) => a.firstUs - b.firstUs);
  const [first] = segments;
  if (first === undefined) return null;
  const buckets = new Map<number, number>();
  let [points, count, sum, lastUs] = [0, 0, 0, first.lastUs];
  let before: HistogramSegment | null = null;
  for (const segment of segments) {
    if (before !== null) {
      // After a reset, and with other bounds, what was counted so far is new.
      const anew = segment.firstCount < before.lastCount || !same(before.bounds, segment.bounds);
      add(buckets, segment.bounds, anew ? [] : before.lastCounts, segment.firstCounts);
      count += anew ? segment.firstCount : segment.firstCount - before.lastCount;
      sum += anew ? segment.firstSum : segment.firstSum - before.lastSum;
    }
    add(buckets, segment.bounds, segment.firstCounts, segment.lastCounts);
    count += counterStep(segment.firstCount, segment.lastCount);
    sum += segment.lastSum - segment.firstSum;
    points += segment.points;
    lastUs = Math.max(lastUs, segment.lastUs);
    before = segment;
  }
  const { firstUs, firstCount } = first;
  return { firstUs, lastUs, points, before: firstCount, count, sum, buckets };
}

function add(
  buckets: Map<number, number>,
  bounds: readonly number[],
  from: readonly number[],
  to: readonly number[],
): void {
  for (let i = 0; i < to.length; i++) {
    const bound = bounds[i] ?? Infinity;
    buckets.set(bound, (buckets.get(bound) ?? 0) + counterStep(from[i] ?? 0, to[i]!));
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

/** The same observations of several histograms together; bounds may differ. */
export function mergedBuckets(
  all: Iterable<ReadonlyMap<number, number>>,
): Map<number, number> {
  const merged = new Map<number, number>();
  for (const buckets of all) {
    for (const [bound, count] of buckets) merged.set(bound, (merged.get(bound) ?? 0) + count);
  }
  return merged;
}

/** The value of a function of `HISTOGRAM_FUNCTIONS` over a window; NaN when there is none. */
export function histogramValue(
  fn: WindowFunction,
  quantile: number | null,
  observed: HistogramIncrease,
  window: Window,
): number {
  if (observed.points < 2) return NaN;
  if (quantile !== null) return histogramQuantile(quantile, observed.buckets);
  if (fn === "count") return observed.count;
  if (fn === "sum") return observed.sum;
  if (fn === "avg") return observed.count === 0 ? NaN : observed.sum / observed.count;
  const { firstUs, lastUs, points, before, count } = observed;
  const whole = { firstUs, lastUs, count: points, first: before, change: count };
  const increase = extrapolated(whole, window, true);
  return fn === "rate" ? increase * 1e6 / (window.endUs - window.startUs) : increase;
}

/**
 * The value below which a share of `q` of the observations lies, by linear interpolation within its
 * bucket, as PromQL's `histogram_quantile` has it (promql/quantile.go, `BucketQuantile`): the lowest
 * bucket begins at zero when its bound is positive, and what falls into the last one has its lower bound.
 *
 * @returns NaN when nothing was observed, or there is one bucket only
 */
export function histogramQuantile(q: number, buckets: ReadonlyMap<number, number>): number {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0 || sorted.length < 2) return NaN;
  const rank = q * total;
  let below = 0;
  let lower: number | null = null;
  for (const [upper, count] of sorted) {
    if (below + count >= rank) {
      if (upper === Infinity) return lower ?? NaN;
      if (lower === null && upper <= 0) return upper;
      const from = lower ?? 0;
      return count === 0 ? from : from + (upper - from) * (rank - below) / count;
    }
    below += count;
    lower = upper;
  }
  return lower ?? NaN;
}
