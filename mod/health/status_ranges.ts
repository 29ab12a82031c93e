/** Status codes from `from` to `to`, both included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** Reads `200`, `200-399` or `200-299, 304`; null when the text is none of that kind. */
export function parseStatusRanges(text: string): StatusRange[] | null {
  const ranges = text.split(",").map((part): StatusRange | null => {
    const match = /^\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*$/.exec(part);
    if (match === null) return null;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    return from <= to ? { from, to } : null;
  });
  return ranges.every((range) => range !== null) ? ranges : null;
}

export function inRanges(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ from, to }) => status >= from && status <= to);
}

/** `200-299, 304`. */
export function formatStatusRanges(ranges: readonly StatusRange[]): string {
  return ranges.map(({ from, to }) => from === to ? String(from) : `${from}-${to}`).join(", ");
}
