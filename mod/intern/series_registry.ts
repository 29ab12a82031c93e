import { assert } from "../errors.ts";
import { cleanPairs, type CleanValue, keepValue } from "./clean_value.ts";
import type { SeriesDefinition, SeriesKind } from "./definitions.ts";
import {
  type MetricSeries,
  type RefusedSeries,
  type SeriesRefusal,
  SeriesRefusals,
} from "./series_refusals.ts";

export interface SeriesLimits {
  /** Live series in all. */
  readonly maxSeries: number;
  /** Live series of one metric name. */
  readonly maxSeriesPerMetric: number;
  /** A series without a sample for this long is forgotten, milliseconds; never when left out. */
  readonly idleAfterMs?: number;
}

/** `resolve` answers this instead of an id when a limit refuses a new series. */
export const SERIES_REFUSED = -1;

/** First block of ids for a metric name; each next block of that name is twice as large. */
const FIRST_BLOCK = 16;
const LARGEST_BLOCK = 4096;
/**
 * Characters that the names and labels of all series may have, for each that `maxSeries` allows: several
 * times what series have, so that only those with labels as long as texts meet it.
 */
const CHARACTERS_PER_SERIES = 512;
/** What they may have in any case. */
const MIN_CHARACTERS = 4 * 1024 * 1024;
/** Metrics that a refusal names as those with the most series. */
const LARGEST_NAMED = 3;

interface MetricName {
  readonly name: string;
  live: number;
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
 * Bounded by `SeriesLimits`, and by the characters of names and labels; what is refused leaves nothing
 * behind but its counts in `refusals`.
 */
export class SeriesRegistry {
  readonly #limits: SeriesLimits;
  readonly #clean: CleanValue;
  readonly #byKey = new Map<string, number>();
  readonly #byId = new Map<number, SeriesDefinition>();
  readonly #names = new Map<string, MetricName>();
  /** When each series last had a sample, milliseconds since the Unix epoch, by id. */
  #lastUsedMs = new Float64Array(1024);
  readonly refusals = new SeriesRefusals();
  readonly #maxCharacters: number;
  #characters = 0;
  #lastRefusal: RefusedSeries | null = null;
  /** As of the first refusal after series were forgotten last. */
  #largest: readonly MetricSeries[] | null = null;
  #pending: SeriesDefinition[] = [];
  #nextBlock = 1;
  #generation = 0;

  /** `clean`: what is kept in the place of a label's value. */
  constructor(limits: SeriesLimits, clean: CleanValue = keepValue) {
    this.#limits = limits;
    this.#maxCharacters = Math.max(MIN_CHARACTERS, limits.maxSeries * CHARACTERS_PER_SERIES);
    this.#clean = clean;
  }

  /** Live series. */
  get size(): number {
    return this.#byId.size;
  }

  /** Characters of the names and labels of live series. */
  get characters(): number {
    return this.#characters;
  }

  /** What each refusal is refused by: a number of series, or of characters. */
  get limits(): Readonly<Record<SeriesRefusal, number>> {
    const { maxSeries, maxSeriesPerMetric } = this.#limits;
    return {
      max_series: maxSeries,
      max_series_per_metric: maxSeriesPerMetric,
      max_series_characters: this.#maxCharacters,
    };
  }

  /** The refusal behind the `SERIES_REFUSED` that `resolve` answered last; null before the first. */
  get lastRefusal(): RefusedSeries | null {
    return this.#lastRefusal;
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
    if (clean === labels) return this.#add(key, name, kind, unit, labels, service);
    const cleanKey = seriesKey(name, kind, unit, clean);
    return this.#byKey.get(cleanKey) ??
      this.#add(cleanKey, name, kind, unit, clean, service);
  }

  #add(
    key: string,
    name: string,
    kind: SeriesKind,
    unit: string,
    labels: SeriesDefinition["labels"],
    service: string,
  ): number {
    const { maxSeries, maxSeriesPerMetric } = this.#limits;
    const live = this.#names.get(name)?.live ?? 0;
    if (live >= maxSeriesPerMetric) {
      return this.#refuse(name, "max_series_per_metric");
    }
    if (this.#byId.size >= maxSeries) return this.#refuse(name, "max_series");
    if (this.#characters + key.length > this.#maxCharacters) {
      return this.#refuse(name, "max_series_characters");
    }
    const metric = this.#metric(name);
    const id = this.#allocate(metric);
    const definition: SeriesDefinition = {
      id,
      name,
      kind,
      unit,
      labels,
      service: this.#clean("service.name", service),
    };
    this.#byKey.set(key, id);
    this.#characters += key.length;
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
    const key = seriesKey(name, kind, unit, labels);
    this.#byKey.set(key, id);
    this.#characters += key.length;
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
    this.#lastRefusal = this.#largest = null;
    for (const id of ids) {
      const definition = this.#byId.get(id);
      if (definition === undefined) continue;
      const { name, kind, unit, labels } = definition;
      this.#byId.delete(id);
      const key = seriesKey(name, kind, unit, labels);
      if (this.#byKey.delete(key)) this.#characters -= key.length;
      const metric = this.#names.get(name);
      assert(metric !== undefined, "a live series has a metric name");
      metric.live--;
      if (metric.live === 0) this.#names.delete(name);
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

  /** Live and refused series by metric name, most of both first, at most `limit` names. */
  cardinality(limit: number): { name: string; series: number; refused: number }[] {
    const names = new Set(this.#names.keys());
    for (const [name] of this.refusals.byMetric()) names.add(name);
    return [...names]
      .map((name) => ({
        name,
        series: this.#names.get(name)?.live ?? 0,
        refused: this.refusals.of(name),
      }))
      .sort((a, b) => b.series + b.refused - (a.series + a.refused) || (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  /** The metrics with the most series, the largest first; few of them. Looks at all names. */
  largest(): MetricSeries[] {
    const largest: MetricSeries[] = [];
    for (const { name, live } of this.#names.values()) {
      if (largest.length === LARGEST_NAMED && live <= largest.at(-1)!.series) continue;
      largest.push({ name, series: live });
      largest.sort((a, b) => b.series - a.series);
      largest.length = Math.min(largest.length, LARGEST_NAMED);
    }
    return largest;
  }

  /** Live series of a metric name. */
  *seriesOf(name: string): Generator<SeriesDefinition> {
    for (const definition of this.#byId.values()) if (definition.name === name) yield definition;
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
      this.#names.set(name, metric);
    }
    return metric;
  }

  #refuse(metric: string, reason: SeriesRefusal): number {
    this.refusals.add(metric, reason);
    const last = this.#lastRefusal;
    if (last === null || last.reason !== reason || last.metric !== metric) {
      const limit = this.limits[reason];
      this.#lastRefusal = { metric, reason, limit, largest: this.#largestAt(reason) };
    }
    return SERIES_REFUSED;
  }

  // At a limit of all series their numbers hardly change, and looking at all names takes long.
  #largestAt(reason: SeriesRefusal): readonly MetricSeries[] {
    if (reason === "max_series_per_metric") return [];
    this.#largest ??= this.largest();
    return this.#largest;
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
