/** Says which instant a time on a clock on the wall is. */
export interface TimeZone {
  /** @param wallMs the wall clock's reading, as milliseconds since 1970-01-01T00:00 on that clock */
  toUtcMs(wallMs: number): number;
}

export const UTC: TimeZone = { toUtcMs: (wallMs) => wallMs };

/** Offsets change at quarters of an hour, never between. */
const SLICE_MS = 900_000;
/** Slices remembered; then all are forgotten. Logs go forward in time, so few are enough. */
const MAX_SLICES = 1_024;
const OFFSET = /^([+-])(\d{2}):?(\d{2})$/;

/**
 * The zone that a configuration names: `local`, `utc`, an offset such as `+02:00`, or a name of
 * the IANA database such as `Europe/Berlin`. Null when there is no such zone.
 */
export function timeZoneOf(name: string): TimeZone | null {
  if (name.toLowerCase() === "utc") return UTC;
  const offset = OFFSET.exec(name);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    if (minutes > 14 * 60) return null;
    const offsetMs = (offset[1] === "-" ? -minutes : minutes) * 60_000;
    return { toUtcMs: (wallMs) => wallMs - offsetMs };
  }
  const timeZone = name === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : name;
  try {
    return namedZone(timeZone);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** @throws RangeError when there is no such zone. */
function namedZone(timeZone: string): TimeZone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const offsetAt = (utcMs: number): number => {
    const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const wallMs = Date.UTC(
      number("year"),
      number("month") - 1,
      number("day"),
      number("hour"),
      number("minute"),
      number("second"),
    );
    return wallMs - Math.floor(utcMs / 1_000) * 1_000;
  };
  const offsets = new Map<number, number>();
  return {
    toUtcMs(wallMs) {
      const slice = Math.floor(wallMs / SLICE_MS);
      let offset = offsets.get(slice);
      if (offset === undefined) {
        const startMs = slice * SLICE_MS;
        // Twice: the first answer may be that of the other side of a change of the clocks.
        offset = offsetAt(startMs - offsetAt(startMs));
        if (!Number.isFinite(offset)) offset = 0;
        if (offsets.size >= MAX_SLICES) offsets.clear();
        offsets.set(slice, offset);
      }
      return wallMs - offset;
    },
  };
}
