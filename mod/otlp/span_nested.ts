import type { SpanBatchBuilder } from "../signals/spans.ts";
import type { AttributeDecoder } from "./attribute_decoder.ts";
import type { Alterations } from "./decode_context.ts";
import { isId, SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import type { OtlpLimits } from "./limits.ts";
import type { RangeList } from "./range_list.ts";
import {
  bytesTag,
  fixed32Tag,
  fixed64Tag,
  knownFields,
  varintTag,
  type WireReader,
} from "./wire.ts";

// Span.Event (trace.proto).
const EVENT_TIME = fixed64Tag(1);
const EVENT_NAME = bytesTag(2);
const EVENT_ATTRIBUTES = bytesTag(3);
const EVENT_DROPPED = varintTag(4);
const EVENT_FIELDS = knownFields(1, 2, 3, 4);
// Span.Link (trace.proto). The column has no place for a link's dropped_attributes_count.
const LINK_TRACE_ID = bytesTag(1);
const LINK_SPAN_ID = bytesTag(2);
const LINK_TRACE_STATE = bytesTag(3);
const LINK_ATTRIBUTES = bytesTag(4);
const LINK_FLAGS = fixed32Tag(6);
const LINK_FIELDS = knownFields(1, 2, 3, 4, 6);

const MAX_I32 = 0x7fffffff;

interface SpanNestedParts {
  readonly spans: SpanBatchBuilder;
  readonly attributes: AttributeDecoder;
  readonly limits: OtlpLimits;
  readonly alterations: Alterations;
}

/** Decodes a span's events and links into the open row. They are few: strings are made of them. */
export class SpanNestedDecoder {
  readonly #parts: SpanNestedParts;

  constructor(parts: SpanNestedParts) {
    this.#parts = parts;
  }

  /** Answers how many events were dropped. */
  pushEvents(reader: WireReader, ranges: RangeList): number {
    for (let i = 0; i < ranges.count; i++) this.#pushEvent(reader, ranges.start(i), ranges.end(i));
    this.#parts.alterations.droppedEvents += ranges.dropped;
    return ranges.dropped;
  }

  /** Answers how many links were dropped. */
  pushLinks(reader: WireReader, ranges: RangeList): number {
    let dropped = ranges.dropped;
    for (let i = 0; i < ranges.count; i++) {
      if (!this.#pushLink(reader, ranges.start(i), ranges.end(i))) dropped++;
    }
    this.#parts.alterations.droppedLinks += dropped;
    return dropped;
  }

  #pushEvent(reader: WireReader, start: number, end: number): void {
    const { spans: { events }, attributes, limits } = this.#parts;
    let [low, high, nameStart, nameEnd, dropped] = [0, 0, start, start, 0];
    reader.pos = start;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === EVENT_TIME) {
        reader.fixed64(end);
        [low, high] = [reader.low, reader.high];
      } else if (tag === EVENT_NAME) {
        nameEnd = reader.rangeEnd(end);
        nameStart = reader.pos;
        reader.pos = nameEnd;
      } else if (tag === EVENT_DROPPED) dropped = reader.uint32(end);
      else reader.skip(tag, tag === EVENT_ATTRIBUTES ? 0 : EVENT_FIELDS, end);
    }
    events.timeNs.pushHalves(low, high);
    const cut = attributes.cut(reader.bytes, nameStart, nameEnd, limits.maxNameBytes);
    events.name.pushBytes(reader.bytes, nameStart, cut);
    events.attributes.push(
      attributes.pairs(reader, start, end, EVENT_ATTRIBUTES, () => void dropped++),
    );
    events.droppedAttributes.push(Math.min(dropped, MAX_I32));
  }

  #pushLink(reader: WireReader, start: number, end: number): boolean {
    const { spans: { links }, attributes, limits } = this.#parts;
    let [traceStart, traceEnd, spanStart, spanEnd] = [start, start, start, start];
    let [stateStart, stateEnd, flags] = [start, start, 0];
    reader.pos = start;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === LINK_TRACE_ID) {
        traceEnd = reader.rangeEnd(end);
        traceStart = reader.pos;
        reader.pos = traceEnd;
      } else if (tag === LINK_SPAN_ID) {
        spanEnd = reader.rangeEnd(end);
        spanStart = reader.pos;
        reader.pos = spanEnd;
      } else if (tag === LINK_TRACE_STATE) {
        stateEnd = reader.rangeEnd(end);
        stateStart = reader.pos;
        reader.pos = stateEnd;
      } else if (tag === LINK_FLAGS) flags = reader.fixed32(end);
      else reader.skip(tag, tag === LINK_ATTRIBUTES ? 0 : LINK_FIELDS, end);
    }
    const bytes = reader.bytes;
    if (!isId(bytes, traceStart, traceEnd, TRACE_ID_BYTES)) return false;
    if (!isId(bytes, spanStart, spanEnd, SPAN_ID_BYTES)) return false;
    links.traceId.pushHex(bytes, traceStart, traceEnd);
    links.spanId.pushHex(bytes, spanStart, spanEnd);
    const cut = attributes.cut(bytes, stateStart, stateEnd, limits.maxNameBytes);
    links.traceState.pushBytes(bytes, stateStart, cut);
    links.attributes.push(attributes.pairs(reader, start, end, LINK_ATTRIBUTES));
    links.flags.push(flags);
    return true;
  }
}
