/**
 * What names a process among all that ran: `<pid>-<start time>`, the start in milliseconds since the
 * Unix epoch. A pid alone is given again.
 */
export function processId(pid: number, startTimeMs: number): string {
  return `${pid}-${Math.round(startTimeMs)}`;
}

/** The parts of `processId`'s answer; null for what is none. */
export function parseProcessId(id: string): { pid: number; startTimeMs: number } | null {
  const parts = /^([1-9]\d{0,9})-(\d{1,15})$/.exec(id);
  return parts === null ? null : { pid: Number(parts[1]), startTimeMs: Number(parts[2]) };
}

/**
 * The kernel tells the time of boot in whole seconds, and reckons it anew when the clock is set:
 * start times of one process that two runs of Horizon tell differ by no more than this, milliseconds.
 */
export const START_TIME_TOLERANCE_MS = 2_000;
