/**
 * The NaN by which Prometheus says that a series has ended (prometheus/prometheus,
 * model/value/value.go, StaleNaN): 0x7ff0000000000002. Other NaNs are values.
 */
export const STALE_LOW = 0x00000002;
export const STALE_HIGH = 0x7ff00000;

/** True when the double whose little-endian bytes begin at `at` is the stale marker. */
export function isStaleAt(view: DataView, at: number): boolean {
  return view.getUint32(at, true) === STALE_LOW && view.getUint32(at + 4, true) === STALE_HIGH;
}
