import type { Column, ColumnBatch, DictionaryColumn, Utf8Column } from "./column.ts";

/**
 * The batch with only the rows whose number is in `rows` (ascending). Its time range is that of
 * the rows that are left.
 */
export function selectRows(batch: ColumnBatch, rows: Uint32Array): ColumnBatch {
  if (rows.length === batch.rows) return batch;
  const columns = batch.columns.map(([name, column]) => [name, selected(column, rows)] as const);
  return { ...batch, rows: rows.length, columns, ...timeRange(batch, rows) };
}

/** Numbers of the rows whose mark in `marks` is `wanted`. */
export function rowsMarked(marks: Uint8Array, wanted: 0 | 1): Uint32Array {
  const rows = new Uint32Array(marks.length);
  let count = 0;
  for (let row = 0; row < marks.length; row++) if (marks[row] === wanted) rows[count++] = row;
  return rows.subarray(0, count);
}

function timeRange(batch: ColumnBatch, rows: Uint32Array): { minTsUs: number; maxTsUs: number } {
  const ts = batch.columns.find(([name]) => name === "ts")?.[1];
  let [minTsUs, maxTsUs] = [Infinity, -Infinity];
  if (ts?.type !== "timestamp_us") return { minTsUs: batch.minTsUs, maxTsUs: batch.maxTsUs };
  for (const row of rows) {
    const tsUs = Number(ts.data[row]);
    if (tsUs < minTsUs) minTsUs = tsUs;
    if (tsUs > maxTsUs) maxTsUs = tsUs;
  }
  return { minTsUs, maxTsUs };
}

function selected(column: Column, rows: Uint32Array): Column {
  switch (column.type) {
    case "u8":
      return { ...column, data: picked(column.data, new Uint8Array(rows.length), rows) };
    case "u16":
      return { ...column, data: picked(column.data, new Uint16Array(rows.length), rows) };
    case "u32":
      return { ...column, data: picked(column.data, new Uint32Array(rows.length), rows) };
    case "i32":
      return { ...column, data: picked(column.data, new Int32Array(rows.length), rows) };
    case "u64":
      return { ...column, data: pickedBig(column.data, new BigUint64Array(rows.length), rows) };
    case "i64":
      return { ...column, data: pickedBig(column.data, new BigInt64Array(rows.length), rows) };
    case "timestamp_us":
      return {
        ...column,
        data: pickedBig(column.data, new BigInt64Array(rows.length), rows),
        nulls: pickedNulls(column.nulls, rows),
      };
    case "f64":
      return {
        ...column,
        data: picked(column.data, new Float64Array(rows.length), rows),
        nulls: pickedNulls(column.nulls, rows),
      };
    case "utf8":
      return selectedTexts(column, rows);
    case "dictionary":
      return {
        ...column,
        ids: picked(column.ids, new Int32Array(rows.length), rows),
        nulls: pickedNulls(column.nulls, rows),
      };
    case "list": {
      const { offsets, items } = selectedItems(column.offsets, rows);
      return { ...column, offsets, child: selected(column.child, items) };
    }
    case "struct":
      return {
        ...column,
        rows: rows.length,
        fields: column.fields.map(([name, field]) => [name, selected(field, rows)] as const),
      };
    case "map": {
      const { offsets, items } = selectedItems(column.offsets, rows);
      const texts = <T extends Utf8Column | DictionaryColumn>(one: T) => selected(one, items);
      const [keys, values] = [texts(column.keys), texts(column.values)];
      if (!isText(keys) || !isText(values)) throw new TypeError("texts stay texts");
      return { ...column, offsets, keys, values };
    }
  }
}

function isText(column: Column): column is Utf8Column | DictionaryColumn {
  return column.type === "utf8" || column.type === "dictionary";
}

function selectedTexts(column: Utf8Column, rows: Uint32Array): Utf8Column {
  const offsets = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    offsets[i + 1] = offsets[i]! + column.offsets[row + 1]! - column.offsets[row]!;
  }
  const bytes = new Uint8Array(offsets[rows.length]!);
  for (let i = 0; i < rows.length;) {
    // Rows that stand next to each other in one piece.
    let last = i;
    while (last + 1 < rows.length && rows[last + 1] === rows[last]! + 1) last++;
    const [from, to] = [column.offsets[rows[i]!]!, column.offsets[rows[last]! + 1]!];
    bytes.set(column.bytes.subarray(from, to), offsets[i]!);
    i = last + 1;
  }
  return { ...column, offsets, bytes, nulls: pickedNulls(column.nulls, rows) };
}

/** The lists of some rows: their offsets, and the numbers of their items. */
function selectedItems(
  offsets: Int32Array,
  rows: Uint32Array,
): { readonly offsets: Int32Array; readonly items: Uint32Array } {
  const newOffsets = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    newOffsets[i + 1] = newOffsets[i]! + offsets[row + 1]! - offsets[row]!;
  }
  const items = new Uint32Array(newOffsets[rows.length]!);
  let count = 0;
  for (const row of rows) {
    for (let item = offsets[row]!; item < offsets[row + 1]!; item++) items[count++] = item;
  }
  return { offsets: newOffsets, items };
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

function picked<A extends Numbers>(from: A, into: A, rows: Uint32Array): A {
  for (let i = 0; i < rows.length; i++) into[i] = from[rows[i]!]!;
  return into;
}

function pickedBig<A extends BigInt64Array | BigUint64Array>(
  from: A,
  into: A,
  rows: Uint32Array,
): A {
  for (let i = 0; i < rows.length; i++) into[i] = from[rows[i]!]!;
  return into;
}

function pickedNulls(nulls: Uint8Array | null, rows: Uint32Array): Uint8Array | null {
  if (nulls === null) return null;
  const bits = new Uint8Array((rows.length + 7) >> 3);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if ((nulls[row >> 3]! >> (row & 7) & 1) === 1) bits[i >> 3]! |= 1 << (i & 7);
  }
  return bits;
}
