// Reading the text files of /proc. Nothing here throws: what does not look as it should is
// skipped or null, because a monitor must outlive a damaged or newer format.

/** The fields of a line, which are separated by spaces or tabs. */
export function fields(line: string): string[] {
  return line.trim().split(/[ \t]+/);
}

/** Every line of a text, without empty ones. */
export function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/**
 * A decimal count, null when it is none. Counters past 2^53 lose their lowest digits, as every
 * sample does: values are doubles.
 */
export function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,20}$/.test(text) ? Number(text) : null;
}

/** A number with decimals, such as a load average; null when it is none. */
export function decimal(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : null;
}

/** Consecutive fields as counts by name; null when one of them is missing or no count. */
export function counts<const N extends string>(
  texts: readonly string[],
  names: readonly N[],
): Record<N, number> | null {
  const named: Partial<Record<N, number>> = {};
  for (const [i, name] of names.entries()) {
    const value = count(texts[i]);
    if (value === null) return null;
    named[name] = value;
  }
  return named as Record<N, number>;
}

/** Files of the form `name value` or `Name:  value kB`, one a line. Values are given in bytes. */
export function namedCounts(text: string): Map<string, number> {
  const named = new Map<string, number>();
  for (const line of lines(text)) {
    const [name = "", value, unit] = fields(line);
    const number = count(value);
    if (number === null) continue;
    const key = name.endsWith(":") ? name.slice(0, -1) : name;
    if (key !== "") named.set(key, unit === "kB" ? number * 1024 : number);
  }
  return named;
}
