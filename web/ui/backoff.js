// @ts-check
/** Waits between attempts to reach the server again. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Doubles from half a second to fifteen; half of it is random, so that many pages do not return at once.
 * @param {number} attempt 0 for the first
 * @param {() => number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoffMs(attempt, random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return ceiling / 2 + random() * ceiling / 2;
}
