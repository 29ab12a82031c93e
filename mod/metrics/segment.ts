/**
 * What a series did in a stretch of time: one sample, a rolled-up row, or many of both in order. All
 * functions over windows are made of it, so that samples and rollups give the same.
 */
export interface Segment {
  /** Times of the oldest and the newest sample, microseconds since the Unix epoch. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** What a counter rose by from the first to the last sample. */
  readonly increase: number;
}

/** What a counter rose by between two samples; after a reset the new value counts from zero. */
export function counterStep(before: number, after: number): number {
  return after < before ? after : after - before;
}

/** Segments of one series as one; null of none. Sorts them by time, in place. */
export function joined(segments: Segment[]): Segment | null {
  const [only] = segments;
  if (only === undefined) return null;
  if (segments.length === 1) return only;
  segments.sort((a, b) => a.firstUs - b.firstUs);
  let all = segments[0]!;
  for (let i = 1; i < segments.length; i++) {
    const next = segments[i]!;
    // Rows that came late may lie within what is there: the newest sample stays the last.
    const later = next.lastUs >= all.lastUs ? next : all;
    all = {
      firstUs: all.firstUs,
      first: all.first,
      lastUs: later.lastUs,
      last: later.last,
      count: all.count + next.count,
      sum: all.sum + next.sum,
      min: Math.min(all.min, next.min),
      max: Math.max(all.max, next.max),
      increase: all.increase + counterStep(all.last, next.first) + next.increase,
    };
  }
  return all;
}
