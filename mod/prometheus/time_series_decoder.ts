import type { SampleRows } from "../intake/sample_writer.ts";
import type { RejectReason } from "../otlp/rejections.ts";
import {
  bytesTag,
  fixed64Tag,
  knownFields,
  signedOf,
  varintTag,
  type WireReader,
} from "../otlp/wire.ts";
import { type ExemplarLabels, type ReadExemplar, readExemplar } from "./exemplar_proto.ts";
import { NativeHistogramReader } from "./native_histogram_proto.ts";
import type { RemoteWriteTally } from "./remote_write_tally.ts";
import { type SeriesTimes } from "./series_times.ts";
import { isStaleAt } from "./stale_marker.ts";

// Fields of Sample, the same in both versions; start_timestamp = 3 in the second.
const VALUE = fixed64Tag(1);
const TIMESTAMP = varintTag(2);
const SAMPLE_FIELDS = knownFields(1, 2);

/** Tags of the points in a TimeSeries message, which differ between the versions. */
export interface PointTags {
  readonly sample: number;
  readonly histogram: number;
  readonly exemplar: number;
}

export const POINT_TAGS_V1: PointTags = {
  sample: bytesTag(2),
  histogram: bytesTag(4),
  exemplar: bytesTag(3),
};
export const POINT_TAGS_V2: PointTags = {
  sample: bytesTag(2),
  histogram: bytesTag(3),
  exemplar: bytesTag(4),
};

/** Exemplars of one request; more are left out and counted. */
const MAX_EXEMPLARS = 10_000;

/** The series of the message in hand: one for its samples, one for its native histograms. */
export interface FoundSeries extends ExemplarLabels {
  samples(): number | RejectReason;
  histograms(): number | RejectReason;
  /** Of exemplars that come in a message without points: whichever of the two is known. */
  exemplars(): number | RejectReason;
}

/** What a request is decoded into. */
export interface PointTarget {
  readonly rows: SampleRows;
  readonly tally: RemoteWriteTally;
  readonly times: SeriesTimes;
}

/** Reads the points of TimeSeries messages into rows. Labels were read before. */
export class PointsDecoder {
  readonly #tags: PointTags;
  readonly #native = new NativeHistogramReader();
  /** Of the message in hand: it may tell its points later. */
  #exemplars: ReadExemplar[] = [];

  constructor(tags: PointTags) {
    this.#tags = tags;
  }

  /** Reads the points of the message that ends at `end`, and passes over all else. */
  decode(reader: WireReader, end: number, series: FoundSeries, target: PointTarget): void {
    const { sample, histogram, exemplar } = this.#tags;
    let sampleSeries: number | RejectReason | null = null;
    let histogramSeries: number | RejectReason | null = null;
    this.#exemplars = [];
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === sample) {
        sampleSeries ??= series.samples();
        readSample(reader, reader.rangeEnd(end), sampleSeries, target);
      } else if (tag === histogram) {
        histogramSeries = series.histograms();
        this.#histogram(reader, reader.rangeEnd(end), histogramSeries, target);
      } else if (tag === exemplar) {
        this.#readExemplar(reader, reader.rangeEnd(end), series, target);
      } else {
        // The first pass has checked the wire types of what was known to it.
        reader.skip(tag, 0, end);
      }
    }
    if (this.#exemplars.length > 0) {
      this.#pushExemplars(histogramSeries ?? sampleSeries ?? series.exemplars(), target);
    }
  }

  #readExemplar(reader: WireReader, end: number, series: FoundSeries, target: PointTarget): void {
    const { rows, tally } = target;
    const exemplar = readExemplar(reader, end, series, rows.nowUs);
    if (tally.exemplars + this.#exemplars.length < MAX_EXEMPLARS) this.#exemplars.push(exemplar);
    else tally.droppedExemplars++;
  }

  #pushExemplars(seriesId: number | RejectReason, { rows, tally }: PointTarget): void {
    for (const exemplar of this.#exemplars) {
      const taken = typeof seriesId === "number" && rows.exemplar({ ...exemplar, seriesId });
      if (taken) tally.exemplars++;
      else tally.droppedExemplars++;
    }
  }

  #histogram(
    reader: WireReader,
    end: number,
    series: number | RejectReason,
    { rows, tally, times }: PointTarget,
  ): void {
    const { tsMs, stale, count, sum, buckets } = this.#native.read(reader, end);
    const tsUs = tsMs * 1_000;
    if (typeof series === "string") return rows.rejections.add(series);
    if (stale) tally.staleMarkers++;
    else if (buckets === null) return rows.rejections.add("invalid_buckets");
    else {
      const standing = times.standing(series, tsUs);
      if (standing === "repeated") tally.repeated++;
      else {
        const point = { tsUs, count, sum, min: null, max: null, ...buckets };
        if (!rows.histogram(series, point)) return;
        times.note(series, tsUs);
        if (standing === "older") tally.outOfOrder++;
      }
    }
    tally.histograms++;
  }
}

function readSample(
  reader: WireReader,
  end: number,
  series: number | RejectReason,
  { rows, tally, times }: PointTarget,
): void {
  let value = 0;
  let tsMs = 0;
  let stale = false;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === VALUE) {
      value = reader.double(end);
      stale = Number.isNaN(value) && isStaleAt(reader.view, reader.pos - 8);
    } else if (tag === TIMESTAMP) {
      reader.varint(end);
      tsMs = signedOf(reader.low, reader.high);
    } else reader.skip(tag, SAMPLE_FIELDS, end);
  }
  const tsUs = tsMs * 1_000;
  if (typeof series === "string") return rows.rejections.add(series);
  if (stale) tally.staleMarkers++;
  else {
    const standing = times.standing(series, tsUs);
    if (standing === "repeated") tally.repeated++;
    else {
      if (!rows.sample(series, tsUs, value)) return;
      times.note(series, tsUs);
      if (standing === "older") tally.outOfOrder++;
    }
  }
  tally.samples++;
}
