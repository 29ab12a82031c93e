import { Int64Builder, NullableF64Builder, u32Builder, Utf8Builder } from "../columns/builders.ts";
import type { ColumnBatch } from "../columns/column.ts";
import { TimeRange } from "./time_range.ts";

/** A measurement that went into a data point, and the span it was made in. */
export interface Exemplar {
  readonly seriesId: number;
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
  readonly value: number;
  /** Lower-case hex; null when it was made outside of a trace. */
  readonly traceId: string | null;
  readonly spanId: string | null;
}

/** Exemplars in the making. */
export class ExemplarBatchBuilder {
  readonly #series = u32Builder();
  readonly #ts = new Int64Builder();
  readonly #value = new NullableF64Builder();
  readonly #traceId = new Utf8Builder();
  readonly #spanId = new Utf8Builder();
  readonly #range = new TimeRange();

  get rows(): number {
    return this.#series.length;
  }

  /** Bytes held, for budgets. */
  get byteLength(): number {
    return this.rows * 20 + this.#traceId.byteLength + this.#spanId.byteLength;
  }

  push({ seriesId, tsUs, value, traceId, spanId }: Exemplar): void {
    this.#series.push(seriesId);
    this.#ts.push(tsUs);
    this.#value.push(value);
    pushId(this.#traceId, traceId);
    pushId(this.#spanId, spanId);
    this.#range.include(tsUs);
  }

  /** Undoes every row from `rows` on. */
  truncate(rows: number): void {
    if (rows === 0) this.#range.take();
    this.#series.truncate(rows);
    this.#ts.truncate(rows);
    this.#value.truncate(rows);
    this.#traceId.truncate(rows);
    this.#spanId.truncate(rows);
  }

  finish(): ColumnBatch {
    const rows = this.rows;
    return {
      signal: "exemplars",
      rows,
      columns: [
        ["series_id", { type: "u32", data: this.#series.finish() }],
        ["ts", { type: "timestamp_us", data: this.#ts.finish(), nulls: null }],
        ["value", this.#value.finish()],
        ["trace_id", this.#traceId.finish()],
        ["span_id", this.#spanId.finish()],
      ],
      ...this.#range.take(),
    };
  }
}

function pushId(column: Utf8Builder, id: string | null): void {
  if (id === null) column.pushNull();
  else column.push(id);
}
