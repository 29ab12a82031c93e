import type { SeriesAggregate } from "./metric_query.ts";

/** One value of many series at one point; NaN values are left out, and NaN is the answer to none. */
export function acrossSeries(aggregate: SeriesAggregate, values: readonly number[]): number {
  const present = values.filter((value) => !Number.isNaN(value));
  if (present.length === 0) return NaN;
  switch (aggregate.op) {
    case "sum":
      return sum(present);
    case "avg":
      return sum(present) / present.length;
    case "min":
      return present.reduce((a, b) => Math.min(a, b));
    case "max":
      return present.reduce((a, b) => Math.max(a, b));
    case "count":
      return present.length;
    case "quantile":
      return quantile(aggregate.q, present);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Interpolates linearly between the two nearest, as PromQL and `quantile_cont` do. */
function quantile(q: number, values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = q * (sorted.length - 1);
  const below = Math.floor(rank);
  const lower = sorted[below]!;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return lower + (upper - lower) * (rank - below);
}
