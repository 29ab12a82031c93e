import type { OtlpLimits } from "./limits.ts";
import { RangeList } from "./range_list.ts";
import {
  bytesTag,
  fixed32Tag,
  fixed64Tag,
  knownFields,
  varintTag,
  type WireReader,
} from "./wire.ts";

// Fields of Span and Status (opentelemetry-proto, trace/v1/trace.proto).
const TRACE_ID = bytesTag(1);
const SPAN_ID = bytesTag(2);
const TRACE_STATE = bytesTag(3);
const PARENT_SPAN_ID = bytesTag(4);
const NAME = bytesTag(5);
const KIND = varintTag(6);
const START_TIME = fixed64Tag(7);
const END_TIME = fixed64Tag(8);
const ATTRIBUTES = bytesTag(9);
const DROPPED_ATTRIBUTES = varintTag(10);
const EVENTS = bytesTag(11);
const DROPPED_EVENTS = varintTag(12);
const LINKS = bytesTag(13);
const DROPPED_LINKS = varintTag(14);
const STATUS = bytesTag(15);
const FLAGS = fixed32Tag(16);
const SPAN_FIELDS = knownFields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const STATUS_MESSAGE = bytesTag(2);
const STATUS_CODE = varintTag(3);
const STATUS_FIELDS = knownFields(2, 3);

/** Where the parts of one span stand. Reused from span to span; fields may come in any order. */
export class SpanScan {
  traceIdStart = 0;
  traceIdEnd = 0;
  spanIdStart = 0;
  spanIdEnd = 0;
  parentStart = 0;
  parentEnd = 0;
  traceStateStart = 0;
  traceStateEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  startLow = 0;
  startHigh = 0;
  endLow = 0;
  endHigh = 0;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  messageStart = 0;
  messageEnd = 0;
  status = 0;
  flags = 0;
  readonly attributes: RangeList;
  readonly events: RangeList;
  readonly links: RangeList;

  constructor(limits: OtlpLimits) {
    this.attributes = new RangeList(limits.maxAttributes);
    this.events = new RangeList(limits.maxEvents);
    this.links = new RangeList(limits.maxLinks);
  }

  /** Reads the span that begins at `reader.pos`. */
  read(reader: WireReader, end: number): void {
    this.#reset();
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case TRACE_ID:
          this.traceIdEnd = reader.rangeEnd(end);
          this.traceIdStart = reader.pos;
          reader.pos = this.traceIdEnd;
          break;
        case SPAN_ID:
          this.spanIdEnd = reader.rangeEnd(end);
          this.spanIdStart = reader.pos;
          reader.pos = this.spanIdEnd;
          break;
        case TRACE_STATE:
          this.traceStateEnd = reader.rangeEnd(end);
          this.traceStateStart = reader.pos;
          reader.pos = this.traceStateEnd;
          break;
        case PARENT_SPAN_ID:
          this.parentEnd = reader.rangeEnd(end);
          this.parentStart = reader.pos;
          reader.pos = this.parentEnd;
          break;
        case NAME:
          this.nameEnd = reader.rangeEnd(end);
          this.nameStart = reader.pos;
          reader.pos = this.nameEnd;
          break;
        case KIND:
          this.kind = reader.uint32(end);
          break;
        case START_TIME:
          reader.fixed64(end);
          this.startLow = reader.low;
          this.startHigh = reader.high;
          break;
        case END_TIME:
          reader.fixed64(end);
          this.endLow = reader.low;
          this.endHigh = reader.high;
          break;
        case ATTRIBUTES:
          this.attributes.take(reader, end);
          break;
        case DROPPED_ATTRIBUTES:
          this.droppedAttributes = reader.uint32(end);
          break;
        case EVENTS:
          this.events.take(reader, end);
          break;
        case DROPPED_EVENTS:
          this.droppedEvents = reader.uint32(end);
          break;
        case LINKS:
          this.links.take(reader, end);
          break;
        case DROPPED_LINKS:
          this.droppedLinks = reader.uint32(end);
          break;
        case STATUS:
          this.#readStatus(reader, reader.rangeEnd(end));
          break;
        case FLAGS:
          this.flags = reader.fixed32(end);
          break;
        default:
          reader.skip(tag, SPAN_FIELDS, end);
      }
    }
  }

  #readStatus(reader: WireReader, end: number): void {
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === STATUS_MESSAGE) {
        this.messageEnd = reader.rangeEnd(end);
        this.messageStart = reader.pos;
        reader.pos = this.messageEnd;
      } else if (tag === STATUS_CODE) this.status = reader.uint32(end);
      else reader.skip(tag, STATUS_FIELDS, end);
    }
  }

  #reset(): void {
    this.traceIdStart =
      this.traceIdEnd =
      this.spanIdStart =
      this.spanIdEnd =
        0;
    this.parentStart =
      this.parentEnd =
      this.traceStateStart =
      this.traceStateEnd =
        0;
    this.nameStart = this.nameEnd = this.kind = 0;
    this.startLow =
      this.startHigh =
      this.endLow =
      this.endHigh =
        0;
    this.droppedAttributes = this.droppedEvents = this.droppedLinks = 0;
    this.messageStart =
      this.messageEnd =
      this.status =
      this.flags =
        0;
    this.attributes.clear();
    this.events.clear();
    this.links.clear();
  }
}
