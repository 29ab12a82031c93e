import {
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  Map_,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
  Vector,
} from "apache-arrow";
import { assert } from "../mod/errors.ts";
import { endsStream } from "./ipc_stream.ts";
import type { Column, DictionaryColumn, Utf8Column } from "../mod/columns/column.ts";

type NamedColumns = readonly (readonly [name: string, column: Column])[];

/**
 * One Arrow IPC stream of one record batch. Typed arrays are written as they are; the result
 * owns its buffer, so that it can be transferred to another thread.
 */
export function encodeArrow(rows: number, columns: NamedColumns): Uint8Array<ArrayBuffer> {
  const encoder = new ColumnEncoder();
  const children = columns.map(([, column]) => encoder.data(column, rows));
  const fields = columns.map(([name], i) => new Field(name, children[i]!.type, true));
  const struct = new Struct(fields);
  const data = makeData({ type: struct, length: rows, children, nullCount: 0 });
  const batch = new RecordBatch(new Schema(fields), data);
  const stream = RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true);
  // A stream without its end would be waited for, not stored: better to fail the append.
  assert(endsStream(stream), "an encoded batch ends its stream");
  return stream.buffer instanceof ArrayBuffer && stream.byteLength === stream.buffer.byteLength
    ? new Uint8Array(stream.buffer)
    : stream.slice();
}

class ColumnEncoder {
  // Arrow refuses two dictionaries with one id in a schema, so each gets the next number.
  #nextDictionary = 1;

  data(column: Column, rows: number): Data<DataType> {
    switch (column.type) {
      case "u8":
        return makeData({ type: new Uint8(), length: rows, data: column.data, nullCount: 0 });
      case "u16":
        return makeData({ type: new Uint16(), length: rows, data: column.data, nullCount: 0 });
      case "u32":
        return makeData({ type: new Uint32(), length: rows, data: column.data, nullCount: 0 });
      case "i32":
        return makeData({ type: new Int32(), length: rows, data: column.data, nullCount: 0 });
      case "i64":
        return makeData({ type: new Int64(), length: rows, data: column.data, nullCount: 0 });
      case "u64":
        return makeData({ type: new Uint64(), length: rows, data: column.data, nullCount: 0 });
      case "timestamp_us":
        return makeData({
          type: new TimestampMicrosecond(),
          length: rows,
          data: column.data,
          ...validity(column.nulls),
        });
      case "f64":
        return makeData({
          type: new Float64(),
          length: rows,
          data: column.data,
          ...validity(column.nulls),
        });
      case "utf8":
        return utf8Data(column);
      case "dictionary":
        return this.#dictionary(column);
      case "list": {
        const items = column.offsets[column.offsets.length - 1] ?? 0;
        const child = this.data(column.child, items);
        return makeData({
          type: new List(new Field("item", child.type, true)),
          length: rows,
          valueOffsets: column.offsets,
          child,
          nullCount: 0,
        });
      }
      case "struct": {
        const children = column.fields.map(([, field]) => this.data(field, column.rows));
        const fields = column.fields.map(([name], i) => new Field(name, children[i]!.type, true));
        return makeData({ type: new Struct(fields), length: rows, children, nullCount: 0 });
      }
      case "map": {
        const items = column.offsets[column.offsets.length - 1] ?? 0;
        const keys = this.data(column.keys, items);
        const values = this.data(column.values, items);
        const entry = new Struct([
          new Field("key", keys.type, false),
          new Field("value", values.type, true),
        ]);
        const child = makeData({
          type: entry,
          length: items,
          children: [keys, values],
          nullCount: 0,
        });
        return makeData({
          type: new Map_(new Field("entries", entry, false), false),
          length: rows,
          valueOffsets: column.offsets,
          child,
          nullCount: 0,
        });
      }
    }
  }

  #dictionary(column: DictionaryColumn): Data<DataType> {
    const type = new Dictionary(new Utf8(), new Int32(), this.#nextDictionary++);
    return makeData({
      type,
      length: column.ids.length,
      data: column.ids,
      dictionary: new Vector([utf8Data(column.values)]),
      ...validity(column.nulls),
    });
  }
}

function utf8Data(column: Utf8Column): Data<Utf8> {
  return makeData({
    type: new Utf8(),
    length: column.offsets.length - 1,
    valueOffsets: column.offsets,
    data: column.bytes,
    ...validity(column.nulls),
  });
}

/** `nullCount: -1` makes Arrow count the clear bits itself. */
function validity(nulls: Uint8Array | null): { nullBitmap?: Uint8Array; nullCount: number } {
  return nulls === null ? { nullCount: 0 } : { nullBitmap: nulls, nullCount: -1 };
}
