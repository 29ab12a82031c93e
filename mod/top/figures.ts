const SIZE_UNITS = ["B", "K", "M", "G", "T", "P"] as const;

/** Bytes in at most 5 characters and powers of 1,024: `0B`, `812K`, `1.4G`; `-` for what is not known. */
export function shortBytes(bytes: number | null): string {
  if (bytes === null) return "-";
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1,000 and not 1,024: four digits would not fit.
  while (value >= 999.5 && unit < SIZE_UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)}${SIZE_UNITS[unit]}`;
}

/** A share of cores in percent, at most 5 characters: `0.3`, `100`, `1250`. */
export function percent(ratio: number | null): string {
  if (ratio === null) return "-";
  const value = Math.max(0, ratio * 100);
  return value.toFixed(value < 99.95 ? 1 : 0);
}

/** A count in at most 5 characters: `99999`, `120k`. */
export function shortCount(count: number | null): string {
  if (count === null) return "-";
  return count < 100_000 ? String(Math.round(count)) : `${Math.round(count / 1_000)}k`;
}

/** `3d 04:12`, `04:12`. */
export function uptimeText(seconds: number | null): string {
  if (seconds === null) return "-";
  const minutes = Math.floor(seconds / 60);
  const days = Math.floor(minutes / 1_440);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
  return days > 0 ? `${days}d ${clock}` : clock;
}

/** A bar of `width` characters, `share` of them full. */
export function bar(share: number | null, width: number): string {
  const full = Math.round(Math.max(0, Math.min(1, share ?? 0)) * width);
  return `[${"|".repeat(full)}${" ".repeat(width - full)}]`;
}
