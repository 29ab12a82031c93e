/** Process ids are 32-bit signed integers in the store, and on every kernel. */
const MAX_PID = 2 ** 31 - 1;

/**
 * A number as a process id; null when it can be none. The store refuses a whole batch, other
 * senders' rows with it, for a single number that does not fit into its column.
 */
export function processIdOf(value: number | null): number | null {
  return value !== null && Number.isInteger(value) && value >= 0 && value <= MAX_PID ? value : null;
}
