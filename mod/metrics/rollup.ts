import type { Signal } from "../columns/column.ts";

/** Length of time that one rolled-up row stands for. */
export type RollupTier = "1m" | "1h";

export const ROLLUP_TIERS: readonly RollupTier[] = ["1m", "1h"];

/** Microseconds of each tier's buckets; they begin at multiples of it since the Unix epoch. */
export const ROLLUP_US: Readonly<Record<RollupTier, number>> = {
  "1m": 60_000_000,
  "1h": 3_600_000_000,
};

/** Samples and histograms by the minute and by the hour; the names are those of the views. */
export type Rollup =
  | "rollups_1m"
  | "rollups_1h"
  | "histogram_rollups_1m"
  | "histogram_rollups_1h";

export const ROLLUPS: readonly Rollup[] = [
  "rollups_1m",
  "rollups_1h",
  "histogram_rollups_1m",
  "histogram_rollups_1h",
];

/** Signals that are rolled up. */
export type RolledUpSignal = "metrics" | "histograms";

/** The rollups of each signal that has some, the finest first. */
export const ROLLUPS_OF: Readonly<Record<RolledUpSignal, Readonly<Record<RollupTier, Rollup>>>> = {
  metrics: { "1m": "rollups_1m", "1h": "rollups_1h" },
  histograms: { "1m": "histogram_rollups_1m", "1h": "histogram_rollups_1h" },
};

export function isRolledUp(kind: Signal | Rollup): kind is RolledUpSignal {
  return kind === "metrics" || kind === "histograms";
}
