import type { Column, ColumnBatch, DictionaryColumn, Utf8Column } from "../columns/column.ts";
import { decodeUtf8 } from "../columns/utf8_text.ts";
import { assert } from "../errors.ts";

// Columns of a batch by name and kind. What a builder makes is known: another kind is a mistake.

export function dictionaryOf(batch: ColumnBatch, name: string): DictionaryColumn {
  const column = columnOf(batch, name);
  assert(column.type === "dictionary", `${name} is a dictionary`);
  return column;
}

export function textsOf(batch: ColumnBatch, name: string): Utf8Column {
  const column = columnOf(batch, name);
  assert(column.type === "utf8", `${name} is text`);
  return column;
}

export function columnOf(batch: ColumnBatch, name: string): Column {
  const column = batch.columns.find(([one]) => one === name)?.[1];
  assert(column !== undefined, `a batch of ${batch.signal} has ${name}`);
  return column;
}

/** The attributes of a batch of spans or logs: per row a range of items, keys beside values. */
export interface Attributes {
  readonly offsets: Int32Array;
  readonly keys: Uint16Array;
  readonly values: Utf8Column;
}

export function attributesOf(batch: ColumnBatch): Attributes {
  const keys = columnOf(batch, "attr_keys");
  const values = columnOf(batch, "attr_values");
  assert(keys.type === "list" && keys.child.type === "u16", "keys are a list of numbers");
  assert(values.type === "list" && values.child.type === "utf8", "values are a list of texts");
  return { offsets: keys.offsets, keys: keys.child.data, values: values.child };
}

/** The batch with other columns in the place of those of the same names. */
export function withColumns(
  batch: ColumnBatch,
  changed: readonly (readonly [name: string, column: Column])[],
): ColumnBatch {
  const columns = batch.columns.map(([name, column]) =>
    [name, changed.find(([one]) => one === name)?.[1] ?? column] as const
  );
  return { ...batch, columns };
}

/** Text `row` of a column; the empty text where there is none. */
export function textAt(column: Utf8Column, row: number): string {
  return decodeUtf8(column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
}

/** All distinct texts of a dictionary by their number. */
export function distinctTexts(column: DictionaryColumn): string[] {
  return Array.from(
    { length: column.values.offsets.length - 1 },
    (_, i) => textAt(column.values, i),
  );
}

/** True when row `row` has a value. */
export function isPresent(nulls: Uint8Array | null, row: number): boolean {
  return nulls === null || (nulls[row >> 3]! >> (row & 7) & 1) === 1;
}
