import type { StepPlan } from "../mod/metrics/metric_source.ts";
import { ROLLUP_TIERS, ROLLUP_US, type RollupTier } from "../mod/metrics/rollup.ts";

/** What the plan must know of a chunk of raw rows. */
export interface RawChunk {
  readonly number: number;
  readonly minTsUs: number;
  readonly maxTsUs: number;
  readonly rolledUp: boolean;
}

/** What the plan must know of a chunk of a rollup. */
export interface RollupChunk {
  readonly number: number;
  /** Start of the first and of the last bucket. */
  readonly minTsUs: number;
  readonly maxTsUs: number;
  /** Raw chunks its rows were made of, by number, and the start of their hour. */
  readonly sources: ReadonlyMap<number, number>;
}

export interface Stored {
  readonly raw: readonly RawChunk[];
  readonly rollups: Readonly<Record<RollupTier, readonly RollupChunk[]>>;
}

export interface RangeRequest {
  readonly startUs: number;
  readonly endUs: number;
  readonly stepUs: number;
  /** Whether samples themselves are needed, at any step. */
  readonly rawOnly: boolean;
}

/** How a range is read. Each row that was ever stored is in one of the parts, and in one only. */
export interface TierPlan extends StepPlan {
  readonly endUs: number;
  /** Numbers of the raw chunks to read. */
  readonly rawChunks: readonly number[];
  /** Numbers of the chunks of the rollup to read. */
  readonly rollupChunks: readonly number[];
  /** Raw chunks whose rows must not be taken from the rollup, since they are read themselves. */
  readonly excludedSources: readonly number[];
}

const HOUR_US = ROLLUP_US["1h"];

/**
 * Chooses one tier for a whole range: the coarsest whose buckets divide the step, or a coarser one where
 * that has lost part of the range to retention, at a step raised to whole buckets. What is not
 * rolled up yet is read raw beside it. Nothing is cut by time, so there are no seams: a raw
 * chunk is either in the rollup as a whole, or read itself as a whole.
 */
export function planTiers(request: RangeRequest, stored: Stored): TierPlan {
  const raw = stored.raw.filter((chunk) =>
    chunk.minTsUs < request.endUs && chunk.maxTsUs >= request.startUs
  );
  const tier = chosenTier(request, stored, raw);
  if (tier === "raw") {
    return {
      ...stepsOf(request, null),
      tier,
      rawChunks: raw.map(({ number }) => number),
      rollupChunks: [],
      excludedSources: [],
    };
  }
  const steps = stepsOf(request, ROLLUP_US[tier]);
  const rollups = stored.rollups[tier].filter((chunk) =>
    chunk.minTsUs < steps.endUs && chunk.maxTsUs >= steps.startUs
  );
  const inRollup = new Set(rollups.flatMap(({ sources }) => [...sources.keys()]));
  const unrolled = raw.filter(({ number, rolledUp }) => !rolledUp || !inRollup.has(number));
  return {
    ...steps,
    tier,
    rawChunks: unrolled.map(({ number }) => number),
    rollupChunks: rollups.map(({ number }) => number),
    excludedSources: unrolled.map(({ number }) => number).filter((one) => inRollup.has(one)),
  };
}

function chosenTier(
  request: RangeRequest,
  stored: Stored,
  raw: readonly RawChunk[],
): "raw" | RollupTier {
  if (request.rawOnly) return "raw";
  const fitting = ROLLUP_TIERS.filter((tier) => request.stepUs % ROLLUP_US[tier] === 0);
  const wanted = fitting.at(-1) ?? "raw";
  const live = new Set(raw.map(({ number }) => number));
  const sources = (tier: RollupTier) => sourcesIn(stored.rollups[tier], request);
  const candidates = ["raw", ...ROLLUP_TIERS] as const;
  for (let i = candidates.indexOf(wanted); i < candidates.length - 1; i++) {
    const candidate = candidates[i]!;
    const held = candidate === "raw" ? live : new Set([...live, ...sources(candidate)]);
    const lost = candidates.slice(i + 1).some((coarser) =>
      coarser !== "raw" && sources(coarser).some((source) => !held.has(source))
    );
    if (!lost) return candidate;
  }
  return "1h";
}

/** Raw chunks of the range that a tier holds. */
function sourcesIn(chunks: readonly RollupChunk[], { startUs, endUs }: RangeRequest): number[] {
  return chunks.flatMap(({ sources }) =>
    [...sources].filter(([, hourUs]) => hourUs < endUs && hourUs + HOUR_US > startUs)
      .map(([number]) => number)
  );
}

/** Steps of whole buckets; `bucketUs` null: of samples. */
function stepsOf(
  { startUs, endUs, stepUs }: RangeRequest,
  bucketUs: number | null,
): Pick<TierPlan, "startUs" | "endUs" | "stepUs" | "points"> {
  const start = bucketUs === null ? startUs : Math.floor(startUs / bucketUs) * bucketUs;
  const step = bucketUs === null ? stepUs : Math.ceil(stepUs / bucketUs) * bucketUs;
  return { startUs: start, endUs, stepUs: step, points: Math.ceil((endUs - start) / step) };
}
