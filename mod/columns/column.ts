/**
 * Columns as plain typed arrays, laid out as Arrow lays them out, without depending on Arrow.
 * Decoders and collectors write them, the store encodes them as Arrow IPC without copying.
 *
 * Validity: `nulls` is null when every value is there; else a bitmap, least significant bit
 * first, where a set bit means "value present" (Arrow's convention).
 */
export type Column =
  | NumberColumn
  | { readonly type: "i64"; readonly data: BigInt64Array }
  | {
    readonly type: "timestamp_us";
    readonly data: BigInt64Array;
    readonly nulls: Uint8Array | null;
  }
  | Utf8Column
  | DictionaryColumn
  | ListColumn
  | StructColumn
  | MapColumn;

export type NumberColumn =
  | { readonly type: "u8"; readonly data: Uint8Array }
  | { readonly type: "u16"; readonly data: Uint16Array }
  | { readonly type: "u32"; readonly data: Uint32Array }
  | { readonly type: "i32"; readonly data: Int32Array }
  | { readonly type: "u64"; readonly data: BigUint64Array }
  | { readonly type: "f64"; readonly data: Float64Array; readonly nulls: Uint8Array | null };

/** `offsets` has one element more than there are rows; value i is bytes[offsets[i], offsets[i+1]). */
export interface Utf8Column {
  readonly type: "utf8";
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
  readonly nulls: Uint8Array | null;
}

/** Strings by index into `values`; a row whose bit in `nulls` is clear is NULL. */
export interface DictionaryColumn {
  readonly type: "dictionary";
  readonly ids: Int32Array;
  readonly nulls: Uint8Array | null;
  readonly values: Utf8Column;
}

export interface ListColumn {
  readonly type: "list";
  readonly offsets: Int32Array;
  readonly child: Column;
}

export interface StructColumn {
  readonly type: "struct";
  readonly rows: number;
  readonly fields: readonly (readonly [name: string, column: Column])[];
}

/** Keys are never NULL and unique within a row. */
export interface MapColumn {
  readonly type: "map";
  readonly offsets: Int32Array;
  readonly keys: Utf8Column | DictionaryColumn;
  readonly values: Utf8Column | DictionaryColumn;
}

/** A finished batch of one signal: the unit that is appended, logged ahead and stored. */
export interface ColumnBatch {
  readonly signal: Signal;
  readonly rows: number;
  /** In the order of the signal's ingest table. */
  readonly columns: readonly (readonly [name: string, column: Column])[];
  /** Smallest and largest `ts` of the batch, microseconds since the Unix epoch. */
  readonly minTsUs: number;
  readonly maxTsUs: number;
}

export type Signal = "metrics" | "histograms" | "exemplars" | "spans" | "logs" | "events";
export const SIGNALS: readonly Signal[] = [
  "metrics",
  "histograms",
  "exemplars",
  "spans",
  "logs",
  "events",
];
