import { decodeUtf8 } from "../columns/utf8_text.ts";
import type { SeriesKind } from "../intern/definitions.ts";
import { SERIES_REFUSED, type SeriesRegistry, sortLabels } from "../intern/series_registry.ts";
import type { RefusedSeries } from "../intern/series_refusals.ts";
import type { AttributeDecoder } from "./attribute_decoder.ts";
import { ByteCache } from "./byte_cache.ts";
import type { ResourceInfo } from "./resource_cache.ts";
import type { WireReader } from "./wire.ts";

const SERIES_CACHE = { maxEntries: 262_144, maxBytes: 33_554_432 };
const CONTEXT_CACHE = { maxEntries: 65_536, maxBytes: 8_388_608 };
/** Characters of the names of metrics that are remembered beside `CONTEXT_CACHE`. */
const MAX_CONTEXT_CHARACTERS = 8_388_608;
const MAX_UNIT_BYTES = 64;
/** Where a point's attribute has the name of an identifying resource attribute: see `labelsOf`. */
const CONFLICT_PREFIX = "exported_";

/** A metric of a resource: all that a series is, but for the attributes of its points. */
export interface SeriesContext {
  /** Tells contexts apart in the cache of series. */
  readonly number: number;
  readonly name: string;
  readonly kind: SeriesKind;
  readonly unit: string;
  readonly resource: ResourceInfo;
}

/** Which series of a metric: its own, or one of those that a summary is stored as. */
export const CONTEXT_VARIANTS: readonly { readonly kind: SeriesKind; readonly suffix: string }[] = [
  { kind: "gauge", suffix: "" },
  { kind: "counter", suffix: "" },
  { kind: "updown", suffix: "" },
  { kind: "histogram", suffix: "" },
  { kind: "summary", suffix: "" },
  { kind: "counter", suffix: "_count" },
  { kind: "counter", suffix: "_sum" },
];
export const GAUGE = 0;
export const COUNTER = 1;
export const UPDOWN = 2;
export const HISTOGRAM = 3;
export const SUMMARY = 4;
export const SUMMARY_COUNT = 5;
export const SUMMARY_SUM = 6;

/** Name and unit of the metric in hand. */
export interface MetricRanges {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly unitStart: number;
  readonly unitEnd: number;
}

/** Where a point stands, and where its attributes do. */
export class PointRange {
  start = 0;
  end = 0;
  /** The attribute fields, tags included; good as a key when they stand next to each other. */
  attributesStart = 0;
  attributesEnd = 0;
  contiguous = true;

  begin(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.attributesStart = this.attributesEnd = start;
    this.contiguous = true;
  }

  /** Takes note of the attribute field whose tag begins at `start`. */
  add(start: number, end: number): void {
    if (this.attributesEnd === this.attributesStart) this.attributesStart = start;
    else if (this.attributesEnd !== start) this.contiguous = false;
    this.attributesEnd = end;
  }
}

/**
 * Finds the series of a data point by the undecoded bytes of its attributes; strings are made
 * only of those never seen, or forgotten by the cache.
 */
export class SeriesLookup {
  readonly #registry: SeriesRegistry;
  readonly #attributes: AttributeDecoder;
  readonly #series: ByteCache;
  readonly #contextIndexes: ByteCache;
  #contexts: SeriesContext[] = [];
  #contextsMade = 0;
  #contextCharacters = 0;
  /** Scratch for the key of a context: a variant, a length, a name and a unit. */
  #key = new Uint8Array(1024);
  #keyView = new DataView(this.#key.buffer);
  #generation: number;

  constructor(registry: SeriesRegistry, attributes: AttributeDecoder, salt: number) {
    this.#registry = registry;
    this.#attributes = attributes;
    this.#series = new ByteCache(SERIES_CACHE, salt);
    this.#contextIndexes = new ByteCache(CONTEXT_CACHE, salt);
    this.#generation = registry.generation;
  }

  /**
   * To be called before each request: ids that the registry has forgotten are no longer
   * good. Answers true when there may be some.
   */
  refresh(): boolean {
    if (this.#generation === this.#registry.generation) return false;
    this.#generation = this.#registry.generation;
    this.#series.clear();
    return true;
  }

  /** `variant` is an index into `CONTEXT_VARIANTS`. */
  context(
    reader: WireReader,
    metric: MetricRanges,
    variant: number,
    resource: ResourceInfo,
  ): SeriesContext {
    const length = this.#writeContextKey(reader.bytes, metric, variant);
    const index = this.#contextIndexes.find(this.#keyView, 0, length, resource.number);
    const known = index === -1 ? undefined : this.#contexts[index];
    if (known !== undefined) return known;
    this.#contextCharacters += metric.nameEnd - metric.nameStart;
    const full = this.#contexts.length >= CONTEXT_CACHE.maxEntries ||
      this.#contextCharacters > MAX_CONTEXT_CHARACTERS;
    if (full) this.#forgetContexts();
    const { kind, suffix } = CONTEXT_VARIANTS[variant]!;
    this.#contextsMade = (this.#contextsMade + 1) >>> 0;
    const context: SeriesContext = {
      number: this.#contextsMade,
      name: decodeUtf8(reader.bytes, metric.nameStart, metric.nameEnd) + suffix,
      kind,
      unit: decodeUtf8(reader.bytes, metric.unitStart, unitEnd(metric)),
      resource,
    };
    this.#contextIndexes.add(this.#keyView, 0, length, resource.number, this.#contexts.length);
    this.#contexts.push(context);
    return context;
  }

  /** The id of the point's series, or `SERIES_REFUSED`. */
  seriesId(
    reader: WireReader,
    context: SeriesContext,
    point: PointRange,
    attributeTag: number,
  ): number {
    const { attributesStart: start, attributesEnd: end } = point;
    // Senders write the attributes of a point one after the other; who does not is served too.
    if (!point.contiguous) return this.resolve(context, this.labels(reader, point, attributeTag));
    const known = this.#series.find(reader.view, start, end, context.number);
    if (known !== -1) return known;
    const id = this.resolve(context, this.labels(reader, point, attributeTag));
    // A refusal is not remembered: there may be room next time.
    if (id !== SERIES_REFUSED) this.#series.add(reader.view, start, end, context.number, id);
    return id;
  }

  /** Why `SERIES_REFUSED` was answered last. */
  get lastRefusal(): RefusedSeries | null {
    return this.#registry.lastRefusal;
  }

  /** The point's own attributes. */
  labels(reader: WireReader, point: PointRange, attributeTag: number): [string, string][] {
    const labels = this.#attributes.pairs(reader, point.start, point.end, attributeTag);
    reader.pos = point.end;
    return labels;
  }

  resolve(context: SeriesContext, labels: readonly (readonly [string, string])[]): number {
    const { name, kind, unit, resource } = context;
    return this.#registry.resolve(
      name,
      kind,
      unit,
      labelsOf(labels, resource.identity),
      resource.service,
    );
  }

  #forgetContexts(): void {
    this.#contexts = [];
    this.#contextCharacters = 0;
    this.#contextIndexes.clear();
    // Their series are filed under numbers that are gone.
    this.#series.clear();
  }

  // Lengths before contents, so that no two metrics share a key.
  #writeContextKey(bytes: Uint8Array, metric: MetricRanges, variant: number): number {
    const nameLength = metric.nameEnd - metric.nameStart;
    const needed = nameLength + MAX_UNIT_BYTES + 3;
    if (needed > this.#key.length) {
      this.#key = new Uint8Array(needed);
      this.#keyView = new DataView(this.#key.buffer);
    }
    const key = this.#key;
    key[0] = variant;
    key[1] = nameLength & 0xff;
    key[2] = nameLength >>> 8;
    let at = 3;
    for (let i = metric.nameStart; i < metric.nameEnd; i++) key[at++] = bytes[i]!;
    for (let i = metric.unitStart, end = unitEnd(metric); i < end; i++) key[at++] = bytes[i]!;
    return at;
  }
}

function unitEnd(metric: MetricRanges): number {
  return Math.min(metric.unitEnd, metric.unitStart + MAX_UNIT_BYTES);
}

/**
 * Labels of a series: the point's attributes and those that identify the sender. Where both
 * have a key, the sender's identity keeps it, so that signals join on it, and the point's value
 * goes under `exported_<key>`: what Prometheus does with a target's labels.
 */
function labelsOf(
  labels: readonly (readonly [string, string])[],
  identity: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  const own = new Map(identity);
  const moved = labels.map(([key, value]): readonly [string, string] => {
    const held = own.get(key);
    return held === undefined || held === value ? [key, value] : [CONFLICT_PREFIX + key, value];
  });
  return sortLabels([...moved, ...identity]);
}
