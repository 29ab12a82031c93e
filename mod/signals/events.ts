import type { ColumnBatch } from "../columns/column.ts";
import {
  DictionaryBuilder,
  Int64Builder,
  NullableF64Builder,
  u16Builder,
  Utf8Builder,
} from "../columns/builders.ts";
import { AttributeListBuilder } from "./attributes.ts";
import { TimeRange } from "./time_range.ts";

/**
 * Events in the making: what happened to something, kept for longer than telemetry. Push exactly one
 * value to each public column per event and then call `closeRow`; `EventWriter` does it.
 */
export class EventBatchBuilder {
  /** What kind of thing it happened to; views of single streams select by it. */
  readonly stream = new DictionaryBuilder();
  /** What happened. */
  readonly name = new DictionaryBuilder();
  /** What it happened to: `pid-starttime` of a process, the name of a check. */
  readonly subject = new Utf8Builder();
  /** NULL when it belongs to none. */
  readonly service = new DictionaryBuilder();
  /** Whole numbers; NULL when it is about no process. */
  readonly pid = new NullableF64Builder();
  readonly severity = new DictionaryBuilder();
  readonly message = new Utf8Builder();
  /** A number that says more; what it is depends on `name`. */
  readonly value = new NullableF64Builder();
  readonly attributes = new AttributeListBuilder();
  readonly #ts = new Int64Builder();
  readonly #nsRemainder = u16Builder();
  readonly #range = new TimeRange();

  get rows(): number {
    return this.#ts.length;
  }

  get byteLength(): number {
    return this.rows * 60 + this.subject.byteLength + this.message.byteLength +
      this.attributes.byteLength;
  }

  /** Time as whole microseconds plus 0–999 ns. */
  pushTime(tsUs: number, nsRemainder: number): void {
    this.#ts.push(tsUs);
    this.#nsRemainder.push(nsRemainder);
    this.#range.include(tsUs);
  }

  closeRow(): void {
    this.attributes.closeRow();
  }

  truncate(rows: number): void {
    if (rows === 0) this.#range.take();
    this.#ts.truncate(rows);
    this.#nsRemainder.truncate(rows);
    for (
      const column of [
        this.stream,
        this.name,
        this.subject,
        this.service,
        this.pid,
        this.severity,
        this.message,
        this.value,
        this.attributes,
      ]
    ) column.truncate(rows);
  }

  finish(): ColumnBatch {
    const rows = this.rows;
    return {
      signal: "events",
      rows,
      columns: [
        ["ts", { type: "timestamp_us", data: this.#ts.finish(), nulls: null }],
        ["ns_remainder", { type: "u16", data: this.#nsRemainder.finish() }],
        ["stream", this.stream.finish()],
        ["name", this.name.finish()],
        ["subject", this.subject.finish()],
        ["service", this.service.finish()],
        ["pid", this.pid.finish()],
        ["severity", this.severity.finish()],
        ["message", this.message.finish()],
        ["value", this.value.finish()],
        ...this.attributes.finish(),
      ],
      ...this.#range.take(),
    };
  }
}
