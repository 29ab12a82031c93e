import type { SeriesDefinition } from "./definitions.ts";

/** Series of a metric that are looked at, and label keys that are answered. */
const MAX_SERIES = 50_000;
const MAX_KEYS = 100;

export interface LabelCardinality {
  readonly key: string;
  /** Distinct values of it, and series that have it. */
  readonly values: number;
  readonly series: number;
}

export interface MetricLabels {
  /** Series that were looked at: all of them, or as many as are looked at at a time. */
  readonly lookedAt: number;
  /** The keys with the most values first, at most a hundred. */
  readonly labels: readonly LabelCardinality[];
}

/** Which label makes a metric's series so many. */
export function metricLabels(series: Iterable<SeriesDefinition>): MetricLabels {
  const keys = new Map<string, { readonly values: Set<string>; series: number }>();
  let lookedAt = 0;
  for (const { labels } of series) {
    if (lookedAt === MAX_SERIES) break;
    lookedAt++;
    for (const [key, value] of labels) {
      let found = keys.get(key);
      if (found === undefined) {
        found = { values: new Set(), series: 0 };
        keys.set(key, found);
      }
      found.values.add(value);
      found.series++;
    }
  }
  return {
    lookedAt,
    labels: [...keys]
      .map(([key, found]) => ({ key, values: found.values.size, series: found.series }))
      .sort((a, b) => b.values - a.values || b.series - a.series || (a.key < b.key ? -1 : 1))
      .slice(0, MAX_KEYS),
  };
}
