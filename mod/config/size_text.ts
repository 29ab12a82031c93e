const UNITS: readonly (readonly [unit: string, bytes: number])[] = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
  ["kB", 1e3],
  ["KB", 1e3],
  ["B", 1],
];

/** What a size looks like: a number, then a unit of 1024 (`MiB`) or of 1000 (`MB`); bare numbers are bytes. */
export const SIZE_PATTERN = /^(\d{1,16}(?:\.\d{1,6})?) ?(TiB|GiB|MiB|KiB|TB|GB|MB|kB|KB|B)?$/;

/** The bytes of `256MiB`, `1.5GB` or `4096`; null when the text is none of that kind, or is no whole number of bytes. */
export function parseSizeBytes(text: string): number | null {
  const match = SIZE_PATTERN.exec(text);
  if (match === null) return null;
  const factor = UNITS.find(([unit]) => unit === match[2])?.[1] ?? 1;
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The size in the largest unit of 1024 that keeps it exact; `bytes` is a whole number from 0. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of UNITS.slice(0, 4)) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
