import { SERIES_REFUSED } from "../intern/series_registry.ts";
import { type DecodeContext, timeTaken } from "./decode_context.ts";
import { NO_RECORDED_VALUE, type PointParts } from "./metric_points.ts";
import { RangeList } from "./range_list.ts";
import type { RejectReason } from "./rejections.ts";
import { PointRange, type SeriesContext } from "./series_lookup.ts";
import { microsOf } from "./time_halves.ts";
import {
  bytesTag,
  fixed64Tag,
  knownFields,
  unsignedOf,
  varintTag,
  type WireReader,
} from "./wire.ts";

// Fields of SummaryDataPoint (metrics.proto).
const TIME = fixed64Tag(3);
const COUNT = fixed64Tag(4);
const SUM = fixed64Tag(5);
const QUANTILES = bytesTag(6);
const ATTRIBUTES = bytesTag(7);
const FLAGS = varintTag(8);
const POINT_FIELDS = knownFields(3, 4, 5, 6, 7, 8);
// Fields of ValueAtQuantile.
const QUANTILE = fixed64Tag(1);
const VALUE = fixed64Tag(2);
const QUANTILE_FIELDS = knownFields(1, 2);

/** Quantiles taken of a point; there are hardly ever more than ten. */
const MAX_QUANTILES = 64;
const QUANTILE_LABEL = "quantile";

/** The series that a summary is stored as. */
export interface SummarySeries {
  /** Kind `summary`; one series per value of the label `quantile`. */
  readonly quantiles: SeriesContext;
  /** Counters `<name>_count` and `<name>_sum`. */
  readonly count: SeriesContext;
  readonly sum: SeriesContext;
}

/** Points of summaries: pre-computed quantiles, which SDKs do not make but scrapers forward. */
export class SummaryPointDecoder {
  readonly #parts: PointParts;
  readonly #range = new PointRange();
  readonly #quantiles = new RangeList(MAX_QUANTILES);
  #timeLow = 0;
  #timeHigh = 0;
  #count = 0;
  #sum = 0;
  #flags = 0;

  constructor(parts: PointParts) {
    this.#parts = parts;
  }

  point(reader: WireReader, end: number, series: SummarySeries, context: DecodeContext): void {
    this.#read(reader, end);
    if ((this.#flags & NO_RECORDED_VALUE) !== 0) {
      this.#parts.alterations.noRecordedValues++;
      return;
    }
    const problem = this.#push(reader, series, context);
    if (problem === null) context.accepted++;
    else context.rejections.add(problem);
  }

  // All of its series are found before the first row is pushed: a point is taken whole.
  #push(reader: WireReader, series: SummarySeries, context: DecodeContext): RejectReason | null {
    const tsUs = microsOf(this.#timeLow, this.#timeHigh) || context.nowUs;
    if (!timeTaken(tsUs, context)) return "timestamp_out_of_range";
    const { series: lookup, metrics } = this.#parts;
    const labels = lookup.labels(reader, this.#range, ATTRIBUTES);
    const rows: (readonly [seriesId: number, value: number])[] = [
      [lookup.seriesId(reader, series.count, this.#range, ATTRIBUTES), this.#count],
      [lookup.seriesId(reader, series.sum, this.#range, ATTRIBUTES), this.#sum],
    ];
    for (const [quantile, value] of this.#readQuantiles(reader)) {
      const id = lookup.resolve(series.quantiles, [...labels, [QUANTILE_LABEL, String(quantile)]]);
      rows.push([id, value]);
    }
    if (rows.some(([seriesId]) => seriesId === SERIES_REFUSED)) {
      context.rejections.noteRefusal(lookup.lastRefusal);
      return "series_limit";
    }
    for (const [seriesId, value] of rows) metrics.push(seriesId, tsUs, value);
    return null;
  }

  #readQuantiles(reader: WireReader): Map<number, number> {
    const found = new Map<number, number>();
    for (let i = 0; i < this.#quantiles.count; i++) {
      const end = this.#quantiles.end(i);
      let [quantile, value] = [0, 0];
      reader.pos = this.#quantiles.start(i);
      while (reader.pos < end) {
        const tag = reader.tag(end);
        if (tag === QUANTILE) quantile = reader.double(end);
        else if (tag === VALUE) value = reader.double(end);
        else reader.skip(tag, QUANTILE_FIELDS, end);
      }
      found.set(quantile, value);
    }
    return found;
  }

  #read(reader: WireReader, end: number): void {
    this.#range.begin(reader.pos, end);
    this.#quantiles.clear();
    this.#timeLow =
      this.#timeHigh =
      this.#count =
      this.#sum =
      this.#flags =
        0;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (tag === ATTRIBUTES) {
        reader.pos = reader.rangeEnd(end);
        this.#range.add(at, reader.pos);
      } else if (tag === TIME) {
        reader.fixed64(end);
        [this.#timeLow, this.#timeHigh] = [reader.low, reader.high];
      } else if (tag === COUNT) {
        reader.fixed64(end);
        this.#count = unsignedOf(reader.low, reader.high);
      } else if (tag === SUM) this.#sum = reader.double(end);
      else if (tag === QUANTILES) this.#quantiles.take(reader, end);
      else if (tag === FLAGS) this.#flags = reader.uint32(end);
      else reader.skip(tag, POINT_FIELDS, end);
    }
  }
}
