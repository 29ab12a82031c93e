import type { LogEntry } from "./logger.ts";

/** A line for people: `2026-01-02T03:04:05.678Z INFO  ready listen=127.0.0.1:9630`. */
export function textLine(entry: LogEntry): string {
  const fields = Object.entries(entry.fields).map(([key, value]) =>
    ` ${shown(key)}=${shown(value)}`
  );
  return `${new Date(entry.tsMs).toISOString()} ${entry.level.toUpperCase().padEnd(5)} ` +
    `${shown(entry.event)}${fields.join("")}`;
}

/** Plain words stand as they are. All else is quoted, so that no value can fake a field or a line. */
function shown(value: unknown): string {
  if (typeof value === "string" && /^[\w./:@%+,[\]-]+$/.test(value)) return value;
  // JSON leaves DEL and the C1 controls as they are; terminals obey some of them.
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
