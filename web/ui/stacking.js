// @ts-check
/** Stacked areas: each series lies on the sum of those below it. */

/**
 * Running sums over series. Where a series has no value but another has, it counts as zero; where none has one, all
 * are null, so that the chart shows a gap.
 * @param {readonly (readonly (number | null)[])[]} series from the bottom up, all of one length
 * @returns {(number | null)[][]}
 */
export function stack(series) {
  const length = series[0]?.length ?? 0;
  const stacked = series.map(() => /** @type {(number | null)[]} */ (new Array(length).fill(null)));
  for (let i = 0; i < length; i++) {
    if (series.every((values) => (values[i] ?? null) === null)) continue;
    let sum = 0;
    for (const [position, values] of series.entries()) {
      sum += values[i] ?? 0;
      const target = stacked[position];
      if (target !== undefined) target[i] = sum;
    }
  }
  return stacked;
}
