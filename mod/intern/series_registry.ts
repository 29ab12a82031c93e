import { assert } from "../errors.ts";
import { cleanPairs, type CleanValue, keepValue } from "./clean_value.ts";
import type { SeriesDefinition, SeriesKind } from "./definitions.ts";

export interface SeriesLimits {
  /** Live series in all. */
  readonly maxSeries: number;
  /** Live series of one metric name. */
  readonly maxSeriesPerMetric: number;
  /** A series without a sample for this long is forgotten, milliseconds; never when left out. */
  readonly idleAfterMs?: number;
}

/** Why a new series was refused. Existing series go on either way. */
export type SeriesRefusal = "max_series" | "max_series_per_metric";

/** `resolve` answers this instead of an id when a limit refuses a new series. */
export const SERIES_REFUSED = -1;

/** First block of ids for a metric name; each next block of that name is twice as large. */
const FIRST_BLOCK = 16;
const LARGEST_BLOCK = 4096;

interface MetricName {
  readonly name: string;
  live: number;
  refused: number;
  nextId: number;
  blockEnd: number;
  blockSize: number;
  /** The series of this name that was made last. */
  newest: SeriesDefinition | null;
}

/**
 * Gives every distinct (name, kind, unit, labels) a number. Ids of one metric name stand in
 * common blocks, so that a query for one metric touches few row groups of a sorted chunk.
 *
 * Bounded by `SeriesLimits`; what is refused is counted by metric name and reason.
 */
export class SeriesRegistry {
  readonly #limits: SeriesLimits;
  readonly #clean: CleanValue;
  readonly #byKey = new Map<string, number>();
  readonly #byId = new Map<number, SeriesDefinition>();
  readonly #names = new Map<string, MetricName>();
  /** When each series last had a sample, milliseconds since the Unix epoch, by id. */
  #lastUsedMs = new Float64Array(1024);
  readonly #refusals: Record<SeriesRefusal, number> = { max_series: 0, max_series_per_metric: 0 };
  #pending: SeriesDefinition[] = [];
  #nextBlock = 1;
  #generation = 0;

  /** `clean`: what is kept in the place of a label's value. */
  constructor(limits: SeriesLimits, clean: CleanValue = keepValue) {
    this.#limits = limits;
    this.#clean = clean;
  }

  /** Live series. */
  get size(): number {
    return this.#byId.size;
  }

  /** New series refused so far, by the limit that refused them. */
  get refusals(): Readonly<Record<SeriesRefusal, number>> {
    return this.#refusals;
  }

  /** Rises when series are forgotten: who remembers ids must then look them up again. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The id of a series, or `SERIES_REFUSED`. `labels` must be sorted by key with unique keys
   * (see `sortLabels`); they are kept, not copied. Series that differ in nothing but what was
   * cleaned out of their labels are one.
   */
  resolve(
    name: string,
    kind: SeriesKind,
    unit: string,
    labels: readonly (readonly [key: string, value: string])[],
    service: string,
  ): number {
    const key = seriesKey(name, kind, unit, labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const clean = cleanPairs(labels, this.#clean);
    const cleanService = this.#clean("service.name", service);
    if (clean === labels) return this.#add(key, name, kind, unit, labels, cleanService);
    const cleanKey = seriesKey(name, kind, unit, clean);
    return this.#byKey.get(cleanKey) ??
      this.#add(cleanKey, name, kind, unit, clean, cleanService);
  }

  #add(
    key: string,
    name: string,
    kind: SeriesKind,
    unit: string,
    labels: SeriesDefinition["labels"],
    service: string,
  ): number {
    const metric = this.#metric(name);
    if (this.#byId.size >= this.#limits.maxSeries) return this.#refuse(metric, "max_series");
    if (metric.live >= this.#limits.maxSeriesPerMetric) {
      return this.#refuse(metric, "max_series_per_metric");
    }
    const id = this.#allocate(metric);
    const definition: SeriesDefinition = { id, name, kind, unit, labels, service };
    this.#byKey.set(key, id);
    this.#byId.set(id, definition);
    metric.newest = definition;
    this.#pending.push(definition);
    return id;
  }

  get(id: number): SeriesDefinition | undefined {
    return this.#byId.get(id);
  }

  /** The series of a metric name that was made last, live or not: what kind it has, and which unit. */
  newestOf(name: string): SeriesDefinition | null {
    return this.#names.get(name)?.newest ?? null;
  }

  /** Notes that these series have samples of now. */
  touch(ids: Uint32Array, nowMs: number): void {
    for (const id of ids) {
      if (id >= this.#lastUsedMs.length) this.#growLastUsed(id);
      this.#lastUsedMs[id] = nowMs;
    }
  }

  /**
   * Forgets the series that had no sample for `idleAfterMs`, and answers their ids. Call it only when
   * no row waits to be stored.
   */
  forgetIdle(nowMs: number): number[] {
    const before = nowMs - (this.#limits.idleAfterMs ?? Infinity);
    const idle = [...this.#byId.keys()].filter((id) => (this.#lastUsedMs[id] ?? 0) < before);
    if (idle.length > 0) this.forget(idle);
    return idle;
  }

  /** Takes up a series that the store recovered, so that it keeps its id; used now, as it were. */
  restore(definition: SeriesDefinition, nowMs: number): void {
    this.touch(Uint32Array.of(definition.id), nowMs);
    const metric = this.#metric(definition.name);
    metric.live++;
    const { name, kind, unit, labels, id } = definition;
    this.#byKey.set(seriesKey(name, kind, unit, labels), id);
    this.#byId.set(id, definition);
    if (metric.newest === null || metric.newest.id < id) metric.newest = definition;
    if (id >= this.#nextBlock) this.#nextBlock = id + 1;
  }

  /** New series get ids larger than `id`: rows whose definition was lost may use those up to it. */
  reserveThrough(id: number): void {
    this.#nextBlock = Math.max(this.#nextBlock, id + 1);
  }

  /** Forgets series. Their ids are never given again: one that comes back has another. */
  forget(ids: Iterable<number>): void {
    this.#generation++;
    for (const id of ids) {
      const definition = this.#byId.get(id);
      if (definition === undefined) continue;
      const { name, kind, unit, labels } = definition;
      this.#byId.delete(id);
      this.#byKey.delete(seriesKey(name, kind, unit, labels));
      const metric = this.#names.get(name);
      assert(metric !== undefined, "a live series has a metric name");
      metric.live--;
      if (metric.live === 0 && metric.refused === 0) this.#names.delete(name);
    }
  }

  /** Definitions made since the last call; they must be stored before samples that use them. */
  takePending(): SeriesDefinition[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  /** Every live series; nothing is pending then. */
  takeAll(): SeriesDefinition[] {
    this.#pending = [];
    return [...this.#byId.values()];
  }

  /** Live and refused series by metric name, most series first, at most `limit` names. */
  cardinality(limit: number): { name: string; series: number; refused: number }[] {
    return [...this.#names.values()]
      .map(({ name, live, refused }) => ({ name, series: live, refused }))
      .sort((a, b) => b.series + b.refused - (a.series + a.refused) || (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  #growLastUsed(id: number): void {
    const larger = new Float64Array(Math.max(id + 1, this.#lastUsedMs.length * 2));
    larger.set(this.#lastUsedMs);
    this.#lastUsedMs = larger;
  }

  #metric(name: string): MetricName {
    let metric = this.#names.get(name);
    if (metric === undefined) {
      metric = noSeries(name);
      // Names are bounded as series are: a name past the limit shares one entry.
      if (this.#names.size >= this.#limits.maxSeries) return this.#names.get("") ?? this.#other();
      this.#names.set(name, metric);
    }
    return metric;
  }

  #other(): MetricName {
    const other = noSeries("");
    this.#names.set("", other);
    return other;
  }

  #refuse(metric: MetricName, reason: SeriesRefusal): number {
    metric.refused++;
    this.#refusals[reason]++;
    return SERIES_REFUSED;
  }

  #allocate(metric: MetricName): number {
    if (metric.nextId === metric.blockEnd) {
      metric.nextId = this.#nextBlock;
      this.#nextBlock += metric.blockSize;
      metric.blockEnd = this.#nextBlock;
      metric.blockSize = Math.min(LARGEST_BLOCK, metric.blockSize * 2);
    }
    metric.live++;
    return metric.nextId++;
  }
}

function noSeries(name: string): MetricName {
  return {
    name,
    live: 0,
    refused: 0,
    nextId: 0,
    blockEnd: 0,
    blockSize: FIRST_BLOCK,
    newest: null,
  };
}

/** Labels sorted by key; of a repeated key the last value stays. */
export function sortLabels(
  labels: Iterable<readonly [key: string, value: string]>,
): (readonly [key: string, value: string])[] {
  const unique = new Map<string, string>();
  for (const [key, value] of labels) unique.set(key, value);
  return [...unique].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

// Fields are prefixed with their length, so that no two series share a key by content.
function seriesKey(
  name: string,
  kind: SeriesKind,
  unit: string,
  labels: readonly (readonly [string, string])[],
): string {
  let key = `${kind}|${name.length}:${name}${unit.length}:${unit}`;
  for (const [label, value] of labels) {
    key += `${label.length}:${label}${value.length}:${value}`;
  }
  return key;
}
