import type { SeriesKind } from "../intern/definitions.ts";
import type { RollupTier } from "./rollup.ts";

/** What is made of the samples of one series in one window; see docs/api.md for each. */
export const WINDOW_FUNCTIONS = [
  "min",
  "max",
  "avg",
  "sum",
  "count",
  "first",
  "last",
  "p50",
  "p95",
  "p99",
  "rate",
  "increase",
  "delta",
  "timestamp",
] as const;
export type WindowFunction = typeof WINDOW_FUNCTIONS[number];

/** The share that a quantile is of; null for other functions. */
export function quantileOf(fn: WindowFunction): number | null {
  return fn === "p50" ? 0.5 : fn === "p95" ? 0.95 : fn === "p99" ? 0.99 : null;
}

export const MATCH_OPERATORS = ["=", "!=", "=~", "!~"] as const;
export type MatchOperator = typeof MATCH_OPERATORS[number];

/**
 * As in PromQL: a label that a series has not counts as empty, a pattern (RE2) must match the whole
 * value. The label `service` is the series' service where it has no label of that name.
 */
export interface LabelMatcher {
  readonly label: string;
  readonly op: MatchOperator;
  readonly value: string;
}

export const SERIES_AGGREGATES = ["sum", "avg", "min", "max", "count", "quantile"] as const;

/** Puts the series together that have the same values of the labels `by`. */
export type SeriesAggregate =
  | {
    readonly op: Exclude<typeof SERIES_AGGREGATES[number], "quantile">;
    readonly by: readonly string[];
  }
  | { readonly op: "quantile"; readonly q: number; readonly by: readonly string[] };

/** Windows follow each other from `startMs` on; times are milliseconds since the Unix epoch. */
export interface MetricQuery {
  readonly name: string;
  readonly matchers?: readonly LabelMatcher[];
  readonly startMs: number;
  /** Not included. The last window is cut there. */
  readonly endMs: number;
  /** Time between points; may be raised where only a coarser rollup is left of the range. */
  readonly stepMs: number;
  /** How far back from the end of its step each point looks; a multiple of the step, which it is by default. */
  readonly windowMs?: number;
  readonly fn: WindowFunction;
  readonly aggregate?: SeriesAggregate;
  readonly timeoutMs?: number;
  /** Aborting it cancels the query. */
  readonly signal?: AbortSignal;
}

export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Null where series of several kinds or units were put together. */
  readonly kind: SeriesKind | null;
  readonly unit: string | null;
  /** One for each point; NaN where the window has none. */
  readonly values: Float64Array;
}

export interface MetricQueryResult {
  /** Start of the first step. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly points: number;
  /** What was read besides samples that are not rolled up yet. */
  readonly tier: "raw" | RollupTier;
  readonly series: readonly MetricSeries[];
  readonly elapsedMs: number;
}

export interface MetricName {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  /** Series of any time that rows are left of. */
  readonly series: number;
}

/** Bounds of a query; past one it is refused as `too_large`. */
export const METRIC_QUERY_LIMITS = {
  /** Series that one query selects. */
  series: 20_000,
  /** Points of each series. */
  points: 11_000,
  /** Series times points. */
  cells: 1_000_000,
  /** Series times points times the steps of a window. */
  windowSteps: 20_000_000,
  /** Rows that the store gives: a series in a step is one, more where several chunks have it. */
  rows: 500_000,
  matchers: 32,
  by: 32,
  /** Names of `metricNames`. */
  names: 10_000,
} as const;
