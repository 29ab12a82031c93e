import type { SeriesKind } from "../intern/definitions.ts";
import type { HistogramSegment } from "./histogram_window.ts";
import type { LabelMatcher, MetricName } from "./metric_query.ts";
import type { RolledUpSignal, RollupTier } from "./rollup.ts";
import type { Segment } from "./segment.ts";

/** A series as the store knows it: also one that ended, of which rows are left. */
export interface StoredSeries {
  readonly id: number;
  readonly kind: SeriesKind;
  readonly unit: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Fields of a segment that are asked for; the others are then of no meaning. */
export type SegmentField = keyof Segment;

export interface WindowsRequest {
  readonly signal: RolledUpSignal;
  /** By ascending id. */
  readonly seriesIds: readonly number[];
  readonly startUs: number;
  readonly endUs: number;
  readonly stepUs: number;
  readonly fields: readonly SegmentField[];
  /** Asks for a quantile of the samples of each step, as `last`; it needs the samples themselves. */
  readonly quantile: number | null;
}

/** How a range is read: which rollup, and in which steps. */
export interface StepPlan {
  readonly tier: "raw" | RollupTier;
  readonly startUs: number;
  readonly stepUs: number;
  readonly points: number;
}

/** A segment of one series in one step; several of a step are in any order. */
export interface StepRow<T> {
  readonly seriesId: number;
  /** From zero. */
  readonly step: number;
  readonly segment: T;
}

export type Windows =
  & StepPlan
  & (
    | { readonly signal: "metrics"; readonly rows: Iterable<StepRow<Segment>> }
    | { readonly signal: "histograms"; readonly rows: Iterable<StepRow<HistogramSegment>> }
  );

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * What the functions over metrics need of the store. All throw as `QueryFn` does, and `too_large` when
 * there is more than the bounds of `METRIC_QUERY_LIMITS`.
 */
export interface MetricSource {
  names(contains: string, options: CallOptions): Promise<MetricName[]>;
  series(
    name: string,
    matchers: readonly LabelMatcher[],
    options: CallOptions,
  ): Promise<StoredSeries[]>;
  windows(request: WindowsRequest, options: CallOptions): Promise<Windows>;
}
