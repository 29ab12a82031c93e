import type { Exemplar, ExemplarBatchBuilder } from "../signals/exemplars.ts";
import type { Alterations, DecodeContext } from "./decode_context.ts";
import { encodeHex } from "./hex.ts";
import { isId, SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import { RangeList } from "./range_list.ts";
import { microsOf } from "./time_halves.ts";
import { bytesTag, fixed64Tag, knownFields, signedOf, type WireReader } from "./wire.ts";

// Fields of Exemplar (metrics.proto). Its filtered_attributes (7) are not kept.
const TIME = fixed64Tag(2);
const AS_DOUBLE = fixed64Tag(3);
const SPAN_ID = bytesTag(4);
const TRACE_ID = bytesTag(5);
const AS_INT = fixed64Tag(6);
const EXEMPLAR_FIELDS = knownFields(2, 3, 4, 5, 6);

/** Exemplars of one data point, and of one request; more are dropped and counted. */
const MAX_PER_POINT = 16;
const MAX_PER_REQUEST = 10_000;

/** Takes the exemplars of data points that were taken themselves. */
export class ExemplarCollector {
  readonly #rows: ExemplarBatchBuilder;
  readonly #alterations: Alterations;
  readonly #ranges = new RangeList(MAX_PER_POINT);
  #ofRequest = 0;

  constructor(rows: ExemplarBatchBuilder, alterations: Alterations) {
    this.#rows = rows;
    this.#alterations = alterations;
  }

  beginRequest(): void {
    this.#ofRequest = 0;
  }

  beginPoint(): void {
    this.#ranges.clear();
  }

  /** Takes note of the exemplar at `reader.pos`, and passes over it. */
  note(reader: WireReader, end: number): void {
    this.#ranges.take(reader, end);
  }

  /** Writes what was noted since `beginPoint`; without a time of its own it is of now. */
  endPoint(reader: WireReader, seriesId: number, context: DecodeContext): void {
    this.#alterations.droppedExemplars += this.#ranges.dropped;
    for (let i = 0; i < this.#ranges.count; i++) {
      const exemplar = decode(reader, this.#ranges.start(i), this.#ranges.end(i), seriesId);
      const tsUs = exemplar.tsUs === 0 ? context.nowUs : exemplar.tsUs;
      const inTime = tsUs >= context.minUs && tsUs <= context.maxUs;
      if (!inTime || this.#ofRequest >= MAX_PER_REQUEST) this.#alterations.droppedExemplars++;
      else {
        this.#rows.push({ ...exemplar, tsUs });
        this.#ofRequest++;
      }
    }
  }
}

function decode(reader: WireReader, start: number, end: number, seriesId: number): Exemplar {
  let [tsUs, value] = [0, NaN];
  let traceId: string | null = null;
  let spanId: string | null = null;
  reader.pos = start;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === TIME) {
      reader.fixed64(end);
      tsUs = microsOf(reader.low, reader.high);
    } else if (tag === AS_DOUBLE) value = reader.double(end);
    else if (tag === AS_INT) {
      reader.fixed64(end);
      value = signedOf(reader.low, reader.high);
    } else if (tag === TRACE_ID) traceId = readId(reader, end, TRACE_ID_BYTES);
    else if (tag === SPAN_ID) spanId = readId(reader, end, SPAN_ID_BYTES);
    else reader.skip(tag, EXEMPLAR_FIELDS, end);
  }
  return { seriesId, tsUs, value, traceId, spanId };
}

function readId(reader: WireReader, end: number, size: number): string | null {
  const idEnd = reader.rangeEnd(end);
  const start = reader.pos;
  reader.pos = idEnd;
  return isId(reader.bytes, start, idEnd, size) ? encodeHex(reader.bytes, start, idEnd) : null;
}
