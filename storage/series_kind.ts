import type { SeriesKind } from "../mod/intern/definitions.ts";

const KINDS: readonly SeriesKind[] = ["gauge", "counter", "updown", "summary", "histogram"];

/** The kind that a stored value names; undefined for anything else. */
export function seriesKindOf(value: unknown): SeriesKind | undefined {
  return KINDS.find((one) => one === value);
}
