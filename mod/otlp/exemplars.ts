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

/** Exemplars of one data point, and of one request; more are passed over. */
const MAX_PER_POINT = 16;
const MAX_PER_REQUEST = 10_000;

/** A measurement that went into a data point, and the span it was made in. */
export interface Exemplar {
  readonly seriesId: number;
  /** Microseconds since the Unix epoch; 0 when the sender did not say. */
  readonly tsUs: number;
  readonly value: number;
  /** Lower-case hex; null when it was made outside of a trace. */
  readonly traceId: string | null;
  readonly spanId: string | null;
}

/** Collects a request's exemplars, where somebody wants them; else they are passed over. */
export class ExemplarCollector {
  readonly enabled: boolean;
  readonly #ranges = new RangeList(MAX_PER_POINT);
  #found: Exemplar[] = [];

  constructor(enabled: boolean) {
    this.enabled = enabled;
  }

  beginPoint(): void {
    this.#ranges.clear();
  }

  /** Takes note of the exemplar at `reader.pos`, and passes over it. */
  note(reader: WireReader, end: number): void {
    this.#ranges.take(reader, end);
  }

  /** Decodes what was noted since `beginPoint`. */
  endPoint(reader: WireReader, seriesId: number): void {
    if (!this.enabled) return;
    for (let i = 0; i < this.#ranges.count && this.#found.length < MAX_PER_REQUEST; i++) {
      this.#found.push(decode(reader, this.#ranges.start(i), this.#ranges.end(i), seriesId));
    }
  }

  /** The exemplars since the last call; for the end of a request, whatever its outcome. */
  take(): readonly Exemplar[] {
    const found = this.#found;
    this.#found = [];
    return found;
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
