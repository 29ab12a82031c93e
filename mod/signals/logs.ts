import type { ColumnBatch } from "../columns/column.ts";
import {
  DictionaryBuilder,
  Int64Builder,
  NullableF64Builder,
  u16Builder,
  u32Builder,
  u8Builder,
  Utf8Builder,
} from "../columns/builders.ts";
import { AttributeListBuilder } from "./attributes.ts";
import { TimeRange } from "./time_range.ts";

/**
 * Log records in the making. A decoder pushes exactly one value to each public column per
 * record and then calls `closeRow`.
 */
export class LogBatchBuilder {
  /** Text as the sender gave it ("WARN"), or the short name of the number when it gave none. */
  readonly severity = new DictionaryBuilder();
  /** 0 (unspecified) to 24 (OpenTelemetry logs data model, SeverityNumber). */
  readonly severityNumber = u8Builder();
  readonly body = new Utf8Builder();
  readonly service = new DictionaryBuilder();
  readonly host = new DictionaryBuilder();
  /** Process id, NULL when unknown; whole numbers. */
  readonly pid = new NullableF64Builder();
  /** 32 and 16 lower-case hex digits; NULL when the record belongs to no trace. */
  readonly traceId = new Utf8Builder();
  readonly spanId = new Utf8Builder();
  readonly attributes = new AttributeListBuilder();
  readonly resourceId = u32Builder();
  readonly scopeName = new DictionaryBuilder();
  readonly scopeVersion = new DictionaryBuilder();
  /** Where it came in: "otlp", a file's path, "journald", … */
  readonly source = new DictionaryBuilder();
  /** NULL when the record has none. */
  readonly eventName = new DictionaryBuilder();
  readonly flags = u32Builder();
  readonly droppedAttributes = u32Builder();
  readonly #ts = new Int64Builder();
  readonly #nsRemainder = u16Builder();
  readonly #observedUs = new Int64Builder();
  readonly #range = new TimeRange();

  get rows(): number {
    return this.#ts.length;
  }

  get byteLength(): number {
    return this.rows * 80 + this.body.byteLength + this.traceId.byteLength +
      this.spanId.byteLength + this.attributes.byteLength;
  }

  /** Time as whole microseconds plus 0–999 ns, and when it was observed, in microseconds. */
  pushTime(tsUs: number, nsRemainder: number, observedUs: number): void {
    this.#ts.push(tsUs);
    this.#nsRemainder.push(nsRemainder);
    this.#observedUs.push(observedUs);
    this.#range.include(tsUs);
  }

  closeRow(): void {
    this.attributes.closeRow();
  }

  truncate(rows: number): void {
    if (rows === 0) this.#range.take();
    this.#ts.truncate(rows);
    this.#nsRemainder.truncate(rows);
    this.#observedUs.truncate(rows);
    for (
      const column of [
        this.severity,
        this.severityNumber,
        this.body,
        this.service,
        this.host,
        this.pid,
        this.traceId,
        this.spanId,
        this.attributes,
        this.resourceId,
        this.scopeName,
        this.scopeVersion,
        this.source,
        this.eventName,
        this.flags,
        this.droppedAttributes,
      ]
    ) column.truncate(rows);
  }

  finish(): ColumnBatch {
    const rows = this.rows;
    return {
      signal: "logs",
      rows,
      columns: [
        ["ts", { type: "timestamp_us", data: this.#ts.finish(), nulls: null }],
        ["ns_remainder", { type: "u16", data: this.#nsRemainder.finish() }],
        ["observed_ts", { type: "timestamp_us", data: this.#observedUs.finish(), nulls: null }],
        ["severity", this.severity.finish()],
        ["severity_number", { type: "u8", data: this.severityNumber.finish() }],
        ["body", this.body.finish()],
        ["service", this.service.finish()],
        ["host", this.host.finish()],
        ["pid", this.pid.finish()],
        ["trace_id", this.traceId.finish()],
        ["span_id", this.spanId.finish()],
        ...this.attributes.finish(),
        ["resource_id", { type: "u32", data: this.resourceId.finish() }],
        ["scope_name", this.scopeName.finish()],
        ["scope_version", this.scopeVersion.finish()],
        ["source", this.source.finish()],
        ["event_name", this.eventName.finish()],
        ["flags", { type: "u32", data: this.flags.finish() }],
        ["dropped_attributes", { type: "u32", data: this.droppedAttributes.finish() }],
      ],
      ...this.#range.take(),
    };
  }
}
