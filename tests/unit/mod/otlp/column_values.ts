import type { Column, ColumnBatch, Utf8Column } from "../../../../mod/columns/column.ts";
import type { DefinitionBatch } from "../../../../mod/intern/definitions.ts";

/** A value of a column: 64-bit integers are bigint, maps are objects, NULL is null. */
export type Value =
  | null
  | number
  | bigint
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };
export type Row = { readonly [column: string]: Value };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Rows of a batch or of definitions as objects, read the way Arrow would read the columns. */
export function rowsOf(batch: Pick<ColumnBatch | DefinitionBatch, "rows" | "columns">): Row[] {
  return Array.from({ length: batch.rows }, (_, row) =>
    Object.fromEntries(
      batch.columns.map(([name, column]) => [name, valueAt(column, row)]),
    ));
}

function valueAt(column: Column, row: number): Value {
  switch (column.type) {
    case "utf8":
      return textAt(column, row);
    case "dictionary":
      return isNull(column.nulls, row) ? null : textAt(column.values, column.ids[row]!);
    case "list":
      return range(column.offsets, row).map((i) => valueAt(column.child, i));
    case "struct":
      return Object.fromEntries(
        column.fields.map(([name, field]) => [name, valueAt(field, row)]),
      );
    case "map": {
      const entries = range(column.offsets, row)
        .map((i) => [String(valueAt(column.keys, i)), valueAt(column.values, i)] as const);
      const map = Object.fromEntries(entries);
      if (Object.keys(map).length !== entries.length) throw new Error("a map repeats a key");
      return map;
    }
    case "f64":
      return isNull(column.nulls, row) ? null : column.data[row]!;
    default: {
      const value = column.data[row];
      if (value === undefined) throw new Error(`a ${column.type} column has no row ${row}`);
      return value;
    }
  }
}

function textAt(column: Utf8Column, row: number): string | null {
  if (isNull(column.nulls, row)) return null;
  return decoder.decode(column.bytes.subarray(column.offsets[row]!, column.offsets[row + 1]!));
}

function isNull(nulls: Uint8Array | null, row: number): boolean {
  return nulls !== null && (nulls[row >> 3]! >> (row & 7) & 1) === 0;
}

function range(offsets: Int32Array, row: number): number[] {
  const start = offsets[row]!;
  return Array.from({ length: offsets[row + 1]! - start }, (_, i) => start + i);
}
