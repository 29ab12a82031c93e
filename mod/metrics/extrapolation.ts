/** A window, microseconds since the Unix epoch; its end is not included. */
export interface Window {
  readonly startUs: number;
  readonly endUs: number;
}

/** What is known of a series within a window. */
interface Observed {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly count: number;
  /** The value of the first sample. */
  readonly first: number;
  /** From the first to the last sample. */
  readonly change: number;
}

/** Gaps up to so many mean distances between samples count as if the series reached the window's end. */
const REACH = 1.1;

/**
 * The change over the whole window, from that between its samples, by the rules of PromQL's `rate`,
 * `increase` and `delta` (promql/functions.go, `extrapolatedRate`):
 *
 * - Fewer than two samples give nothing.
 * - The change goes on to an end of the window at the same slope where the sample next to that end is no
 *   further away than 1.1 mean distances of samples, else for half a mean distance.
 * - A counter does not go below zero: it is taken back no further than to where it would have been zero.
 *
 * @returns NaN when there is nothing to say
 */
export function extrapolated(observed: Observed, window: Window, counter: boolean): number {
  const { firstUs, lastUs, count, first, change } = observed;
  const sampledUs = lastUs - firstUs;
  if (count < 2 || sampledUs <= 0) return NaN;
  const meanUs = sampledUs / (count - 1);
  let beforeUs = firstUs - window.startUs;
  let afterUs = window.endUs - lastUs;
  if (beforeUs >= meanUs * REACH) beforeUs = meanUs / 2;
  if (counter && change > 0 && first >= 0) {
    beforeUs = Math.min(beforeUs, sampledUs * (first / change));
  }
  if (afterUs >= meanUs * REACH) afterUs = meanUs / 2;
  return change * (sampledUs + beforeUs + afterUs) / sampledUs;
}
