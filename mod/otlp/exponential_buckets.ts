/** Buckets of one sign: `counts[i]` is for bucket number `offset + i`. */
export interface ExponentialSide {
  readonly offset: number;
  readonly counts: readonly number[];
}

/**
 * An exponential histogram (opentelemetry-proto, metrics.proto, ExponentialHistogramDataPoint):
 * bucket i holds (base^i, base^(i+1)] with base = 2^(2^-scale), the negative side mirrored.
 */
export interface ExponentialCounts {
  readonly scale: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: ExponentialSide;
  readonly negative: ExponentialSide;
}

/** The same as upper bounds of buckets; `counts` has one more element than `bounds`. */
export interface ExplicitCounts {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** The scales of the specification; at -11 one bucket already holds every double above 1. */
export const MIN_SCALE = -11;
export const MAX_SCALE = 20;
/** Buckets kept, both signs together; finer histograms are merged into coarser ones. */
export const MAX_EXPONENTIAL_BUCKETS = 160;
/**
 * Explicit bounds begin and end at a multiple of this many buckets. A histogram that grows by a
 * bucket then keeps its bounds, which are stored once and must be equal for rates.
 */
const ALIGNMENT = 16;

const EMPTY: ExponentialSide = { offset: 0, counts: [] };

/** Powers of two past which no double lies; buckets further out hold nothing that was measured. */
const MAX_EXPONENT = 1100;

/** True when the scale is one of the specification's and all that was counted can be a double. */
export function isPlausible({ scale, positive, negative }: ExponentialCounts): boolean {
  if (scale < MIN_SCALE || scale > MAX_SCALE) return false;
  const inside = (index: number): boolean =>
    Math.max(0, Math.abs(index) - 1) * 2 ** -scale <= MAX_EXPONENT;
  return [trimmed(positive), trimmed(negative)].every(({ offset, counts }) =>
    inside(offset) && inside(offset + counts.length)
  );
}

/** The histogram with as many buckets as are kept, and no empty ones at either end. */
export function fitted(histogram: ExponentialCounts): ExponentialCounts {
  const positive = trimmed(histogram.positive);
  const negative = trimmed(histogram.negative);
  return downscaled(
    { ...histogram, positive, negative },
    stepsToFit(histogram.scale, positive, negative),
  );
}

/** Both histograms together, at the finest scale at which their buckets fit. */
export function merged(a: ExponentialCounts, b: ExponentialCounts): ExponentialCounts {
  const common = Math.min(a.scale, b.scale);
  const [left, right] = [downscaled(a, a.scale - common), downscaled(b, b.scale - common)];
  const positive = hull(left.positive, right.positive);
  const negative = hull(left.negative, right.negative);
  const steps = stepsToFit(common, positive, negative);
  const [first, second] = [downscaled(left, steps), downscaled(right, steps)];
  return {
    scale: common - steps,
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    zeroCount: a.zeroCount + b.zeroCount,
    positive: mergedSides(first.positive, second.positive),
    negative: mergedSides(first.negative, second.negative),
  };
}

/** With all counts zero, at the same scale and buckets: what a new series starts from. */
export function emptied(histogram: ExplicitCounts): ExplicitCounts {
  return { bounds: histogram.bounds, counts: histogram.counts.map(() => 0) };
}

/**
 * As explicit buckets. A value that is exactly a power of the base counts to the bucket above
 * on the negative side, since explicit buckets include their upper bound, not their lower.
 */
export function explicitCounts(histogram: ExponentialCounts): ExplicitCounts {
  const { scale, zeroThreshold, zeroCount } = histogram;
  const positive = aligned(histogram.positive);
  const negative = aligned(histogram.negative);
  const out = new BucketList();
  const edge = (index: number): number => 2 ** (index * 2 ** -scale);
  for (let i = negative.counts.length - 1; i >= 0; i--) {
    const index = negative.offset + i;
    if (i === negative.counts.length - 1) out.add(-edge(index + 1), 0);
    out.add(-edge(index), negative.counts[i]!);
  }
  if (negative.counts.length > 0 && zeroThreshold > 0) out.add(-zeroThreshold, 0);
  out.add(zeroThreshold, zeroCount);
  for (let i = 0; i < positive.counts.length; i++) {
    const index = positive.offset + i;
    if (i === 0) out.add(edge(index), 0);
    out.add(edge(index + 1), positive.counts[i]!);
  }
  return out.finish();
}

// Bounds must rise and be finite: a bucket between bounds that are equal in a double joins the
// one below, one past the largest double joins the last.
class BucketList {
  readonly #bounds: number[] = [];
  readonly #counts: number[] = [];
  #carried = 0;

  add(upper: number, count: number): void {
    const last = this.#bounds.length - 1;
    if (!Number.isFinite(upper)) this.#carried += count;
    else if (last >= 0 && upper <= this.#bounds[last]!) this.#counts[last]! += count;
    else {
      this.#bounds.push(upper);
      this.#counts.push(count + this.#carried);
      this.#carried = 0;
    }
  }

  finish(): ExplicitCounts {
    return { bounds: this.#bounds, counts: [...this.#counts, this.#carried] };
  }
}

interface BucketRange {
  readonly offset: number;
  readonly counts: { readonly length: number };
}

// What both sides cover, without the counts: two far apart would fill the memory before they fit.
function hull(a: BucketRange, b: BucketRange): BucketRange {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  return { offset, counts: { length: end - offset } };
}

function stepsToFit(scale: number, positive: BucketRange, negative: BucketRange): number {
  let steps = 0;
  while (
    width(positive, steps) + width(negative, steps) > MAX_EXPONENTIAL_BUCKETS &&
    scale - steps > MIN_SCALE
  ) steps++;
  return steps;
}

function width(side: BucketRange, steps: number): number {
  if (side.counts.length === 0) return 0;
  const first = shifted(side.offset, steps);
  return shifted(side.offset + side.counts.length - 1, steps) - first + 1;
}

// Each step of scale joins buckets 2i and 2i + 1 into i. Shifts of JavaScript are too narrow.
function shifted(index: number, steps: number): number {
  return Math.floor(index / 2 ** steps);
}

function downscaled(histogram: ExponentialCounts, steps: number): ExponentialCounts {
  if (steps === 0) return histogram;
  return {
    ...histogram,
    scale: histogram.scale - steps,
    positive: downscaledSide(histogram.positive, steps),
    negative: downscaledSide(histogram.negative, steps),
  };
}

function downscaledSide(side: ExponentialSide, steps: number): ExponentialSide {
  if (side.counts.length === 0) return EMPTY;
  const offset = shifted(side.offset, steps);
  const counts = new Array<number>(width(side, steps)).fill(0);
  side.counts.forEach((count, i) => {
    counts[shifted(side.offset + i, steps) - offset]! += count;
  });
  return { offset, counts };
}

function trimmed(side: ExponentialSide): ExponentialSide {
  const first = side.counts.findIndex((count) => count > 0);
  if (first === -1) return EMPTY;
  const last = side.counts.findLastIndex((count) => count > 0);
  return { offset: side.offset + first, counts: side.counts.slice(first, last + 1) };
}

function mergedSides(a: ExponentialSide, b: ExponentialSide): ExponentialSide {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  const counts = new Array<number>(end - offset).fill(0);
  for (const side of [a, b]) {
    side.counts.forEach((count, i) => {
      counts[side.offset - offset + i]! += count;
    });
  }
  return { offset, counts };
}

function aligned(side: ExponentialSide): ExponentialSide {
  if (side.counts.length === 0) return EMPTY;
  const offset = Math.floor(side.offset / ALIGNMENT) * ALIGNMENT;
  const end = Math.ceil((side.offset + side.counts.length) / ALIGNMENT) * ALIGNMENT;
  const counts = new Array<number>(end - offset).fill(0);
  side.counts.forEach((count, i) => {
    counts[side.offset - offset + i] = count;
  });
  return { offset, counts };
}
