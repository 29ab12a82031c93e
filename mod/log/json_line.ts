import type { LogEntry } from "./logger.ts";

/** Keys of a line that no field may replace; such a field is written with `_` in front. */
const RESERVED: ReadonlySet<string> = new Set(["ts", "level", "event"]);

/** A line for programs: `{"ts":"2026-01-02T03:04:05.678Z","level":"info","event":"ready",…}`. */
export function jsonLine(entry: LogEntry): string {
  const fields = Object.entries(entry.fields)
    .map(([key, value]) => [RESERVED.has(key) ? `_${key}` : key, value]);
  return JSON.stringify({
    ts: new Date(entry.tsMs).toISOString(),
    level: entry.level,
    event: entry.event,
    ...Object.fromEntries(fields),
  });
}
