import { parseProcessId, START_TIME_TOLERANCE_MS } from "../processes/process_identity.ts";
import type { CrashSummary } from "./crash.ts";

/**
 * What was kept of the end of one process, in the order of `crashes`: one at most, unless the clock was
 * set so that two processes of one pid cannot be told apart. `startTimeMs` is milliseconds since the Unix epoch.
 */
export function crashesOfProcess(
  crashes: readonly CrashSummary[],
  pid: number,
  startTimeMs: number,
): CrashSummary[] {
  return crashes.filter((one) => {
    if (one.pid !== pid) return false;
    const startMs = parseProcessId(one.processId)?.startTimeMs;
    return startMs !== undefined && Math.abs(startMs - startTimeMs) <= START_TIME_TOLERANCE_MS;
  });
}
