import { type Signal, SIGNALS } from "../mod/columns/column.ts";
import { type Rollup, ROLLUPS, type RollupTier } from "../mod/metrics/rollup.ts";

/** What the rows of a chunk are: those of a signal, or a rollup of them. */
export type ChunkKind = Signal | Rollup;

export const CHUNK_KINDS: readonly ChunkKind[] = [...SIGNALS, ...ROLLUPS];

const TIERS: Readonly<Record<Rollup, RollupTier>> = {
  rollups_1m: "1m",
  rollups_1h: "1h",
  histogram_rollups_1m: "1m",
  histogram_rollups_1h: "1h",
};

/** The tier of a rollup; null for a signal. */
export function tierOf(kind: ChunkKind): RollupTier | null {
  return isRollup(kind) ? TIERS[kind] : null;
}

export function isRollup(kind: ChunkKind): kind is Rollup {
  return kind in TIERS;
}
