const UNITS_MS: readonly (readonly [unit: string, ms: number])[] = [
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/** What a duration looks like: whole numbers with units, largest unit first, such as `1h30m`. */
export const DURATION_PATTERN =
  /^(?=\d)(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?$/;

/** The milliseconds of `500ms`, `15s`, `7d` or `1h30m`; null when the text is none of that kind. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return null;
  return UNITS_MS.reduce((sum, [, ms], i) => sum + Number(match[i + 1] ?? 0) * ms, 0);
}

/** The shortest text of whole units that `parseDurationMs` reads back; `ms` is a whole number from 0. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, size] of UNITS_MS) {
    // Weeks are read but not written: "90d" says more than "12w6d".
    const count = unit === "w" ? 0 : Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
