import { SERIES_REFUSED } from "../intern/series_registry.ts";
import { bucketsFit } from "../signals/histogram_shape.ts";
import { type DecodeContext, timeTaken } from "./decode_context.ts";
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
import { bytesTag, fixed64Tag, knownFields, varintTag, type WireReader } from "./wire.ts";

// Fields of HistogramDataPoint (metrics.proto); bucket_counts = 6, explicit_bounds = 7.
const TAGS = {
  startTime: fixed64Tag(2),
  time: fixed64Tag(3),
  count: fixed64Tag(4),
  sum: fixed64Tag(5),
  exemplars: bytesTag(8),
  attributes: bytesTag(9),
  flags: varintTag(10),
  min: fixed64Tag(11),
  max: fixed64Tag(12),
};
const POINT_FIELDS = knownFields(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

/** A delta histogram so far. */
interface RunningHistogram {
  readonly boundsId: number;
  readonly counts: readonly number[];
  readonly count: number;
  /** NULL once one of the points had none; the same for `min` and `max`. */
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly tsUs: number;
}

/**
 * Points of explicit-bucket histograms. Deltas are added up per series; a point with other
 * bounds than the ones before it starts anew, as a counter reset does. A point without buckets
 * is stored with one, which holds its count.
 */
export class HistogramPointDecoder implements PointDecoder {
  readonly #parts: PointParts;
  readonly #states: JournaledStates<RunningHistogram>;
  readonly #scan: HistogramScan;
  readonly #counts = new NumberList(6, "fixed64");
  readonly #bounds = new NumberList(7, "double");
  #delta = false;
  // Points that follow each other mostly have the same bounds.
  #lastBounds: readonly number[] = [];
  #lastBoundsId = 0;

  constructor(parts: PointParts) {
    this.#parts = parts;
    this.#states = new JournaledStates(parts.limits.maxDeltaSeries);
    this.#scan = new HistogramScan(TAGS, parts.exemplars);
  }

  get states(): JournaledStates<RunningHistogram> {
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
    if (!this.#bucketsFit()) return "invalid_buckets";
    const { series: lookup, exemplars } = this.#parts;
    const seriesId = lookup.seriesId(reader, series, this.#scan.range, TAGS.attributes);
    if (seriesId === SERIES_REFUSED) {
      context.rejections.noteRefusal(lookup.lastRefusal);
      return "series_limit";
    }
    const boundsId = this.#boundsId();
    if (boundsId === 0) return "bounds_limit";
    const { count, sum, min, max } = this.#scan;
    const counts = this.#counts.values.length === 0 ? [count] : this.#counts.values;
    const point = { boundsId, counts, count, sum, min, max, tsUs };
    if (!this.#delta) this.#parts.histograms.push({ seriesId, ...point });
    else if (!this.#pushDelta(seriesId, point, context)) return "delta_out_of_order";
    exemplars.endPoint(reader, seriesId, context);
    return null;
  }

  #pushDelta(seriesId: number, point: RunningHistogram, context: DecodeContext): boolean {
    const { histograms } = this.#parts;
    const before = this.#states.get(seriesId);
    if (before !== undefined && point.tsUs <= before.tsUs) return false;
    const fits = before !== undefined && before.boundsId === point.boundsId;
    const running = fits ? added(before, point) : point;
    if (!fits) {
      const startUs = microsOf(this.#scan.startLow, this.#scan.startHigh);
      const zeroUs = zeroTimeUs(startUs, point.tsUs, context);
      // After a change of bounds the zero must not stand before what was stored already.
      const tsUs = before === undefined ? zeroUs : Math.max(zeroUs, before.tsUs + 1);
      if (tsUs < point.tsUs) histograms.push({ seriesId, ...zeroOf(point), tsUs });
    }
    this.#states.set(seriesId, running);
    histograms.push({ seriesId, ...running });
    return true;
  }

  #bucketsFit(): boolean {
    const [bounds, counts] = [this.#bounds.values, this.#counts.values];
    if (this.#bounds.tooMany || this.#counts.tooMany) return false;
    return bucketsFit(bounds, counts, this.#parts.limits.maxBuckets);
  }

  #boundsId(): number {
    const bounds = this.#bounds.values;
    const last = this.#lastBounds;
    const same = this.#lastBoundsId !== 0 && last.length === bounds.length &&
      bounds.every((bound, i) => bound === last[i]);
    if (same) return this.#lastBoundsId;
    this.#lastBounds = bounds;
    this.#lastBoundsId = this.#parts.bounds.idOf(bounds);
    return this.#lastBoundsId;
  }

  #read(reader: WireReader, end: number): void {
    const scan = this.#scan;
    scan.begin(reader.pos, end);
    this.#counts.clear();
    this.#bounds.clear();
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (scan.read(reader, tag, at, end)) continue;
      if (this.#counts.read(reader, tag, end) || this.#bounds.read(reader, tag, end)) continue;
      reader.skip(tag, POINT_FIELDS, end);
    }
  }
}

function added(before: RunningHistogram, point: RunningHistogram): RunningHistogram {
  return {
    ...point,
    counts: point.counts.map((count, i) => count + (before.counts[i] ?? 0)),
    count: before.count + point.count,
    sum: before.sum === null || point.sum === null ? null : before.sum + point.sum,
    min: before.min === null || point.min === null ? null : Math.min(before.min, point.min),
    max: before.max === null || point.max === null ? null : Math.max(before.max, point.max),
  };
}

function zeroOf(point: RunningHistogram): RunningHistogram {
  return { ...point, counts: point.counts.map(() => 0), count: 0, sum: 0, min: null, max: null };
}
