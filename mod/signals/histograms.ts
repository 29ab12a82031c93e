import type { ColumnBatch } from "../columns/column.ts";
import {
  Int64Builder,
  ListOffsetsBuilder,
  NullableF64Builder,
  u32Builder,
} from "../columns/builders.ts";
import { TimeRange } from "./time_range.ts";

/** One cumulative histogram point. `counts` has one element more than the interned bounds. */
export interface HistogramPoint {
  readonly seriesId: number;
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** From `BoundsRegistry`: upper bounds of all buckets but the last, which is +Inf. */
  readonly boundsId: number;
  readonly counts: ArrayLike<number>;
}

/** Histogram points in the making, explicit and exponential alike (see `boundsId`). */
export class HistogramBatchBuilder {
  readonly #series = u32Builder();
  readonly #ts = new Int64Builder();
  readonly #count = new Int64Builder();
  readonly #sum = new NullableF64Builder();
  readonly #min = new NullableF64Builder();
  readonly #max = new NullableF64Builder();
  readonly #bounds = u32Builder();
  readonly #countsOffsets = new ListOffsetsBuilder();
  readonly #counts = new Int64Builder();
  readonly #range = new TimeRange();

  get rows(): number {
    return this.#series.length;
  }

  get byteLength(): number {
    return this.rows * 52 + this.#counts.length * 8;
  }

  push(point: HistogramPoint): void {
    this.#series.push(point.seriesId);
    this.#ts.push(point.tsUs);
    this.#count.push(point.count);
    this.#sum.push(point.sum);
    this.#min.push(point.min);
    this.#max.push(point.max);
    this.#bounds.push(point.boundsId);
    for (let i = 0; i < point.counts.length; i++) this.#counts.push(point.counts[i]!);
    this.#countsOffsets.close(this.#counts.length);
    this.#range.include(point.tsUs);
  }

  truncate(rows: number): void {
    if (rows === 0) this.#range.take();
    this.#series.truncate(rows);
    this.#ts.truncate(rows);
    this.#count.truncate(rows);
    this.#sum.truncate(rows);
    this.#min.truncate(rows);
    this.#max.truncate(rows);
    this.#bounds.truncate(rows);
    this.#counts.truncate(this.#countsOffsets.truncate(rows));
  }

  finish(): ColumnBatch {
    const rows = this.rows;
    return {
      signal: "histograms",
      rows,
      columns: [
        ["series_id", { type: "u32", data: this.#series.finish() }],
        ["ts", { type: "timestamp_us", data: this.#ts.finish(), nulls: null }],
        ["count", { type: "u64", data: this.#count.finishUnsigned() }],
        ["sum", this.#sum.finish()],
        ["min", this.#min.finish()],
        ["max", this.#max.finish()],
        ["bounds_id", { type: "u32", data: this.#bounds.finish() }],
        ["counts", {
          type: "list",
          offsets: this.#countsOffsets.finish(),
          child: { type: "u64", data: this.#counts.finishUnsigned() },
        }],
      ],
      ...this.#range.take(),
    };
  }
}
