import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";
import type { SeriesKind } from "../intern/definitions.ts";
import { sortLabels } from "../intern/series_registry.ts";
import { serviceOf } from "./labels.ts";
import { statsdLabels, type StatsdLine, type StatsdType } from "./statsd_line.ts";

export interface StatsdLimits {
  /** Metrics known at a time, each a name with its tags; more are refused. */
  readonly maxSeries: number;
  /** Distinct values remembered of all sets together between two flushes. */
  readonly maxSetValues: number;
  /** A metric that nobody sends is forgotten after this time, milliseconds. */
  readonly idleAfterMs: number;
}

export type StatsdRefusal = "series_limit" | "set_limit" | "malformed_line";

/** Upper bounds of the buckets of timers, histograms and distributions: 1, 2.5, 5 of each decade. */
export const STATSD_BOUNDS: readonly number[] = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) =>
  [1, 2.5, 5].map((step) => Number(`${step}e${power}`))
);

interface Common {
  readonly identity: SeriesIdentity;
  readonly bornUs: number;
  usedMs: number;
}

type Metric =
  & Common
  & (
    | { readonly type: "counter"; total: number; flushed: boolean }
    | { readonly type: "gauge"; value: number }
    | {
      readonly type: "distribution";
      count: number;
      sum: number;
      /** Of this interval only; null before its first value. */
      min: number | null;
      max: number | null;
      readonly counts: number[];
    }
    | { readonly type: "set"; values: Set<string> }
  );

const KINDS: Readonly<Record<StatsdType, { readonly kind: SeriesKind; readonly unit: string }>> = {
  c: { kind: "counter", unit: "" },
  g: { kind: "gauge", unit: "" },
  s: { kind: "gauge", unit: "" },
  ms: { kind: "histogram", unit: "ms" },
  h: { kind: "histogram", unit: "" },
  d: { kind: "histogram", unit: "" },
};

/** Texts remembered per known metric: tags may come in any order. */
const ALIASES_PER_SERIES = 4;

/**
 * Adds up what StatsD clients send. A flush writes a sample of each known metric: counters and
 * distributions cumulative since they became known, gauges as they stand, of sets how many distinct
 * values there were since the last flush.
 */
export class StatsdMetrics {
  readonly #limits: StatsdLimits;
  readonly #metrics = new Map<string, Metric>();
  /** The same by the text of type, name and tags as it was written. */
  readonly #byText = new Map<string, Metric>();
  #setValues = 0;

  constructor(limits: StatsdLimits) {
    this.#limits = limits;
  }

  /** Metrics known now. */
  get size(): number {
    return this.#metrics.size;
  }

  /** Adds a line up; answers why not when it is refused. */
  add(line: StatsdLine, nowMs: number): StatsdRefusal | null {
    const text = `${line.type}|${line.name}|${line.tags}`;
    const metric = this.#byText.get(text) ?? this.#find(text, line, nowMs);
    if (typeof metric === "string") return metric;
    metric.usedMs = nowMs;
    for (const value of line.values) {
      if (metric.type === "set") {
        if (!this.#addToSet(metric.values, value)) return "set_limit";
      } else addNumber(metric, value, line.weight);
    }
    return null;
  }

  /** Writes a sample of every metric, and forgets those that are idle. */
  flush(rows: SampleRows, nowMs: number): void {
    const tsUs = Math.floor(nowMs * 1000);
    for (const [key, metric] of this.#metrics) {
      const known = metric.usedMs + this.#limits.idleAfterMs > nowMs;
      if (known) writeMetric(metric, rows, tsUs);
      else {
        this.#metrics.delete(key);
        // What it is known by is found again by those that stay.
        this.#byText.clear();
      }
    }
    this.#setValues = 0;
  }

  #find(text: string, line: StatsdLine, nowMs: number): Metric | StatsdRefusal {
    if (/\p{Cc}/u.test(text)) return "malformed_line";
    const labels = sortLabels(statsdLabels(line.tags));
    const key = JSON.stringify([line.type, line.name, labels]);
    let metric = this.#metrics.get(key);
    if (metric === undefined) {
      if (this.#metrics.size >= this.#limits.maxSeries) return "series_limit";
      const { kind, unit } = KINDS[line.type];
      const identity = { name: line.name, kind, unit, labels, service: serviceOf(labels) };
      metric = newMetric(line.type, identity, nowMs);
      this.#metrics.set(key, metric);
    }
    if (this.#byText.size >= this.#limits.maxSeries * ALIASES_PER_SERIES) this.#byText.clear();
    this.#byText.set(text, metric);
    return metric;
  }

  #addToSet(values: Set<string>, value: string): boolean {
    if (values.has(value)) return true;
    if (this.#setValues >= this.#limits.maxSetValues) return false;
    this.#setValues++;
    values.add(value);
    return true;
  }
}

function newMetric(type: StatsdType, identity: SeriesIdentity, nowMs: number): Metric {
  const common = { identity, bornUs: Math.floor(nowMs * 1000), usedMs: nowMs };
  if (type === "c") return { ...common, type: "counter", total: 0, flushed: false };
  if (type === "g") return { ...common, type: "gauge", value: 0 };
  if (type === "s") return { ...common, type: "set", values: new Set() };
  const counts = new Array<number>(STATSD_BOUNDS.length + 1).fill(0);
  return { ...common, type: "distribution", count: 0, sum: 0, min: null, max: null, counts };
}

function addNumber(
  metric: Exclude<Metric, { readonly type: "set" }>,
  text: string,
  weight: number,
): void {
  const value = Number(text);
  if (metric.type === "counter") metric.total += value * weight;
  else if (metric.type === "gauge") {
    // A sign makes it a change of what it is.
    metric.value = /^[+-]/.test(text) ? metric.value + value : value;
  } else {
    const events = Math.round(weight);
    metric.count += events;
    metric.sum += value * events;
    metric.min = metric.min === null ? value : Math.min(metric.min, value);
    metric.max = metric.max === null ? value : Math.max(metric.max, value);
    metric.counts[bucketOf(value)]! += events;
  }
}

/** The bucket whose upper bound is the first that is not below the value. */
function bucketOf(value: number): number {
  let [low, high] = [0, STATSD_BOUNDS.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (STATSD_BOUNDS[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function writeMetric(metric: Metric, rows: SampleRows, tsUs: number): void {
  const { identity } = metric;
  switch (metric.type) {
    case "counter":
      // What it rose by before its first sample counts as well.
      if (!metric.flushed && metric.bornUs < tsUs) rows.add(identity, metric.bornUs, 0);
      metric.flushed = true;
      return rows.add(identity, tsUs, metric.total);
    case "gauge":
      return rows.add(identity, tsUs, metric.value);
    case "set":
      rows.add(identity, tsUs, metric.values.size);
      metric.values = new Set();
      return;
    case "distribution": {
      const { count, sum, min, max, counts } = metric;
      const bounds = STATSD_BOUNDS;
      rows.addHistogram(identity, { tsUs, count, sum, min, max, bounds, counts });
      metric.min = metric.max = null;
    }
  }
}
