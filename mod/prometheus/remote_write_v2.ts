import { decodeUtf8 } from "../columns/utf8_text.ts";
import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";
import { ByteCache } from "../otlp/byte_cache.ts";
import type { RejectReason } from "../otlp/rejections.ts";
import { bytesTag, knownFields, varintTag, type WireReader } from "../otlp/wire.ts";
import { seriesLabels } from "./label_names.ts";
import type { MetricFamilies } from "./metric_families.ts";
import { METRIC_TYPES, type MetricFamily } from "./metric_type.ts";
import {
  type FoundSeries,
  POINT_TAGS_V2,
  PointsDecoder,
  type PointTarget,
} from "./time_series_decoder.ts";

// Fields of Request (io/prometheus/write/v2/types.proto).
const SYMBOLS = bytesTag(4);
const TIME_SERIES = bytesTag(5);
const REQUEST_FIELDS = knownFields(4, 5);
// Fields of TimeSeries.
const LABEL_REFS = bytesTag(1);
const LABEL_REF = varintTag(1);
const METADATA = bytesTag(5);
const SERIES_FIELDS = knownFields(1, 2, 3, 4, 5);
// Fields of Metadata; help_ref = 3 is not kept.
const TYPE = varintTag(1);
const UNIT_REF = varintTag(4);
const METADATA_FIELDS = knownFields(1, 4);

/** Symbols of a request. */
const MAX_SYMBOLS = 262_144;
/** References of one series: two for each label. */
const MAX_REFS = 1_024;
const SYMBOL_CACHE = { maxEntries: 262_144, maxBytes: 33_554_432 };
const SERIES_CACHE = { maxEntries: 262_144, maxBytes: 67_108_864 };
/** Distinguishes a series of native histograms from one of samples in the seed of its key. */
const HISTOGRAM_SEED = 16;

/**
 * Remote write 2.0: texts are numbered per request. Each symbol gets a number that stays the
 * same from request to request; a series is found by those of its labels.
 */
export class RemoteWriteV2Decoder implements FoundSeries {
  readonly #families: MetricFamilies;
  readonly #symbolNumbers: ByteCache;
  readonly #series: ByteCache;
  readonly #points = new PointsDecoder(POINT_TAGS_V2);
  #symbolsMade = 0;
  /** Of the request in hand: where each symbol begins and ends, and its lasting number. */
  #starts: number[] = [];
  #ends: number[] = [];
  #numbers: number[] = [];
  /** Of the series in hand. */
  readonly #refs = new Uint32Array(MAX_REFS);
  #refCount = 0;
  #type = 0;
  #unitRef = 0;
  /** Numbers of its symbols and of its unit. */
  readonly #key = new DataView(new ArrayBuffer((MAX_REFS + 1) * 4));
  #reader: WireReader | null = null;
  #rows: SampleRows | null = null;

  constructor(families: MetricFamilies, salt: number) {
    this.#families = families;
    this.#symbolNumbers = new ByteCache(SYMBOL_CACHE, salt);
    this.#series = new ByteCache(SERIES_CACHE, salt);
  }

  /** Numbers of series found before are no longer good. */
  forgetSeries(): void {
    this.#series.clear();
  }

  /** @throws MalformedError */
  decode(reader: WireReader, target: PointTarget): void {
    this.#reader = reader;
    this.#rows = target.rows;
    const end = reader.bytes.length;
    this.#readSymbols(reader, end);
    reader.pos = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === TIME_SERIES) this.#timeSeries(reader, reader.rangeEnd(end), target);
      else reader.skip(tag, 0, end);
    }
  }

  samples(): number | RejectReason {
    return this.#find(false);
  }

  histograms(): number | RejectReason {
    return this.#find(true);
  }

  exemplars(): number | RejectReason {
    for (const histogram of [false, true]) {
      const known = this.#known(histogram, this.#writeKey());
      if (known !== -1) return known;
    }
    return this.samples();
  }

  exemplarLabels(
    reader: WireReader,
    tag: number,
    end: number,
    take: (name: string, value: string) => void,
  ): boolean {
    const takePair = (name: number, value: number): void => {
      if (Math.max(name, value) >= this.#starts.length) reader.fail("no symbol for a label");
      take(this.#symbol(name), this.#symbol(value));
    };
    if (tag === LABEL_REFS) {
      const listEnd = reader.rangeEnd(end);
      while (reader.pos < listEnd) takePair(reader.uint32(listEnd), reader.uint32(listEnd));
      return true;
    }
    if (tag !== LABEL_REF) return false;
    // Spelled one by one, the two of a pair stand side by side.
    const name = reader.uint32(end);
    if (reader.pos >= end || reader.tag(end) !== LABEL_REF) reader.fail("a name without a value");
    takePair(name, reader.uint32(end));
    return true;
  }

  #readSymbols(reader: WireReader, end: number): void {
    this.#starts = [];
    this.#ends = [];
    this.#numbers = [];
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === SYMBOLS) {
        const symbolEnd = reader.rangeEnd(end);
        if (this.#starts.length === MAX_SYMBOLS) reader.fail(`more than ${MAX_SYMBOLS} symbols`);
        this.#starts.push(reader.pos);
        this.#ends.push(symbolEnd);
        this.#numbers.push(this.#symbolNumber(reader, reader.pos, symbolEnd));
        reader.pos = symbolEnd;
      } else if (tag === TIME_SERIES) reader.pos = reader.rangeEnd(end);
      else reader.skip(tag, REQUEST_FIELDS, end);
    }
  }

  // A symbol that the cache forgot gets another number, and its series are looked up anew.
  #symbolNumber(reader: WireReader, start: number, end: number): number {
    const known = this.#symbolNumbers.find(reader.view, start, end, 0);
    if (known !== -1) return known;
    this.#symbolsMade = (this.#symbolsMade + 1) >>> 0;
    if (this.#symbolsMade === 0) this.forgetSeries();
    this.#symbolNumbers.add(reader.view, start, end, 0, this.#symbolsMade);
    return this.#symbolsMade;
  }

  #timeSeries(reader: WireReader, end: number, target: PointTarget): void {
    const start = reader.pos;
    this.#refCount = this.#type = this.#unitRef = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === LABEL_REFS) {
        const listEnd = reader.rangeEnd(end);
        while (reader.pos < listEnd) this.#addRef(reader, reader.uint32(listEnd));
      } else if (tag === LABEL_REF) this.#addRef(reader, reader.uint32(end));
      else if (tag === METADATA) this.#readMetadata(reader, reader.rangeEnd(end));
      else if ((tag & 7) === 2) reader.pos = reader.rangeEnd(end);
      else reader.skip(tag, SERIES_FIELDS, end);
    }
    if (this.#refCount % 2 === 1) reader.fail("labels_refs has a name without a value");
    reader.pos = start;
    this.#points.decode(reader, end, this, target);
  }

  #addRef(reader: WireReader, ref: number): void {
    if (ref >= this.#starts.length) {
      reader.fail(`no symbol ${ref}, there are ${this.#starts.length}`);
    }
    if (this.#refCount === MAX_REFS) reader.fail(`more than ${MAX_REFS} labels_refs`);
    this.#refs[this.#refCount++] = ref;
  }

  #readMetadata(reader: WireReader, end: number): void {
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === TYPE) this.#type = reader.uint32(end);
      else if (tag === UNIT_REF) {
        const ref = reader.uint32(end);
        if (ref >= this.#starts.length) reader.fail(`no symbol ${ref} for a unit`);
        this.#unitRef = ref;
      } else reader.skip(tag, METADATA_FIELDS, end);
    }
  }

  /** Answers where the key ends. */
  #writeKey(): number {
    let end = 0;
    for (let i = 0; i < this.#refCount; i++, end += 4) {
      this.#key.setUint32(end, this.#numbers[this.#refs[i]!]!, true);
    }
    this.#key.setUint32(end, this.#numbers[this.#unitRef] ?? 0, true);
    return end + 4;
  }

  #seed(histogram: boolean): number {
    return (this.#type & 15) + (histogram ? HISTOGRAM_SEED : 0);
  }

  /** -1 for a series that is not. */
  #known(histogram: boolean, keyEnd: number): number {
    return this.#series.find(this.#key, 0, keyEnd, this.#seed(histogram));
  }

  #find(histogram: boolean): number | RejectReason {
    const end = this.#writeKey();
    const known = this.#known(histogram, end);
    if (known !== -1) return known;
    const id = this.#rows!.seriesId(this.#identity(histogram));
    if (typeof id === "number") this.#series.add(this.#key, 0, end, this.#seed(histogram), id);
    return id;
  }

  #identity(histogram: boolean): SeriesIdentity {
    const labels: [string, string][] = [];
    for (let i = 0; i < this.#refCount; i += 2) {
      labels.push([this.#symbol(this.#refs[i]!), this.#symbol(this.#refs[i + 1]!)]);
    }
    const series = seriesLabels(labels);
    const type = METRIC_TYPES[this.#type] ?? "unknown";
    const family: MetricFamily = { type, unit: this.#symbol(this.#unitRef) };
    if (histogram) {
      const unit = this.#families.histogramUnit(series.name, family);
      return { ...series, kind: "histogram", unit };
    }
    const { kind, unit } = this.#families.describe(series.name, family);
    return { ...series, kind, unit };
  }

  #symbol(ref: number): string {
    if (ref >= this.#starts.length) return "";
    return decodeUtf8(this.#reader!.bytes, this.#starts[ref]!, this.#ends[ref]!);
  }
}
