import { tableFromIPC, type Vector } from "apache-arrow";
import { assert, HorizonError } from "../mod/errors.ts";
import type { SeriesKind } from "../mod/intern/definitions.ts";
import type { HistogramSegment } from "../mod/metrics/histogram_window.ts";
import { METRIC_QUERY_LIMITS, type MetricName } from "../mod/metrics/metric_query.ts";
import type { SegmentField, StepRow, StoredSeries } from "../mod/metrics/metric_source.ts";
import type { Segment } from "../mod/metrics/segment.ts";
import type { SqlValue } from "../mod/ports.ts";
import { decodeArrow, isIterable } from "./arrow_decode.ts";
import type { QueryOutcome } from "./messages.ts";
import { seriesKindOf } from "./series_kind.ts";

/** Reads what the statements of metric_sql.ts answer. Each throws `too_large` past its bound. */

export function readNames({ ipc }: QueryOutcome): MetricName[] {
  const names = [...decodeArrow(ipc).rows(Infinity)].map(([name, kind, unit, series]) => ({
    name: String(name),
    kind: String(kind),
    unit: String(unit),
    series: Number(series),
  }));
  return bounded(names, METRIC_QUERY_LIMITS.names, "names of metrics");
}

export function readSeries({ ipc }: QueryOutcome): StoredSeries[] {
  const series = [...decodeArrow(ipc).rows(Infinity)].map(([id, kind, unit, service, labels]) => ({
    id: Number(id),
    kind: kindOf(kind),
    unit: String(unit),
    service: String(service),
    labels: textsOf(labels),
  }));
  return bounded(series, METRIC_QUERY_LIMITS.series, "series");
}

export function readSegments({ ipc, truncated }: QueryOutcome): StepRow<Segment>[] {
  const table = tableFromIPC(ipc);
  checkRows(table.numRows, truncated);
  // Whole columns at once: asking a vector for one value after the other takes several times as long.
  const ids: unknown = table.getChild("series_id")?.toArray();
  const steps: unknown = table.getChild("step")?.toArray();
  assert(ids instanceof Uint32Array && steps instanceof Int32Array, "rows name series and step");
  const numbers = (field: SegmentField) => numbersOf(table.getChild(field), table.numRows);
  const firstUs = numbers("firstUs");
  const lastUs = numbers("lastUs");
  const first = numbers("first");
  const last = numbers("last");
  const count = numbers("count");
  const sum = numbers("sum");
  const min = numbers("min");
  const max = numbers("max");
  const increase = numbers("increase");
  return Array.from({ length: table.numRows }, (_, i) => ({
    seriesId: ids[i]!,
    step: steps[i]!,
    segment: {
      firstUs: firstUs[i]!,
      lastUs: lastUs[i]!,
      first: first[i]!,
      last: last[i]!,
      count: count[i]!,
      sum: sum[i]!,
      min: min[i]!,
      max: max[i]!,
      increase: increase[i]!,
    },
  }));
}

export function readHistogramSegments(
  { ipc, truncated }: QueryOutcome,
): StepRow<HistogramSegment>[] {
  const table = tableFromIPC(ipc);
  checkRows(table.numRows, truncated);
  const number = (name: string) => {
    const column = table.getChild(name);
    return (i: number): number => Number(column?.get(i) ?? NaN);
  };
  const list = (name: string) => {
    const column = table.getChild(name);
    return (i: number): number[] => {
      const items: unknown = column?.get(i);
      return isIterable(items) ? Array.from(items, Number) : [];
    };
  };
  const seriesId = number("series_id");
  const step = number("step");
  const points = number("points");
  const [firstUs, lastUs] = [number("firstUs"), number("lastUs")];
  const [firstCount, lastCount] = [number("firstCount"), number("lastCount")];
  const [firstSum, lastSum] = [number("firstSum"), number("lastSum")];
  const [firstCounts, lastCounts] = [list("firstCounts"), list("lastCounts")];
  const bounds = list("bounds");
  return Array.from({ length: table.numRows }, (_, i) => ({
    seriesId: seriesId(i),
    step: step(i),
    segment: {
      firstUs: firstUs(i),
      lastUs: lastUs(i),
      points: points(i),
      bounds: bounds(i),
      firstCount: firstCount(i),
      lastCount: lastCount(i),
      firstSum: firstSum(i),
      lastSum: lastSum(i),
      firstCounts: firstCounts(i),
      lastCounts: lastCounts(i),
    },
  }));
}

/** A column that was not asked for reads as nothing but NaN. */
function numbersOf(column: Vector | null, rows: number): Float64Array {
  const values: unknown = column?.toArray();
  return values instanceof Float64Array ? values : new Float64Array(rows).fill(NaN);
}

function kindOf(value: SqlValue | undefined): SeriesKind {
  return seriesKindOf(value) ?? "gauge";
}

function textsOf(value: SqlValue | undefined): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, String(held)]));
}

function checkRows(rows: number, truncated: boolean): void {
  if (rows > METRIC_QUERY_LIMITS.rows || truncated) {
    throw tooLarge("values", METRIC_QUERY_LIMITS.rows);
  }
}

function bounded<T>(items: T[], limit: number, what: string): T[] {
  if (items.length > limit) throw tooLarge(what, limit);
  return items;
}

function tooLarge(what: string, limit: number): HorizonError {
  return new HorizonError(
    "too_large",
    `the query asks for more than ${limit} ${what}; narrow the labels or the range, or take a longer step`,
    { limit },
  );
}
