import type { ColumnBatch, DictionaryColumn, Utf8Column } from "../../columns/column.ts";
import { assert } from "../../errors.ts";
import {
  columnOf,
  dictionaryOf,
  distinctTexts,
  isPresent,
  textAt,
  textsOf,
} from "../batch_columns.ts";

/** What samplers ask of the spans of a batch. */
export class SpanFacts {
  readonly rows: number;
  readonly service: DictionaryColumn;
  readonly services: readonly string[];
  readonly name: DictionaryColumn;
  readonly kind: DictionaryColumn;
  readonly status: DictionaryColumn;
  readonly #traceIds: Utf8Column;
  readonly #traceState: DictionaryColumn;
  readonly #traceStates: readonly string[];
  readonly #durationNs: BigInt64Array;
  readonly #errorId: number;

  constructor(batch: ColumnBatch) {
    this.rows = batch.rows;
    this.service = dictionaryOf(batch, "service");
    this.services = distinctTexts(this.service);
    this.name = dictionaryOf(batch, "name");
    this.kind = dictionaryOf(batch, "kind");
    this.status = dictionaryOf(batch, "status");
    this.#errorId = distinctTexts(this.status).indexOf("error");
    this.#traceIds = textsOf(batch, "trace_id");
    this.#traceState = dictionaryOf(batch, "trace_state");
    this.#traceStates = distinctTexts(this.#traceState);
    const duration = columnOf(batch, "duration_ns");
    assert(duration.type === "i64", "a duration is 64 bits");
    this.#durationNs = duration.data;
  }

  traceId(row: number): string {
    return textAt(this.#traceIds, row);
  }

  /** Empty where there is none. */
  traceState(row: number): string {
    const { nulls, ids } = this.#traceState;
    return isPresent(nulls, row) ? this.#traceStates[ids[row]!]! : "";
  }

  isError(row: number): boolean {
    return this.status.ids[row] === this.#errorId;
  }

  durationNs(row: number): number {
    return Number(this.#durationNs[row]);
  }
}
