import type { Clock } from "../clock.ts";
import { HorizonError } from "../errors.ts";
import type { MetricNamesFn, MetricQueryFn } from "../ports.ts";
import { acrossSeries } from "./across_series.ts";
import {
  HISTOGRAM_FUNCTIONS,
  histogramQuantile,
  type HistogramSegment,
  histogramValue,
  mergedBuckets,
  observedIn,
} from "./histogram_window.ts";
import {
  METRIC_QUERY_LIMITS,
  type MetricQuery,
  type MetricQueryResult,
  type MetricSeries,
  quantileOf,
  type SeriesAggregate,
  type WindowFunction,
} from "./metric_query.ts";
import type {
  CallOptions,
  MetricSource,
  SegmentField,
  StepPlan,
  StepRow,
  StoredSeries,
} from "./metric_source.ts";
import { joined, type Segment } from "./segment.ts";
import type { Window } from "./extrapolation.ts";
import { type SegmentFunction, windowValue } from "./window_value.ts";

/** Fields of a segment that each function is made of, besides those that put segments in order. */
const FIELDS: Readonly<Record<SegmentFunction, readonly SegmentField[]>> = {
  min: ["min"],
  max: ["max"],
  avg: ["sum", "count"],
  sum: ["sum"],
  count: ["count"],
  first: ["first", "firstUs", "lastUs"],
  last: ["last", "firstUs", "lastUs"],
  rate: ["first", "last", "firstUs", "lastUs", "count", "increase"],
  increase: ["first", "last", "firstUs", "lastUs", "count", "increase"],
  delta: ["first", "last", "firstUs", "lastUs", "count"],
  timestamp: ["firstUs", "lastUs"],
};

/** The functions that the API, rules and the page call, over a store. */
export function metricFunctions(
  source: MetricSource,
  clock: Clock,
): { readonly metricQuery: MetricQueryFn; readonly metricNames: MetricNamesFn } {
  return {
    metricQuery: (query) => queryMetrics(source, query, clock),
    metricNames: (contains, signal) =>
      source.names(contains, signal === undefined ? {} : { signal }),
  };
}

/**
 * Answers a query over metrics: which series, then what they did in each step, then windows, then across
 * series. The store gives what stands for many samples; what is made of it is made here.
 *
 * @throws HorizonError `invalid_argument`, `too_large`; what `QueryFn` throws
 */
export async function queryMetrics(
  source: MetricSource,
  query: MetricQuery,
  clock: Clock,
): Promise<MetricQueryResult> {
  const startedMs = clock.monotonicMs();
  checkQuery(query);
  const options = callOptions(query);
  const all = await source.series(query.name, query.matchers ?? [], options);
  // A name has numbers or, where it has none, histograms.
  const numbers = all.filter(({ kind }) => kind !== "histogram");
  const selected = numbers.length > 0 ? numbers : all;
  const histograms = numbers.length === 0;
  if (histograms && selected.length > 0) checkHistogramFunction(query.fn);
  const quantile = quantileOf(query.fn);
  if (quantile !== null && !histograms && windowSteps(query) > 1) {
    throw new HorizonError(
      "invalid_argument",
      `${query.fn} of samples takes no window longer than the step; leave window_ms out`,
    );
  }
  const windows = await source.windows({
    signal: histograms ? "histograms" : "metrics",
    seriesIds: selected.map(({ id }) => id),
    startUs: query.startMs * 1000,
    endUs: query.endMs * 1000,
    stepUs: query.stepMs * 1000,
    fields: quantile === null ? FIELDS[segmentFunction(query.fn)] : ["last", "count"],
    quantile: histograms ? null : quantile,
  }, options);
  const frame = new Frame(windows, query);
  const identities = identify(selected);
  const series = windows.signal === "metrics"
    ? sampleSeries(windows.rows, identities, frame, query)
    : histogramSeries(windows.rows, identities, frame, query);
  return {
    startMs: windows.startUs / 1000,
    stepMs: windows.stepUs / 1000,
    points: windows.points,
    tier: windows.tier,
    series,
    elapsedMs: clock.monotonicMs() - startedMs,
  };
}

/** The windows of a query's points. */
class Frame {
  readonly points: number;
  /** Steps that a window spans. */
  readonly span: number;
  readonly #plan: StepPlan;
  readonly #endUs: number;

  constructor(plan: StepPlan, query: MetricQuery) {
    this.points = plan.points;
    this.span = Math.max(1, Math.round((query.windowMs ?? query.stepMs) * 1000 / plan.stepUs));
    this.#plan = plan;
    this.#endUs = query.endMs * 1000;
  }

  window(point: number): Window {
    const { startUs, stepUs } = this.#plan;
    const endUs = startUs + (point + 1) * stepUs;
    // What the query does not ask for is no part of the last window.
    return { startUs: endUs - this.span * stepUs, endUs: Math.min(endUs, this.#endUs) };
  }

  /** What a series did in the window of a point. */
  segments<T>(steps: ReadonlyMap<number, readonly T[]>, point: number): T[] {
    const all: T[] = [];
    for (let step = Math.max(0, point - this.span + 1); step <= point; step++) {
      for (const segment of steps.get(step) ?? []) all.push(segment);
    }
    return all;
  }

  /** Values of one series, of what it did in each step. */
  values<T>(steps: ReadonlyMap<number, readonly T[]>, valueOf: (all: T[], at: Window) => number) {
    return Float64Array.from({ length: this.points }, (_, point) => {
      const all = this.segments(steps, point);
      return all.length === 0 ? NaN : valueOf(all, this.window(point));
    });
  }

  /** @throws HorizonError `too_large` when there would be too much to work out */
  checkSeries(count: number): void {
    const cells = count * this.points;
    if (
      cells <= METRIC_QUERY_LIMITS.cells && cells * this.span <= METRIC_QUERY_LIMITS.windowSteps
    ) {
      return;
    }
    throw new HorizonError(
      "too_large",
      `the query is for ${count} series of ${this.points} points, each of ${this.span} steps; narrow ` +
        "the labels or the range, or take a longer step",
      { series: count, points: this.points, limit: METRIC_QUERY_LIMITS.cells },
    );
  }
}

/** Series of the same labels under several ids are one: it was forgotten in between. */
interface Identity {
  readonly series: StoredSeries;
}

function identify(selected: readonly StoredSeries[]): Map<number, Identity> {
  const byKey = new Map<string, Identity>();
  return new Map(selected.map((series) => {
    const { kind, unit, labels } = series;
    const sorted = Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1);
    const key = JSON.stringify([kind, unit, sorted]);
    const known = byKey.get(key) ?? { series };
    byKey.set(key, known);
    return [series.id, known];
  }));
}

function bySeries<T>(
  rows: Iterable<StepRow<T>>,
  identities: ReadonlyMap<number, Identity>,
): Map<Identity, Map<number, T[]>> {
  const all = new Map<Identity, Map<number, T[]>>();
  for (const { seriesId, step, segment } of rows) {
    const identity = identities.get(seriesId);
    if (identity === undefined) continue;
    let steps = all.get(identity);
    if (steps === undefined) all.set(identity, steps = new Map());
    const segments = steps.get(step);
    if (segments === undefined) steps.set(step, [segment]);
    else segments.push(segment);
  }
  return all;
}

function sampleSeries(
  rows: Iterable<StepRow<Segment>>,
  identities: ReadonlyMap<number, Identity>,
  frame: Frame,
  query: MetricQuery,
): MetricSeries[] {
  const { fn } = query;
  const valueOf = quantileOf(fn) !== null ? largestPart : (segments: Segment[], window: Window) => {
    const whole = joined(segments);
    return whole === null ? NaN : windowValue(segmentFunction(fn), whole, window);
  };
  const all = bySeries(rows, identities);
  frame.checkSeries(all.size);
  const each = [...all].map(([{ series }, steps]) => ({
    series,
    values: frame.values(steps, valueOf),
  }));
  return finished(each, frame, query.aggregate);
}

/** A series that came back under another id within a step has a quantile of each: that of more samples. */
function largestPart(parts: Segment[]): number {
  return parts.reduce((largest, part) => part.count > largest.count ? part : largest).last;
}

function histogramSeries(
  rows: Iterable<StepRow<HistogramSegment>>,
  identities: ReadonlyMap<number, Identity>,
  frame: Frame,
  query: MetricQuery,
): MetricSeries[] {
  const { fn, aggregate } = query;
  const quantile = quantileOf(fn);
  const all = [...bySeries(rows, identities)];
  frame.checkSeries(all.length);
  if (quantile === null || aggregate?.op !== "sum") {
    const each = all.map(([{ series }, steps]) => ({
      series,
      values: frame.values(steps, (segments, window) => {
        const observed = observedIn(segments);
        return observed === null ? NaN : histogramValue(fn, quantile, observed, window);
      }),
    }));
    return finished(each, frame, aggregate);
  }
  // The quantile of a sum is that of all observations together.
  const each = all.map(([{ series }, steps]) => ({ series, steps }));
  return groups(each, aggregate.by).map(({ labels, members }) => {
    const values = Float64Array.from({ length: frame.points }, (_, point) => {
      const buckets = members.map(({ steps }) => observedIn(frame.segments(steps, point)))
        .flatMap((one) => one === null || one.points < 2 ? [] : [one.buckets]);
      return histogramQuantile(quantile, mergedBuckets(buckets));
    });
    return { labels, ...common(members), values };
  });
}

interface Valued {
  readonly series: StoredSeries;
  readonly values: Float64Array;
}

function finished(
  each: readonly Valued[],
  frame: Frame,
  aggregate: SeriesAggregate | undefined,
): MetricSeries[] {
  if (aggregate === undefined) {
    return sorted(each.map(({ series, values }) => ({
      labels: series.labels,
      kind: series.kind,
      unit: series.unit,
      values,
    })));
  }
  return groups(each, aggregate.by).map(({ labels, members }) => {
    const values = new Float64Array(frame.points);
    for (let point = 0; point < frame.points; point++) {
      values[point] = acrossSeries(aggregate, members.map((member) => member.values[point]!));
    }
    return { labels, ...common(members), values };
  });
}

interface Group<T> {
  readonly labels: Readonly<Record<string, string>>;
  readonly members: T[];
}

/** Series that have the same values of some labels; one that has not the label has it empty. */
function groups<T extends { readonly series: StoredSeries }>(
  each: readonly T[],
  by: readonly string[],
): Group<T>[] {
  const found = new Map<string, Group<T>>();
  for (const one of each) {
    const values = by.map((label) => labelOf(one.series, label));
    const key = JSON.stringify(values);
    const group = found.get(key);
    if (group !== undefined) {
      group.members.push(one);
      continue;
    }
    const labels = by.map((label, i) => [label, values[i]!] as const)
      .filter(([, value]) => value !== "");
    found.set(key, { labels: Object.fromEntries(labels), members: [one] });
  }
  return sorted([...found.values()]);
}

function labelOf({ labels, service }: StoredSeries, label: string): string {
  const held = Object.hasOwn(labels, label) ? labels[label] : undefined;
  return held ?? (label === "service" ? service : "");
}

function common(
  members: readonly { readonly series: StoredSeries }[],
): Pick<MetricSeries, "kind" | "unit"> {
  const [first] = members;
  const one = <T>(of: (series: StoredSeries) => T): T | null =>
    first !== undefined && members.every(({ series }) => of(series) === of(first.series))
      ? of(first.series)
      : null;
  return { kind: one(({ kind }) => kind), unit: one(({ unit }) => unit) };
}

function sorted<T extends { readonly labels: Readonly<Record<string, string>> }>(all: T[]): T[] {
  const keyed = all.map((one) => [JSON.stringify(Object.entries(one.labels).sort()), one] as const);
  return keyed.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0).map(([, one]) => one);
}

function segmentFunction(fn: WindowFunction): SegmentFunction {
  // A quantile of a histogram is made of all that its segments hold.
  return fn === "p50" || fn === "p95" || fn === "p99" ? "count" : fn;
}

function callOptions({ timeoutMs, signal }: MetricQuery): CallOptions {
  return {
    ...timeoutMs === undefined ? {} : { timeoutMs },
    ...signal === undefined ? {} : { signal },
  };
}

function windowSteps({ windowMs, stepMs }: MetricQuery): number {
  return (windowMs ?? stepMs) / stepMs;
}

function checkHistogramFunction(fn: WindowFunction): void {
  if (HISTOGRAM_FUNCTIONS.includes(fn)) return;
  throw new HorizonError(
    "invalid_argument",
    `a histogram has no ${fn}; it has ${HISTOGRAM_FUNCTIONS.join(", ")}`,
    { allowed: HISTOGRAM_FUNCTIONS },
  );
}

function checkQuery(query: MetricQuery): void {
  const { startMs, endMs, stepMs, aggregate } = query;
  const wrong = (message: string) => new HorizonError("invalid_argument", message);
  if (![startMs, endMs, stepMs].every(Number.isSafeInteger)) {
    throw wrong("start, end and step are whole milliseconds");
  }
  if (stepMs < 1) throw wrong("the step is at least a millisecond");
  if (endMs <= startMs) throw wrong("the end lies after the start");
  if (!Number.isSafeInteger(windowSteps(query)) || windowSteps(query) < 1) {
    throw wrong("the window is the step, or a multiple of it");
  }
  if (aggregate?.op === "quantile" && !(aggregate.q >= 0 && aggregate.q <= 1)) {
    throw wrong("a quantile across series is of a share from 0 to 1");
  }
  const points = Math.ceil((endMs - startMs) / stepMs);
  if (points > METRIC_QUERY_LIMITS.points) {
    throw new HorizonError(
      "too_large",
      `the query asks for ${points} points of each series; at most ${METRIC_QUERY_LIMITS.points} are ` +
        "answered: take a longer step",
      { points, limit: METRIC_QUERY_LIMITS.points },
    );
  }
}
