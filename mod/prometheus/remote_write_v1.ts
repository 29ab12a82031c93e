import { decodeUtf8 } from "../columns/utf8_text.ts";
import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";
import { ByteCache } from "../otlp/byte_cache.ts";
import type { RejectReason } from "../otlp/rejections.ts";
import { PointRange } from "../otlp/series_lookup.ts";
import { bytesTag, knownFields, varintTag, type WireReader } from "../otlp/wire.ts";
import { seriesLabels } from "./label_names.ts";
import type { MetricFamilies } from "./metric_families.ts";
import { METRIC_TYPES, UNKNOWN_FAMILY } from "./metric_type.ts";
import {
  type FoundSeries,
  POINT_TAGS_V1,
  PointsDecoder,
  type PointTarget,
} from "./time_series_decoder.ts";

// Fields of WriteRequest (prometheus/prometheus, prompb/remote.proto).
const TIME_SERIES = bytesTag(1);
const METADATA = bytesTag(3);
const REQUEST_FIELDS = knownFields(1, 3);
// Fields of TimeSeries (prompb/types.proto).
const LABELS = bytesTag(1);
const SERIES_FIELDS = knownFields(1, 2, 3, 4);
// Fields of Label.
const NAME = bytesTag(1);
const VALUE = bytesTag(2);
const LABEL_FIELDS = knownFields(1, 2);
// Fields of MetricMetadata; help = 4 is not kept.
const TYPE = varintTag(1);
const FAMILY_NAME = bytesTag(2);
const UNIT = bytesTag(5);
const METADATA_FIELDS = knownFields(1, 2, 5);

const SERIES_CACHE = { maxEntries: 262_144, maxBytes: 67_108_864 };
/** Seeds that keep the two series apart that one label set may have. */
const SAMPLES = 0;
const HISTOGRAMS = 1;

/**
 * Remote write 1.0: label sets spelled out in each request. A series is found by the undecoded
 * bytes of its labels; they are decoded for a series never seen, or forgotten by the cache.
 */
export class RemoteWriteV1Decoder implements FoundSeries {
  readonly #families: MetricFamilies;
  readonly #series: ByteCache;
  readonly #points = new PointsDecoder(POINT_TAGS_V1);
  readonly #range = new PointRange();
  #reader: WireReader | null = null;
  #rows: SampleRows | null = null;

  constructor(families: MetricFamilies, salt: number) {
    this.#families = families;
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
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === TIME_SERIES) this.#timeSeries(reader, reader.rangeEnd(end), target);
      else if (tag === METADATA) this.#metadata(reader, reader.rangeEnd(end));
      else reader.skip(tag, REQUEST_FIELDS, end);
    }
  }

  samples(): number | RejectReason {
    return this.#find(SAMPLES);
  }

  histograms(): number | RejectReason {
    return this.#find(HISTOGRAMS);
  }

  exemplars(): number | RejectReason {
    const samples = this.#known(SAMPLES);
    if (samples !== -1) return samples;
    const histograms = this.#known(HISTOGRAMS);
    return histograms === -1 ? this.samples() : histograms;
  }

  exemplarLabels(
    reader: WireReader,
    tag: number,
    end: number,
    take: (name: string, value: string) => void,
  ): boolean {
    if (tag !== LABELS) return false;
    take(...readLabel(reader, reader.rangeEnd(end)));
    return true;
  }

  // Twice over the message: labels may come after the points, whatever senders really do.
  #timeSeries(reader: WireReader, end: number, target: PointTarget): void {
    const start = reader.pos;
    this.#range.begin(start, end);
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (tag === LABELS) {
        reader.pos = reader.rangeEnd(end);
        this.#range.add(at, reader.pos);
      } else if ((tag & 7) === 2) reader.pos = reader.rangeEnd(end);
      else reader.skip(tag, SERIES_FIELDS, end);
    }
    reader.pos = start;
    this.#points.decode(reader, end, this, target);
  }

  /** -1 for a series that is not. */
  #known(seed: number): number {
    const { attributesStart: start, attributesEnd: end, contiguous } = this.#range;
    return contiguous ? this.#series.find(this.#reader!.view, start, end, seed) : -1;
  }

  #find(seed: number): number | RejectReason {
    const [reader, rows] = [this.#reader!, this.#rows!];
    const { attributesStart: start, attributesEnd: end, contiguous } = this.#range;
    const known = this.#known(seed);
    if (known !== -1) return known;
    const id = rows.seriesId(this.#identity(reader, seed));
    if (typeof id === "number" && contiguous) this.#series.add(reader.view, start, end, seed, id);
    return id;
  }

  #identity(reader: WireReader, seed: number): SeriesIdentity {
    const series = seriesLabels(readLabels(reader, this.#range));
    if (seed === SAMPLES) {
      const { kind, unit } = this.#families.describe(series.name, UNKNOWN_FAMILY);
      return { ...series, kind, unit };
    }
    const unit = this.#families.histogramUnit(series.name, UNKNOWN_FAMILY);
    return { ...series, kind: "histogram", unit };
  }

  #metadata(reader: WireReader, end: number): void {
    let [type, name, unit] = [0, "", ""];
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === TYPE) type = reader.uint32(end);
      else if (tag === FAMILY_NAME) name = readText(reader, end);
      else if (tag === UNIT) unit = readText(reader, end);
      else reader.skip(tag, METADATA_FIELDS, end);
    }
    const changed = this.#families.set(name, { type: METRIC_TYPES[type] ?? "unknown", unit });
    // Its series may have another kind from now on.
    if (changed) this.forgetSeries();
  }
}

/** The labels of a TimeSeries; leaves the reader where it was. */
function readLabels(reader: WireReader, range: PointRange): [string, string][] {
  const before = reader.pos;
  const labels: [string, string][] = [];
  reader.pos = range.attributesStart;
  const end = range.attributesEnd;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === LABELS) labels.push(readLabel(reader, reader.rangeEnd(end)));
    else reader.skip(tag, 0, end);
  }
  reader.pos = before;
  return labels;
}

function readLabel(reader: WireReader, end: number): [string, string] {
  let [name, value] = ["", ""];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === NAME) name = readText(reader, end);
    else if (tag === VALUE) value = readText(reader, end);
    else reader.skip(tag, LABEL_FIELDS, end);
  }
  return [name, value];
}

function readText(reader: WireReader, end: number): string {
  const textEnd = reader.rangeEnd(end);
  const text = decodeUtf8(reader.bytes, reader.pos, textEnd);
  reader.pos = textEnd;
  return text;
}
