/**
 * True when bucket counts and upper bounds belong together: one count more than bounds, bounds
 * finite and rising, at most `maxBuckets` buckets. No buckets at all is a shape too: then only
 * count and sum are known.
 */
export function bucketsFit(
  bounds: readonly number[],
  counts: ArrayLike<number>,
  maxBuckets: number,
): boolean {
  if (counts.length > maxBuckets) return false;
  if (counts.length === 0) return bounds.length === 0;
  return counts.length === bounds.length + 1 &&
    bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!));
}
