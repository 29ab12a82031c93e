import type { DictionaryBuilder, Utf8Builder } from "../columns/builders.ts";
import { encodeUtf8 } from "../columns/utf8_text.ts";
import type { LogBatchBuilder } from "../signals/logs.ts";
import { processIdOf } from "../signals/process_ids.ts";
import { SEVERITY_NAMES } from "../signals/severity.ts";
import type { AttributeDecoder } from "./attribute_decoder.ts";
import { type Alterations, type DecodeContext, timeTaken } from "./decode_context.ts";
import { type EnvelopeVisitor, type ScopeRange, walkEnvelope } from "./envelope.ts";
import { isId, SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import type { OtlpLimits } from "./limits.ts";
import { LogScan } from "./log_scan.ts";
import type { ResourceCache, ResourceInfo } from "./resource_cache.ts";
import { microsOf, nanosRemainder } from "./time_halves.ts";
import { multiplied, unitFactor } from "./time_unit.ts";
import type { WireReader } from "./wire.ts";

const SEVERITY_NAME_BYTES = SEVERITY_NAMES.map(encodeUtf8);
const SOURCE = encodeUtf8("otlp");
const PID_KEY = "process.pid";

export interface LogsDecoderParts {
  readonly logs: LogBatchBuilder;
  readonly resources: ResourceCache;
  readonly attributes: AttributeDecoder;
  readonly limits: OtlpLimits;
  readonly alterations: Alterations;
}

/**
 * Decodes `ExportLogsServiceRequest` into log columns. The time of a record without one is
 * when it was observed, else now. Ids that are not valid are NULL, as the data model says.
 */
export class LogsDecoder implements EnvelopeVisitor {
  readonly #parts: LogsDecoderParts;
  readonly #scan: LogScan;
  #context: DecodeContext | null = null;
  #reader: WireReader | null = null;
  #resource: ResourceInfo | null = null;
  #pidKeyId = 0;
  // Numbers in the dictionaries of the open batch: good for one request, which one batch takes.
  #serviceId = 0;
  #hostId = 0;
  #sourceId = 0;
  #scopeNameId = 0;
  #scopeVersionId = 0;

  constructor(parts: LogsDecoderParts) {
    this.#parts = parts;
    this.#scan = new LogScan(parts.limits);
  }

  /** @throws MalformedError with rows of this request still in the builder. */
  decode(reader: WireReader, context: DecodeContext): void {
    this.#context = context;
    this.#reader = reader;
    this.#sourceId = this.#parts.logs.source.idOf(SOURCE, 0, SOURCE.length);
    this.#pidKeyId = this.#parts.attributes.keyIdOf(PID_KEY);
    walkEnvelope(reader, this.#parts.resources, this);
    this.#context = this.#reader = this.#resource = null;
  }

  resource(info: ResourceInfo): void {
    const { logs } = this.#parts;
    this.#resource = info;
    this.#serviceId = logs.service.idOf(info.serviceBytes, 0, info.serviceBytes.length);
    this.#hostId = logs.host.idOf(info.hostBytes, 0, info.hostBytes.length);
  }

  scope(range: ScopeRange): void {
    const { logs } = this.#parts;
    this.#scopeNameId = this.#idOf(logs.scopeName, range.nameStart, range.nameEnd);
    this.#scopeVersionId = this.#idOf(logs.scopeVersion, range.versionStart, range.versionEnd);
  }

  record(reader: WireReader, end: number): void {
    const context = this.#context!;
    const scan = this.#scan;
    scan.read(reader, end);
    if (this.#parts.limits.guessUnits) this.#guessUnits(context);
    const observedUs = microsOf(scan.observedLow, scan.observedHigh) || context.nowUs;
    const given = microsOf(scan.timeLow, scan.timeHigh);
    const tsUs = given || observedUs;
    if (!timeTaken(tsUs, context) || !timeTaken(observedUs, context)) {
      context.rejections.add("timestamp_out_of_range");
      return;
    }
    this.#parts.logs.pushTime(tsUs, this.#remainder(given), observedUs);
    this.#pushRecord(reader);
    context.accepted++;
  }

  // Each by itself: who set the one need not have set the other.
  #guessUnits({ nowUs }: DecodeContext): void {
    const scan = this.#scan;
    const time = unitFactor(scan.timeLow, scan.timeHigh, nowUs);
    const observed = unitFactor(scan.observedLow, scan.observedHigh, nowUs);
    if (time === 1 && observed === 1) return;
    this.#parts.alterations.guessedUnits++;
    [scan.timeLow, scan.timeHigh] = multiplied(scan.timeLow, scan.timeHigh, time);
    [scan.observedLow, scan.observedHigh] = multiplied(
      scan.observedLow,
      scan.observedHigh,
      observed,
    );
  }

  #remainder(givenUs: number): number {
    const scan = this.#scan;
    return givenUs > 0
      ? nanosRemainder(scan.timeLow, scan.timeHigh)
      : nanosRemainder(scan.observedLow, scan.observedHigh);
  }

  #pushRecord(reader: WireReader): void {
    const { logs, attributes, limits } = this.#parts;
    const scan = this.#scan;
    this.#pushSeverity();
    attributes.pushAnyValue(reader, scan.bodyStart, scan.bodyEnd, logs.body, limits.maxBodyBytes);
    logs.service.pushId(this.#serviceId);
    logs.host.pushId(this.#hostId);
    this.#pushIdOrNull(logs.traceId, scan.traceIdStart, scan.traceIdEnd, TRACE_ID_BYTES);
    this.#pushIdOrNull(logs.spanId, scan.spanIdStart, scan.spanIdEnd, SPAN_ID_BYTES);
    this.#pushAttributes(reader);
    logs.resourceId.push(this.#resource!.resourceId);
    logs.scopeName.pushId(this.#scopeNameId);
    logs.scopeVersion.pushId(this.#scopeVersionId);
    logs.source.pushId(this.#sourceId);
    if (scan.eventNameEnd === scan.eventNameStart) logs.eventName.pushNull();
    else logs.eventName.pushId(this.#idOf(logs.eventName, scan.eventNameStart, scan.eventNameEnd));
    logs.flags.push(scan.flags);
    logs.closeRow();
  }

  #pushSeverity(): void {
    const { logs } = this.#parts;
    const { severityNumber, severityStart, severityEnd } = this.#scan;
    const known = severityNumber < SEVERITY_NAME_BYTES.length ? severityNumber : 0;
    logs.severityNumber.push(known);
    if (severityEnd > severityStart) {
      logs.severity.pushId(this.#idOf(logs.severity, severityStart, severityEnd));
      return;
    }
    const name = SEVERITY_NAME_BYTES[known]!;
    logs.severity.pushBytes(name, 0, name.length);
  }

  // The process id is the resource's, else the record's own attribute.
  #pushAttributes(reader: WireReader): void {
    const { logs, attributes, alterations } = this.#parts;
    const ranges = this.#scan.attributes;
    let pid = this.#resource!.pid;
    let dropped = ranges.dropped;
    alterations.droppedAttributes += dropped;
    for (let i = 0; i < ranges.count; i++) {
      if (!attributes.push(reader, ranges.start(i), ranges.end(i), logs.attributes)) dropped++;
      else if (pid === null && attributes.lastKeyId === this.#pidKeyId) {
        pid = attributes.integerValue(reader);
      }
    }
    logs.pid.push(processIdOf(pid));
    logs.droppedAttributes.push(this.#scan.droppedAttributes + dropped);
  }

  #pushIdOrNull(column: Utf8Builder, start: number, end: number, size: number): void {
    if (isId(this.#reader!.bytes, start, end, size)) {
      column.pushHex(this.#reader!.bytes, start, end);
    } else column.pushNull();
  }

  #idOf(column: DictionaryBuilder, start: number, end: number): number {
    const { attributes, limits } = this.#parts;
    const bytes = this.#reader!.bytes;
    return column.idOf(bytes, start, attributes.cut(bytes, start, end, limits.maxNameBytes));
  }
}
