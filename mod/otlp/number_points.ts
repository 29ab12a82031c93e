import { SERIES_REFUSED } from "../intern/series_registry.ts";
import { type DecodeContext, timeTaken } from "./decode_context.ts";
import { JournaledStates } from "./journaled_states.ts";
import {
  NO_RECORDED_VALUE,
  type PointDecoder,
  type PointParts,
  zeroTimeUs,
} from "./metric_points.ts";
import type { RejectReason } from "./rejections.ts";
import { PointRange, type SeriesContext } from "./series_lookup.ts";
import { microsOf } from "./time_halves.ts";
import { bytesTag, fixed64Tag, knownFields, signedOf, varintTag, type WireReader } from "./wire.ts";

// Fields of NumberDataPoint (metrics.proto).
const START_TIME = fixed64Tag(2);
const TIME = fixed64Tag(3);
const AS_DOUBLE = fixed64Tag(4);
const EXEMPLARS = bytesTag(5);
const AS_INT = fixed64Tag(6);
const ATTRIBUTES = bytesTag(7);
const FLAGS = varintTag(8);
const POINT_FIELDS = knownFields(2, 3, 4, 5, 6, 7, 8);

/** A delta sum so far. */
interface RunningSum {
  readonly total: number;
  readonly tsUs: number;
}

/**
 * Points of gauges and sums. Delta sums are added up per series and stored cumulative; what was
 * added up before a restart of ours, or before the series was forgotten, is a counter reset.
 * Integers past ±2^53 lose their last digits: values are stored as doubles.
 */
export class NumberPointDecoder implements PointDecoder {
  readonly #parts: PointParts;
  readonly #sums: JournaledStates<RunningSum>;
  readonly #range = new PointRange();
  #delta = false;
  #startLow = 0;
  #startHigh = 0;
  #timeLow = 0;
  #timeHigh = 0;
  #value = 0;
  #hasValue = false;
  #flags = 0;

  constructor(parts: PointParts) {
    this.#parts = parts;
    this.#sums = new JournaledStates(parts.limits.maxDeltaSeries);
  }

  get sums(): JournaledStates<RunningSum> {
    return this.#sums;
  }

  /** Whether the points to come are deltas. */
  begin(delta: boolean): void {
    this.#delta = delta;
  }

  point(reader: WireReader, end: number, series: SeriesContext, context: DecodeContext): void {
    this.#read(reader, end);
    if ((this.#flags & NO_RECORDED_VALUE) !== 0) {
      this.#parts.alterations.noRecordedValues++;
      return;
    }
    const tsUs = microsOf(this.#timeLow, this.#timeHigh) || context.nowUs;
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
    if (!this.#hasValue) return "value_missing";
    if (!timeTaken(tsUs, context)) return "timestamp_out_of_range";
    const seriesId = this.#parts.series.seriesId(reader, series, this.#range, ATTRIBUTES);
    if (seriesId === SERIES_REFUSED) {
      context.rejections.noteRefusal(this.#parts.series.lastRefusal);
      return "series_limit";
    }
    if (!this.#delta) this.#parts.metrics.push(seriesId, tsUs, this.#value);
    else {
      const problem = this.#pushDelta(seriesId, tsUs, series, context);
      if (problem !== null) return problem;
    }
    this.#parts.exemplars.endPoint(reader, seriesId, context);
    return null;
  }

  #pushDelta(
    seriesId: number,
    tsUs: number,
    series: SeriesContext,
    context: DecodeContext,
  ): RejectReason | null {
    const monotonic = series.kind === "counter";
    if (!Number.isFinite(this.#value) || monotonic && this.#value < 0) return "invalid_delta";
    const before = this.#sums.get(seriesId);
    if (before !== undefined && tsUs <= before.tsUs) return "delta_out_of_order";
    if (before === undefined && monotonic) {
      const startUs = microsOf(this.#startLow, this.#startHigh);
      this.#parts.metrics.push(seriesId, zeroTimeUs(startUs, tsUs, context), 0);
    }
    const total = (before?.total ?? 0) + this.#value;
    this.#sums.set(seriesId, { total, tsUs });
    this.#parts.metrics.push(seriesId, tsUs, total);
    return null;
  }

  #read(reader: WireReader, end: number): void {
    const range = this.#range;
    range.begin(reader.pos, end);
    this.#parts.exemplars.beginPoint();
    this.#startLow =
      this.#startHigh =
      this.#timeLow =
      this.#timeHigh =
      this.#flags =
        0;
    this.#hasValue = false;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      switch (tag) {
        case ATTRIBUTES:
          reader.pos = reader.rangeEnd(end);
          range.add(at, reader.pos);
          break;
        case START_TIME:
          reader.fixed64(end);
          this.#startLow = reader.low;
          this.#startHigh = reader.high;
          break;
        case TIME:
          reader.fixed64(end);
          this.#timeLow = reader.low;
          this.#timeHigh = reader.high;
          break;
        case AS_DOUBLE:
          this.#value = reader.double(end);
          this.#hasValue = true;
          break;
        case AS_INT:
          reader.fixed64(end);
          this.#value = signedOf(reader.low, reader.high);
          this.#hasValue = true;
          break;
        case EXEMPLARS:
          this.#parts.exemplars.note(reader, end);
          break;
        case FLAGS:
          this.#flags = reader.uint32(end);
          break;
        default:
          reader.skip(tag, POINT_FIELDS, end);
      }
    }
  }
}
