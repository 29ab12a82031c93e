/** One sample: time in microseconds, and value. */
export type Sample = readonly [tsUs: number, value: number];

/**
 * PromQL's `rate`, `increase` and `delta` over the samples of a window, written down from
 * `extrapolatedRate` of promql/functions.go step by step, for tests to compare with. Seconds as there.
 */
export function prometheusIncrease(
  samples: readonly Sample[],
  startUs: number,
  endUs: number,
  isCounter: boolean,
): number {
  if (samples.length < 2) return NaN;
  const [firstT, firstV] = samples[0]!;
  const [lastT, lastV] = samples.at(-1)!;
  let result = lastV - firstV;
  if (isCounter) {
    let previous = firstV;
    for (const [, value] of samples.slice(1)) {
      if (value < previous) result += previous;
      previous = value;
    }
  }
  let durationToStart = (firstT - startUs) / 1e6;
  let durationToEnd = (endUs - lastT) / 1e6;
  const sampledInterval = (lastT - firstT) / 1e6;
  const average = sampledInterval / (samples.length - 1);
  const threshold = average * 1.1;
  if (durationToStart >= threshold) durationToStart = average / 2;
  if (isCounter && result > 0 && firstV >= 0) {
    const durationToZero = sampledInterval * (firstV / result);
    if (durationToZero < durationToStart) durationToStart = durationToZero;
  }
  if (durationToEnd >= threshold) durationToEnd = average / 2;
  return result * (sampledInterval + durationToStart + durationToEnd) / sampledInterval;
}
