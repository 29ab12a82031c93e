import type { DictionaryBuilder } from "../columns/builders.ts";
import { encodeUtf8 } from "../columns/utf8_text.ts";
import { SPAN_KINDS, SPAN_STATUSES, type SpanBatchBuilder } from "../signals/spans.ts";
import type { AttributeDecoder } from "./attribute_decoder.ts";
import { type Alterations, type DecodeContext, timeTaken } from "./decode_context.ts";
import { type EnvelopeVisitor, type ScopeRange, walkEnvelope } from "./envelope.ts";
import { isId, SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import type { OtlpLimits } from "./limits.ts";
import type { RejectReason } from "./rejections.ts";
import type { ResourceCache, ResourceInfo } from "./resource_cache.ts";
import { SpanNestedDecoder } from "./span_nested.ts";
import { SpanScan } from "./span_scan.ts";
import { microsOf, nanosRemainder } from "./time_halves.ts";
import { multiplied, unitFactor } from "./time_unit.ts";
import { TWO_TO_32, type WireReader } from "./wire.ts";

const KINDS = SPAN_KINDS.map(encodeUtf8);
const STATUSES = SPAN_STATUSES.map(encodeUtf8);

export interface TracesDecoderParts {
  readonly spans: SpanBatchBuilder;
  readonly resources: ResourceCache;
  readonly attributes: AttributeDecoder;
  readonly limits: OtlpLimits;
  readonly alterations: Alterations;
}

/**
 * Decodes `ExportTraceServiceRequest` into span columns. A span without valid ids or time is
 * rejected alone; `MalformedError` means the whole request, whose rows the caller takes back.
 */
export class TracesDecoder implements EnvelopeVisitor {
  readonly #parts: TracesDecoderParts;
  readonly #nested: SpanNestedDecoder;
  readonly #scan: SpanScan;
  #context: DecodeContext | null = null;
  #reader: WireReader | null = null;
  #resourceId = 0;
  // Numbers in the dictionaries of the open batch: good for one request, which one batch takes.
  #serviceId = 0;
  #scopeNameId = 0;
  #scopeVersionId = 0;
  #kindIds: readonly number[] = [];
  #statusIds: readonly number[] = [];

  constructor(parts: TracesDecoderParts) {
    this.#parts = parts;
    this.#nested = new SpanNestedDecoder(parts);
    this.#scan = new SpanScan(parts.limits);
  }

  /** @throws MalformedError with rows of this request still in the builder. */
  decode(reader: WireReader, context: DecodeContext): void {
    const { spans } = this.#parts;
    this.#context = context;
    this.#reader = reader;
    this.#kindIds = KINDS.map((text) => spans.kind.idOf(text, 0, text.length));
    this.#statusIds = STATUSES.map((text) => spans.status.idOf(text, 0, text.length));
    walkEnvelope(reader, this.#parts.resources, this);
    this.#context = this.#reader = null;
  }

  resource(info: ResourceInfo): void {
    this.#resourceId = info.resourceId;
    this.#serviceId = this.#parts.spans.service.idOf(
      info.serviceBytes,
      0,
      info.serviceBytes.length,
    );
  }

  scope(range: ScopeRange): void {
    const { spans } = this.#parts;
    this.#scopeNameId = this.#idOf(spans.scopeName, range.nameStart, range.nameEnd);
    this.#scopeVersionId = this.#idOf(spans.scopeVersion, range.versionStart, range.versionEnd);
  }

  record(reader: WireReader, end: number): void {
    const context = this.#context!;
    const scan = this.#scan;
    scan.read(reader, end);
    if (this.#parts.limits.guessUnits) this.#guessUnit(context);
    const startUs = microsOf(scan.startLow, scan.startHigh);
    const problem = this.#problem(reader.bytes, startUs, context);
    if (problem !== null) {
      context.rejections.add(problem);
      return;
    }
    this.#pushSpan(reader, startUs);
    context.accepted++;
  }

  // Both times are of one unit: that of the start.
  #guessUnit({ nowUs }: DecodeContext): void {
    const scan = this.#scan;
    const factor = unitFactor(scan.startLow, scan.startHigh, nowUs);
    if (factor === 1) return;
    this.#parts.alterations.guessedUnits++;
    [scan.startLow, scan.startHigh] = multiplied(scan.startLow, scan.startHigh, factor);
    [scan.endLow, scan.endHigh] = multiplied(scan.endLow, scan.endHigh, factor);
  }

  #problem(bytes: Uint8Array, startUs: number, context: DecodeContext): RejectReason | null {
    const scan = this.#scan;
    if (!isId(bytes, scan.traceIdStart, scan.traceIdEnd, TRACE_ID_BYTES)) return "invalid_trace_id";
    if (!isId(bytes, scan.spanIdStart, scan.spanIdEnd, SPAN_ID_BYTES)) return "invalid_span_id";
    if (scan.startLow === 0 && scan.startHigh === 0) return "timestamp_missing";
    if (!timeTaken(startUs, context)) return "timestamp_out_of_range";
    return microsOf(scan.endLow, scan.endHigh) > context.maxUs ? "timestamp_out_of_range" : null;
  }

  #pushSpan(reader: WireReader, startUs: number): void {
    const { spans, alterations } = this.#parts;
    const scan = this.#scan;
    const bytes = reader.bytes;
    spans.traceId.pushHex(bytes, scan.traceIdStart, scan.traceIdEnd);
    spans.spanId.pushHex(bytes, scan.spanIdStart, scan.spanIdEnd);
    if (isId(bytes, scan.parentStart, scan.parentEnd, SPAN_ID_BYTES)) {
      spans.parentSpanId.pushHex(bytes, scan.parentStart, scan.parentEnd);
    } else spans.parentSpanId.pushNull();
    spans.name.pushId(this.#idOf(spans.name, scan.nameStart, scan.nameEnd));
    spans.kind.pushId(this.#kindIds[scan.kind] ?? this.#kindIds[0]!);
    spans.service.pushId(this.#serviceId);
    spans.status.pushId(this.#statusIds[scan.status] ?? this.#statusIds[0]!);
    this.#pushOptional(spans.statusMessage, scan.messageStart, scan.messageEnd);
    this.#pushOptional(spans.traceState, scan.traceStateStart, scan.traceStateEnd);
    spans.resourceId.push(this.#resourceId);
    spans.scopeName.pushId(this.#scopeNameId);
    spans.scopeVersion.pushId(this.#scopeVersionId);
    spans.flags.push(scan.flags);
    let dropped = scan.attributes.dropped;
    alterations.droppedAttributes += dropped;
    for (let i = 0; i < scan.attributes.count; i++) {
      const { attributes } = scan;
      const taken = this.#parts.attributes.push(
        reader,
        attributes.start(i),
        attributes.end(i),
        spans.attributes,
      );
      if (!taken) dropped++;
    }
    spans.droppedAttributes.push(scan.droppedAttributes + dropped);
    spans.droppedEvents.push(scan.droppedEvents + this.#nested.pushEvents(reader, scan.events));
    spans.droppedLinks.push(scan.droppedLinks + this.#nested.pushLinks(reader, scan.links));
    this.#pushTime(startUs);
    spans.closeRow();
  }

  #pushTime(startUs: number): void {
    const scan = this.#scan;
    let durationNs = (scan.endHigh - scan.startHigh) * TWO_TO_32 + scan.endLow - scan.startLow;
    if (durationNs < 0) {
      this.#parts.alterations.negativeDurations++;
      durationNs = 0;
    }
    const remainder = nanosRemainder(scan.startLow, scan.startHigh);
    this.#parts.spans.pushTime(startUs, remainder, durationNs);
  }

  #pushOptional(column: DictionaryBuilder, start: number, end: number): void {
    if (end === start) column.pushNull();
    else column.pushId(this.#idOf(column, start, end));
  }

  #idOf(column: DictionaryBuilder, start: number, end: number): number {
    const { attributes, limits } = this.#parts;
    const bytes = this.#reader!.bytes;
    return column.idOf(bytes, start, attributes.cut(bytes, start, end, limits.maxNameBytes));
  }
}
