import {
  type ExplicitCounts,
  explicitCounts,
  type ExponentialSide,
  fitted,
  isPlausible,
} from "../otlp/exponential_buckets.ts";

/** A run of buckets: `offset` from the end of the run before, the first from 0. */
export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

/** Populated buckets of one sign: the counts of all spans, one after the other. */
export interface NativeSide {
  readonly spans: readonly BucketSpan[];
  readonly counts: readonly number[];
}

/**
 * A native histogram (prometheus/prometheus, prompb/types.proto, Histogram) with absolute
 * counts. Schemas -4 to 8 are exponential: bucket i holds (base^(i-1), base^i] with base =
 * 2^(2^-schema), the negative side mirrored. Schema -53 has bounds of its own.
 */
export interface NativeHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: NativeSide;
  readonly negative: NativeSide;
  /** Upper bounds of schema -53. */
  readonly customBounds: readonly number[];
}

/** The schema whose bounds the histogram brings along. */
export const CUSTOM_BUCKETS = -53;
const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
/** Buckets laid out side by side; what spans more is made coarser first. */
const MAX_DENSE_BUCKETS = 4_096;

/**
 * As explicit buckets, or null where spans, counts and schema do not fit together. Counts of float
 * histograms are rounded so that each running total is at most half a count off.
 */
export function nativeBuckets(histogram: NativeHistogram): ExplicitCounts | null {
  const { positive, negative, schema, zeroThreshold, zeroCount } = histogram;
  if (![positive, negative].every(isWhole) || !isAmount(zeroCount)) return null;
  if (schema === CUSTOM_BUCKETS) return customBuckets(histogram);
  const sane = Number.isInteger(schema) && schema >= MIN_SCHEMA && schema <= MAX_SCHEMA &&
    Number.isFinite(zeroThreshold) && zeroThreshold >= 0;
  if (!sane) return null;
  const steps = Math.max(stepsToLayOut(positive), stepsToLayOut(negative));
  const exponential = {
    scale: schema - steps,
    zeroThreshold,
    zeroCount,
    positive: laidOut(positive, steps),
    negative: laidOut(negative, steps),
  };
  if (!isPlausible(exponential)) return null;
  const { bounds, counts } = explicitCounts(fitted(exponential));
  return { bounds, counts: roundedCounts(counts) };
}

function customBuckets({ positive, negative, customBounds }: NativeHistogram) {
  const rising = customBounds.every((bound, i) =>
    Number.isFinite(bound) && (i === 0 || bound > customBounds[i - 1]!)
  );
  if (!rising || negative.counts.length > 0) return null;
  const counts = new Array<number>(customBounds.length + 1).fill(0);
  for (const [index, count] of buckets(positive)) {
    if (index < 0 || index >= counts.length) return null;
    counts[index] = count;
  }
  return { bounds: customBounds, counts: roundedCounts(counts) };
}

/** Whole numbers with the same running totals, to the nearest. */
function roundedCounts(counts: readonly number[]): readonly number[] {
  if (counts.every(Number.isInteger)) return counts;
  let total = 0;
  let before = 0;
  return counts.map((count) => {
    total += count;
    const rounded = Math.round(total);
    const own = rounded - before;
    before = rounded;
    return own;
  });
}

function isWhole({ spans, counts }: NativeSide): boolean {
  const length = spans.reduce((sum, span) => sum + span.length, 0);
  return length === counts.length && counts.every(isAmount);
}

function isAmount(count: number): boolean {
  return Number.isFinite(count) && count >= 0;
}

/** Index and count of every bucket, lowest index first. */
function* buckets({ spans, counts }: NativeSide): Iterable<readonly [number, number]> {
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) yield [index++, counts[at++]!];
  }
}

// Each step joins two neighbours into one.
function stepsToLayOut(side: NativeSide): number {
  let [first, last] = [Infinity, -Infinity];
  for (const [index] of buckets(side)) {
    first = Math.min(first, index);
    last = Math.max(last, index);
  }
  let steps = 0;
  while (Math.floor(last / 2 ** steps) - Math.floor(first / 2 ** steps) >= MAX_DENSE_BUCKETS) {
    steps++;
  }
  return steps;
}

// OTLP numbers the bucket that ends in base^i with i - 1.
function laidOut(side: NativeSide, steps: number): ExponentialSide {
  const places = [...buckets(side)].map(([index, count]) =>
    [Math.floor((index - 1) / 2 ** steps), count] as const
  );
  if (places.length === 0) return { offset: 0, counts: [] };
  const offset = places.reduce((least, [place]) => Math.min(least, place), Infinity);
  const counts: number[] = [];
  for (const [place, count] of places) {
    const at = place - offset;
    while (counts.length <= at) counts.push(0);
    counts[at]! += count;
  }
  return { offset, counts };
}
