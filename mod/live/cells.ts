import type { Column, Utf8Column } from "../columns/column.ts";

const decoder = new TextDecoder();

/** A text's bytes: `bytes[start, end)`. */
export type BytesTest = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Whether the text of a row passes a test; a NULL never does. Each text of a dictionary is tested once. */
export function textTest(column: Column | undefined, test: BytesTest): (row: number) => boolean {
  if (column?.type === "utf8") {
    return (row) => !isNull(column.nulls, row) && passes(column, row, test);
  }
  if (column?.type !== "dictionary") return () => false;
  const { ids, nulls, values } = column;
  const verdicts = Array.from(
    { length: values.offsets.length - 1 },
    (_, id) => passes(values, id, test),
  );
  return (row) => !isNull(nulls, row) && verdicts[ids[row] ?? -1] === true;
}

/** The text of a row; null where there is none. */
export function textAt(column: Column | undefined, row: number): string | null {
  if (column?.type === "dictionary") {
    return isNull(column.nulls, row) ? null : textOf(column.values, column.ids[row] ?? 0);
  }
  if (column?.type !== "utf8" || isNull(column.nulls, row)) return null;
  return textOf(column, row);
}

/** The number of a row, null where there is none; of 64-bit columns it may be rounded. */
export function numberAt(column: Column | undefined, row: number): number | null {
  switch (column?.type) {
    case "f64":
      return isNull(column.nulls, row) ? null : column.data[row] ?? null;
    case "u8":
    case "u16":
    case "u32":
    case "i32":
      return column.data[row] ?? null;
    case "i64":
    case "u64":
    case "timestamp_us":
      return Number(column.data[row] ?? 0n);
    default:
      return null;
  }
}

/** The 64-bit number of a row, exactly. */
export function integerAt(column: Column | undefined, row: number): bigint {
  return column?.type === "i64" || column?.type === "timestamp_us" ? column.data[row] ?? 0n : 0n;
}

/** Attributes from their two lists; `keyOf` names the keys. */
export function attributesAt(
  keys: Column | undefined,
  values: Column | undefined,
  row: number,
  keyOf: (id: number) => string,
): Record<string, string> {
  const attributes: Record<string, string> = {};
  if (keys?.type !== "list" || values?.type !== "list") return attributes;
  for (let i = keys.offsets[row] ?? 0; i < (keys.offsets[row + 1] ?? 0); i++) {
    attributes[keyOf(numberAt(keys.child, i) ?? 0)] = textAt(values.child, i) ?? "";
  }
  return attributes;
}

function passes({ bytes, offsets }: Utf8Column, row: number, test: BytesTest): boolean {
  return test(bytes, offsets[row] ?? 0, offsets[row + 1] ?? 0);
}

function textOf({ bytes, offsets }: Utf8Column, row: number): string {
  return decoder.decode(bytes.subarray(offsets[row], offsets[row + 1]));
}

function isNull(nulls: Uint8Array | null, row: number): boolean {
  return nulls !== null && ((nulls[row >> 3] ?? 0) >> (row & 7) & 1) === 0;
}
