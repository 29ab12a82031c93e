import { SERIES_REFUSED } from "../intern/series_registry.ts";
import { type DecodeContext, timeTaken } from "./decode_context.ts";
import {
  emptied,
  type ExplicitCounts,
  explicitCounts,
  type ExponentialCounts,
  fitted,
  isPlausible,
  merged,
} from "./exponential_buckets.ts";
import { HistogramScan } from "./histogram_scan.ts";
import { JournaledStates } from "./journaled_states.ts";
import {
  NO_RECORDED_VALUE,
  type PointDecoder,
  type PointParts,
  zeroTimeUs,
} from "./metric_points.ts";
import { NumberList } from "./number_lists.ts";
import type { RejectReason } from "./rejections.ts";
import type { SeriesContext } from "./series_lookup.ts";
import { microsOf } from "./time_halves.ts";
import {
  bytesTag,
  fixed64Tag,
  knownFields,
  unsignedOf,
  varintTag,
  type WireReader,
} from "./wire.ts";

// Fields of ExponentialHistogramDataPoint (metrics.proto).
const TAGS = {
  attributes: bytesTag(1),
  startTime: fixed64Tag(2),
  time: fixed64Tag(3),
  count: fixed64Tag(4),
  sum: fixed64Tag(5),
  flags: varintTag(10),
  exemplars: bytesTag(11),
  min: fixed64Tag(12),
  max: fixed64Tag(13),
};
const SCALE = varintTag(6);
const ZERO_COUNT = fixed64Tag(7);
const POSITIVE = bytesTag(8);
const NEGATIVE = bytesTag(9);
const ZERO_THRESHOLD = fixed64Tag(14);
const POINT_FIELDS = knownFields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
// Fields of Buckets; bucket_counts = 2.
const OFFSET = varintTag(1);
const BUCKETS_FIELDS = knownFields(1, 2);

/** A delta histogram so far. */
interface RunningExponential {
  readonly histogram: ExponentialCounts;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly tsUs: number;
}

/**
 * Points of exponential histograms, stored as explicit ones (see `explicitCounts`). Deltas are
 * added up per series, at the coarsest scale that came.
 */
export class ExponentialPointDecoder implements PointDecoder {
  readonly #parts: PointParts;
  readonly #states: JournaledStates<RunningExponential>;
  readonly #scan: HistogramScan;
  readonly #counts = new NumberList(2, "varint");
  #delta = false;
  #scale = 0;
  #zeroCount = 0;
  #zeroThreshold = 0;
  #positive: { offset: number; counts: readonly number[] } = { offset: 0, counts: [] };
  #negative: { offset: number; counts: readonly number[] } = { offset: 0, counts: [] };
  #tooMany = false;

  constructor(parts: PointParts) {
    this.#parts = parts;
    this.#states = new JournaledStates(parts.limits.maxDeltaSeries);
    this.#scan = new HistogramScan(TAGS, parts.exemplars);
  }

  get states(): JournaledStates<RunningExponential> {
    return this.#states;
  }

  /** Whether the points to come are deltas. */
  begin(delta: boolean): void {
    this.#delta = delta;
  }

  point(reader: WireReader, end: number, series: SeriesContext, context: DecodeContext): void {
    this.#read(reader, end);
    const scan = this.#scan;
    if ((scan.flags & NO_RECORDED_VALUE) !== 0) {
      this.#parts.alterations.noRecordedValues++;
      return;
    }
    const tsUs = microsOf(scan.timeLow, scan.timeHigh) || context.nowUs;
    const problem = this.#push(reader, tsUs, series, context);
    if (problem === null) context.accepted++;
    else context.rejections.add(problem);
  }

  #push(
    reader: WireReader,
    tsUs: number,
    series: SeriesContext,
    context: DecodeContext,
  ): RejectReason | null {
    if (!timeTaken(tsUs, context)) return "timestamp_out_of_range";
    const histogram: ExponentialCounts = {
      scale: this.#scale,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      positive: this.#positive,
      negative: this.#negative,
    };
    const sane = Number.isFinite(histogram.zeroThreshold) && histogram.zeroThreshold >= 0;
    if (this.#tooMany || !sane || !isPlausible(histogram)) return "invalid_buckets";
    const { series: lookup, exemplars } = this.#parts;
    const seriesId = lookup.seriesId(reader, series, this.#scan.range, TAGS.attributes);
    if (seriesId === SERIES_REFUSED) {
      context.rejections.noteRefusal(lookup.lastRefusal);
      return "series_limit";
    }
    const { count, sum, min, max } = this.#scan;
    const point = { histogram: fitted(histogram), count, sum, min, max, tsUs };
    const problem = this.#delta
      ? this.#pushDelta(seriesId, point, context)
      : this.#pushCumulative(seriesId, point, explicitCounts(point.histogram));
    if (problem === null) exemplars.endPoint(reader, seriesId, context);
    return problem;
  }

  #pushDelta(
    seriesId: number,
    point: RunningExponential,
    context: DecodeContext,
  ): RejectReason | null {
    const before = this.#states.get(seriesId);
    if (before !== undefined && point.tsUs <= before.tsUs) return "delta_out_of_order";
    const running = before === undefined ? point : added(before, point);
    const explicit = explicitCounts(running.histogram);
    if (before === undefined) {
      const startUs = microsOf(this.#scan.startLow, this.#scan.startHigh);
      const tsUs = zeroTimeUs(startUs, point.tsUs, context);
      const zero = { ...running, count: 0, sum: 0, min: null, max: null, tsUs };
      const problem = this.#pushCumulative(seriesId, zero, emptied(explicit));
      if (problem !== null) return problem;
    }
    const problem = this.#pushCumulative(seriesId, running, explicit);
    if (problem === null) this.#states.set(seriesId, running);
    return problem;
  }

  #pushCumulative(
    seriesId: number,
    point: RunningExponential,
    { bounds, counts }: ExplicitCounts,
  ): RejectReason | null {
    const boundsId = this.#parts.bounds.idOf(bounds);
    if (boundsId === 0) return "bounds_limit";
    const { count, sum, min, max, tsUs } = point;
    this.#parts.histograms.push({ seriesId, tsUs, count, sum, min, max, boundsId, counts });
    return null;
  }

  #read(reader: WireReader, end: number): void {
    const scan = this.#scan;
    scan.begin(reader.pos, end);
    this.#scale = this.#zeroCount = this.#zeroThreshold = 0;
    this.#positive = this.#negative = { offset: 0, counts: [] };
    this.#tooMany = false;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (scan.read(reader, tag, at, end)) continue;
      if (tag === SCALE) this.#scale = reader.sint32(end);
      else if (tag === ZERO_COUNT) {
        reader.fixed64(end);
        this.#zeroCount = unsignedOf(reader.low, reader.high);
      } else if (tag === ZERO_THRESHOLD) this.#zeroThreshold = reader.double(end);
      else if (tag === POSITIVE) this.#positive = this.#readBuckets(reader, reader.rangeEnd(end));
      else if (tag === NEGATIVE) this.#negative = this.#readBuckets(reader, reader.rangeEnd(end));
      else reader.skip(tag, POINT_FIELDS, end);
    }
  }

  #readBuckets(reader: WireReader, end: number): { offset: number; counts: readonly number[] } {
    let offset = 0;
    this.#counts.clear();
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === OFFSET) offset = reader.sint32(end);
      else if (!this.#counts.read(reader, tag, end)) reader.skip(tag, BUCKETS_FIELDS, end);
    }
    if (this.#counts.tooMany) this.#tooMany = true;
    return { offset, counts: this.#counts.values };
  }
}

function added(before: RunningExponential, point: RunningExponential): RunningExponential {
  return {
    histogram: merged(before.histogram, point.histogram),
    count: before.count + point.count,
    sum: before.sum === null || point.sum === null ? null : before.sum + point.sum,
    min: before.min === null || point.min === null ? null : Math.min(before.min, point.min),
    max: before.max === null || point.max === null ? null : Math.max(before.max, point.max),
    tsUs: point.tsUs,
  };
}
