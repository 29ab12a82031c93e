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

// Fields of LogRecord (opentelemetry-proto, logs/v1/logs.proto).
const TIME = fixed64Tag(1);
const SEVERITY_NUMBER = varintTag(2);
const SEVERITY_TEXT = bytesTag(3);
const BODY = bytesTag(5);
const ATTRIBUTES = bytesTag(6);
const DROPPED_ATTRIBUTES = varintTag(7);
const FLAGS = fixed32Tag(8);
const TRACE_ID = bytesTag(9);
const SPAN_ID = bytesTag(10);
const OBSERVED_TIME = fixed64Tag(11);
const EVENT_NAME = bytesTag(12);
const LOG_FIELDS = knownFields(1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12);

/** Where the parts of one log record stand. Reused; fields may come in any order. */
export class LogScan {
  timeLow = 0;
  timeHigh = 0;
  observedLow = 0;
  observedHigh = 0;
  severityNumber = 0;
  severityStart = 0;
  severityEnd = 0;
  bodyStart = 0;
  bodyEnd = 0;
  droppedAttributes = 0;
  flags = 0;
  traceIdStart = 0;
  traceIdEnd = 0;
  spanIdStart = 0;
  spanIdEnd = 0;
  eventNameStart = 0;
  eventNameEnd = 0;
  readonly attributes: RangeList;

  constructor(limits: OtlpLimits) {
    this.attributes = new RangeList(limits.maxAttributes);
  }

  /** Reads the record that begins at `reader.pos`. */
  read(reader: WireReader, end: number): void {
    this.#reset();
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case TIME:
          reader.fixed64(end);
          this.timeLow = reader.low;
          this.timeHigh = reader.high;
          break;
        case OBSERVED_TIME:
          reader.fixed64(end);
          this.observedLow = reader.low;
          this.observedHigh = reader.high;
          break;
        case SEVERITY_NUMBER:
          this.severityNumber = reader.uint32(end);
          break;
        case SEVERITY_TEXT:
          this.severityEnd = reader.rangeEnd(end);
          this.severityStart = reader.pos;
          reader.pos = this.severityEnd;
          break;
        case BODY:
          this.bodyEnd = reader.rangeEnd(end);
          this.bodyStart = reader.pos;
          reader.pos = this.bodyEnd;
          break;
        case ATTRIBUTES:
          this.attributes.take(reader, end);
          break;
        case DROPPED_ATTRIBUTES:
          this.droppedAttributes = reader.uint32(end);
          break;
        case FLAGS:
          this.flags = reader.fixed32(end);
          break;
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
        case EVENT_NAME:
          this.eventNameEnd = reader.rangeEnd(end);
          this.eventNameStart = reader.pos;
          reader.pos = this.eventNameEnd;
          break;
        default:
          reader.skip(tag, LOG_FIELDS, end);
      }
    }
  }

  #reset(): void {
    this.timeLow =
      this.timeHigh =
      this.observedLow =
      this.observedHigh =
        0;
    this.severityNumber = this.severityStart = this.severityEnd = 0;
    this.bodyStart =
      this.bodyEnd =
      this.droppedAttributes =
      this.flags =
        0;
    this.traceIdStart =
      this.traceIdEnd =
      this.spanIdStart =
      this.spanIdEnd =
        0;
    this.eventNameStart = this.eventNameEnd = 0;
    this.attributes.clear();
  }
}
