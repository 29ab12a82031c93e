/** Of the host's memory: a monitor may not become the host's problem. */
const SHARE = 0.25;
const MAX_DERIVED_BYTES = 1024 ** 3;

/**
 * Bytes that stored telemetry may take: what is configured, else a quarter of the memory that
 * this process may use, at most 1 GiB.
 *
 * @param configured `storage.memory_budget_bytes`
 * @param hostBytes memory of the host
 * @param cgroupLimitBytes memory limit of the own cgroup; null where there is none
 */
export function memoryBudgetBytes(
  configured: number | null,
  hostBytes: number,
  cgroupLimitBytes: number | null,
): number {
  if (configured !== null) return configured;
  const usable = Math.min(hostBytes, cgroupLimitBytes ?? Infinity);
  return Math.min(MAX_DERIVED_BYTES, Math.floor(usable * SHARE));
}
