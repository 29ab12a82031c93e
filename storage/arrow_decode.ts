import { DataType, type Table, tableFromIPC, type Vector } from "apache-arrow";
import { encodeHex } from "../mod/columns/hex.ts";
import type { SqlColumn, SqlValue } from "../mod/ports.ts";

/** A decoded result: DuckDB's column names and types, and a reader of rows. */
export interface DecodedResult {
  readonly columns: readonly SqlColumn[];
  readonly table: Table;
  rows(limit: number): Generator<readonly SqlValue[]>;
}

/** Reads an Arrow IPC stream as the engine writes it. */
export function decodeArrow(stream: Uint8Array): DecodedResult {
  const table = tableFromIPC(stream);
  const columns = table.schema.fields.map((field) => ({
    name: field.name,
    type: sqlTypeName(field.type),
  }));
  return { columns, table, rows: (limit) => readRows(table, limit) };
}

function* readRows(table: Table, limit: number): Generator<readonly SqlValue[]> {
  const fields = table.schema.fields;
  const convert = fields.map((field) => converter(field.type));
  let left = limit;
  for (const batch of table.batches) {
    const vectors = fields.map((_, i) => batch.getChildAt(i));
    for (let row = 0; row < batch.numRows && left > 0; row++, left--) {
      yield vectors.map((vector, i) => valueAt(vector, row, convert[i]!));
    }
  }
}

type Converter = (value: unknown) => SqlValue;

function valueAt(vector: Vector | null, row: number, convert: Converter): SqlValue {
  if (vector !== null && DataType.isInterval(vector.type)) return intervalAt(vector, row);
  const value: unknown = vector?.get(row);
  return value === null || value === undefined ? null : convert(value);
}

/** How a value of an Arrow type becomes JSON; integers that a double cannot hold become text. */
function converter(type: DataType): Converter {
  if (DataType.isDictionary(type)) return converter(type.dictionary);
  if (DataType.isTimestamp(type)) {
    return isoTimestamp;
  }
  if (DataType.isDecimal(type)) {
    return (value) => value instanceof Uint32Array ? decimalText(value, type.scale) : String(value);
  }
  if (DataType.isMap(type)) {
    const convertValue = converter(type.children[0]!.type.children[1]!.type);
    return (value) => mapValue(value, convertValue);
  }
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const convertItem = converter(type.children[0]!.type);
    return (value) => {
      const items: SqlValue[] = [];
      if (isIterable(value)) {
        for (const item of value) {
          items.push(item === null || item === undefined ? null : convertItem(item));
        }
      }
      return items;
    };
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map((field) => [field.name, converter(field.type)] as const);
    return (value) => {
      const object: Record<string, SqlValue> = {};
      if (isRecord(value)) {
        for (const [name, convert] of fields) {
          const field = value[name];
          object[name] = field === null || field === undefined ? null : convert(field);
        }
      }
      return object;
    };
  }
  if (DataType.isTime(type)) return (value) => timeOfDay(BigInt(String(value)));
  if (DataType.isDate(type)) {
    return (value) => new Date(Number(value)).toISOString().slice(0, 10);
  }
  return scalar;
}

function scalar(value: unknown): SqlValue {
  switch (typeof value) {
    case "bigint":
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value)
        : value.toString();
    case "number":
    case "string":
    case "boolean":
      return value;
    default:
      if (value instanceof Uint8Array) return encodeHex(value);
      return String(value);
  }
}

function mapValue(value: unknown, convert: Converter): SqlValue {
  const object: Record<string, SqlValue> = {};
  if (isIterable(value)) {
    for (const entry of value) {
      if (!Array.isArray(entry)) continue;
      const [key, held]: unknown[] = entry;
      // A key such as "__proto__" must become a property, not a prototype.
      Object.defineProperty(object, String(key), {
        value: held === null || held === undefined ? null : convert(held),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
  }
  return object;
}

/**
 * ISO 8601 in UTC with six digits of the second. `value` is what Arrow's getter gives:
 * milliseconds as a double, whose fraction is exact to a quarter of a microsecond.
 */
function isoTimestamp(value: unknown): string {
  const ms = Number(value);
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return String(value);
  const whole = Math.floor(ms);
  const micros = Math.round((ms - whole) * 1000);
  // Rounding may carry into the next millisecond.
  const date = new Date(micros === 1000 ? whole + 1 : whole);
  const fraction = String(micros === 1000 ? 0 : micros).padStart(3, "0");
  return date.toISOString().slice(0, -1) + fraction + "Z";
}

/** A time of day in microseconds, as `HH:MM:SS.ffffff`. */
function timeOfDay(us: bigint): string {
  const part = (divisor: bigint, modulus: bigint, width: number) =>
    String(us / divisor % modulus).padStart(width, "0");
  const seconds = `${part(1_000_000n, 60n, 2)}.${part(1n, 1_000_000n, 6)}`;
  return `${part(3_600_000_000n, 100n, 2)}:${part(60_000_000n, 60n, 2)}:${seconds}`;
}

/** Words of an interval: months, days, and nanoseconds as two. */
const INTERVAL_WORDS = 4;

/**
 * An INTERVAL as ISO 8601 duration: months, days, and seconds with their fraction. Arrow's own
 * getter does not know the engine's unit (month, day, nanosecond), so the words are read here.
 */
function intervalAt(vector: Vector, row: number): SqlValue {
  const data = vector.data[0];
  const words: unknown = data?.values;
  if (!vector.isValid(row) || data === undefined || !(words instanceof Int32Array)) return null;
  const at = (data.offset + row) * INTERVAL_WORDS;
  const [months = 0, days = 0, low = 0, high = 0] = words.subarray(at, at + INTERVAL_WORDS);
  const ns = BigInt(high) << 32n | BigInt(low >>> 0);
  const negative = ns < 0n ? "-" : "";
  const size = ns < 0n ? -ns : ns;
  const fraction = String(size % 1_000_000_000n).padStart(9, "0").slice(0, 6).replace(/0+$/, "");
  const seconds = `${negative}${size / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
  return `P${months}M${days}DT${seconds}S`;
}

/** Little-endian two's complement words with a decimal scale, as text or as an exact number. */
function decimalText(words: Uint32Array, scale: number): SqlValue {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!);
  const bits = BigInt(words.length * 32);
  if (value >> (bits - 1n) === 1n) value -= 1n << bits;
  if (scale === 0) return scalar(value);
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(scale + 1, "0");
  const text = `${negative ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  const number = Number(text);
  return digits.length <= 15 ? number : text;
}

// Arrow's map rows are proxies whose `in` speaks of keys of the map: ask for the method itself.
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const candidate: { [Symbol.iterator]?: unknown } = value;
  return typeof candidate[Symbol.iterator] === "function";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** DuckDB's name of the type behind an Arrow type. */
export function sqlTypeName(type: DataType): string {
  if (DataType.isDictionary(type)) return sqlTypeName(type.dictionary);
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return "VARCHAR";
  if (DataType.isBool(type)) return "BOOLEAN";
  if (DataType.isInt(type)) {
    const width = { 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" }[type.bitWidth];
    return type.isSigned ? width : `U${width}`;
  }
  if (DataType.isFloat(type)) return type.precision === 1 ? "FLOAT" : "DOUBLE";
  if (DataType.isTimestamp(type)) return type.timezone ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP";
  if (DataType.isDecimal(type)) {
    return type.scale === 0 && type.precision === 38
      ? "HUGEINT"
      : `DECIMAL(${type.precision},${type.scale})`;
  }
  if (DataType.isMap(type)) {
    const [key, value] = type.children[0]!.type.children;
    return `MAP(${sqlTypeName(key!.type)}, ${sqlTypeName(value!.type)})`;
  }
  if (DataType.isList(type)) return `${sqlTypeName(type.children[0]!.type)}[]`;
  if (DataType.isFixedSizeList(type)) {
    return `${sqlTypeName(type.children[0]!.type)}[${type.listSize}]`;
  }
  if (DataType.isStruct(type)) {
    return `STRUCT(${type.children.map((f) => `${f.name} ${sqlTypeName(f.type)}`).join(", ")})`;
  }
  if (DataType.isBinary(type)) return "BLOB";
  if (DataType.isDate(type)) return "DATE";
  if (DataType.isTime(type)) return "TIME";
  if (DataType.isInterval(type)) return "INTERVAL";
  if (DataType.isNull(type)) return "NULL";
  return type.toString().toUpperCase();
}
