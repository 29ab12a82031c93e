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

/** The series of the message in hand: one for its samples, one for its native histograms. */
export interface FoundSeries {
  samples(): number | RejectReason;
  histograms(): number | RejectReason;
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

  constructor(tags: PointTags) {
    this.#tags = tags;
  }

  /** Reads the points of the message that ends at `end`, and passes over all else. */
  decode(reader: WireReader, end: number, series: FoundSeries, target: PointTarget): void {
    const { sample, histogram, exemplar } = this.#tags;
    let sampleSeries: number | RejectReason | null = null;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === sample) {
        sampleSeries ??= series.samples();
        readSample(reader, reader.rangeEnd(end), sampleSeries, target);
      } else if (tag === histogram) {
        this.#histogram(reader, reader.rangeEnd(end), series.histograms(), target);
      } else {
        if (tag === exemplar) target.tally.exemplars++;
        // The first pass has checked the wire types of what was known to it.
        reader.skip(tag, 0, end);
      }
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
