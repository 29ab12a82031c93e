import type { ColumnBatch } from "../columns/column.ts";
import {
  DictionaryBuilder,
  i32Builder,
  Int64Builder,
  ListOffsetsBuilder,
  u16Builder,
  u32Builder,
  Utf8Builder,
} from "../columns/builders.ts";
import { AttributeListBuilder } from "./attributes.ts";
import { AttributeMapBuilder } from "./attribute_map.ts";
import { TimeRange } from "./time_range.ts";

/** `kind` as stored, by the number OTLP gives it (opentelemetry-proto trace.proto, SpanKind). */
export const SPAN_KINDS = [
  "unspecified",
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
] as const;

/** `status` as stored, by the number OTLP gives it (trace.proto, Status.StatusCode). */
export const SPAN_STATUSES = ["unset", "ok", "error"] as const;

/**
 * Spans in the making. A decoder pushes exactly one value to each public column per span and
 * then calls `closeRow`; nothing of a span that failed half-way survives `truncate`.
 */
export class SpanBatchBuilder {
  /** 32 and 16 lower-case hex digits. */
  readonly traceId = new Utf8Builder();
  readonly spanId = new Utf8Builder();
  /** NULL for a root span. */
  readonly parentSpanId = new Utf8Builder();
  readonly name = new DictionaryBuilder();
  readonly kind = new DictionaryBuilder();
  readonly service = new DictionaryBuilder();
  readonly status = new DictionaryBuilder();
  /** NULL when there is none. */
  readonly statusMessage = new DictionaryBuilder();
  readonly attributes = new AttributeListBuilder();
  readonly resourceId = u32Builder();
  readonly scopeName = new DictionaryBuilder();
  readonly scopeVersion = new DictionaryBuilder();
  /** W3C tracestate, NULL when there is none. */
  readonly traceState = new DictionaryBuilder();
  readonly flags = u32Builder();
  readonly droppedAttributes = u32Builder();
  readonly droppedEvents = u32Builder();
  readonly droppedLinks = u32Builder();
  readonly events = new SpanEventsBuilder();
  readonly links = new SpanLinksBuilder();
  readonly #ts = new Int64Builder();
  readonly #nsRemainder = u16Builder();
  readonly #duration = new Int64Builder();
  readonly #range = new TimeRange();

  get rows(): number {
    return this.#ts.length;
  }

  get byteLength(): number {
    return this.rows * 100 + this.traceId.byteLength + this.spanId.byteLength +
      this.parentSpanId.byteLength + this.name.byteLength + this.statusMessage.byteLength +
      this.attributes.byteLength + this.events.byteLength + this.links.byteLength;
  }

  /**
   * Start as whole microseconds plus 0–999 ns, duration in nanoseconds (a double holds 104 days
   * exactly; beyond that the last digits round).
   */
  pushTime(startUs: number, nsRemainder: number, durationNs: number): void {
    this.#ts.push(startUs);
    this.#nsRemainder.push(nsRemainder);
    this.#duration.push(durationNs);
    this.#range.include(startUs);
  }

  /** Ends the span's nested columns. Call once per span, after all other pushes. */
  closeRow(): void {
    this.attributes.closeRow();
    this.events.closeRow();
    this.links.closeRow();
  }

  truncate(rows: number): void {
    if (rows === 0) this.#range.take();
    this.#ts.truncate(rows);
    this.#nsRemainder.truncate(rows);
    this.#duration.truncate(rows);
    for (
      const column of [
        this.traceId,
        this.spanId,
        this.parentSpanId,
        this.name,
        this.kind,
        this.service,
        this.status,
        this.statusMessage,
        this.attributes,
        this.resourceId,
        this.scopeName,
        this.scopeVersion,
        this.traceState,
        this.flags,
        this.droppedAttributes,
        this.droppedEvents,
        this.droppedLinks,
        this.events,
        this.links,
      ]
    ) column.truncate(rows);
  }

  finish(): ColumnBatch {
    const rows = this.rows;
    return {
      signal: "spans",
      rows,
      columns: [
        ["ts", { type: "timestamp_us", data: this.#ts.finish(), nulls: null }],
        ["ns_remainder", { type: "u16", data: this.#nsRemainder.finish() }],
        ["duration_ns", { type: "i64", data: this.#duration.finish() }],
        ["trace_id", this.traceId.finish()],
        ["span_id", this.spanId.finish()],
        ["parent_span_id", this.parentSpanId.finish()],
        ["name", this.name.finish()],
        ["kind", this.kind.finish()],
        ["service", this.service.finish()],
        ["status", this.status.finish()],
        ["status_message", this.statusMessage.finish()],
        ...this.attributes.finish(),
        ["resource_id", { type: "u32", data: this.resourceId.finish() }],
        ["scope_name", this.scopeName.finish()],
        ["scope_version", this.scopeVersion.finish()],
        ["trace_state", this.traceState.finish()],
        ["flags", { type: "u32", data: this.flags.finish() }],
        ["dropped_attributes", { type: "u32", data: this.droppedAttributes.finish() }],
        ["dropped_events", { type: "u32", data: this.droppedEvents.finish() }],
        ["dropped_links", { type: "u32", data: this.droppedLinks.finish() }],
        ["events", this.events.finish()],
        ["links", this.links.finish()],
      ],
      ...this.#range.take(),
    };
  }
}

/** Events of the span in the making; `closeRow` ends the span's list. */
export class SpanEventsBuilder {
  readonly #offsets = new ListOffsetsBuilder();
  readonly timeNs = new Int64Builder();
  readonly name = new DictionaryBuilder();
  readonly attributes = new AttributeMapBuilder();
  readonly droppedAttributes = i32Builder();

  get byteLength(): number {
    return this.timeNs.length * 24 + this.attributes.byteLength;
  }

  closeRow(): void {
    this.#offsets.close(this.timeNs.length);
  }

  truncate(rows: number): void {
    const length = this.#offsets.truncate(rows);
    this.timeNs.truncate(length);
    this.name.truncate(length);
    this.attributes.truncate(length);
    this.droppedAttributes.truncate(length);
  }

  finish(): ColumnBatch["columns"][number][1] {
    const rows = this.timeNs.length;
    return {
      type: "list",
      offsets: this.#offsets.finish(),
      child: {
        type: "struct",
        rows,
        fields: [
          ["time_unix_ns", { type: "i64", data: this.timeNs.finish() }],
          ["name", this.name.finish()],
          ["attributes", this.attributes.finish()],
          ["dropped_attributes", { type: "i32", data: this.droppedAttributes.finish() }],
        ],
      },
    };
  }
}

/** Links of the span in the making; `closeRow` ends the span's list. */
export class SpanLinksBuilder {
  readonly #offsets = new ListOffsetsBuilder();
  readonly traceId = new Utf8Builder();
  readonly spanId = new Utf8Builder();
  readonly traceState = new DictionaryBuilder();
  readonly attributes = new AttributeMapBuilder();
  readonly flags = u32Builder();

  get byteLength(): number {
    return this.traceId.byteLength + this.spanId.byteLength + this.attributes.byteLength;
  }

  closeRow(): void {
    this.#offsets.close(this.traceId.length);
  }

  truncate(rows: number): void {
    const length = this.#offsets.truncate(rows);
    this.traceId.truncate(length);
    this.spanId.truncate(length);
    this.traceState.truncate(length);
    this.attributes.truncate(length);
    this.flags.truncate(length);
  }

  finish(): ColumnBatch["columns"][number][1] {
    const rows = this.traceId.length;
    return {
      type: "list",
      offsets: this.#offsets.finish(),
      child: {
        type: "struct",
        rows,
        fields: [
          ["trace_id", this.traceId.finish()],
          ["span_id", this.spanId.finish()],
          ["trace_state", this.traceState.finish()],
          ["attributes", this.attributes.finish()],
          ["flags", { type: "u32", data: this.flags.finish() }],
        ],
      },
    };
  }
}
