import type { ColumnBatch } from "../columns/column.ts";
import { f64Builder, Int64Builder, u32Builder } from "../columns/builders.ts";
import { TimeRange } from "./time_range.ts";

/**
 * Metric samples in the making: one row is (series id, time, value).
 * Counters are cumulative here; delta points are accumulated before they get here.
 */
export class SampleBatchBuilder {
  readonly #series = u32Builder();
  readonly #ts = new Int64Builder();
  readonly #value = f64Builder();
  readonly #range = new TimeRange();

  get rows(): number {
    return this.#series.length;
  }

  /** Bytes held, for budgets. */
  get byteLength(): number {
    return this.rows * 20;
  }

  /** `tsUs`: microseconds since the Unix epoch. */
  push(seriesId: number, tsUs: number, value: number): void {
    this.#series.push(seriesId);
    this.#ts.push(tsUs);
    this.#value.push(value);
    this.#range.include(tsUs);
  }

  /** Undoes every row from `rows` on. */
  truncate(rows: number): void {
    if (rows === 0) this.#range.take();
    this.#series.truncate(rows);
    this.#ts.truncate(rows);
    this.#value.truncate(rows);
  }

  finish(): ColumnBatch {
    const rows = this.rows;
    return {
      signal: "metrics",
      rows,
      columns: [
        ["series_id", { type: "u32", data: this.#series.finish() }],
        ["ts", { type: "timestamp_us", data: this.#ts.finish(), nulls: null }],
        ["value", { type: "f64", data: this.#value.finish(), nulls: null }],
      ],
      ...this.#range.take(),
    };
  }
}
